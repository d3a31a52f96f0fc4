//! Records as hooks want them shown.

use std::ops::Deref;
use std::sync::Arc;

use crate::access::Caller;
use crate::hooks::{Enrichment, Event, Hooks};
use crate::ops::records::{Expanded, RecordView};
use crate::ops::{Backend, Error};
use crate::schema::Record;

use super::LiveData;

/// Whether any hook has something to say about how records are shown.
pub fn is_wanted(hooks: &Hooks) -> bool {
    hooks.records.enrich.is_used()
}

/// Lets hooks decide how `view` and what is expanded in it are shown to `caller`. Hooks may block.
pub fn enrich(
    backend: impl Deref<Target = Backend> + Clone,
    caller: &Arc<Caller>,
    view: &mut RecordView,
) -> Result<(), Error> {
    let chain = &backend.hooks().records.enrich;
    if chain.wants(Some(&view.collection)) {
        let record = Record::from_row(view.collection.clone(), view.row.as_row());
        let data = LiveData::new(backend.clone(), Arc::new(Caller::system()));
        let mut event = Event::new(Enrichment::new(record, Arc::clone(caller)), &data);
        if !chain.ask(&mut event)? {
            return Err(Error::Stopped);
        }
        let enrichment = event.payload;
        view.enrichment = (!enrichment.is_plain()).then(|| Arc::new(enrichment));
    }
    for expanded in view.expand.iter_mut().flat_map(|expand| expand.values_mut()) {
        match expanded {
            Expanded::One(view) => enrich(backend.clone(), caller, view)?,
            Expanded::Many(views) => {
                for view in views {
                    enrich(backend.clone(), caller, view)?;
                }
            }
        }
    }
    Ok(())
}
