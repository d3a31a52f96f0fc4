//! A full backup and the increments that follow it, each of which builds on the one before.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use crate::model::Timestamp;
use crate::schema::values::parse_date;
use crate::store::Moment;

use super::{About, BackupError};

/// Increments on one full backup.
const LINKS_MAX: usize = 10_000;

/// One archive of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its name.
    pub key: String,
    /// What it says of itself.
    pub about: About,
}

/// An archive of a chain that lies on disk.
#[derive(Debug)]
pub struct Local {
    pub(super) about: About,
    pub(super) path: PathBuf,
    /// Whether it is only a copy that goes away with this value.
    pub(super) is_copy: bool,
}

impl Local {
    /// The archive at `path`, if it is the one that `link` is about.
    ///
    /// # Errors
    /// [`BackupError`] when it is not, or cannot be read.
    pub(super) fn new(link: &Link, path: PathBuf, is_copy: bool) -> Result<Self, BackupError> {
        let local = Self { about: link.about.clone(), path, is_copy };
        let file = File::open(&local.path).map_err(BackupError::io(&local.path))?;
        if About::read(BufReader::new(file))? != local.about {
            return Err(BackupError::Chain(format!("{} was replaced meanwhile", link.key)));
        }
        Ok(local)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        if self.is_copy {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The moment that a text names: a time, or the number of a change.
pub fn moment(text: &str) -> Option<Moment> {
    match text.parse() {
        Ok(change) => Some(Moment::Change(change)),
        Err(_) => parse_date(text).map(Moment::Time),
    }
}

/// The chain that ends with the archive `key`, from the full backup on. `about` tells of an archive;
/// nothing when there is none.
///
/// # Errors
/// [`BackupError::Chain`] when a link is missing or is not the one that was built on, and those of
/// `about`.
pub fn chain(
    key: &str,
    about: &mut dyn FnMut(&str) -> Result<Option<About>, BackupError>,
) -> Result<Vec<Link>, BackupError> {
    let first = about(key)?.ok_or_else(|| BackupError::Chain(format!("there is no {key}")))?;
    let mut links = vec![Link { key: key.to_owned(), about: first }];
    loop {
        let link = links.last().expect("it has the first one");
        let Some(base) = link.about.base_link() else { break };
        let broken = |what: &str| {
            let text = format!("{} builds on {}, which {what}", link.key, base.name);
            Err(BackupError::Chain(text))
        };
        if links.len() > LINKS_MAX {
            return broken("follows too many others");
        }
        let Some(found) = about(&base.name)? else { return broken("is missing") };
        if found.sha256 != base.sha256 {
            return broken("is another one than it was");
        }
        let epoch = |about: &About| about.history().map(|(epoch, _)| epoch);
        let sequence = found.history().map(|(_, sequence)| sequence);
        let end = link.about.history().map(|(_, end)| end);
        if sequence != Some(base.sequence) || end < sequence || epoch(&found) != epoch(&link.about)
        {
            return broken("does not end where this begins");
        }
        let key = base.name.clone();
        links.push(Link { key, about: found });
    }
    links.reverse();
    Ok(links)
}

/// Leaves only those links that the state at `until` needs.
///
/// # Errors
/// [`BackupError::NotThen`] when the chain does not tell of that moment.
pub fn cut(links: &mut Vec<Link>, until: Moment) -> Result<(), BackupError> {
    let (Some(first), Some(last)) = (links.first(), links.last()) else { return Ok(()) };
    match until {
        Moment::End => {}
        Moment::Time(time) => {
            let range = first.about.last_at().zip(last.about.at());
            within(time, range, |time: Timestamp| time.to_string())?;
            // Whatever a link tells is not earlier than the end of the one before it.
            keep_while(links, |before| before.about.last_at().is_some_and(|at| at <= time));
        }
        Moment::Change(change) => {
            let range = first.about.change().zip(last.about.change());
            within(change, range, |change: u64| change.to_string())?;
            keep_while(links, |before| before.about.change().is_some_and(|at| at <= change));
        }
    }
    Ok(())
}

fn within<T: PartialOrd + Copy>(
    wanted: T,
    range: Option<(T, T)>,
    text: impl Fn(T) -> String,
) -> Result<(), BackupError> {
    let Some((first, last)) = range else {
        let what = "an earlier version made the backup, which says nothing of moments";
        return Err(BackupError::NotThen(what.to_owned()));
    };
    if wanted < first || wanted > last {
        let (first, last) = (text(first), text(last));
        return Err(BackupError::NotThen(format!("the backup tells of {first} to {last}")));
    }
    Ok(())
}

/// Keeps the first link, and each further one as long as `goes_on` says so of the one before it.
fn keep_while(links: &mut Vec<Link>, goes_on: impl Fn(&Link) -> bool) {
    let kept = 1 + links.iter().take_while(|before| goes_on(before)).count();
    links.truncate(kept);
}
