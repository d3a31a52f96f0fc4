//! Who may download a file, and the tokens for those that are protected.

use crate::access::{Caller, Gate, RuleCache};
use crate::files::{Location, ThumbSize};
use crate::ops::auth::{Ledger, file_token_holder, issue_file_token};
use crate::query::{AuthRow, Context, Request};
use crate::schema::{Field, FieldKind};

use super::{Error, file_fields};

/// The size of a thumb that every picture has.
const DEFAULT_THUMB: &str = "100x100";

/// A file that may be downloaded.
#[derive(Debug, Clone)]
pub struct Download {
    /// Where it lies.
    pub location: Location,
    /// The thumb to show instead, if one was asked for that the field knows.
    pub thumb: Option<ThumbSize>,
}

impl Download {
    /// The file `name` of a record. The name is looked up in the record, so nothing else can be
    /// reached. No rule is asked, unless the file is protected: then the caller is the holder of
    /// `token` and nobody else, if `welcome` lets them pass, and the view rule must hold.
    ///
    /// Whatever is wrong, the file looks missing.
    pub fn find(
        rows: &dyn Ledger,
        rules: &RuleCache,
        request: Request,
        (collection, record, name): (&str, &str, &str),
        (token, welcome): (&str, impl Fn(&AuthRow) -> bool),
        thumb: &str,
    ) -> Result<Self, Error> {
        let collection = rows.catalog().find(collection).ok_or(Error::NoCollection)?;
        if collection.is_view() {
            return Err(Error::NotFound);
        }
        let rowid = rows.find(collection, record)?.ok_or(Error::NotFound)?;
        let row = rows.row(collection, rowid)?.ok_or(Error::NotFound)?;
        let row = row.as_row();
        let names_it = |field: &&Field| {
            row.value(field.slot, field.kind.zero()).items().iter().any(|item| item == name)
        };
        let field = file_fields(collection).find(names_it).ok_or(Error::NotFound)?;
        let FieldKind::File(options) = &field.kind else { return Err(Error::NotFound) };
        if options.protected {
            let auth = file_token_holder(rows, token)?.filter(welcome);
            let request = Request { context: Context::ProtectedFile, auth, ..request };
            let caller = Caller::new(request);
            Gate::new(rows, rules, &caller).view(collection, row).map_err(|_| Error::NotFound)?;
        }
        let is_known =
            thumb == DEFAULT_THUMB || options.thumbs.iter().flatten().any(|known| known == thumb);
        let thumb = if is_known { ThumbSize::parse(thumb) } else { None };
        let location = Location::new(collection.id.as_str(), row.id(), name);
        Ok(Self { location: location.ok_or(Error::NotFound)?, thumb })
    }
}

/// A token with which `auth` can download protected files for a short time.
pub fn file_token(auth: Option<&AuthRow>) -> Result<String, Error> {
    let auth = auth.ok_or(Error::Unauthenticated)?;
    issue_file_token(auth)
}
