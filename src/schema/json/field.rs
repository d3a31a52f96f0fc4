//! The JSON of fields.

use serde_json::{Map, Value as Json};

use crate::model::{CollectionId, Slot};
use crate::schema::{
    AutodateOptions, DateOptions, DomainOptions, EditorOptions, Field, FieldKind, FileOptions,
    JsonOptions, NumberOptions, PasswordOptions, RelationOptions, SelectOptions, TextOptions,
};

use super::Secrets;
use super::members::Members;
use super::reader::{FormatError, Reader};
use super::writer::Writer;

impl FieldKind {
    /// The kind called `type_name` with every option zero; `None` when there is no such kind.
    pub fn from_type_name(type_name: &str) -> Option<Self> {
        Some(match type_name {
            "text" => Self::Text(TextOptions::default()),
            "number" => Self::Number(NumberOptions::default()),
            "bool" => Self::Bool,
            "email" => Self::Email(DomainOptions::default()),
            "url" => Self::Url(DomainOptions::default()),
            "editor" => Self::Editor(EditorOptions::default()),
            "date" => Self::Date(DateOptions::default()),
            "autodate" => Self::Autodate(AutodateOptions::default()),
            "select" => Self::Select(SelectOptions::default()),
            "file" => Self::File(FileOptions::default()),
            "relation" => Self::Relation(RelationOptions {
                collection_id: CollectionId::from(""),
                cascade_delete: false,
                min_select: 0,
                max_select: 0,
            }),
            "json" => Self::Json(JsonOptions::default()),
            "geoPoint" => Self::GeoPoint,
            "password" => Self::Password(PasswordOptions::default()),
            _ => return None,
        })
    }
}

impl Field {
    /// A field of `kind` in slot 0 whose id is still empty and whose flags are off.
    pub fn new(name: &str, kind: FieldKind) -> Self {
        Self {
            id: String::new(),
            name: name.to_owned(),
            slot: Slot(0),
            system: false,
            hidden: false,
            presentable: false,
            required: false,
            help: String::new(),
            kind,
        }
    }

    /// The API's JSON: common members and options at one level, keys in alphabetical order.
    pub fn to_json(&self) -> Json {
        let mut writer = Writer::new(Secrets::Hide);
        let Ok(()) = self.clone().members(&mut writer);
        let mut members: Vec<_> = writer.object.into_iter().collect();
        members.push(("type".to_owned(), self.kind.type_name().into()));
        members.sort_by(|a, b| a.0.cmp(&b.0));
        Json::Object(members.into_iter().collect())
    }

    /// Reads what [`Field::to_json`] writes. What is missing is zero, the slot too.
    pub fn from_json(json: &Map<String, Json>) -> Result<Self, FormatError> {
        let kind = json.get("type").and_then(Json::as_str).and_then(FieldKind::from_type_name);
        let kind = kind.ok_or_else(|| FormatError::new("type", "the name of a field type"))?;
        let mut field = Self::new("", kind);
        field.members(&mut Reader::new(json))?;
        Ok(field)
    }

    fn members<M: Members>(&mut self, members: &mut M) -> Result<(), M::Error> {
        members.text("id", &mut self.id)?;
        members.text("name", &mut self.name)?;
        members.bool("system", &mut self.system)?;
        members.bool("hidden", &mut self.hidden)?;
        members.bool("presentable", &mut self.presentable)?;
        if !matches!(self.kind, FieldKind::Autodate(_)) {
            members.bool("required", &mut self.required)?;
            members.text("help", &mut self.help)?;
        }
        self.kind.members(members)
    }
}

impl FieldKind {
    fn members<M: Members>(&mut self, members: &mut M) -> Result<(), M::Error> {
        match self {
            Self::Text(text) => {
                members.int("min", &mut text.min)?;
                members.int("max", &mut text.max)?;
                members.text("pattern", &mut text.pattern)?;
                members.text("autogeneratePattern", &mut text.autogenerate_pattern)?;
                members.bool("primaryKey", &mut text.primary_key)
            }
            Self::Number(number) => {
                members.number("min", &mut number.min)?;
                members.number("max", &mut number.max)?;
                members.bool("onlyInt", &mut number.only_int)
            }
            Self::Bool | Self::GeoPoint => Ok(()),
            Self::Email(domains) | Self::Url(domains) => {
                members.optional_texts("exceptDomains", &mut domains.except_domains)?;
                members.optional_texts("onlyDomains", &mut domains.only_domains)
            }
            Self::Editor(editor) => {
                members.int("maxSize", &mut editor.max_size)?;
                members.bool("convertURLs", &mut editor.convert_urls)
            }
            Self::Date(date) => {
                members.date("min", &mut date.min)?;
                members.date("max", &mut date.max)
            }
            Self::Autodate(autodate) => {
                members.bool("onCreate", &mut autodate.on_create)?;
                members.bool("onUpdate", &mut autodate.on_update)
            }
            Self::Select(select) => {
                members.texts("values", &mut select.values)?;
                members.int("maxSelect", &mut select.max_select)
            }
            Self::File(file) => {
                members.int("maxSize", &mut file.max_size)?;
                members.int("maxSelect", &mut file.max_select)?;
                members.optional_texts("mimeTypes", &mut file.mime_types)?;
                members.optional_texts("thumbs", &mut file.thumbs)?;
                members.bool("protected", &mut file.protected)
            }
            Self::Relation(relation) => {
                let mut id = relation.collection_id.as_str().to_owned();
                members.text("collectionId", &mut id)?;
                relation.collection_id = CollectionId::from(id);
                members.bool("cascadeDelete", &mut relation.cascade_delete)?;
                members.int("minSelect", &mut relation.min_select)?;
                members.int("maxSelect", &mut relation.max_select)
            }
            Self::Json(json) => members.int("maxSize", &mut json.max_size),
            Self::Password(password) => {
                members.text("pattern", &mut password.pattern)?;
                members.int("min", &mut password.min)?;
                members.int("max", &mut password.max)?;
                members.int("cost", &mut password.cost)
            }
        }
    }
}
