//! The daemon: holds models and sessions for every host of a user, and speaks `PROTOCOL.md` with them.
//!
//! [`Daemon::run`] listens at a socket until it is asked to end; [`Daemon::converse`] speaks with one client over any two halves, so that the same daemon
//! runs within a program or a test. `requests` says what each request does; `convert` is the only place where the wire's types meet those of sessions.
//!
//! Which engine computes is decided by who makes the daemon: this crate knows none, and no host either.

#![forbid(unsafe_code)]

mod client;
mod connection;
mod convert;
mod daemon;
mod log;
mod outgoing;
mod pictures;
mod requests;
mod serve;

pub use daemon::{Daemon, Settings};
pub use log::Log;
