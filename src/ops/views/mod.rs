//! Views: collections whose records are the result of a query.
//!
//! Owns: [`Reading`], a snapshot in which views have rows; [`ViewCache`], which keeps what was worked
//! out; the fields of views and what a change of other collections does to them; the dry run.
//! Start reading at [`Reading`].

mod cache;
mod definition;
mod dry_run;
mod reading;
mod result;

pub use cache::ViewCache;
pub(super) use definition::{define, refresh};
pub use dry_run::{DryRun, dry_run};
pub(super) use reading::Writing;
pub use reading::{NotReady, Overlay, Reading};

use super::Error;
