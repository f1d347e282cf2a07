//! The effect in OpenFX hosts: the project's test host, which uses every feature of the specification, and MLT.
//!
//! Run by `cargo xtask test --only openfx`, which prepares the hosts. Names of tests begin with the host: `own` or `melt`.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking, also in the functions they call")]

mod alone;
mod films;
mod own_frames;
mod own_parameters;
mod own_work;
mod panning;
mod passing;
mod scene;
#[path = "../shared/table.rs"]
mod table;
