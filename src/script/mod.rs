//! Hooks, routes, jobs and migrations that are written in JavaScript, for people with only the binary.
//!
//! Owns: [`Scripts`], the files of a folder at work; the engine and its limits; what scripts can name
//! (`js/`, `template/`), and what each of those asks of the data; TypeScript and modules (`language`).
//! Only this room names rquickjs and swc.
//! Invariant: a handler runs by itself: it sees no variable of its file, nothing that another call
//! left behind in the globals, and ends after its time and memory. What one call asks of the
//! host goes to the `scene` of that call, on its thread, so inside its transaction.
//! Start reading at [`Scripts`], then `scene::Scene`.

mod accounts;
mod around;
mod clock;
mod data;
#[cfg(test)]
mod declared;
mod engine;
mod errands;
mod fault;
mod happenings;
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
mod sealing;
mod security;
mod services;
mod settling;
mod stage;
mod streams;
mod transaction;
mod web_url;

pub use around::Pass;
pub use fault::Fault;
pub use migrations::{ScriptMigration, migrations_in};
pub use routes::{Incoming, Outcome, ServedFile};
pub use scripts::{ScriptLimits, Scripts};

/// What scripts can name, as declarations in TypeScript for editors.
pub const SCRIPT_TYPES: &str =
    concat!(include_str!("types/haversack.d.ts"), include_str!("types/web.d.ts"));
