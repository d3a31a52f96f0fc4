//! From the log of changes to open streams.
//!
//! Owns: [`Feed`], which turns changes into events, and [`Pump`], the thread that does so after
//! each commit.
//! Start reading at [`Feed`].

mod before;
mod feed;
mod pump;
#[cfg(test)]
mod tests;
mod window;

pub use feed::Feed;
pub use pump::Pump;
