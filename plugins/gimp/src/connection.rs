//! The connection to the daemon.

use std::env;

use dedit_client::{Client, PROGRAM_VARIABLE, Program};
use dedit_protocol::request::Hello;
use dedit_protocol::{address, features};

use crate::failure::Failure;

/// Connects to the daemon, and starts it where none runs.
///
/// # Errors
/// Where it cannot be reached or started, or is too old.
pub(crate) fn connect() -> Result<Client, Failure> {
    let hello = Hello { client: "gimp".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let socket = address::socket(None);
    let client = match program() {
        Some(program) => Client::connect_or_start(&socket, &program, &hello)?,
        // Without a program only a daemon that runs already can be used.
        None => Client::connect(&socket, &hello).map_err(|failure| {
            failure.hint(format!(
                "run `dedit install gimp` again, start one with `dedit daemon start`, or name D-Edit's program with {PROGRAM_VARIABLE}"
            ))
        })?,
    };
    for feature in [features::ITEMS, features::CROPPED] {
        client.require(feature)?;
    }
    Ok(client)
}

/// The program that starts a daemon: the one that the installation named beside the plug-in, or another that is found.
fn program() -> Option<Program> {
    Program::of_plugin(env::current_exe().ok().and_then(|plug_in| Some(plug_in.parent()?.to_path_buf())))
}
