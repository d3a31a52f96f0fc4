//! Writing definitions as JSON.

use std::convert::Infallible;

use serde_json::{Map, Value as Json};

use crate::model::Timestamp;

use super::members::{Members, Named};
use super::{Secrets, number_json};

/// Collects the members of one object.
pub(super) struct Writer {
    pub(super) object: Map<String, Json>,
    secrets: Secrets,
}

impl Writer {
    pub(super) fn new(secrets: Secrets) -> Self {
        Self { object: Map::new(), secrets }
    }

    #[expect(clippy::unnecessary_wraps, reason = "the shape that Members asks for")]
    fn put(&mut self, key: &str, value: impl Into<Json>) -> Result<(), Infallible> {
        self.object.insert(key.to_owned(), value.into());
        Ok(())
    }
}

impl Members for Writer {
    type Error = Infallible;

    fn bool(&mut self, key: &str, value: &mut bool) -> Result<(), Infallible> {
        self.put(key, *value)
    }

    fn int(&mut self, key: &str, value: &mut i64) -> Result<(), Infallible> {
        self.put(key, *value)
    }

    fn text(&mut self, key: &str, value: &mut String) -> Result<(), Infallible> {
        self.put(key, value.as_str())
    }

    fn secret(&mut self, key: &str, value: &mut String) -> Result<(), Infallible> {
        match self.secrets {
            Secrets::Hide => Ok(()),
            Secrets::Show => self.put(key, value.as_str()),
        }
    }

    fn rule(&mut self, key: &str, value: &mut Option<String>) -> Result<(), Infallible> {
        self.put(key, value.clone())
    }

    fn number(&mut self, key: &str, value: &mut Option<f64>) -> Result<(), Infallible> {
        self.put(key, value.map_or(Json::Null, number_json))
    }

    fn switch(&mut self, key: &str, value: &mut Option<bool>) -> Result<(), Infallible> {
        self.put(key, *value)
    }

    fn date(&mut self, key: &str, value: &mut Option<Timestamp>) -> Result<(), Infallible> {
        self.put(key, value.map(|date| date.to_string()).unwrap_or_default())
    }

    fn texts(&mut self, key: &str, value: &mut Vec<String>) -> Result<(), Infallible> {
        self.put(key, value.clone())
    }

    fn optional_texts(
        &mut self,
        key: &str,
        value: &mut Option<Vec<String>>,
    ) -> Result<(), Infallible> {
        self.put(key, value.clone())
    }

    fn extra(
        &mut self,
        key: &str,
        value: &mut Option<Map<String, Json>>,
    ) -> Result<(), Infallible> {
        self.put(key, value.clone().map_or(Json::Null, Json::Object))
    }

    fn object(
        &mut self,
        key: &str,
        visit: impl FnOnce(&mut Self) -> Result<(), Infallible>,
    ) -> Result<(), Infallible> {
        let mut inner = Self::new(self.secrets);
        visit(&mut inner)?;
        self.put(key, inner.object)
    }

    fn addition(
        &mut self,
        key: &str,
        is_set: bool,
        visit: impl FnOnce(&mut Self) -> Result<(), Infallible>,
    ) -> Result<(), Infallible> {
        if is_set { self.object(key, visit) } else { Ok(()) }
    }

    fn named<T: Named>(&mut self, key: &str, items: &mut Vec<T>) -> Result<(), Infallible> {
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let mut inner = Self::new(self.secrets);
            item.visit(&mut inner)?;
            list.push(Json::Object(inner.object));
        }
        self.put(key, list)
    }
}
