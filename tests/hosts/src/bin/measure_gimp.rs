//! What the plug-in adds to an edit inside GIMP 2.10.
//!
//! `cargo build --release -p dedit-gimp -p dedit-cli`, `cargo build --release -p dedit-daemon --example stand_in`, then
//! `cargo run --release -p dedit-host-tests --bin measure_gimp`.

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    match dedit_host_tests::measure::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("the tests' GIMP runs on Linux");
    ExitCode::FAILURE
}
