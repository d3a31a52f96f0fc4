//! Log lines on the standard error.

use std::io::{self, IsTerminal};

use haversack::config::{LogFormat, LogLevel};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

/// Changes the level of the log.
pub(super) struct LevelSwitch(reload::Handle<EnvFilter, Registry>);

impl LevelSwitch {
    /// From now on, lines less severe than `level` are left out.
    pub(super) fn set(&self, level: LogLevel) {
        // It fails only when the logger is gone, and then there are no lines.
        let _ = self.0.reload(filter(level));
    }
}

/// Begins to write log lines.
pub(super) fn start(format: LogFormat, level: LogLevel) -> LevelSwitch {
    let (filter, handle) = reload::Layer::new(filter(level));
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match format {
        LogFormat::Human => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(lines).init();
    LevelSwitch(handle)
}

/// Our lines at `level`; other crates only warn.
fn filter(level: LogLevel) -> EnvFilter {
    let others = if level == LogLevel::Error { "error" } else { "warn" };
    EnvFilter::new(format!("{others},haversack={}", level.as_str()))
}
