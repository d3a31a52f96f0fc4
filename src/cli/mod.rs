//! The command line: arguments, signals, the log, exit codes.
//!
//! Owns: the arguments and what is printed. Imports only `app`, `config`, `import`, `dump` and
//! `backup`.
//! Invariant: 0 is success, 1 a failure, 2 a mistake in the arguments or the configuration.
//! Start reading at [`run`].

mod backup;
mod check;
mod compact;
mod export;
mod health;
mod hooks;
mod import;
mod log;
mod migrate;
mod password;
mod records;
mod serve;
mod superuser;

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use haversack::app::BuildError;
use haversack::config::{Config, ConfigError, Layer, Sources};

/// A whole backend in one executable.
#[derive(Debug, Parser)]
#[command(name = "haversack", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server.
    Serve(serve::ServeArguments),
    /// Manage superusers, whether the server is running or not.
    Superuser {
        #[command(subcommand)]
        action: superuser::Action,
    },
    /// Write everything to one file, whether the server is running or not.
    ///
    /// The file is newline-delimited JSON with all collections, records, settings and files, and all
    /// secrets. Only the log of changes is left out.
    Export(export::ExportArguments),
    /// Fill an empty data folder, from a dump or from somewhere else.
    ///
    /// `haversack import FILE` is short for `haversack import dump FILE`.
    Import(import::ImportArguments),
    /// Make backups, look at them, and go back to one.
    Backup {
        #[command(subcommand)]
        action: backup::Action,
    },
    /// Move records between a collection and a file of CSV or JSON lines, whether the server is running
    /// or not.
    Records {
        #[command(subcommand)]
        action: records::Action,
    },
    /// Make the changes that files of migrations describe, or take them back; no server may be running.
    Migrate {
        #[command(subcommand)]
        action: migrate::Action,
    },
    /// Help with scripts in the folder of hooks.
    Hooks {
        #[command(subcommand)]
        action: hooks::Action,
    },
    /// Ask the server whether it is well; for watchdogs.
    ///
    /// Exits with 1 when it does not answer, or answers with a failure.
    Health(health::HealthArguments),
    /// Look for damage in a data folder; no server may be running.
    ///
    /// Exits with 1 when there is any.
    Check(check::CheckArguments),
    /// Give space back that deleted data left; no server may be running.
    ///
    /// New data uses that space by itself. It takes about as long as copying the data.
    Compact(compact::CompactArguments),
}

/// What every command that works on a data folder takes. The aliases are what PocketBase calls the same.
#[derive(Debug, Args)]
struct Place {
    /// The folder of all data [default: ./data].
    #[arg(long, value_name = "DIR", alias = "dir")]
    data: Option<PathBuf>,
    /// The config file [default: ./config.toml, if there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The environment variable that has the key for the secrets in the data folder, 32 characters.
    #[arg(long, value_name = "NAME", alias = "encryptionEnv")]
    encryption_env: Option<String>,
    /// The environment variable that has the key of before; without a key now, the secrets are in the
    /// clear from then on.
    #[arg(long, value_name = "NAME")]
    old_encryption_env: Option<String>,
}

impl Place {
    /// The layers of the configuration, with more flags of the command line.
    fn sources(&self, flags: Layer) -> Result<Sources, ConfigError> {
        const DEFAULT_FILE: &str = "config.toml";
        let sources = Sources::new();
        let sources = match &self.config {
            Some(file) => sources.with_file(file),
            None if PathBuf::from(DEFAULT_FILE).exists() => sources.with_file(DEFAULT_FILE),
            None => sources,
        };
        // A variable that is no UTF-8 gets replaced letters, and so is refused by name or value.
        let variables = std::env::vars_os().map(|(name, value)| {
            (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
        });
        let flags = Layer {
            data: self.data.clone(),
            encryption_key_env: self.encryption_env.clone(),
            encryption_old_key_env: self.old_encryption_env.clone(),
            ..flags
        };
        Ok(sources.with_environment(variables)?.with_flags(flags))
    }

    fn config(&self) -> Result<Config, ConfigError> {
        self.sources(Layer::default())?.load()
    }
}

/// Why a command did not succeed.
#[derive(Debug)]
enum Failure {
    /// The configuration is wrong.
    Config(ConfigError),
    /// Anything else.
    Other(String),
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Other(_) => 1,
            Self::Config(_) => 2,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        Self::Other(error.to_string())
    }
}

/// Does what the arguments of the process say.
pub(crate) fn run() -> ExitCode {
    // Help, version and mistakes are printed by the parser, which exits with 0 or 2.
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Superuser { action } => superuser::run(action),
        Command::Export(arguments) => export::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Backup { action } => backup::run(action),
        Command::Records { action } => records::run(action),
        Command::Migrate { action } => migrate::run(action),
        Command::Hooks { action } => hooks::run(action),
        Command::Health(arguments) => health::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Compact(arguments) => compact::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to tell when the standard error is closed.
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Prints a line on the standard error, where it is in nobody's way.
fn say_aside(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a line on the standard output; one that is closed is no failure.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
