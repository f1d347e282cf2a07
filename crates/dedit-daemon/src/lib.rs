//! The daemon: holds models and sessions for all hosts of a user, which talk to it as in `PROTOCOL.md`.
//!
//! [`Daemon::run`] listens at a socket until it is asked to end; [`Daemon::converse`] serves one client over any two streams, so that the same daemon runs
//! inside a program or a test. `requests` and `pictures` carry out requests; `convert` is the only place where the wire's types meet those of sessions.
//!
//! The caller passes the models in: this crate knows no engine and no host.

#![forbid(unsafe_code)]

mod client;
mod connection;
mod convert;
mod daemon;
mod fetches;
mod log;
mod outgoing;
mod pictures;
mod requests;
mod serve;

pub use daemon::{Daemon, Settings};
pub use log::Log;
