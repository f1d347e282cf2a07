//! The plug-in inside GIMP 2.10 and GIMP 3.

use anyhow::Result;

use super::hosts::Host;
use super::prerequisites::Program;
use crate::tally::Tally;
use crate::workspace::Workspace;

const HOST: Host<'_> = Host {
    test: "gimp",
    here: "gimp2_",
    programs: &[Program { name: "gimp-2.10", package: "gimp" }],
    there: "gimp3_",
    name: "GIMP 3",
    built: &["dedit-cli", "dedit-gimp"],
};

/// Runs the tests of each version that is there, or can be had.
pub(super) fn run_all(workspace: &Workspace) -> Result<Tally> {
    HOST.run(workspace)
}
