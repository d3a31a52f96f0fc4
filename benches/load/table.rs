//! A table that is printed line by line on a terminal, and whole as Markdown.

use std::fmt::Write as _;

/// A column: its heading, and the characters it takes on a terminal.
pub(crate) struct Column(pub(crate) &'static str, pub(crate) usize);

/// Columns, and the rows that came so far. The first column is text, all others are figures.
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// The line of headings.
    pub(crate) fn head(&self) -> String {
        self.aligned(&self.columns.iter().map(|column| column.0).collect::<Vec<_>>())
    }

    /// Adds a row and answers its line. It has a cell for each column.
    pub(crate) fn add(&mut self, cells: Vec<String>) -> String {
        let line = self.aligned(&cells);
        self.rows.push(cells);
        line
    }

    /// All of it in Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        let mut line = |cells: Vec<&str>| {
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        };
        line(self.columns.iter().map(|column| column.0).collect());
        line(["---"].into_iter().chain(self.columns.iter().skip(1).map(|_| "--:")).collect());
        for row in &self.rows {
            line(row.iter().map(String::as_str).collect());
        }
        text
    }

    fn aligned<T: AsRef<str>>(&self, cells: &[T]) -> String {
        let mut line = String::new();
        for (n, (cell, Column(_, width))) in cells.iter().zip(&self.columns).enumerate() {
            let cell = cell.as_ref();
            let _ = match n {
                0 => write!(line, "{cell:<width$}"),
                _ => write!(line, " {cell:>width$}"),
            };
        }
        line
    }
}

/// Seconds, or what fits a table of them: three digits that count.
pub(crate) fn figure(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 1.0 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}
