//! A field: what is common to all kinds, and the options of each kind.

use crate::model::{CollectionId, GeoPoint, Slot, Timestamp, Value};

/// One field of a collection.
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of the contract")]
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Identity across renames: kind and CRC-32 of the name, or chosen by whoever made it.
    pub id: String,
    /// The key in records and filters.
    pub name: String,
    /// Where rows keep it. Assigned by the server, never shown.
    pub slot: Slot,
    /// System fields can be neither removed nor renamed.
    pub system: bool,
    /// Only superusers see it, filter by it and write it.
    pub hidden: bool,
    /// A hint for dashboards.
    pub presentable: bool,
    /// Rejects the zero value. Always false for autodate.
    pub required: bool,
    /// A note for editors; at most 300 bytes.
    pub help: String,
    /// What it holds.
    pub kind: FieldKind,
}

/// The kind of a field with its options. The set is closed.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// Plain text; also the record id.
    Text(TextOptions),
    /// A double.
    Number(NumberOptions),
    /// True or false.
    Bool,
    /// An email address.
    Email(DomainOptions),
    /// A URL.
    Url(DomainOptions),
    /// HTML text.
    Editor(EditorOptions),
    /// An instant given by the client.
    Date(DateOptions),
    /// An instant given by the server.
    Autodate(AutodateOptions),
    /// One or several of a fixed list.
    Select(SelectOptions),
    /// Names of uploaded files.
    File(FileOptions),
    /// Ids of records of one collection.
    Relation(RelationOptions),
    /// Any JSON document.
    Json(JsonOptions),
    /// A place on Earth.
    GeoPoint,
    /// A password, stored as its hash.
    Password(PasswordOptions),
}

/// Options of text fields. Lengths are in Unicode code points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextOptions {
    /// 0 = none.
    pub min: i64,
    /// 0 = 5000.
    pub max: i64,
    /// A regular expression, unanchored; empty = none.
    pub pattern: String,
    /// What to generate when empty on create; empty = nothing.
    pub autogenerate_pattern: String,
    /// True for the record id and nothing else.
    pub primary_key: bool,
}

/// Options of number fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NumberOptions {
    /// Lower bound; zero passes.
    pub min: Option<f64>,
    /// Upper bound; zero passes.
    pub max: Option<f64>,
    /// Rejects fractions.
    pub only_int: bool,
}

/// Options of email and url fields; at most one of the two lists is set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DomainOptions {
    /// Domains that are refused.
    pub except_domains: Option<Vec<String>>,
    /// Domains that are accepted.
    pub only_domains: Option<Vec<String>>,
}

/// Options of editor fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EditorOptions {
    /// Bytes; 0 = 5 MiB.
    pub max_size: i64,
    /// A hint for dashboards.
    pub convert_urls: bool,
}

/// Options of date fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DateOptions {
    /// Earliest.
    pub min: Option<Timestamp>,
    /// Latest.
    pub max: Option<Timestamp>,
}

/// Options of autodate fields; at least one is set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AutodateOptions {
    /// Set when the record is made.
    pub on_create: bool,
    /// Set whenever the record changes.
    pub on_update: bool,
}

/// Options of select fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SelectOptions {
    /// What may be selected.
    pub values: Vec<String>,
    /// 0 and 1 mean a single value.
    pub max_select: i64,
}

/// Options of file fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileOptions {
    /// Bytes per file; 0 = 5 MiB.
    pub max_size: i64,
    /// 0 and 1 mean a single file.
    pub max_select: i64,
    /// Accepted types by content; `None` or empty = all.
    pub mime_types: Option<Vec<String>>,
    /// Sizes of previews, such as `100x100t`.
    pub thumbs: Option<Vec<String>>,
    /// Served only with a file token.
    pub protected: bool,
}

/// Options of relation fields.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationOptions {
    /// The collection of the related records.
    pub collection_id: CollectionId,
    /// Deletes the record with the last record it relates to.
    pub cascade_delete: bool,
    /// Fewest ids, when there are any.
    pub min_select: i64,
    /// 0 and 1 mean a single id.
    pub max_select: i64,
}

/// Options of json fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JsonOptions {
    /// Bytes; 0 = 1 MiB.
    pub max_size: i64,
}

/// Options of password fields. Lengths are in Unicode code points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PasswordOptions {
    /// A regular expression; empty = none.
    pub pattern: String,
    /// 0 = none.
    pub min: i64,
    /// 0 = 71.
    pub max: i64,
    /// Kept for clients; argon2id does not use it.
    pub cost: i64,
}

impl FieldKind {
    /// The name in the API: `text`, `geoPoint`, …
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Number(_) => "number",
            Self::Bool => "bool",
            Self::Email(_) => "email",
            Self::Url(_) => "url",
            Self::Editor(_) => "editor",
            Self::Date(_) => "date",
            Self::Autodate(_) => "autodate",
            Self::Select(_) => "select",
            Self::File(_) => "file",
            Self::Relation(_) => "relation",
            Self::Json(_) => "json",
            Self::GeoPoint => "geoPoint",
            Self::Password(_) => "password",
        }
    }

    /// Whether a record can hold several values.
    pub fn is_multiple(&self) -> bool {
        match self {
            Self::Select(options) => options.max_select > 1,
            Self::File(options) => options.max_select > 1,
            Self::Relation(options) => options.max_select > 1,
            _ => false,
        }
    }

    /// The zero value.
    pub fn zero(&self) -> Value {
        match self {
            Self::Number(_) => Value::Number(0.0),
            Self::Bool => Value::Bool(false),
            Self::Date(_) | Self::Autodate(_) => Value::Date(None),
            Self::Json(_) => Value::Null,
            Self::GeoPoint => Value::Geo(GeoPoint::default()),
            _ if self.is_multiple() => Value::List(Vec::new()),
            _ => Value::Text(String::new()),
        }
    }
}

impl Field {
    /// The options of a relation field.
    pub fn relation(&self) -> Option<&RelationOptions> {
        match &self.kind {
            FieldKind::Relation(options) => Some(options),
            _ => None,
        }
    }
}
