//! One description of an object's members, walked to write JSON and to read it.

use serde_json::{Map, Value as Json};

use crate::model::Timestamp;

/// What a definition's JSON is made of. [`super::Writer`] puts members, [`super::Reader`] takes
/// them, so that both know the same keys in the same order.
pub(super) trait Members: Sized {
    /// What can go wrong with a member.
    type Error;

    fn bool(&mut self, key: &str, value: &mut bool) -> Result<(), Self::Error>;
    fn int(&mut self, key: &str, value: &mut i64) -> Result<(), Self::Error>;
    fn text(&mut self, key: &str, value: &mut String) -> Result<(), Self::Error>;
    /// A text that is not for every reader.
    fn secret(&mut self, key: &str, value: &mut String) -> Result<(), Self::Error>;
    /// A filter; null is a value of its own.
    fn rule(&mut self, key: &str, value: &mut Option<String>) -> Result<(), Self::Error>;
    /// Null or a finite number.
    fn number(&mut self, key: &str, value: &mut Option<f64>) -> Result<(), Self::Error>;
    /// Null, true or false.
    fn switch(&mut self, key: &str, value: &mut Option<bool>) -> Result<(), Self::Error>;
    /// The text form of an instant, empty for none.
    fn date(&mut self, key: &str, value: &mut Option<Timestamp>) -> Result<(), Self::Error>;
    /// Never null.
    fn texts(&mut self, key: &str, value: &mut Vec<String>) -> Result<(), Self::Error>;
    /// Null when never set.
    fn optional_texts(
        &mut self,
        key: &str,
        value: &mut Option<Vec<String>>,
    ) -> Result<(), Self::Error>;
    /// Null or an object of any shape.
    fn extra(
        &mut self,
        key: &str,
        value: &mut Option<Map<String, Json>>,
    ) -> Result<(), Self::Error>;
    /// An object whose members `visit` describes.
    fn object(
        &mut self,
        key: &str,
        visit: impl FnOnce(&mut Self) -> Result<(), Self::Error>,
    ) -> Result<(), Self::Error>;
    /// An object that is only written when `is_set`, as the contract does not know it.
    fn addition(
        &mut self,
        key: &str,
        is_set: bool,
        visit: impl FnOnce(&mut Self) -> Result<(), Self::Error>,
    ) -> Result<(), Self::Error>;
    /// A list of objects known by name.
    fn named<T: Named>(&mut self, key: &str, items: &mut Vec<T>) -> Result<(), Self::Error>;
}

/// An object in a list, where its name says which one it is.
pub(super) trait Named: Clone + Default {
    fn name(&self) -> &str;
    fn visit<M: Members>(&mut self, members: &mut M) -> Result<(), M::Error>;
}
