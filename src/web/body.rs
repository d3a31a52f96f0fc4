//! Request bodies that become objects: JSON and forms without files.

use serde_json::{Map, Value as Json};
use url::form_urlencoded;

use super::{ApiError, Query};

/// The form key whose values are JSON objects that go over the other keys.
const JSON_PAYLOAD_KEY: &str = "@jsonPayload";

/// Reads a body by its content type; no bytes are an empty object, whatever the type.
///
/// The parameters of the URL go after the values of a form, as if they were more of them.
///
/// Fails with 400 when the type is another one, or the bytes are not what the type says.
pub(super) fn parse(
    content_type: Option<&str>,
    bytes: &[u8],
    query: &Query,
) -> Result<Map<String, Json>, ApiError> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    match media_type.trim().to_ascii_lowercase().as_str() {
        "application/json" => json_object(bytes),
        "application/x-www-form-urlencoded" => form(form_urlencoded::parse(bytes), query),
        _ => Err(ApiError::bad_request("Unsupported Content-Type.")),
    }
}

/// Reads the first JSON value, an object or null; what follows it is ignored.
fn json_object(bytes: &[u8]) -> Result<Map<String, Json>, ApiError> {
    let first = serde_json::Deserializer::from_slice(bytes).into_iter::<Json>().next();
    match first {
        Some(Ok(Json::Null)) => Ok(Map::new()),
        Some(Ok(Json::Object(object))) => Ok(object),
        None | Some(Ok(_)) => {
            Err(ApiError::bad_request("").with_cause("the body is no JSON object"))
        }
        Some(Err(error)) => Err(ApiError::bad_request("").with_cause(error)),
    }
}

/// The object that the fields of a form and the parameters of its URL are.
pub(super) fn form<N: AsRef<str>, T: AsRef<str>>(
    fields: impl IntoIterator<Item = (N, T)>,
    query: &Query,
) -> Result<Map<String, Json>, ApiError> {
    let mut values = FormValues::default();
    for (name, text) in fields {
        values.add(name.as_ref(), text.as_ref())?;
    }
    Ok(values.finish(query))
}

/// The values of a form on their way to an object.
#[derive(Debug, Default)]
pub(super) struct FormValues {
    object: Map<String, Json>,
    payload: Map<String, Json>,
}

impl FormValues {
    /// Adds a value. Fails with 400 when it should be a JSON object and is none.
    pub(super) fn add(&mut self, name: &str, text: &str) -> Result<(), ApiError> {
        if name == JSON_PAYLOAD_KEY {
            self.payload.append(&mut json_object(text.as_bytes())?);
        } else {
            self.push(name, text);
        }
        Ok(())
    }

    /// The object, with the parameters of the URL as if they were more values.
    pub(super) fn finish(mut self, query: &Query) -> Map<String, Json> {
        for (name, text) in query.iter() {
            self.push(name, text);
        }
        self.object.append(&mut self.payload);
        self.object
    }

    /// Adds a value; a name that comes again makes a list.
    fn push(&mut self, name: &str, text: &str) {
        let value = infer(text);
        match self.object.get_mut(name) {
            Some(Json::Array(values)) => values.push(value),
            Some(one) => *one = Json::Array(vec![one.take(), value]),
            None => {
                self.object.insert(name.to_owned(), value);
            }
        }
    }
}

/// The value that a form's text stands for: a bool, a number that reads back the same, or text.
fn infer(text: &str) -> Json {
    match text {
        "true" => return true.into(),
        "false" => return false.into(),
        _ => {}
    }
    let numeric = text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    let number = text.parse::<f64>().ok().filter(|number| numeric && number.to_string() == text);
    match (number, text.parse::<i64>()) {
        (Some(_), Ok(integer)) => integer.into(),
        (Some(number), Err(_)) => number.into(),
        (None, _) => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(content_type: Option<&str>, bytes: &[u8]) -> Result<Map<String, Json>, ApiError> {
        super::parse(content_type, bytes, &Query::parse("a=q"))
    }

    const JSON: Option<&str> = Some("application/json; charset=utf-8");
    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

    #[test]
    fn json_bodies_are_objects_and_what_follows_is_ignored() {
        for (body, expected) in [
            ("", json!({})),
            ("{}", json!({})),
            ("null", json!({})),
            (" {\"a\":1} trailing", json!({"a": 1})),
            ("{\"a\":1,\"a\":2}", json!({"a": 2})),
        ] {
            let object = parse(JSON, body.as_bytes()).unwrap();
            assert_eq!(Json::Object(object), expected, "{body}");
        }
    }

    #[test]
    fn broken_bodies_are_bad_requests_with_the_generic_message() {
        let deep = "{\"a\":".repeat(200);
        let bodies: [&[u8]; 8] =
            [b" ", b"[]", b"1", b"{", b"{\"a\":\"\xff\"}", b"nul", deep.as_bytes(), b"\"x\""];
        for body in bodies {
            let error = parse(JSON, body).unwrap_err();
            assert_eq!(error.to_string(), ApiError::bad_request("").to_string());
        }
    }

    #[test]
    fn other_types_are_refused_unless_the_body_is_empty() {
        for content_type in [None, Some("text/plain"), Some("application/jsonx"), Some("")] {
            let error = parse(content_type, b"{}").unwrap_err();
            assert_eq!(error.message(), "Unsupported Content-Type.");
            assert!(parse(content_type, b"").is_ok());
        }
    }

    #[test]
    fn form_values_are_inferred() {
        for (text, expected) in [
            ("true", json!(true)),
            ("false", json!(false)),
            ("True", json!("True")),
            ("12", json!(12)),
            ("-1.5", json!(-1.5)),
            ("007", json!("007")),
            ("1.0", json!("1.0")),
            ("1e5", json!("1e5")),
            ("+1", json!("+1")),
            (".5", json!(".5")),
            ("-", json!("-")),
            ("1-2", json!("1-2")),
            ("12345678901234567890", json!("12345678901234567890")),
            ("inf", json!("inf")),
            ("", json!("")),
        ] {
            assert_eq!(infer(text), expected, "{text}");
        }
    }

    #[test]
    fn repeated_names_make_lists_also_with_the_query_and_payloads_go_over_the_rest() {
        let object = parse(FORM, b"a=1&b=1&@jsonPayload=%7B%22b%22:%7B%7D%7D").unwrap();
        assert_eq!(Json::Object(object), json!({"a": [1, "q"], "b": {}}));
        assert!(parse(FORM, b"@jsonPayload=[]").is_err());
    }
}
