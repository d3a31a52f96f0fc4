//! The query of a request's URL.

use url::form_urlencoded;

use crate::query::Texts;

/// The decoded parameters of a query, in order. Bytes that are no UTF-8 are replaced.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query(Texts);

impl Query {
    /// Parses the text after the question mark. Nothing is an error.
    pub fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).collect())
    }

    /// The first value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    /// All parameters, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter()
    }

    /// The parameters as rules see them.
    pub(super) fn texts(&self) -> &Texts {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_wins_and_nothing_is_an_error() {
        for (text, name, expected) in [
            ("a=1&a=2", "a", Some("1")),
            ("a=x+y%20z", "a", Some("x y z")),
            ("a=%ff%zz", "a", Some("\u{fffd}%zz")),
            ("a", "a", Some("")),
            ("&&=&", "a", None),
        ] {
            assert_eq!(Query::parse(text).get(name), expected, "{text}");
        }
    }
}
