//! The config file: TOML, with errors that name the line.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::layer::{KEYS, Layer, SetError, nearest};
use super::pinned::{self, Pinned};
use super::setting::Given;

/// The largest config file, in bytes: far above any real one.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Reads the layer in the file at `path`.
pub(super) fn read(path: &Path) -> Result<Layer, ConfigError> {
    let name = path.display();
    let unreadable = |cause: std::io::Error| ConfigError::one(format!("{name}: {cause}"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_BYTES_MAX {
        return Err(ConfigError::one(format!("{name}: larger than {FILE_BYTES_MAX} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    parse(&name.to_string(), &text)
}

/// Reads the layer in `text`; `name` is what errors call the file.
pub(super) fn parse(name: &str, text: &str) -> Result<Layer, ConfigError> {
    let table = DeTable::parse(text).map_err(|error| {
        let line = line_of(text, error.span().map_or(0, |span| span.start));
        ConfigError::one(format!("{name}:{line}: {}", error.message()))
    })?;
    let mut reader = Reader { name, text, layer: Layer::default(), problems: Vec::new() };
    reader.table("", table.get_ref());
    ConfigError::from_problems(reader.problems)?;
    Ok(reader.layer)
}

/// The table of settings that the file fixes.
const PINNED_TABLE: &str = "settings";

struct Reader<'t> {
    name: &'t str,
    text: &'t str,
    layer: Layer,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            match value.get_ref() {
                // Whether there are such settings is for others to say.
                DeValue::Table(inner) if name == PINNED_TABLE => match pinned::object_of(inner) {
                    Some(values) => self.layer.pinned = Some(Pinned::new(self.name, values)),
                    None => self.problem(key.span().start, pinned::EXPECTED),
                },
                // An unknown table is reported key by key, unless it has none.
                DeValue::Table(inner) if !KEYS.contains(&name.as_str()) => {
                    let mut tables = KEYS.iter().filter_map(|key| Some(key.split_once('.')?.0));
                    if inner.is_empty() && !tables.clone().any(|table| table == name) {
                        self.unknown(key.span().start, &name, &mut tables);
                    }
                    self.table(&format!("{name}."), inner);
                }
                given => self.option(key.span().start, &name, given),
            }
        }
    }

    fn option(&mut self, at: usize, name: &str, value: &DeValue<'_>) {
        let outcome = match given(value) {
            Some(given) => self.layer.set(name, &given),
            // An integer that is out of range never fits, whatever the option.
            None => self.layer.set(name, &Given::List(vec![""])),
        };
        match outcome {
            Ok(()) => {}
            Err(SetError::UnknownKey) => self.unknown(at, name, &mut KEYS.iter().copied()),
            Err(SetError::Expected(expected)) => {
                let found = value.type_str();
                self.problem(at, &format!("`{name}`: expected {expected}, found this {found}"));
            }
        }
    }

    fn unknown(&mut self, at: usize, name: &str, known: &mut dyn Iterator<Item = &'static str>) {
        let near = nearest(name, known).unwrap_or_default();
        self.problem(at, &format!("unknown key `{name}`, the nearest is `{near}`"));
    }

    fn problem(&mut self, at: usize, what: &str) {
        let line = line_of(self.text, at);
        self.problems.push(format!("{}:{line}: {what}", self.name));
    }
}

/// What a TOML value gives; `None` for the kinds that no option has.
fn given<'a>(value: &'a DeValue<'_>) -> Option<Given<'a>> {
    match value {
        DeValue::String(text) => Some(Given::Text(text)),
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(Given::Integer)
        }
        DeValue::Boolean(value) => Some(Given::Boolean(*value)),
        DeValue::Array(items) => items
            .iter()
            .map(|item: &Spanned<DeValue<'_>>| match item.get_ref() {
                DeValue::String(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Given::List),
        _ => None,
    }
}

/// The number of the line that holds the byte at `offset`, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::super::{ByteSize, Config};
    use super::*;

    const SAMPLE: &str = include_str!("../../config.toml");

    #[test]
    fn the_sample_file_spells_out_every_default() {
        let layer = parse("config.toml", SAMPLE).unwrap();
        assert_eq!(layer.keys_set(), KEYS);
        assert_eq!(Config::from_layer(layer), Config::default());
    }

    #[test]
    fn an_unknown_key_is_an_error_with_the_line_and_the_nearest_key() {
        for (text, expected) in [
            ("htpp = \"a:1\"", "f:1: unknown key `htpp`, the nearest is `http`"),
            (
                "\n[limits]\nbodysize = \"1B\"\n",
                "f:3: unknown key `limits.bodysize`, the nearest is `limits.body_size`",
            ),
            (
                "[limit]\nconnections = 1\n",
                "f:2: unknown key `limit.connections`, the nearest is `limits.connections`",
            ),
            ("[cros]\n", "f:1: unknown key `cros`, the nearest is `cors`"),
        ] {
            assert_eq!(parse("f", text).unwrap_err().problems(), [expected], "{text}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_an_error_with_the_line_and_what_was_expected() {
        for (text, expected) in [
            (
                "\nhttp = 8090",
                "f:2: `http`: expected an address such as \"127.0.0.1:8090\", found this integer",
            ),
            (
                "limits.body_size = 1.5",
                "f:1: `limits.body_size`: expected a size above zero such as \"10MiB\", found \
                 this float",
            ),
            (
                "[log]\nlevel = \"loud\"",
                "f:2: `log.level`: expected \"error\", \"warn\", \"info\", \"debug\" or \"trace\", \
                 found this string",
            ),
            (
                "cors.origins = [1]",
                "f:1: `cors.origins`: expected a list of origins such as \
                 [\"https://example.com\"], found this array",
            ),
            (
                "threads.workers = 99999999999999999999",
                "f:1: `threads.workers`: expected a number from 0 to 1024, found this integer",
            ),
            (
                "[http]\nport = 1",
                "f:1: `http`: expected an address such as \"127.0.0.1:8090\", found this table",
            ),
        ] {
            assert_eq!(parse("f", text).unwrap_err().problems(), [expected], "{text}");
        }
    }

    #[test]
    fn broken_toml_names_the_line() {
        let error = parse("f", "data = \"a\"\nhttp = \n").unwrap_err();
        assert!(error.problems()[0].starts_with("f:2: "), "{error}");
    }

    #[test]
    fn all_problems_are_listed_together() {
        assert_eq!(parse("f", "a = 1\nb = 2\nhttp = 3").unwrap_err().problems().len(), 3);
    }

    #[test]
    fn tables_may_be_dotted() {
        let layer = parse("f", "limits.body_size = \"1KiB\"").unwrap();
        assert_eq!(layer.body_size_max, Some(ByteSize::bytes(1024)));
    }
}
