//! Where a configuration comes from, so that it can be read again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::{Config, Layer, Secret, environment, file};

/// The bytes of a key.
const KEY_BYTES: usize = 32;

/// The layers of a configuration: a file that may change, under two that do not.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    file: Option<PathBuf>,
    environment: Layer,
    flags: Layer,
    /// All variables, as options may name some.
    variables: HashMap<String, Secret>,
}

impl Sources {
    /// Only the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the options in the file at `path`, which must exist when it is loaded.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Takes the options among `variables` whose names begin with `HAVERSACK_`.
    /// Unknown names with that beginning are errors.
    pub fn with_environment(
        mut self,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let variables: Vec<_> = variables.collect();
        self.environment = environment::read(variables.iter().cloned())?;
        self.variables = variables.into_iter().map(|(k, v)| (k, Secret::new(v))).collect();
        Ok(self)
    }

    /// Takes the options that the command line sets.
    #[must_use]
    pub fn with_flags(mut self, flags: Layer) -> Self {
        self.flags = flags;
        self
    }

    /// The config file, when there is one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Reads the file and merges the layers: defaults < file < environment < flags.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let file = self.file.as_deref().map(file::read).transpose()?.unwrap_or_default();
        let merged = self.flags.clone().over(self.environment.clone()).over(file);
        let mut config = Config::from_layer(merged);
        let encryption = &mut config.boot.encryption;
        encryption.key = self.key("key_env", &encryption.key_env)?;
        encryption.old_key = self.key("old_key_env", &encryption.old_key_env)?;
        Ok(config)
    }

    /// The key in the variable that an option names; an empty one when it names none.
    fn key(&self, option: &str, variable: &str) -> Result<Secret, ConfigError> {
        if variable.is_empty() {
            return Ok(Secret::default());
        }
        let problem = |what: &str| {
            ConfigError::one(format!("`encryption.{option}`: the variable `{variable}` {what}"))
        };
        let key = self.variables.get(variable).ok_or_else(|| problem("is not set"))?;
        if key.reveal().len() == KEY_BYTES {
            Ok(key.clone())
        } else {
            Err(problem("must have a key of 32 characters"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_beat_the_environment_which_beats_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "[threads]\nworkers = 1\nhashing = 1\n[limits]\nscan_rows = 1\n")
            .unwrap();
        let variables = [("HAVERSACK_THREADS_WORKERS", "2"), ("HAVERSACK_THREADS_HASHING", "2")];
        let config = Sources::new()
            .with_file(&path)
            .with_environment(
                variables.iter().map(|(name, value)| ((*name).into(), (*value).into())),
            )
            .unwrap()
            .with_flags(Layer { worker_threads: Some(3), ..Layer::default() })
            .load()
            .unwrap();
        assert_eq!(config.boot.worker_threads, 3);
        assert_eq!(config.boot.hashing_threads, 2);
        assert_eq!(config.live.scan_rows_max, 1);
    }

    #[test]
    fn a_key_comes_from_the_variable_that_is_named() {
        let load = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(k, v)| ((*k).into(), (*v).into()));
            Sources::new().with_environment(variables).unwrap().load()
        };
        let key = "k".repeat(KEY_BYTES);
        let named = ("HAVERSACK_ENCRYPTION_KEY_ENV", "MINE");
        let config = load(&[named, ("MINE", &key)]).unwrap();
        assert_eq!(config.boot.encryption.key, Secret::new(&*key));
        assert!(!format!("{config:?}").contains(&key));
        for (variables, what) in [
            (&[named][..], "is not set"),
            (&[named, ("MINE", "short")], "must have a key of 32 characters"),
        ] {
            let error = load(variables).unwrap_err().to_string();
            assert!(error.contains("encryption.key_env") && error.contains(what), "{error}");
        }
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let error = Sources::new().with_file("/no/such/config.toml").load().unwrap_err();
        assert!(error.to_string().starts_with("/no/such/config.toml: "), "{error}");
    }
}
