//! Picks from JSON that is text already, without building its values.
//!
//! What is kept whole is copied, what is left out is passed over. [`FieldsPicker::pick`] does the same
//! to values and is what this is tested against.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{FieldsPicker, Pick, Whole};

impl FieldsPicker {
    /// What [`pick`](Self::pick) leaves of `json`, as text; in a page it picks within `items`.
    ///
    /// Errors: `json` is none.
    pub fn pick_text(&self, json: &[u8], page: bool) -> Result<Vec<u8>, serde_json::Error> {
        if self.0.below.is_empty() {
            return Ok(json.to_vec());
        }
        let mut out = Vec::with_capacity(json.len() / 2);
        let keep = if page { Keep::Page(&self.0) } else { Keep::Below(&self.0) };
        let mut text = serde_json::Deserializer::from_slice(json);
        Kept { keep, out: &mut out }.deserialize(&mut text)?;
        text.end()?;
        Ok(out)
    }
}

/// How much of a value is kept.
#[derive(Clone, Copy)]
enum Keep<'p> {
    All(&'p Whole),
    /// All members but `items`, and of these what the pick says.
    Page(&'p Pick),
    /// What the pick says of an object, or of each object of a list.
    Below(&'p Pick),
    /// What the pick says of an object; anything else is kept.
    Member(&'p Pick),
}

const ALL: Keep<'static> = Keep::All(&None);

/// Writes what is kept of a value.
struct Kept<'p, 'o> {
    keep: Keep<'p>,
    out: &'o mut Vec<u8>,
}

impl Keep<'_> {
    /// How much of the member called `name`; `None` when it is left out.
    fn of_member(self, name: &str) -> Option<Self> {
        let pick = match self {
            Self::Page(pick) if name == "items" => return Some(Self::Below(pick)),
            Self::All(_) | Self::Page(_) => return Some(ALL),
            Self::Below(pick) | Self::Member(pick) => pick,
        };
        let below = pick.below.get(name).or_else(|| pick.below.get("*"))?;
        Some(below.whole.as_ref().map_or(Self::Below(below), Self::All))
    }

    /// How much of the items of a list.
    fn of_items(self) -> Self {
        match self {
            Self::Below(pick) => Self::Member(pick),
            Self::All(_) | Self::Page(_) | Self::Member(_) => ALL,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Kept<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Keep::All(whole) = self.keep else { return deserializer.deserialize_any(self) };
        let text = <&RawValue>::deserialize(deserializer)?.get();
        match whole {
            Some(excerpt) if text.starts_with('"') => {
                let text: Cow<'_, str> = serde_json::from_str(text).map_err(Error::custom)?;
                push(self.out, &excerpt.of(&text))
            }
            _ => {
                self.out.extend_from_slice(text.as_bytes());
                Ok(())
            }
        }
    }
}

impl<'de> Visitor<'de> for Kept<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { keep, out } = self;
        out.push(b'{');
        let mut is_first = true;
        while let Some(Name(name)) = members.next_key()? {
            let Some(keep) = keep.of_member(&name) else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            comma(out, &mut is_first);
            push(out, &name)?;
            out.push(b':');
            members.next_value_seed(Kept { keep, out })?;
        }
        out.push(b'}');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { keep, out } = self;
        let keep = keep.of_items();
        out.push(b'[');
        let mut is_first = true;
        loop {
            // Written before it is known whether an item follows, and taken back if none does.
            let before = out.len();
            comma(out, &mut is_first);
            if items.next_element_seed(Kept { keep, out })?.is_none() {
                out.truncate(before);
                break;
            }
        }
        out.push(b']');
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        push(self.out, text)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        push(self.out, &value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        push(self.out, &value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        push(self.out, &value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        push(self.out, &value)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        push(self.out, &())
    }
}

/// The name of a member: borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

fn comma(out: &mut Vec<u8>, is_first: &mut bool) {
    if !std::mem::take(is_first) {
        out.push(b',');
    }
}

fn push<E: Error>(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<(), E> {
    serde_json::to_writer(out, value).map_err(Error::custom)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;

    /// What the slow path leaves, as text.
    fn by_value(picker: &FieldsPicker, mut value: Json, page: bool) -> String {
        if page {
            if let Some(items) = value.get_mut("items") {
                picker.pick(items);
            }
        } else {
            picker.pick(&mut value);
        }
        value.to_string()
    }

    fn names() -> impl Strategy<Value = String> {
        prop_oneof!["[abc]", Just("items".to_owned()), Just("ä\"\\<".to_owned())]
    }

    fn values() -> impl Strategy<Value = Json> {
        let plain = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            "[ a<>&\"\\\\\u{2028}ä/]{0,6}".prop_map(Json::from),
        ];
        plain.prop_recursive(5, 60, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::vec((names(), inner), 0..4)
                    .prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn text_and_values_are_picked_alike(
            fields in "([abc*]|items)(\\.([abc*]|items)){0,3}(:excerpt\\(3\\))?(,([abc*]|items)(\\.[abc*]){0,2}){0,2}",
            value in values(),
            page in any::<bool>(),
        ) {
            let picker = FieldsPicker::parse(&fields).unwrap();
            let text = picker.pick_text(value.to_string().as_bytes(), page).unwrap();
            prop_assert_eq!(String::from_utf8(text).unwrap(), by_value(&picker, value, page));
        }
    }

    #[test]
    fn without_names_everything_is_kept() {
        let picker = FieldsPicker::parse(" , ").unwrap();
        assert_eq!(picker.pick_text(b"{\"a\": 1}", false).unwrap(), b"{\"a\": 1}");
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        let picker = FieldsPicker::parse("a").unwrap();
        for text in ["", "{", "{\"a\":1}}", "{\"b\":x}", "[1,]"] {
            assert!(picker.pick_text(text.as_bytes(), false).is_err(), "{text}");
        }
        let kept = picker.pick_text(json!({"a": "<"}).to_string().as_bytes(), false).unwrap();
        assert_eq!(kept, b"{\"a\":\"<\"}");
    }
}
