//! The plug-in inside GIMP 2.10 and GIMP 3.

use std::env;

use anyhow::Result;

use super::prerequisites::{self, Program};
use super::{cargo_test, counted};
use crate::tally::Tally;
use crate::workspace::{Workspace, output, run};

/// The package whose tests need these programs.
pub(super) const PACKAGE: &str = "dedit-host-tests";

/// What shows windows and puts hands on them, for both versions.
const SCREEN: [Program; 3] = [
    Program { name: "Xvfb", package: "xvfb" },
    Program { name: "xdotool", package: "xdotool" },
    Program { name: "import", package: "imagemagick" },
];
const GIMP_2: Program = Program { name: "gimp-2.10", package: "gimp" };
const TREE: [Program; 2] = [Program { name: "mmdebstrap", package: "mmdebstrap" }, Program { name: "unshare", package: "util-linux" }];
/// Tells the tests where the tree with GIMP 3 is.
const TREE_VARIABLE: &str = "DEDIT_TEST_TREE";

/// Runs the tests of each version that is there, or can be had. What cannot be had is skipped, but not where changes are accepted.
pub(super) fn run_all(workspace: &Workspace) -> Result<Tally> {
    let mut tally = cargo_test(workspace, &format!("--package {PACKAGE} --lib"))?;
    let mut filters = Vec::new();
    let mut tree = String::new();
    match gimp_2(workspace) {
        Ok(()) => filters.push("gimp2_"),
        Err(reason) => tally += missing(workspace, "gimp2_", &reason)?,
    }
    match gimp_3(workspace) {
        Ok(root) => {
            filters.push("gimp3_");
            tree = root;
        }
        Err(reason) => tally += missing(workspace, "gimp3_", &reason)?,
    }
    if filters.is_empty() {
        return Ok(tally);
    }
    run(&mut workspace.cargo("build --locked --release --package dedit-cli --package dedit-gimp"))?;
    // One at a time: a GIMP uses all cores, and limits on time are for one that has them.
    let arguments = format!("test --locked --release --package {PACKAGE} --test gimp -- --test-threads=1 {}", filters.join(" "));
    tally += counted(workspace.cargo(&arguments).env(TREE_VARIABLE, tree))?;
    Ok(tally)
}

fn gimp_2(workspace: &Workspace) -> Result<(), String> {
    SCREEN.iter().chain([&GIMP_2]).try_for_each(|program| prerequisites::ensure(workspace, program))
}

/// Where the tree with GIMP 3 is.
fn gimp_3(workspace: &Workspace) -> Result<String, String> {
    if !prerequisites::is_root(workspace) {
        return Err("GIMP 3 is tested in a tree of Debian trixie, which root alone can make and enter".to_owned());
    }
    SCREEN.iter().chain(&TREE).try_for_each(|program| prerequisites::ensure(workspace, program))?;
    println!("GIMP 3: looking for the tree of Debian trixie; made once, in some minutes, where it is not there");
    let root = output(&mut workspace.cargo(&format!("run --locked --release --quiet --package {PACKAGE} --bin make_tree")));
    root.map(|root| root.trim().to_owned()).map_err(|error| format!("the tree of Debian trixie with GIMP 3 cannot be had: {error:#}"))
}

/// The tests with a prefix, as skipped; where changes are accepted, as one failure.
fn missing(workspace: &Workspace, prefix: &str, reason: &str) -> Result<Tally> {
    if env::var_os("CI").is_some_and(|value| !value.is_empty()) {
        println!("FAILED {prefix}: {reason}");
        return Ok(Tally::fail());
    }
    println!("SKIPPED {prefix}: {reason}");
    let listed =
        output(&mut workspace.cargo(&format!("test --locked --release --quiet --package {PACKAGE} --test gimp -- --list {prefix}")))?;
    let mut tally = Tally::default();
    for name in listed.lines().filter_map(|line| line.strip_suffix(": test")) {
        tally += Tally::skip(name, reason);
    }
    Ok(tally)
}
