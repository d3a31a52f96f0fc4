//! Haversack as a library: hooks, data, routes, and the examples.

mod data;
mod examples;
mod hooks;
mod server;
