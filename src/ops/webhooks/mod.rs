//! Webhooks: other servers hear of what becomes of records.
//!
//! Owns: the hooks, which superusers set up, and their deliveries, from the transaction that causes
//! one until a server has taken it. All of it lies in the tree of settings, below `webhooks/`.
//! Invariant: a delivery waits exactly if what caused it was committed. It is sent at least once, in
//! no particular order, unless it was given up, and then it can be sent again.
//! Start reading at [`Webhook`], then `emit`, then [`Dispatch`].

mod commands;
mod delivery;
mod dispatch;
mod emit;
mod form;
mod hook;
mod outcome;
mod signature;

pub use commands::{
    create, delete, list, list_deliveries, replay, rotate_secret, send_test, update, webhook,
};
pub use delivery::{Attempt, Delivery, DeliveryState};
pub use dispatch::{Departure, Dispatch, Doorbell};
pub use form::WebhookForm;
pub use hook::{Secret, Webhook};

pub(in crate::ops) use emit::emit;
pub(in crate::ops) use hook::{follow_renames, forget_collection};

use super::{Error, Failure};
