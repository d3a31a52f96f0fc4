//! Events as scripts meet them.

use std::cell::RefCell;

use serde_json::Value as Json;

use crate::hooks::{Data, Event, Next, Rejection};

use super::members::{self, Scripted};
use super::scene::Stage;

/// Something that hooks are around.
pub(super) struct Around<'e, 'n, 'a, P> {
    event: RefCell<&'e mut Event<'a, P>>,
    next: RefCell<Option<Next<'n, 'a, P>>>,
    data: &'a dyn Data,
}

impl<'e, 'n, 'a, P> Around<'e, 'n, 'a, P> {
    pub(super) fn new(event: &'e mut Event<'a, P>, next: Next<'n, 'a, P>) -> Self {
        let data = event.data();
        Self { event: RefCell::new(event), next: RefCell::new(Some(next)), data }
    }
}

impl<P: Scripted> Stage for Around<'_, '_, '_, P> {
    fn data(&self) -> &dyn Data {
        self.data
    }

    fn is_transactional(&self) -> bool {
        P::IN_TRANSACTION
    }

    fn ask(&self, name: &str, values: &[Json]) -> Result<Option<Json>, Rejection> {
        let busy = || Rejection::new(500, "e is in use");
        let mut event = self.event.try_borrow_mut().map_err(|_| busy())?;
        if name == "e.next" {
            // A second call does nothing, as there is nothing left to run.
            let next = self.next.borrow_mut().take();
            return next.map_or(Ok(()), |next| next.run(&mut event)).map(|()| None);
        }
        match name {
            "e.setRecord" => {
                if let Some(changes) = values.first().and_then(Json::as_object) {
                    event.payload.set_record(changes);
                }
            }
            "e.setCollection" => {
                if let Some(Json::Object(definition)) = values.first() {
                    event.payload.set_collection(definition.clone());
                }
            }
            "e.set" => {
                if let [Json::String(name), value] = values {
                    event.payload.set_member(name, value.clone());
                }
            }
            "e.show" => {
                let names = |key: &str| -> Vec<&str> {
                    let list = values.first().and_then(|shown| shown[key].as_array());
                    list.into_iter().flatten().filter_map(Json::as_str).collect()
                };
                event.payload.show(&names("hide"), &names("show"));
            }
            _ => return read(&event.payload, self.data, name, values),
        }
        Ok(None)
    }
}

/// Something that has happened.
pub(super) struct Heard<'p, P, D> {
    pub(super) payload: &'p P,
    pub(super) data: D,
}

impl<P: Scripted, D: Data> Stage for Heard<'_, P, D> {
    fn data(&self) -> &dyn Data {
        &self.data
    }

    fn is_transactional(&self) -> bool {
        false
    }

    fn ask(&self, name: &str, values: &[Json]) -> Result<Option<Json>, Rejection> {
        match name {
            "e.next" | "e.setRecord" | "e.setCollection" | "e.set" | "e.show" => Ok(None),
            _ => read(self.payload, &self.data, name, values),
        }
    }
}

/// Data without an event: jobs and migrations.
pub(super) struct Alone<'d> {
    pub(super) data: &'d dyn Data,
    pub(super) is_transactional: bool,
}

impl Stage for Alone<'_> {
    fn data(&self) -> &dyn Data {
        self.data
    }

    fn is_transactional(&self) -> bool {
        self.is_transactional
    }

    fn ask(&self, _name: &str, _values: &[Json]) -> Result<Option<Json>, Rejection> {
        Ok(None)
    }
}

fn read<P: Scripted>(
    payload: &P,
    data: &dyn Data,
    name: &str,
    values: &[Json],
) -> Result<Option<Json>, Rejection> {
    Ok(match name {
        "e.record" => payload.record(data),
        "e.collection" => payload.collection_shown(),
        "e.info" => Some(members::info(payload.caller(), payload.body())),
        "e.get" => payload.member(values.first().and_then(Json::as_str).unwrap_or_default()),
        _ => return Err(Rejection::new(500, format!("e cannot answer {name} here"))),
    })
}
