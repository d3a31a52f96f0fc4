//! What an import did.

use std::fmt;

use crate::schema::Collection;

use super::settings::Settings;

/// Problems told one by one; of further ones only the number is kept.
const PROBLEMS_MAX: usize = 10_000;

/// What an import did, or would do. Its text is a table with everything noteworthy below.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Whether nothing was kept.
    pub dry_run: bool,
    /// The collections in the order of their making, without those left out.
    pub collections: Vec<CollectionSummary>,
    /// What did not come over as it was, the first 10,000.
    pub problems: Vec<Problem>,
    /// How many more problems there were.
    pub further_problems: u64,
    /// What became of the settings.
    pub settings: SettingsOutcome,
    /// Files and folders of the source that are not for import.
    pub left_out: Vec<String>,
    /// Files of no collection that exists, copied nevertheless, and their bytes.
    pub stray_files: (u64, u64),
}

/// One imported collection.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CollectionSummary {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `base`, `auth` or `view`.
    pub type_name: &'static str,
    /// Records that came over.
    pub records: u64,
    /// Files below its folder: uploads, previews and what is known about them.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
}

/// Something that did not come over as it was.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Problem {
    /// The name of the collection, or of another table.
    pub collection: String,
    /// The id of the record, when it is about one.
    pub record: Option<String>,
    /// The name of the field, when it is about one.
    pub field: Option<String>,
    /// What happened.
    pub what: String,
}

/// What became of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsOutcome {
    /// There were none.
    None,
    /// They are kept as they were, under [`super::SETTINGS_KEY`].
    Kept,
    /// Kept as well; they say that uploads are in a bucket.
    KeptWithBucket,
    /// They could not be read and were left out.
    LeftOut,
}

impl Summary {
    pub(super) fn new(dry_run: bool) -> Self {
        Self {
            dry_run,
            collections: Vec::new(),
            problems: Vec::new(),
            further_problems: 0,
            settings: SettingsOutcome::None,
            left_out: Vec::new(),
            stray_files: (0, 0),
        }
    }

    /// How many problems there were.
    pub fn problem_count(&self) -> u64 {
        self.problems.len() as u64 + self.further_problems
    }

    pub(super) fn problem(
        &mut self,
        collection: &str,
        record: Option<&str>,
        field: Option<&str>,
        what: impl Into<String>,
    ) {
        if self.problems.len() == PROBLEMS_MAX {
            self.further_problems += 1;
            return;
        }
        self.problems.push(Problem {
            collection: collection.to_owned(),
            record: record.map(str::to_owned),
            field: field.map(str::to_owned),
            what: what.into(),
        });
    }

    pub(super) fn add_collection(&mut self, collection: &Collection, records: u64) {
        self.collections.push(CollectionSummary {
            id: collection.id.as_str().to_owned(),
            name: collection.name.clone(),
            type_name: collection.type_name(),
            records,
            files: 0,
            bytes: 0,
        });
    }

    /// Counts a file below the folder of the collection with this id.
    pub(super) fn add_file(&mut self, collection_id: &str, bytes: u64) {
        let found = self.collections.iter_mut().find(|c| c.id == collection_id);
        let (files, sum) = match found {
            Some(collection) => (&mut collection.files, &mut collection.bytes),
            None => (&mut self.stray_files.0, &mut self.stray_files.1),
        };
        *files += 1;
        *sum += bytes;
    }

    pub(super) fn set_settings(&mut self, settings: &Settings) {
        self.settings = match settings {
            Settings::None => SettingsOutcome::None,
            Settings::Plain { .. } if settings.has_bucket() => SettingsOutcome::KeptWithBucket,
            Settings::Plain { .. } => SettingsOutcome::Kept,
            Settings::Unreadable => {
                let what = "are no JSON, most likely because they are encrypted; left out";
                self.problem("_params", None, Some("settings"), what);
                SettingsOutcome::LeftOut
            }
        };
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = self.collections.iter().map(|c| c.name.chars().count()).max();
        let width = longest.unwrap_or(0).clamp("collection".len(), 40);
        let (mut records, mut files, mut bytes) = (0, 0, 0);
        writeln!(
            f,
            "{:width$}  type  {:>10}  {:>8}  {:>10}",
            "collection", "records", "files", "size"
        )?;
        for each in &self.collections {
            let size = size_text(each.bytes);
            writeln!(
                f,
                "{:width$}  {:4}  {:>10}  {:>8}  {size:>10}",
                each.name, each.type_name, each.records, each.files
            )?;
            records += each.records;
            files += each.files;
            bytes += each.bytes;
        }
        let size = size_text(bytes);
        writeln!(f, "{:width$}        {records:>10}  {files:>8}  {size:>10}", "total")?;
        if self.stray_files.0 > 0 {
            let (files, bytes) = self.stray_files;
            let size = size_text(bytes);
            writeln!(f, "\n{files} files ({size}) belong to no collection; they were copied too.")?;
        }
        writeln!(
            f,
            "\n{}",
            match self.settings {
                SettingsOutcome::None => "There were no settings.",
                SettingsOutcome::Kept => "The settings were kept.",
                SettingsOutcome::KeptWithBucket =>
                    "The settings were kept; they say that uploads are in an S3 bucket.",
                SettingsOutcome::LeftOut => "The settings were left out.",
            }
        )?;
        if !self.left_out.is_empty() {
            writeln!(f, "Not imported: {}.", self.left_out.join(", "))?;
        }
        if !self.problems.is_empty() {
            writeln!(f, "\nProblems: {}", self.problem_count())?;
            self.problems.iter().try_for_each(|problem| writeln!(f, "  {problem}"))?;
        }
        if self.further_problems > 0 {
            writeln!(f, "  and {} more", self.further_problems)?;
        }
        if self.dry_run {
            writeln!(f, "\nThis was a dry run: nothing was written.")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.collection)?;
        for part in [&self.record, &self.field].into_iter().flatten() {
            write!(f, "/{part}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Bytes in the largest unit that leaves at least 1.
fn size_text(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit < 4 {
        size /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{size:.1} {}", ["B", "KiB", "MiB", "GiB", "TiB"][unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_units_that_people_read() {
        assert_eq!(size_text(0), "0 B");
        assert_eq!(size_text(1023), "1023 B");
        assert_eq!(size_text(1536), "1.5 KiB");
        assert_eq!(size_text(5 << 40), "5.0 TiB");
    }

    #[test]
    fn problems_beyond_the_limit_are_counted() {
        let mut summary = Summary::new(true);
        for _ in 0..PROBLEMS_MAX + 3 {
            summary.problem("posts", Some("a"), Some("title"), "is odd");
        }
        assert_eq!(summary.problems.len(), PROBLEMS_MAX);
        assert_eq!(summary.problem_count(), PROBLEMS_MAX as u64 + 3);
        let text = summary.to_string();
        assert!(text.contains("  posts/a/title: is odd\n"), "{text}");
        assert!(text.contains("  and 3 more\n"), "{text}");
    }
}
