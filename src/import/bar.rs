//! How far an import is, for people at a terminal.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use super::Progress;

/// How often the line is drawn at most.
const INTERVAL: Duration = Duration::from_millis(100);

/// A line on stderr that tells how far an import is, or nothing when stderr is no terminal.
pub fn cli_progress() -> Box<dyn Progress> {
    if stderr().is_terminal() { Box::new(Bar::default()) } else { Box::new(()) }
}

#[derive(Debug, Default)]
struct Bar {
    collection: String,
    records: u64,
    total: u64,
    files: u64,
    bytes: u64,
    drawn: Option<Instant>,
}

impl Bar {
    /// The line as it stands: the collection, or the files once they are being copied.
    fn line(&self) -> String {
        if self.files > 0 {
            let megabytes = self.bytes / 1_000_000;
            return format!("storage  {} files, {megabytes} MB", self.files);
        }
        let percent = (self.records * 100).checked_div(self.total).unwrap_or(100);
        let done = (percent.min(100) / 5) as usize;
        let (full, empty) = ("#".repeat(done), ".".repeat(20 - done));
        let name: String = self.collection.chars().filter(|c| !c.is_control()).take(30).collect();
        format!("{name:30} [{full}{empty}] {} of {}", self.records, self.total)
    }

    fn draw(&mut self) {
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < INTERVAL) {
            return;
        }
        self.drawn = Some(Instant::now());
        // Nobody is told when the terminal went away.
        let _ = write!(stderr(), "\r\x1b[K{}", self.line());
    }
}

impl Progress for Bar {
    fn collection(&mut self, name: &str, records: u64) {
        name.clone_into(&mut self.collection);
        (self.records, self.total) = (0, records);
        self.draw();
    }

    fn record(&mut self) {
        self.records += 1;
        self.draw();
    }

    fn file(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
        self.draw();
    }

    fn finish(&mut self) {
        let _ = write!(stderr(), "\r\x1b[K");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_the_collection_and_later_the_files() {
        let mut bar =
            Bar { collection: "posts\x1b[2J".to_owned(), records: 5, total: 10, ..Bar::default() };
        let line = bar.line();
        assert!(line.starts_with("posts[2J "), "{line}");
        assert!(line.ends_with("[##########..........] 5 of 10"), "{line}");
        (bar.records, bar.total) = (0, 0);
        assert!(bar.line().ends_with("] 0 of 0"));
        (bar.files, bar.bytes) = (2, 3_000_000);
        assert_eq!(bar.line(), "storage  2 files, 3 MB");
    }
}
