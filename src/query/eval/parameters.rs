//! Values that are fixed for a run: macros and what the request brought.

use std::cell::OnceCell;

use serde_json::Value as Json;

use crate::model::{Row, Scalar, Timestamp};
use crate::query::bind::IS_ANONYMOUS;
use crate::query::bound::Parameter;
use crate::query::column::scalar;
use crate::query::compare::{Class, real_text};
use crate::query::json::scalar_of_value;
use crate::query::like::Pattern;
use crate::query::{AuthRow, Request};

/// A parameter's value.
pub(super) struct Value {
    pub(super) scalar: Scalar<'static>,
    pub(super) class: Class,
    pattern: OnceCell<Pattern>,
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The pattern follows from the value.
        f.debug_tuple("Value").field(&self.scalar).field(&self.class).finish()
    }
}

impl Value {
    fn new(scalar: Scalar<'static>) -> Self {
        let class = match &scalar {
            Scalar::Null => Class::Empty,
            Scalar::Text(text) if text.is_empty() => Class::Empty,
            _ => Class::Known,
        };
        Self { scalar, class, pattern: OnceCell::new() }
    }

    /// The value as the right side of `~`.
    pub(super) fn pattern(&self) -> &Pattern {
        self.pattern.get_or_init(|| match &self.scalar {
            Scalar::Null => Pattern::Never,
            Scalar::Int(int) => Pattern::of_literal(&int.to_string()),
            Scalar::Real(real) => Pattern::of_literal(&real.to_string()),
            Scalar::Text(text) => Pattern::of_literal(text),
        })
    }
}

pub(super) fn resolve(parameters: &[Parameter], request: &Request, now: Timestamp) -> Vec<Value> {
    parameters.iter().map(|parameter| value(parameter, request, now)).collect()
}

fn value(parameter: &Parameter, request: &Request, now: Timestamp) -> Value {
    match parameter {
        Parameter::Macro(named) => Value::new(named.value(now)),
        Parameter::IsSet { path } => {
            Value::new(Scalar::Int(look_up(path, request).is_some().into()))
        }
        Parameter::Request { path, lower, number, raw_json } => {
            let found = look_up(path, request).unwrap_or(Found::Scalar(Scalar::Null));
            let scalar = match found {
                Found::Scalar(scalar) => scalar,
                Found::Json(Json::Null) => Scalar::Null,
                Found::Json(json) if *raw_json => Scalar::Text(json.to_string().into()),
                Found::Json(json) => scalar_of_value(json),
            };
            let scalar = if *number { parsed(scalar) } else { scalar };
            Value::new(if *lower { lowered(scalar) } else { scalar })
        }
        Parameter::BodyLength { name } => {
            let length = match request.body.get(name) {
                None | Some(Json::Null) => 0,
                Some(Json::Array(items)) => items.len(),
                Some(_) => 1,
            };
            let class = if length > 1 { Class::Open } else { Class::Known };
            Value { class, ..Value::new(Scalar::Int(length as i64)) }
        }
        Parameter::BodyLower { name } => {
            let text = match request.body.get(name) {
                Some(Json::String(text)) => text.to_ascii_lowercase(),
                Some(Json::Bool(on)) => on.to_string(),
                Some(Json::Number(number)) => number.as_f64().unwrap_or(0.0).to_string(),
                _ => String::new(),
            };
            Value::new(Scalar::Text(text.into()))
        }
    }
}

/// A value found under `@request.`.
enum Found<'a> {
    Json(&'a Json),
    Scalar(Scalar<'static>),
}

fn look_up<'a>(path: &[String], request: &'a Request) -> Option<Found<'a>> {
    let (root, rest) = path.split_first()?;
    let text = |text: &str| Found::Scalar(Scalar::Text(text.to_owned().into()));
    match (root.as_str(), rest) {
        ("context", []) => Some(text(request.context.as_str())),
        ("method", []) => Some(text(&request.method)),
        ("query", [name]) => request.query.get(name).map(text),
        ("headers", [name]) => request.headers.get(name).map(text),
        ("auth", [name]) => auth_value(request.auth.as_ref()?, name).map(Found::Scalar),
        ("body", [name, inner @ ..]) => inner
            .iter()
            .try_fold(request.body.get(name)?, |json, step| match json {
                Json::Object(object) => object.get(step),
                Json::Array(array) => array.get(step.parse::<usize>().ok()?),
                _ => None,
            })
            .map(Found::Json),
        _ => None,
    }
}

fn auth_value(auth: &AuthRow, name: &str) -> Option<Scalar<'static>> {
    let row: Row<'_> = auth.row.as_row();
    match name {
        "collectionId" => Some(Scalar::Text(auth.collection.id.as_str().to_owned().into())),
        "collectionName" => Some(Scalar::Text(auth.collection.name.clone().into())),
        _ => match auth.collection.field(name) {
            Some(field) => Some(scalar(field, row).into_owned()),
            None if name == IS_ANONYMOUS => {
                Some(Scalar::Int(auth.collection.is_anonymous(row).into()))
            }
            None => None,
        },
    }
}

/// Text sent for a number field becomes a number where it is one.
fn parsed(scalar: Scalar<'static>) -> Scalar<'static> {
    match &scalar {
        Scalar::Text(text) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Scalar::Real(number),
            _ => scalar,
        },
        _ => scalar,
    }
}

fn lowered(scalar: Scalar<'static>) -> Scalar<'static> {
    match scalar {
        Scalar::Null => Scalar::Null,
        Scalar::Int(int) => Scalar::Text(int.to_string().into()),
        Scalar::Real(real) => Scalar::Text(real_text(real).to_ascii_lowercase().into()),
        Scalar::Text(text) => Scalar::Text(text.to_ascii_lowercase().into()),
    }
}
