//! The web API from outside: the real program, one server for each story.

#[path = "../harness/mod.rs"]
mod harness;

mod bad_input;
mod concurrency;
mod realtime;
mod records;
