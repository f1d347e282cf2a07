//! The effect inside hosts of OpenFX: in one of the project's own, which does whatever a host may do, and in MLT, which nobody here wrote.
//!
//! Run by `cargo xtask test --only openfx`, which makes sure of all that is needed: the names begin with the host they need.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in the functions it calls too")]

mod alone;
mod films;
mod own_frames;
mod own_parameters;
mod own_work;
mod passing;
mod scene;
#[path = "../shared/table.rs"]
mod table;
