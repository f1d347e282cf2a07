//! The plug-in inside Krita 5.1 and 5.2.

use anyhow::Result;

use super::hosts::Host;
use super::prerequisites::Program;
use crate::tally::Tally;
use crate::workspace::Workspace;

const HOST: Host<'_> = Host {
    test: "krita",
    here: "krita51_",
    // Krita's package only recommends the bindings of Qt that its plug-ins need, and they bring no program: a file of theirs stands for them.
    programs: &[
        Program { name: "krita", package: "krita" },
        Program { name: "/usr/lib/python3/dist-packages/PyQt5/QtTest.abi3.so", package: "python3-pyqt5" },
    ],
    there: "krita52_",
    name: "Krita 5.2",
    built: &["dedit-cli"],
};

/// Runs the tests of each version that is there, or can be had.
pub(super) fn run_all(workspace: &Workspace) -> Result<Tally> {
    HOST.run(workspace)
}
