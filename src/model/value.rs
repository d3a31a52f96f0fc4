//! The typed value of one field of one record.

use super::{RecordId, Timestamp};

/// The value of one field, already normalised for the field's kind.
///
/// | field kind | variant |
/// |---|---|
/// | text, email, url, editor, password (its hash), single select, relation, file | `Text` |
/// | select, relation and file with more than one value | `List` |
/// | number | `Number` |
/// | bool | `Bool` |
/// | date, autodate | `Date` |
/// | geoPoint | `Geo` |
/// | json | `Json`, or `Null` when never set |
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A json field that was never set.
    Null,
    /// Text as submitted; `""` is the zero value.
    Text(String),
    /// A finite double; `0` is the zero value.
    Number(f64),
    /// `false` is the zero value.
    Bool(bool),
    /// `None` is the zero value and prints as `""`.
    Date(Option<Timestamp>),
    /// Several texts in order; the empty list is the zero value.
    List(Vec<String>),
    /// A place on Earth; `(0, 0)` is the zero value.
    Geo(GeoPoint),
    /// A JSON document.
    Json(JsonText),
}

impl Value {
    /// Whether this is the zero value, which `required` rejects.
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Number(number) => *number == 0.0,
            Self::Bool(on) => !on,
            Self::Date(date) => date.is_none(),
            Self::List(items) => items.is_empty(),
            Self::Geo(point) => point.lon == 0.0 && point.lat == 0.0,
            Self::Json(json) => matches!(json.as_str(), "null" | "\"\"" | "[]" | "{}" | ""),
        }
    }

    /// The text of a `Text` value.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a text or list value: none, one or many, empty texts left out.
    pub fn items(&self) -> &[String] {
        match self {
            Self::Text(text) if !text.is_empty() => std::slice::from_ref(text),
            Self::List(items) => items,
            _ => &[],
        }
    }
}

impl From<&RecordId> for Value {
    fn from(id: &RecordId) -> Self {
        Self::Text(id.as_str().to_owned())
    }
}

macro_rules! values_of {
    ($($from:ty => |$value:ident| $made:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $made
            }
        }
    )*};
}

values_of! {
    &str => |text| Self::Text(text.to_owned());
    String => |text| Self::Text(text);
    bool => |on| Self::Bool(on);
    f64 => |number| Self::Number(number);
    i32 => |number| Self::Number(f64::from(number));
    u32 => |number| Self::Number(f64::from(number));
    Timestamp => |date| Self::Date(Some(date));
    Vec<String> => |items| Self::List(items);
    GeoPoint => |place| Self::Geo(place);
}

/// Longitude and latitude in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GeoPoint {
    /// -180 to 180, east positive.
    pub lon: f64,
    /// -90 to 90, north positive.
    pub lat: f64,
}

/// The text of a JSON document: valid, with no white space outside strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(Box<str>);

impl JsonText {
    /// Wraps text that the caller knows to be compact, valid JSON.
    pub fn trusted(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The document's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
