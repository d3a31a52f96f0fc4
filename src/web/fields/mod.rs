//! The `?fields=` parameter: which members of a JSON answer to keep.

mod text;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::ApiError;
use super::excerpt::Excerpt;

/// The longest `?fields=` text, in bytes.
const TEXT_BYTES_MAX: usize = 16 << 10;

/// A parsed `?fields=` parameter, such as `id,author.*,text:excerpt(200,true)`.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldsPicker(Pick);

/// What to keep of one value.
#[derive(Debug, Clone, PartialEq, Default)]
struct Pick {
    /// Keep it whole, though perhaps shortened. Wins over `below`.
    whole: Option<Whole>,
    /// Members to keep, by name; `*` stands for those that are not named.
    below: BTreeMap<String, Pick>,
}

/// How to keep a value whole.
type Whole = Option<Excerpt>;

impl FieldsPicker {
    /// Parses the text of the parameter.
    ///
    /// Fails with 400 on an unknown modifier, wrong arguments, or unbalanced parentheses.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let problem = || ApiError::bad_request("Invalid fields parameter.");
        if text.len() > TEXT_BYTES_MAX {
            return Err(problem());
        }
        let mut root = Pick::default();
        for part in split(text).ok_or_else(problem)? {
            let (path, excerpt) = match part.split_once(':') {
                None => (part, None),
                Some((path, modifier)) => {
                    (path, Some(Excerpt::parse(modifier).ok_or_else(problem)?))
                }
            };
            let pick = path
                .split('.')
                .fold(&mut root, |at, name| at.below.entry(name.into()).or_default());
            pick.whole = Some(excerpt);
        }
        Ok(Self(root))
    }

    /// Removes what was not asked for: from an object, or from each object of a list.
    pub fn pick(&self, value: &mut Json) {
        if !self.0.below.is_empty() {
            self.0.within(value);
        }
    }
}

impl Pick {
    fn within(&self, value: &mut Json) {
        match value {
            Json::Object(object) => self.within_object(object),
            Json::Array(items) => {
                for object in items.iter_mut().filter_map(Json::as_object_mut) {
                    self.within_object(object);
                }
            }
            _ => {}
        }
    }

    fn within_object(&self, object: &mut Map<String, Json>) {
        let others = self.below.get("*");
        object.retain(|name, value| {
            let Some(pick) = self.below.get(name).or(others) else {
                return false;
            };
            match &pick.whole {
                Some(Some(excerpt)) => {
                    if let Json::String(text) = value {
                        *text = excerpt.of(text);
                    }
                }
                Some(None) => {}
                None => pick.within(value),
            }
            true
        });
    }
}

/// Splits at the commas outside parentheses, trims, and drops what is empty; `None` when the
/// parentheses do not match.
fn split(text: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    (depth == 0).then(|| parts.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn picked(fields: &str, mut value: Json) -> Json {
        FieldsPicker::parse(fields).unwrap().pick(&mut value);
        value
    }

    #[test]
    fn members_are_kept_by_name_path_and_star() {
        let value = json!({
            "id": "1",
            "n": 5,
            "tags": ["a", "b"],
            "geo": {"lon": 1, "lat": 2},
            "expand": {"author": {"id": "x", "name": "A"}, "likes": [{"id": 1, "by": 2}, {"id": 3}]}
        });
        for (fields, expected) in [
            ("", value.clone()),
            (" , ", value.clone()),
            ("*", value.clone()),
            ("id", json!({"id": "1"})),
            (" id , n,missing", json!({"id": "1", "n": 5})),
            ("missing", json!({})),
            ("ID", json!({})),
            ("geo.lon", json!({"geo": {"lon": 1}})),
            ("geo.x", json!({"geo": {}})),
            ("geo,geo.lon", json!({"geo": {"lon": 1, "lat": 2}})),
            ("tags.x", json!({"tags": ["a", "b"]})),
            ("n.x", json!({"n": 5})),
            ("expand.likes.id", json!({"expand": {"likes": [{"id": 1}, {"id": 3}]}})),
            (
                "expand.*.id",
                json!({"expand": {"author": {"id": "x"}, "likes": [{"id": 1}, {"id": 3}]}}),
            ),
            (
                "*,expand.author.name",
                json!({
                    "id": "1", "n": 5, "tags": ["a", "b"], "geo": {"lon": 1, "lat": 2},
                    "expand": {"author": {"name": "A"}}
                }),
            ),
        ] {
            assert_eq!(picked(fields, value.clone()), expected, "{fields}");
        }
    }

    #[test]
    fn lists_are_picked_item_by_item() {
        assert_eq!(picked("a", json!([{"a": 1, "b": 2}, {"b": 3}])), json!([{"a": 1}, {}]));
        assert_eq!(picked("a", json!([1, "x"])), json!([1, "x"]));
        assert_eq!(picked("a", json!("x")), json!("x"));
    }

    #[test]
    fn excerpts_shorten_strings_only() {
        let value = json!({"a": "<p>one <b>two</b></p>", "n": 5, "o": {"x": "<i>y</i>"}});
        for (fields, expected) in [
            ("a:excerpt(3)", json!({"a": "one"})),
            ("a:excerpt(5,true)", json!({"a": "one t..."})),
            ("a:excerpt( 100 , 1 ),n:excerpt(1)", json!({"a": "one two", "n": 5})),
            ("*:excerpt(3)", json!({"a": "one", "n": 5, "o": {"x": "<i>y</i>"}})),
            ("o.x:excerpt(9)", json!({"o": {"x": "y"}})),
        ] {
            assert_eq!(picked(fields, value.clone()), expected, "{fields}");
        }
    }

    #[test]
    fn malformed_modifiers_are_bad_requests() {
        for fields in [
            "a:",
            "a:unknown(1)",
            "a:excerpt",
            "a:excerpt()",
            "a:excerpt(0)",
            "a:excerpt(-1)",
            "a:excerpt(x)",
            "a:excerpt(1,true,2)",
            "a:excerpt(",
            "a)",
            "a:excerpt(1",
            "a:excerpt(1)x",
        ] {
            let error = FieldsPicker::parse(fields).unwrap_err();
            assert_eq!(error.message(), "Invalid fields parameter.", "{fields}");
        }
        assert!(FieldsPicker::parse(&"a,".repeat(TEXT_BYTES_MAX)).is_err());
    }
}
