//! The HTTP layer and the program, from outside: raw sockets, slow clients, signals, exit codes.

mod compression;
mod config;
mod connections;
mod harness;
mod http2;
mod process;
mod public_folder;
mod requests;
mod tls;
