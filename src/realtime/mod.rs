//! Realtime: who is subscribed to what, which events they may see, and their queues.
//!
//! Owns: [`Hub`], [`Client`], [`Subscription`], [`Rooms`], and the decision what one event becomes for each
//! subscriber. Knows neither where events come from nor how a record is written as JSON: events
//! come in through [`Hub::publish`] and texts through [`Render`].
//! Invariant: a client's queue is bounded, and nobody who puts something into it ever waits; a
//! subscriber gets an event only if the rule and its own filter let it see the record.
//! Start reading at [`Hub`].

mod client;
mod departed;
mod event;
mod hub;
mod index;
mod presence;
mod subscription;

pub use client::{Client, Delivery, Ending, Message};
pub use event::{Action, Event, Render, SharedTexts};
pub use hub::{Connect, Hub, SubscribeError};
pub use presence::{Admit, Room, Rooms};
pub use subscription::{Options, Subscription};
