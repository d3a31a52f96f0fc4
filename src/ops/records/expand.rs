//! Expanding relations: `expand=author,comments_via_post.author`.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::access::{Denied, Gate};
use crate::model::key::{KeyRange, KeyWriter};
use crate::model::{CollectionId, RowBuf, RowId, Scalar};
use crate::query::{Context, Direction, IndexTree, Request};
use crate::schema::{Collection, Field};

use super::Error;
use super::enrich::{RecordView, visibility};

/// Levels that are expanded; deeper segments are ignored.
const DEPTH_MAX: usize = 6;
/// Records that one back-relation shows.
const BACK_RELATION_MAX: usize = 1000;
/// Records that one answer expands in all; the rest is left out.
const EXPANDED_MAX: usize = 50_000;
/// Paths in one request.
const PATHS_MAX: usize = 200;

/// Paths to expand, as a tree: segment to what is below it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expand {
    paths: Vec<Vec<String>>,
}

/// A tree of segments that were found to exist and to be allowed.
#[derive(Debug, Clone, Default)]
pub(super) struct Branches(BTreeMap<String, Branch>);

#[derive(Debug, Clone)]
struct Branch {
    link: Link,
    below: Branches,
}

/// How a segment leads from a record to related ones.
#[derive(Debug, Clone)]
enum Link {
    /// Through a relation field of the record.
    Relation { field: Field, target: Arc<Collection> },
    /// Through a relation field of other records that points back here.
    Back { field: Field, source: Arc<Collection>, single: bool },
}

/// What a segment expanded to.
#[derive(Debug, Clone)]
pub enum Expanded {
    /// The record of a single relation.
    One(Box<RecordView>),
    /// The records of a multiple one, in stored order.
    Many(Vec<RecordView>),
}

impl Expand {
    /// Reads the `expand` parameter; `None` when it names nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let clean: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let paths: Vec<Vec<String>> = clean
            .split(',')
            .map(|path| path.trim_matches('.'))
            .filter(|path| !path.is_empty())
            .take(PATHS_MAX)
            .map(|path| path.split('.').take(DEPTH_MAX).map(str::to_owned).collect())
            .collect();
        (!paths.is_empty()).then_some(Self { paths })
    }
}

/// Expands for one answer: related records are looked up and judged once.
pub(super) struct Expander<'a> {
    gate: Gate<'a>,
    request: Request,
    seen: HashMap<(CollectionId, Box<str>), Option<RowBuf>>,
    expanded: usize,
}

impl<'a> Expander<'a> {
    pub(super) fn new(gate: Gate<'a>) -> Self {
        let request = Request { context: Context::Expand, ..gate.caller().request().clone() };
        Self { gate, request, seen: HashMap::new(), expanded: 0 }
    }

    /// The paths of `expand` that exist and may be followed. A path with one bad segment is left
    /// out as a whole; `None` when no path is left.
    pub(super) fn admissible(
        &self,
        expand: &Expand,
        collection: &Arc<Collection>,
    ) -> Option<Branches> {
        let mut root = Branches::default();
        for path in &expand.paths {
            if let Some(links) = self.links(path, collection) {
                root.add(path, &links);
            }
        }
        (!root.0.is_empty()).then_some(root)
    }

    fn links(&self, path: &[String], collection: &Arc<Collection>) -> Option<Vec<Link>> {
        let mut at = collection.clone();
        let mut links = Vec::with_capacity(path.len());
        for segment in path {
            let link = self.link(&at, segment)?;
            let next = link.leads_to().clone();
            if next.rules.view.is_none() && !self.gate.caller().is_superuser() {
                return None;
            }
            links.push(link);
            at = next;
        }
        Some(links)
    }

    fn link(&self, at: &Arc<Collection>, segment: &str) -> Option<Link> {
        let catalog = self.gate.rows().catalog();
        if let Some((field, relation)) = at.field(segment).and_then(|f| Some((f, f.relation()?))) {
            let target = catalog.by_id(relation.collection_id.as_str())?.clone();
            return Some(Link::Relation { field: field.clone(), target });
        }
        let (source, field) = back_relation(segment)?;
        let source = catalog.find(source)?;
        let field = source.field(field)?;
        let points_here = field.relation().is_some_and(|r| r.collection_id == at.id);
        points_here.then(|| Link::Back {
            field: field.clone(),
            source: source.clone(),
            single: source.single_unique_index(field).is_some() && !field.kind.is_multiple(),
        })
    }

    /// One record with what `branches` ask for.
    pub(super) fn view(
        &mut self,
        collection: &Arc<Collection>,
        row: RowBuf,
        branches: Option<&Branches>,
    ) -> Result<RecordView, Error> {
        let visibility = visibility(self.gate, collection, row.as_row())?;
        let expand = match branches {
            None => None,
            Some(branches) => Some(self.follow(&row, branches)?),
        };
        let collection = collection.clone();
        Ok(RecordView { collection, row, visibility, expand, enrichment: None })
    }

