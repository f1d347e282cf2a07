//! What tests inside real programs share: each program in two versions, of which one is in a tree of another Debian.

use std::env;

use anyhow::Result;

use super::counted;
use super::prerequisites::{self, Program};
use crate::tally::Tally;
use crate::workspace::{Workspace, output, run};

/// The package whose tests need these programs.
pub(super) const PACKAGE: &str = "dedit-host-tests";

/// What shows windows and puts hands on them.
const SCREEN: [Program; 3] = [
    Program { name: "Xvfb", package: "xvfb" },
    Program { name: "xdotool", package: "xdotool" },
    Program { name: "import", package: "imagemagick" },
];
const TREE: [Program; 2] = [Program { name: "mmdebstrap", package: "mmdebstrap" }, Program { name: "unshare", package: "util-linux" }];
/// Tells the tests where the tree is.
const TREE_VARIABLE: &str = "DEDIT_TEST_TREE";

/// A program in two versions, and the tests inside it.
pub(super) struct Host<'a> {
    /// The test binary of [`PACKAGE`].
    pub(super) test: &'a str,
    /// What the tests of the version on this machine begin with.
    pub(super) here: &'a str,
    /// What makes that version run.
    pub(super) programs: &'a [Program],
    /// What the tests of the version in the tree begin with.
    pub(super) there: &'a str,
    /// The version in the tree, in words.
    pub(super) name: &'a str,
    /// The packages to be built.
    pub(super) built: &'a [&'a str],
}

impl Host<'_> {
    /// Runs the tests of each version that is there, or can be had. What cannot be had is skipped, but not where changes are accepted.
    pub(super) fn run(&self, workspace: &Workspace) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut filters = Vec::new();
        let mut tree = String::new();
        match ensure(workspace, self.programs) {
            Ok(()) => filters.push(self.here),
            Err(reason) => tally += missing(workspace, self.test, self.here, &reason)?,
        }
        match self.tree(workspace) {
            Ok(root) => {
                filters.push(self.there);
                tree = root;
            }
            Err(reason) => tally += missing(workspace, self.test, self.there, &reason)?,
        }
        if filters.is_empty() {
            return Ok(tally);
        }
        run(workspace.cargo("build --locked --release").args(self.built.iter().flat_map(|package| ["--package", package])))?;
        // One at a time: such a program uses all cores, and limits on time are for one that has them.
        let arguments =
            format!("test --locked --release --package {PACKAGE} --test {} -- --test-threads=1 {}", self.test, filters.join(" "));
        tally += counted(workspace.cargo(&arguments).env(TREE_VARIABLE, tree))?;
        Ok(tally)
    }

    /// Where the tree is.
    fn tree(&self, workspace: &Workspace) -> Result<String, String> {
        let name = self.name;
        if !prerequisites::is_root(workspace) {
            return Err(format!("{name} is tested in a tree of Debian trixie, which root alone can make and enter"));
        }
        ensure(workspace, &TREE)?;
        println!("{name}: looking for the tree of Debian trixie; made once, in some minutes, where it is not there");
        let root = output(&mut workspace.cargo(&format!("run --locked --release --quiet --package {PACKAGE} --bin make_tree")));
        root.map(|root| root.trim().to_owned()).map_err(|error| format!("the tree of Debian trixie with {name} cannot be had: {error:#}"))
    }
}

/// The tests in a test binary of [`PACKAGE`] with a prefix, as skipped; where changes are accepted, as one failure.
pub(super) fn missing(workspace: &Workspace, test: &str, prefix: &str, reason: &str) -> Result<Tally> {
    if env::var_os("CI").is_some_and(|value| !value.is_empty()) {
        println!("FAILED {prefix}: {reason}");
        return Ok(Tally::fail());
    }
    println!("SKIPPED {prefix}: {reason}");
    let list = format!("test --locked --release --quiet --package {PACKAGE} --test {test} -- --list {prefix}");
    let listed = output(&mut workspace.cargo(&list))?;
    let mut tally = Tally::default();
    for name in listed.lines().filter_map(|line| line.strip_suffix(": test")) {
        tally += Tally::skip(name, reason);
    }
    Ok(tally)
}

/// Makes sure of programs, and of what shows their windows.
fn ensure(workspace: &Workspace, programs: &[Program]) -> Result<(), String> {
    SCREEN.iter().chain(programs).try_for_each(|program| prerequisites::ensure(workspace, program))
}
