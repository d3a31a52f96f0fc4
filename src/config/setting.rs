//! The types of single options, and how each reads what a layer gives.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::units::{self, ByteSize};

/// A value as a layer gives it.
#[derive(Debug)]
pub(super) enum Given<'a> {
    /// A string in the file.
    Text(&'a str),
    /// An integer in the file.
    Integer(i64),
    /// A truth value in the file.
    Boolean(bool),
    /// A list of strings in the file.
    List(Vec<&'a str>),
    /// An environment variable, where everything is text.
    Variable(&'a str),
}

/// A type that an option may have.
pub(super) trait Setting: Sized {
    /// What a value should be, to end the sentence "expected …".
    const EXPECTED: &'static str;

    /// Reads a value; `None` when it does not fit.
    fn read(given: &Given<'_>) -> Option<Self>;
}

/// Reads the kinds of setting that are strings in the file.
fn text<'a>(given: &Given<'a>) -> Option<&'a str> {
    match given {
        Given::Text(text) | Given::Variable(text) => Some(text),
        Given::Integer(_) | Given::Boolean(_) | Given::List(_) => None,
    }
}

/// Reads the kinds of setting that are integers in the file.
fn integer(given: &Given<'_>) -> Option<i64> {
    match given {
        Given::Integer(integer) => Some(*integer),
        Given::Variable(text) => text.parse().ok(),
        Given::Text(_) | Given::Boolean(_) | Given::List(_) => None,
    }
}

/// `host:port` to listen on; the host may be a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Checks `text`: a host, a colon and a port of at most 65535.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let bracketed = host.starts_with('[') && host.ends_with(']');
        let fits = !host.is_empty()
            && host.chars().all(|c| c.is_ascii_graphic())
            && (bracketed || !host.contains(':'))
            && port.parse::<u16>().is_ok();
        fits.then(|| Self(text.to_owned()))
    }

    pub(super) fn from_static(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The text, as sockets take it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Setting for Address {
    const EXPECTED: &'static str = "an address such as \"127.0.0.1:8090\"";

    fn read(given: &Given<'_>) -> Option<Self> {
        Self::parse(text(given)?)
    }
}

impl Setting for PathBuf {
    const EXPECTED: &'static str = "a path such as \"./data\"";

    fn read(given: &Given<'_>) -> Option<Self> {
        text(given).filter(|text| !text.is_empty() && !text.contains('\0')).map(Self::from)
    }
}

/// An empty text leaves the choice open.
impl Setting for Option<Address> {
    const EXPECTED: &'static str = "an address such as \"0.0.0.0:443\", or nothing";

    fn read(given: &Given<'_>) -> Option<Self> {
        if text(given)?.is_empty() { Some(None) } else { Address::read(given).map(Some) }
    }
}

/// An empty text leaves the choice open.
impl Setting for Option<PathBuf> {
    const EXPECTED: &'static str = "a path such as \"./key.pem\", or nothing";

    fn read(given: &Given<'_>) -> Option<Self> {
        if text(given)?.is_empty() { Some(None) } else { PathBuf::read(given).map(Some) }
    }
}

impl Setting for String {
    const EXPECTED: &'static str = "a text";

    fn read(given: &Given<'_>) -> Option<Self> {
        text(given).map(str::to_owned)
    }
}

/// Names of hosts, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Domains(Vec<String>);

impl Domains {
    /// Checks `names`: letters, digits, hyphens and dots each, at most 253 bytes.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name.len() <= 253
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        };
        let names = names.into_iter().map(str::trim);
        names
            .map(|name| is_name(name).then(|| name.to_ascii_lowercase()))
            .collect::<Option<_>>()
            .map(Self)
    }

    /// The names.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl Setting for Domains {
    const EXPECTED: &'static str = "a list of domains such as [\"example.com\"]";

    fn read(given: &Given<'_>) -> Option<Self> {
        match given {
            Given::List(names) => Self::new(names.iter().copied()),
            Given::Variable(names) => Self::new(names.split(',').filter(|name| !name.is_empty())),
            Given::Text(_) | Given::Integer(_) | Given::Boolean(_) => None,
        }
    }
}

impl Setting for bool {
    const EXPECTED: &'static str = "true or false";

    fn read(given: &Given<'_>) -> Option<Self> {
        match given {
            Given::Boolean(value) => Some(*value),
            Given::Variable(text) => text.parse().ok(),
            Given::Text(_) | Given::Integer(_) | Given::List(_) => None,
        }
    }
}

