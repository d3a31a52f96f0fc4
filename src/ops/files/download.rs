//! Who may download a file, and the tokens for those that are protected.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::access::{Caller, Gate, RuleCache};
use crate::files::{Location, Thumb, ThumbFormat, ThumbSize};
use crate::model::Row;
use crate::ops::auth::{Ledger, file_token_holder, issue_file_token};
use crate::query::{AuthRow, Context, Direction, Request, Rows};
use crate::schema::{Collection, CollectionKind, Field, FieldKind};
use crate::sql::column_origin;

use super::{Error, file_fields};

/// The size of a thumb that every picture has.
const DEFAULT_THUMB: &str = "100x100";
/// Views that a file may be passed on through.
const VIEWS_MAX: usize = 5;

/// A file that may be downloaded.
#[derive(Debug, Clone)]
pub struct Download {
    /// Where it lies.
    pub location: Location,
    /// The thumb to show instead, if one was asked for that the field knows.
    pub thumb: Option<Thumb>,
}

/// Which thumb is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThumbRequest<'a> {
    /// Its size, as the field has it in its list.
    pub size: &'a str,
    /// `webp`, or anything else for the format of the picture.
    pub format: &'a str,
}

impl Download {
    /// The file `name` of a record, which may be one of a view. The name is looked up in the record, so
    /// nothing else can be reached. No rule is asked, unless the file is protected: then the caller is the holder of
    /// `token` and nobody else, if `welcome` lets them pass, and the view rule must hold.
    ///
    /// Whatever is wrong, the file looks missing. `ledger` is the state below `rows`, for the token.
    pub fn find(
        ledger: &dyn Ledger,
        rows: &dyn Rows,
        rules: &RuleCache,
        request: Request,
        (collection, record, name): (&str, &str, &str),
        (token, welcome): (&str, impl Fn(&AuthRow) -> bool),
        thumb: ThumbRequest<'_>,
    ) -> Result<Self, Error> {
        let collection = rows.catalog().find(collection).ok_or(Error::NoCollection)?;
        let rowid = rows.find(collection, record)?.ok_or(Error::NotFound)?;
        let row = rows.row(collection, rowid)?.ok_or(Error::NotFound)?;
        let row = row.as_row();
        let names_it = |field: &&Field| {
            row.value(field.slot, field.kind.zero()).items().iter().any(|item| item == name)
        };
        let field = file_fields(collection).find(names_it).ok_or(Error::NotFound)?;
        let FieldKind::File(options) = &field.kind else { return Err(Error::NotFound) };
        if options.protected {
            let auth = file_token_holder(ledger, token)?.filter(welcome);
            let request = Request { context: Context::ProtectedFile, auth, ..request };
            let caller = Caller::new(request);
            Gate::new(rows, rules, &caller).view(collection, row).map_err(|denied| {
                match Error::from(denied) {
                    error @ (Error::ViewNotReady(_) | Error::Internal(_)) => error,
                    _ => Error::NotFound,
                }
            })?;
        }
        let is_known = thumb.size == DEFAULT_THUMB
            || options.thumbs.iter().flatten().any(|known| known == thumb.size);
        let size = if is_known { ThumbSize::parse(thumb.size) } else { None };
        let format = match thumb.format {
            "webp" => ThumbFormat::WebP,
            _ => ThumbFormat::Original,
        };
        let location = if collection.is_view() {
            behind_view(rows, collection, &field.name, row.id(), name)?
        } else {
            Location::new(collection.id.as_str(), row.id(), name)
        };
        let thumb = size.map(|size| Thumb { size, format });
        Ok(Self { location: location.ok_or(Error::NotFound)?, thumb })
    }
}

/// Where the file `name` lies that the record `id` of `view` shows in its field `field`: with the
/// record of a collection that the view has the field from.
fn behind_view(
    rows: &dyn Rows,
    view: &Arc<Collection>,
    field: &str,
    id: &str,
    name: &str,
) -> Result<Option<Location>, Error> {
    let (mut collection, mut field) = (Arc::clone(view), field.to_owned());
    for _ in 0..VIEWS_MAX {
        let CollectionKind::View { query } = &collection.kind else { break };
        let origin = column_origin(rows.catalog(), query, Some(&collection.id), &field);
        match origin.map_err(Error::View)? {
            Some(origin) => (collection, field) = origin,
            None => return Ok(None),
        }
    }
    if collection.is_view() {
        return Ok(None);
    }
    let Some(field) = collection.field(&field) else { return Ok(None) };
    let names_it = |row: Row<'_>| {
        row.value(field.slot, field.kind.zero()).items().iter().any(|item| item == name)
    };
    // Most views have the ids of the records that they show.
    let mut owner = None;
    if let Some(rowid) = rows.find(&collection, id)? {
        rows.with_row(&collection, rowid, &mut |row| {
            owner = names_it(row).then(|| row.id().to_owned());
        })?;
    }
    if owner.is_none() {
        let all = (Bound::Unbounded, Bound::Unbounded);
        rows.scan(&collection, all, Direction::Forward, &mut |_, row| {
            if !names_it(row) {
                return Ok(ControlFlow::Continue(()));
            }
            owner = Some(row.id().to_owned());
            Ok(ControlFlow::Break(()))
        })?;
    }
    Ok(owner.and_then(|owner| Location::new(collection.id.as_str(), &owner, name)))
}

/// A token with which `auth` can download protected files for a short time.
pub fn file_token(auth: Option<&AuthRow>) -> Result<String, Error> {
    let auth = auth.ok_or(Error::Unauthenticated)?;
    issue_file_token(auth)
}
