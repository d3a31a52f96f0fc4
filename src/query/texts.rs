//! Texts under names: the headers and the parameters of a request.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Texts under names, in the order they came; of those under one name only the first counts.
///
/// Every request brings some and hardly any rule asks for them, so they lie behind each other in one
/// text and are searched when somebody does. Clones share them.
#[derive(Clone, Default)]
pub struct Texts(Option<Arc<Packed>>);

#[derive(Default)]
struct Packed {
    text: String,
    /// Where each name and each text under it ends.
    ends: Vec<(usize, usize)>,
}

impl Texts {
    /// Texts under names in which `from` is written `to`.
    pub fn respelled(texts: &[(&str, &str)], from: char, to: &str) -> Self {
        let length = texts.iter().map(|(name, text)| name.len() + text.len()).sum();
        let ends = Vec::with_capacity(texts.len());
        let mut packed = Packed { text: String::with_capacity(length), ends };
        for (name, text) in texts {
            for (at, part) in name.split(from).enumerate() {
                if at > 0 {
                    packed.text.push_str(to);
                }
                packed.text.push_str(part);
            }
            packed.end_with(text);
        }
        packed.share()
    }

    /// The first text under `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| *key == name).map(|(_, text)| text)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|packed| {
            let mut from = 0;
            packed.ends.iter().map(move |(name_end, end)| {
                let pair = (&packed.text[from..*name_end], &packed.text[*name_end..*end]);
                from = *end;
                pair
            })
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Packed {
    /// Ends the entry whose name was written last.
    fn end_with(&mut self, text: &str) {
        let name_end = self.text.len();
        self.text.push_str(text);
        self.ends.push((name_end, self.text.len()));
    }

    fn share(self) -> Texts {
        Texts((!self.ends.is_empty()).then(|| Arc::new(self)))
    }
}

impl<N: AsRef<str>, T: AsRef<str>> FromIterator<(N, T)> for Texts {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(texts: I) -> Self {
        let mut packed = Packed::default();
        for (name, text) in texts {
            packed.text.push_str(name.as_ref());
            packed.end_with(text.as_ref());
        }
        packed.share()
    }
}

impl<N: AsRef<str>, T: AsRef<str>, const LEN: usize> From<[(N, T); LEN]> for Texts {
    fn from(texts: [(N, T); LEN]) -> Self {
        texts.into_iter().collect()
    }
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let firsts = self.iter().enumerate().filter(|(at, (name, _))| {
            // There are few of them.
            self.iter().position(|(key, _)| key == *name) == Some(*at)
        });
        serializer.collect_map(firsts.map(|(_, pair)| pair))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_can_be_respelled() {
        let texts = Texts::respelled(&[("x-y-z", "a-b"), ("-", ""), ("n", "")], '-', "_");
        let all: Vec<_> = texts.iter().collect();
        assert_eq!(all, [("x_y_z", "a-b"), ("_", ""), ("n", "")]);
        assert!(Texts::respelled(&[], '-', "_").is_empty());
    }

    proptest! {
        #[test]
        fn the_first_text_of_each_name_is_found(
            pairs in proptest::collection::vec(("[a-cé]{0,2}", ".{0,4}"), 0..8),
            name in "[a-cé]{0,2}",
        ) {
            let texts: Texts = pairs.iter().map(|(name, text)| (name, text)).collect();
            let first = pairs.iter().find(|(key, _)| *key == name);
            prop_assert_eq!(texts.get(&name), first.map(|(_, text)| text.as_str()));
            let all: Vec<_> = texts.iter().map(|(n, t)| (n.to_owned(), t.to_owned())).collect();
            prop_assert_eq!(&all, &pairs);
            let json = serde_json::to_value(&texts).unwrap();
            for (key, value) in json.as_object().unwrap() {
                prop_assert_eq!(texts.get(key), value.as_str());
            }
        }
    }
}
