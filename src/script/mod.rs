//! Hooks, routes, jobs and migrations that are written in JavaScript, for people with only the binary.
//!
//! Owns: [`Scripts`], the files of a folder at work; the engine and its limits; what scripts can name
//! (`js/`), and what each of those asks of the data. Only this room names rquickjs.
//! Invariant: a handler runs by itself: it sees no variable of its file, nothing that another call
//! left behind in the globals, and ends after its time and memory. What one call asks of the
//! host goes to the `scene` of that call, on its thread, so inside its transaction.
//! Start reading at [`Scripts`], then `scene::Scene`.

mod clock;
mod data;
mod engine;
mod errands;
mod fault;
mod hooking;
mod language;
mod machine;
mod members;
mod migrations;
mod native;
mod os;
mod outgoing;
mod program;
mod record_files;
mod routes;
mod scene;
mod scripts;
mod security;
mod services;
mod settling;
mod stage;
mod transaction;
mod web_url;

pub use fault::Fault;
pub use migrations::{ScriptMigration, migrations_in};
pub use routes::{Incoming, Outcome};
pub use scripts::{ScriptLimits, Scripts};
