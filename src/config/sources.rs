//! Where a configuration comes from, so that it can be read again.

use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::{Config, Layer, environment, file};

/// The layers of a configuration: a file that may change, under two that do not.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    file: Option<PathBuf>,
    environment: Layer,
    flags: Layer,
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
        self.environment = environment::read(variables)?;
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
        Ok(Config::from_layer(merged))
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
    fn a_missing_file_is_an_error() {
        let error = Sources::new().with_file("/no/such/config.toml").load().unwrap_err();
        assert!(error.to_string().starts_with("/no/such/config.toml: "), "{error}");
    }
}