    fn follow(
        &mut self,
        row: &RowBuf,
        branches: &Branches,
    ) -> Result<BTreeMap<String, Expanded>, Error> {
        let mut expanded = BTreeMap::new();
        for (segment, branch) in &branches.0 {
            let below = (!branch.below.0.is_empty()).then_some(&branch.below);
            let target = branch.link.leads_to().clone();
            let mut views = Vec::new();
            for related in self.related(row, &branch.link)? {
                views.push(self.view(&target, related, below)?);
            }
            let value = match (branch.link.is_single(), views.pop()) {
                (_, None) => continue,
                (true, Some(view)) => Expanded::One(Box::new(view)),
                (false, Some(last)) => {
                    views.push(last);
                    Expanded::Many(views)
                }
            };
            expanded.insert(segment.clone(), value);
        }
        Ok(expanded)
    }

    /// The related records that the caller may see, in order.
    fn related(&mut self, row: &RowBuf, link: &Link) -> Result<Vec<RowBuf>, Error> {
        let mut rows = Vec::new();
        match link {
            Link::Relation { field, target } => {
                let value = row.as_row().value(field.slot, field.kind.zero());
                for id in value.items() {
                    rows.extend(self.visible_by_id(target, id)?);
                }
            }
            Link::Back { field, source, .. } => {
                for rowid in self.referring(row, field, source)? {
                    let found = self.gate.rows().row(source, rowid)?;
                    if let Some(found) = found
                        && self.is_visible(source, &found)?
                    {
                        rows.push(found);
                    }
                }
            }
        }
        rows.truncate(EXPANDED_MAX.saturating_sub(self.expanded));
        self.expanded += rows.len();
        Ok(rows)
    }

    fn referring(
        &self,
        row: &RowBuf,
        field: &Field,
        source: &Arc<Collection>,
    ) -> Result<Vec<RowId>, Error> {
        let mut writer = KeyWriter::new();
        writer.push(&Scalar::text(row.as_row().id()));
        let mut rowids = Vec::new();
        self.gate.rows().scan_index(
            source,
            IndexTree::Relation(field.slot),
            &KeyRange::prefix(writer.finish()),
            Direction::Forward,
            &mut |_, rowid| {
                rowids.push(rowid);
                let full = rowids.len() >= BACK_RELATION_MAX;
                Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            },
        )?;
        Ok(rowids)
    }

    fn visible_by_id(
        &mut self,
        target: &Arc<Collection>,
        id: &str,
    ) -> Result<Option<RowBuf>, Error> {
        let key = (target.id.clone(), Box::from(id));
        if let Some(found) = self.seen.get(&key) {
            return Ok(found.clone());
        }
        let rows = self.gate.rows();
        let mut found = match rows.find(target, id)? {
            Some(rowid) => rows.row(target, rowid)?,
            None => None,
        };
        if let Some(row) = &found
            && !self.is_visible(target, row)?
        {
            found = None;
        }
        self.seen.insert(key, found.clone());
        Ok(found)
    }

    fn is_visible(&self, target: &Arc<Collection>, row: &RowBuf) -> Result<bool, Error> {
        match self.gate.expand(target, row.as_row(), &self.request) {
            Ok(_) => Ok(true),
            Err(Denied::Unusable(crate::query::FilterError::Read(error))) => Err(error.into()),
            Err(_) => Ok(false),
        }
    }
}

impl Branches {
    fn add(&mut self, path: &[String], links: &[Link]) {
        if let ([segment, path @ ..], [link, links @ ..]) = (path, links) {
            let branch = self
                .0
                .entry(segment.clone())
                .or_insert_with(|| Branch { link: link.clone(), below: Self::default() });
            branch.below.add(path, links);
        }
    }
}

impl Link {
    fn leads_to(&self) -> &Arc<Collection> {
        match self {
            Self::Relation { target, .. } => target,
            Self::Back { source, .. } => source,
        }
    }

    fn is_single(&self) -> bool {
        match self {
            Self::Relation { field, .. } => !field.kind.is_multiple(),
            Self::Back { single, .. } => *single,
        }
    }
}

/// Splits `comments_via_post`, or the older `comments(post)`, into collection and field.
fn back_relation(segment: &str) -> Option<(&str, &str)> {
    match segment.split_once("_via_") {
        Some(parts) => Some(parts),
        None => segment.strip_suffix(')')?.split_once('('),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expand_paths_are_trimmed_and_bounded() {
        let paths = |text: &str| Expand::parse(text).map(|expand| expand.paths);
        assert_eq!(paths(" , ."), None);
        assert_eq!(paths("a, b.c."), Some(vec![vec!["a".into()], vec!["b".into(), "c".into()]]));
        assert_eq!(paths("a.b.c.d.e.f.g.h").unwrap()[0].len(), DEPTH_MAX);
    }

    #[test]
    fn back_relations_have_two_spellings() {
        assert_eq!(back_relation("comments_via_post"), Some(("comments", "post")));
        assert_eq!(back_relation("comments(post)"), Some(("comments", "post")));
        assert_eq!(back_relation("post"), None);
    }
}
