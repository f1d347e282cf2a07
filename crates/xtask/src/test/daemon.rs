//! The daemon behind a socket that ssh forwards.

use anyhow::Result;

use super::cargo_test;
use super::prerequisites::{self, Program};
use crate::tally::Tally;
use crate::workspace::Workspace;

/// The test's name.
pub(super) const TEST: &str = "ssh_forwards_the_socket";

const PROGRAMS: [Program; 2] =
    [Program { name: "ssh", package: "openssh-client" }, Program { name: "/usr/sbin/sshd", package: "openssh-server" }];

/// Runs the test where ssh is there, or can be installed.
pub(super) fn run(workspace: &Workspace) -> Result<Tally> {
    for program in &PROGRAMS {
        if let Err(reason) = prerequisites::ensure(workspace, program) {
            return Ok(Tally::skip(TEST, reason));
        }
    }
    cargo_test(workspace, &format!("--package dedit-cli --test cli -- {TEST}"))
}
