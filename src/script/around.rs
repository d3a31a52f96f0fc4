//! What scripts put around every request: `routerUse`.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::access::Caller;
use crate::hooks::{Data, Rejection};
use crate::ops::Backend;
use crate::ops::hooked::LiveData;

use super::members;
use super::program::Program;
use super::routes::{Outcome, respond};
use super::scene::Stage;

/// Answers a request with what is further in. A second call does nothing.
pub type Pass<'p> = &'p mut dyn FnMut() -> Result<(), Rejection>;

/// A request on its way to a route that is none of a script's. Its body is not read.
struct Passing<'p> {
    caller: &'p Arc<Caller>,
    data: LiveData,
    outcome: RefCell<Outcome>,
    pass: RefCell<Pass<'p>>,
}

impl Program {
    /// The number under which what is around every request runs.
    pub(super) fn around_number(&self) -> usize {
        self.entries.len()
    }

    /// Runs what is around every request.
    pub(super) fn around(
        &self,
        caller: &Arc<Caller>,
        backend: Arc<Backend>,
        pass: Pass<'_>,
    ) -> Result<Outcome, Rejection> {
        let data = LiveData::new(backend, Arc::new(Caller::system()));
        let (outcome, pass) = (RefCell::default(), RefCell::new(pass));
        let passing = Passing { caller, data, outcome, pass };
        self.call(self.around_number(), &passing)?;
        Ok(passing.outcome.into_inner())
    }
}

impl Stage for Passing<'_> {
    fn data(&self) -> &dyn Data {
        &self.data
    }

    fn is_transactional(&self) -> bool {
        false
    }

    fn ask(&self, name: &str, values: &[Json]) -> Result<Option<Json>, Rejection> {
        match name {
            "e.next" => {
                let mut pass = self.pass.try_borrow_mut();
                match &mut pass {
                    Ok(pass) => pass().map(|()| None),
                    Err(_) => Ok(None),
                }
            }
            "e.info" => {
                let mut info = members::info(Some(self.caller), Some(&Map::new()));
                info["params"] = json!({});
                Ok(Some(info))
            }
            _ => respond(&self.outcome, name, values),
        }
    }
}
