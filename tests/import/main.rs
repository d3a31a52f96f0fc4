//! The import of `PocketBase` data folders: one that the tests make, and the sample folder of the
//! conformance suite where that is at hand.

#![expect(clippy::unwrap_used, reason = "tests may stop anywhere")]

mod folder;
mod made;
mod refusals;
mod sample;
