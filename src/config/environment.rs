//! The environment layer: one `HAVERSACK_…` name for each key.

use super::error::ConfigError;
use super::layer::{KEYS, Layer, SetError, edits, nearest};
use super::setting::Given;

const PREFIX: &str = "HAVERSACK_";

/// Slips of the pen that make a name a wrong one of ours, and not one of somebody else's.
const SLIPS_MAX: usize = 2;

/// Reads the layer in `variables`; names without the prefix, or far from every name of ours, are
/// someone else's: scripts around the program have variables too.
pub(super) fn read(
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Layer, ConfigError> {
    let names: Vec<(String, &str)> = KEYS.iter().map(|key| (variable_name(key), *key)).collect();
    let mut layer = Layer::default();
    let mut problems = Vec::new();
    for (name, value) in variables {
        if !name.starts_with(PREFIX) {
            continue;
        }
        let key = names.iter().find(|(known, _)| *known == name).map(|(_, key)| *key);
        match layer.set(key.unwrap_or_default(), &Given::Variable(&value)) {
            Ok(()) => {}
            Err(SetError::UnknownKey) => {
                let known = names.iter().map(|(known, _)| known.as_str());
                if let Some(near) = nearest(&name, known).filter(|near| is_slip(&name, near)) {
                    problems.push(format!("unknown variable `{name}`, the nearest is `{near}`"));
                }
            }
            Err(SetError::Expected(expected)) => {
                problems.push(format!("variable `{name}`: expected {expected}"));
            }
        }
    }
    problems.sort();
    ConfigError::from_problems(problems)?;
    Ok(layer)
}

fn is_slip(name: &str, near: &str) -> bool {
    edits(name, near) <= SLIPS_MAX
}

/// `log.level` is `HAVERSACK_LOG_LEVEL`.
fn variable_name(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_pairs(pairs: &[(&str, &str)]) -> Result<Layer, ConfigError> {
        read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn each_key_has_one_name() {
        let layer = read_pairs(&[
            ("PATH", "/bin"),
            ("HAVERSACK_HTTP", "0.0.0.0:80"),
            ("HAVERSACK_LIMITS_CONNECTIONS", "5"),
            ("HAVERSACK_BIN", "target/debug/haversack"),
        ])
        .unwrap();
        assert_eq!(layer.keys_set(), ["http", "limits.connections"]);
    }

    #[test]
    fn unknown_names_and_bad_values_are_errors() {
        let error =
            read_pairs(&[("HAVERSACK_HTP", "x"), ("HAVERSACK_LOG_LEVEL", "loud")]).unwrap_err();
        assert_eq!(
            error.problems(),
            [
                "unknown variable `HAVERSACK_HTP`, the nearest is `HAVERSACK_HTTP`",
                "variable `HAVERSACK_LOG_LEVEL`: expected \"error\", \"warn\", \"info\", \
                 \"debug\" or \"trace\"",
            ]
        );
    }
}