/// Makes an enum whose values are words in the file.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $expected:literal,
        $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// The word for it in the config file.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl Setting for $name {
            const EXPECTED: &'static str = $expected;

            fn read(given: &Given<'_>) -> Option<Self> {
                match text(given)? { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// How log lines look.
    LogFormat, "\"human\" or \"json\"",
    /// Lines for people.
    Human = "human",
    /// One JSON object a line.
    Json = "json",
}

words! {
    /// The least severe log lines to write.
    LogLevel, "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"",
    /// Only failures.
    Error = "error",
    /// Failures and what may become one.
    Warn = "warn",
    /// What an operator wants to know.
    Info = "info",
    /// What a developer wants to know.
    Debug = "debug",
    /// Everything.
    Trace = "trace",
}

words! {
    /// What a committed write survives.
    Durability, "\"full\" or \"relaxed\"",
    /// Loss of power.
    Full = "full",
    /// The death of the process, but the last moments may be lost with the power.
    Relaxed = "relaxed",
}

impl Setting for ByteSize {
    const EXPECTED: &'static str = "a size above zero such as \"10MiB\"";

    fn read(given: &Given<'_>) -> Option<Self> {
        text(given).and_then(units::parse_size)
    }
}

impl Setting for Duration {
    const EXPECTED: &'static str = "a duration above zero such as \"30s\"";

    fn read(given: &Given<'_>) -> Option<Self> {
        text(given).and_then(units::parse_duration)
    }
}

/// Zero leaves it out.
impl Setting for Option<Duration> {
    const EXPECTED: &'static str = "a duration such as \"200ms\", or \"0\" for never";

    fn read(given: &Given<'_>) -> Option<Self> {
        match given {
            Given::Integer(0) | Given::Text("0") | Given::Variable("0") => Some(None),
            given => Duration::read(given).map(Some),
        }
    }
}

/// A text that stays out of logs.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// A secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Setting for Secret {
    const EXPECTED: &'static str = "a text";

    fn read(given: &Given<'_>) -> Option<Self> {
        text(given).map(|text| Self(text.to_owned()))
    }
}

impl Setting for usize {
    const EXPECTED: &'static str = "a number from 0 to 1024";

    fn read(given: &Given<'_>) -> Option<Self> {
        integer(given).and_then(|count| Self::try_from(count).ok()).filter(|count| *count <= 1024)
    }
}

impl Setting for NonZeroUsize {
    const EXPECTED: &'static str = "a number of at least 1";

    fn read(given: &Given<'_>) -> Option<Self> {
        integer(given).and_then(|count| usize::try_from(count).ok()).and_then(Self::new)
    }
}

impl Setting for u64 {
    const EXPECTED: &'static str = "a number of at least 1";

    fn read(given: &Given<'_>) -> Option<Self> {
        integer(given).and_then(|count| Self::try_from(count).ok()).filter(|count| *count > 0)
    }
}

impl Setting for Vec<String> {
    const EXPECTED: &'static str = "a list of origins such as [\"https://example.com\"]";

    fn read(given: &Given<'_>) -> Option<Self> {
        let texts: Vec<&str> = match given {
            Given::List(texts) => texts.clone(),
            Given::Variable(text) => text.split(',').map(str::trim).collect(),
            Given::Text(_) | Given::Integer(_) | Given::Boolean(_) => return None,
        };
        let fits = |text: &&str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
        texts.iter().all(fits).then(|| texts.into_iter().map(str::to_owned).collect())
    }
}

/// Names, such as those of collections.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names(Vec<String>);

impl Names {
    /// Whether `name` is one of them.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == name)
    }
}

impl Setting for Names {
    const EXPECTED: &'static str = "a list of names such as [\"rooms\"]";

    fn read(given: &Given<'_>) -> Option<Self> {
        Vec::read(given).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for good in ["127.0.0.1:0", "localhost:8090", "[::1]:80", "0.0.0.0:65535"] {
            assert!(Address::parse(good).is_some(), "{good}");
        }
        for bad in ["", "8090", ":8090", "host:", "host:65536", "::1:80", "ho st:80", "h:-1"] {
            assert!(Address::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn variables_spell_numbers_and_lists_as_text() {
        assert_eq!(usize::read(&Given::Variable("4")), Some(4));
        assert_eq!(usize::read(&Given::Text("4")), None);
        assert_eq!(usize::read(&Given::Integer(1025)), None);
        assert_eq!(
            Vec::read(&Given::Variable("https://a.b, https://c.d")),
            Some(vec!["https://a.b".to_owned(), "https://c.d".to_owned()])
        );
        assert_eq!(Vec::<String>::read(&Given::Variable("")), None);
    }
}
