//! How the catalogue points into the answers of providers.
//!
//! A path is names and positions with dots in between, such as `data.0.id`; `$token.` before it
//! looks into the answer that brought the token. In templates a path stands in braces; `@` at its
//! end takes what is before the first `@` of the value.

use serde_json::Value as Json;

use crate::schema::values::is_email;

/// A text from an answer: the first template whose condition holds and that gives any.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text(pub(super) &'static [(Condition, &'static str)]);

/// Something about an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Condition {
    /// Always holds.
    Always,
    /// The value stands for yes: true, a number but 0, the text of either.
    Yes(&'static str),
    /// It does not.
    No(&'static str),
    /// The text, which is not empty, is another.
    IsNot(&'static str, &'static str),
    /// The text is this.
    Is(&'static str, &'static str),
    /// The list holds this text.
    Has(&'static str, &'static str),
    /// The text is a date.
    Date(&'static str),
    /// The text is an address.
    Email(&'static str),
    /// All hold.
    All(&'static [Condition]),
}

/// The answers that paths lead into.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answers<'a> {
    /// What the provider says of the user.
    pub(super) user: &'a Json,
    /// What it answered when the code was exchanged.
    pub(super) token: &'a Json,
}

impl Answers<'_> {
    /// The text, or an empty one.
    pub(super) fn text(&self, text: Text) -> String {
        let good = text.0.iter().filter(|(condition, _)| self.holds(*condition));
        good.map(|(_, template)| self.fill(template))
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }

    /// Whether `condition` holds.
    pub(super) fn holds(&self, condition: Condition) -> bool {
        match condition {
            Condition::Always => true,
            Condition::Yes(path) => self.find(path).is_some_and(is_yes),
            Condition::No(path) => !self.find(path).is_some_and(is_yes),
            Condition::IsNot(path, other) => {
                let text = self.scalar(path);
                !text.is_empty() && text != other
            }
            Condition::Is(path, wanted) => self.scalar(path) == wanted,
            Condition::Has(path, wanted) => self
                .find(path)
                .and_then(Json::as_array)
                .is_some_and(|items| items.iter().any(|item| item == wanted)),
            Condition::Date(path) => is_date(&self.scalar(path)),
            Condition::Email(path) => is_email(&self.scalar(path)),
            Condition::All(all) => all.iter().all(|condition| self.holds(*condition)),
        }
    }

    /// The value at `path`.
    pub(super) fn find(&self, path: &str) -> Option<&Json> {
        let (mut at, path) = match path.strip_prefix("$token.") {
            Some(path) => (self.token, path),
            None => (self.user, path),
        };
        for step in path.split('.').filter(|step| !step.is_empty()) {
            at = match at {
                Json::Object(members) => members.get(step)?,
                Json::Array(items) => items.get(step.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(at)
    }

    fn fill(&self, template: &str) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let (path, after) = after.split_once('}').unwrap_or((after, ""));
            let text = self.scalar(path.trim_end_matches('@'));
            let is_local = path.ends_with('@');
            out.push_str(if is_local { text.split('@').next().unwrap_or("") } else { &text });
            rest = after;
        }
        out.push_str(rest);
        out.trim().to_owned()
    }

    fn scalar(&self, path: &str) -> String {
        match self.find(path) {
            Some(Json::String(text)) => text.clone(),
            Some(json @ (Json::Number(_) | Json::Bool(_))) => json.to_string(),
            _ => String::new(),
        }
    }
}

/// Whether a provider means yes: some send texts and numbers where others send bools.
pub(super) fn is_yes(json: &Json) -> bool {
    match json {
        Json::Bool(yes) => *yes,
        Json::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
        Json::String(text) => {
            matches!(text.as_str(), "1" | "t" | "T" | "true" | "True" | "TRUE")
        }
        _ => false,
    }
}

fn is_date(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn templates_take_the_first_that_gives_a_text() {
        let token = json!({ "email": "t@b.co" });
        let user = json!({
            "data": [{ "id": 7, "name": " ", "login": "ann@b.co" }], "d": "0", "yes": "true",
        });
        let answers = Answers { user: &user, token: &token };
        let text = |parts: &'static [(Condition, &'static str)]| answers.text(Text(parts));
        assert_eq!(text(&[(Condition::Always, "{data.0.id}")]), "7");
        assert_eq!(text(&[(Condition::Always, "{$token.email}")]), "t@b.co");
        assert_eq!(text(&[(Condition::Always, "{data.0.login@}")]), "ann");
        assert_eq!(text(&[(Condition::Always, "{data.1.id}"), (Condition::Always, "x")]), "x");
        assert_eq!(text(&[(Condition::Always, "{data.0.name} {nobody}")]), "");
        assert_eq!(text(&[(Condition::IsNot("d", "0"), "a"), (Condition::Yes("yes"), "b")]), "b");
        assert_eq!(text(&[]), "");
    }

    #[test]
    fn providers_say_yes_in_many_ways() {
        for yes in [json!(true), json!(1), json!("true"), json!("1")] {
            assert!(is_yes(&yes), "{yes}");
        }
        for no in [json!(false), json!(0), json!("false"), json!("no"), json!(null), json!([1])] {
            assert!(!is_yes(&no), "{no}");
        }
    }

    #[test]
    fn a_date_is_one_with_a_zone() {
        assert!(is_date("2021-05-06T07:08:09.123Z") && is_date("2021-05-06T07:08:09+02:00"));
        assert!(!is_date("") && !is_date("2021") && !is_date("yes"));
    }
}
