//! What the environment asks for.

use std::path::PathBuf;

use regex::Regex;

use crate::Outcome;
use crate::client::Travel;

/// The sizes of the collections of posts in the published suite.
const POSTS: [(&str, usize); 4] =
    [("posts10k", 10_000), ("posts25k", 25_000), ("posts50k", 50_000), ("posts100k", 100_000)];

/// What to run, and how often.
pub(crate) struct Options {
    /// Rows whose name matches; all without one.
    only: Option<Regex>,
    /// Whether only the cost of the log is of interest.
    pub(crate) logging: bool,
    /// Times that each row is measured.
    pub(crate) rounds: usize,
    /// How connections are made; each gives rows of its own.
    pub(crate) travels: Vec<Travel>,
    /// Where the tables go as Markdown.
    pub(crate) out: Option<PathBuf>,
    /// What a row of lists may take on a server in each round, in seconds. Slower ones have fewer
    /// requests.
    pub(crate) row_seconds: f64,
    /// How many records there are.
    pub(crate) sizes: Sizes,
}

/// How many records there are of each kind.
#[derive(Debug, Clone)]
pub(crate) struct Sizes {
    pub(crate) organizations: usize,
    pub(crate) permissions: usize,
    pub(crate) users: usize,
    /// The collections of posts, by name.
    pub(crate) posts: Vec<(&'static str, usize)>,
    /// Messages inserted, and messages read, in the chat.
    pub(crate) messages: (usize, usize),
}

impl Options {
    /// Reads the `BENCH_…` variables.
    pub(crate) fn from_environment(has_peer: bool) -> Outcome<Self> {
        let full = variable("BENCH_FULL").is_some_and(|value| value != "0");
        let scale: f64 = number("BENCH_SCALE", 1.0)?;
        if !(0.001..=10.0).contains(&scale) {
            return Err("BENCH_SCALE must lie between 0.001 and 10".into());
        }
        let scaled = |count: usize, least: usize| ((count as f64 * scale) as usize).max(least);
        let posts = POSTS.into_iter().filter(|(name, _)| full || !name.contains('5'));
        let messages = if full { (100_000, 100_000) } else { (20_000, 20_000) };
        let travels = match variable("BENCH_MODE").as_deref() {
            Some("N") => vec![Travel::New],
            Some("K") => vec![Travel::Kept],
            None | Some("NK") => vec![Travel::New, Travel::Kept],
            Some(other) => return Err(format!("BENCH_MODE is N, K or NK, not {other}").into()),
        };
        let logging = variable("BENCH_LOGGING").is_some_and(|value| value != "0");
        let rounds = match (logging, has_peer) {
            (true, _) => 5,
            (false, true) => 3,
            (false, false) => 1,
        };
        Ok(Self {
            only: variable("BENCH_ONLY").map(|pattern| Regex::new(&pattern)).transpose()?,
            logging,
            rounds: number("BENCH_ROUNDS", rounds)?.max(1),
            travels,
            out: variable("BENCH_OUT").map(PathBuf::from),
            row_seconds: number("BENCH_ROW_SECONDS", 5.0)?,
            sizes: Sizes {
                organizations: scaled(100, 10),
                permissions: scaled(50, 6),
                users: scaled(500, 20),
                posts: posts.map(|(name, count)| (name, scaled(count, 200))).collect(),
                messages: (scaled(messages.0, 100), scaled(messages.1, 100)),
            },
        })
    }

    /// Whether a row of that name is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.is_match(name))
    }
}

/// A variable of the environment; an empty one counts as missing, as `make` passes those.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number<T: std::str::FromStr>(name: &str, default: T) -> Outcome<T> {
    match variable(name) {
        Some(text) => {
            text.parse().map_err(|_| format!("{name} must be a number, not {text:?}").into())
        }
        None => Ok(default),
    }
}
