//! Filling templates.

use crate::model::Value;
use crate::schema::{EmailTemplate, FieldKind, Record};

use super::{Delivery, Mail};

/// What goes around every body.
const LAYOUT_START: &str = "<!doctype html>\n<html>\n<head>\n\
    <meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n\
    <style>\n\
    body { margin: 0; padding: 24px; color: #1c2024; background: #fff; \
    font: 16px/1.5 system-ui, -apple-system, \"Segoe UI\", Roboto, sans-serif; }\n\
    p { margin: 0 0 16px; }\n\
    a { color: inherit; }\n\
    .btn { display: inline-block; padding: 10px 24px; border-radius: 6px; \
    color: #fff !important; background: #1c2024; font-weight: 600; text-decoration: none; }\n\
    </style>\n</head>\n<body>\n";
const LAYOUT_END: &str = "\n</body>\n</html>\n";

/// The values that `{NAME}` stands for in a template.
#[derive(Clone)]
pub struct Placeholders(Vec<Filling>);

#[derive(Clone)]
struct Filling {
    /// With its braces.
    placeholder: String,
    text: String,
    /// Numbers, bools and dates can go into HTML as they are, and mean the same there.
    is_plain: bool,
}

impl std::fmt::Debug for Placeholders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|filling| &filling.placeholder)).finish()
    }
}

impl Placeholders {
    /// The name and the address of the app, and every field of `record` that is not hidden.
    pub fn new(delivery: &Delivery, record: &Record) -> Self {
        let mut all = Self(Vec::new());
        all.add("APP_NAME", &delivery.app_name);
        all.add("APP_URL", delivery.app_url.trim_end_matches('/'));
        for (field, value) in record.fields() {
            if field.hidden && field.name != "email" {
                continue;
            }
            let is_plain = matches!(
                field.kind,
                FieldKind::Autodate(_)
                    | FieldKind::Date(_)
                    | FieldKind::Bool
                    | FieldKind::Number(_)
            );
            let placeholder = format!("{{RECORD:{}}}", field.name);
            all.0.push(Filling { placeholder, text: text_of(value), is_plain });
        }
        all
    }

    /// Adds what `{name}` stands for.
    #[must_use]
    pub fn with(mut self, name: &str, text: &str) -> Self {
        self.add(name, text);
        self
    }

    /// The mail to `to` that `template` makes.
    pub fn fill(&self, template: &EmailTemplate, to: &str) -> Mail {
        let body = self.replace(&template.body, |filling| {
            if filling.is_plain { filling.text.clone() } else { escape(&filling.text) }
        });
        let subject = self.replace(&template.subject, |filling| filling.text.clone());
        Mail {
            to: to.to_owned(),
            subject: one_line(&subject),
            html: [LAYOUT_START, &body, LAYOUT_END].concat(),
        }
    }

    fn add(&mut self, name: &str, text: &str) {
        let placeholder = format!("{{{name}}}");
        self.0.push(Filling { placeholder, text: text.to_owned(), is_plain: false });
    }

    /// One pass from the left, so that what was filled in is not filled in again.
    fn replace(&self, template: &str, fill: impl Fn(&Filling) -> String) -> String {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            filled.push_str(before);
            if let Some(found) = self.0.iter().find(|f| from.starts_with(&f.placeholder)) {
                filled.push_str(&fill(found));
                rest = &from[found.placeholder.len()..];
            } else {
                filled.push('{');
                rest = &from[1..];
            }
        }
        filled.push_str(rest);
        filled
    }
}

/// `text` as HTML shows it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

fn one_line(text: &str) -> String {
    let spaced = text.replace(|c: char| c.is_control(), " ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null | Value::Date(None) => String::new(),
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::Date(Some(date)) => date.to_string(),
        Value::List(items) => items.join(", "),
        Value::Geo(point) => format!("{}, {}", point.lat, point.lon),
        Value::Json(json) => json.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Timestamp;
    use crate::schema::system::initial_collections;

    fn fill(subject: &str, body: &str) -> Mail {
        let users = initial_collections(Timestamp::from_millis(0))
            .into_iter()
            .find(|collection| collection.name == "users")
            .unwrap();
        let mut record = Record::new(Arc::new(users));
        record.set("name", Value::Text("<b>{TOKEN}</b>\r\nBcc: x@y.co".to_owned()));
        record.set("email", Value::Text("ann@example.com".to_owned()));
        record.set("tokenKey", Value::Text("secret".to_owned()));
        record.set("verified", Value::Bool(true));
        let delivery = Delivery { app_name: "A&B".to_owned(), ..Delivery::default() };
        let template = EmailTemplate { subject: subject.to_owned(), body: body.to_owned() };
        Placeholders::new(&delivery, &record).with("TOKEN", "t0k").fill(&template, "to@example.com")
    }

    fn body(template: &str) -> String {
        let html = fill("s", template).html;
        html.strip_prefix(LAYOUT_START).unwrap().strip_suffix(LAYOUT_END).unwrap().to_owned()
    }

    #[test]
    fn known_placeholders_are_filled_and_others_stay() {
        assert_eq!(body("{TOKEN} {RECORD:email} {RECORD:verified}"), "t0k ann@example.com true");
        for unknown in
            ["{OTP}", "{RECORD:nope}", "{RECORD:tokenKey}", "{RECORD:password}", "{", "{}"]
        {
            assert_eq!(body(unknown), unknown);
        }
    }

    #[test]
    fn values_are_escaped_in_bodies() {
        assert_eq!(body("{APP_NAME}"), "A&amp;B");
        assert!(!body("{RECORD:name}").contains('<'));
    }

    #[test]
    fn filled_in_values_are_not_filled_in_again() {
        assert!(body("{RECORD:name}").contains("{TOKEN}"));
        assert_eq!(body("{{TOKEN}}"), "{t0k}");
    }

    #[test]
    fn a_subject_stays_one_line_and_unescaped() {
        let mail = fill("{APP_NAME}: {RECORD:name}", "");
        assert_eq!(mail.subject, "A&B: <b>{TOKEN}</b> Bcc: x@y.co");
    }

    #[test]
    fn bodies_stay_out_of_logs() {
        let mail = fill("{TOKEN}", "{TOKEN}");
        assert!(!format!("{mail:?}").contains("t0k"));
    }
}
