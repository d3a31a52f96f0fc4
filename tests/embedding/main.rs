//! Haversack as a library: hooks, data, routes, and the examples.

#![allow(clippy::unwrap_used, reason = "a test fails where it finds something amiss")]

mod data;
mod examples;
mod failures;
mod hooks;
mod server;
