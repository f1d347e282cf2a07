//! What tests inside real programs share: each program in two versions, of which one is in a tree of another Debian.

use std::env;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use super::counted;
use super::prerequisites::{self, Program};
use crate::tally::Tally;
use crate::workspace::{SHARED_FEATURES, Workspace, output, run};

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
        let mut tests = Vec::new();
        let mut tree = String::new();
        let [here, there] = named(workspace, self.test, [self.here, self.there])?;
        match ensure_all(workspace, self.programs) {
            Ok(()) => tests.extend(here),
            Err(reason) => tally += missing(self.here, &here, &reason),
        }
        match self.tree(workspace)? {
            Ok(root) => {
                tests.extend(there);
                tree = root;
            }
            Err(reason) => tally += missing(self.there, &there, &reason),
        }
        if tests.is_empty() {
            return Ok(tally);
        }
        run(workspace.cargo("build --locked --release").args(self.built.iter().flat_map(|package| ["--package", package])))?;
        tally += counted(test(workspace, self.test, &tests).env(TREE_VARIABLE, tree))?;
        Ok(tally)
    }

    /// Where the tree is, or why there is none.
    fn tree(&self, workspace: &Workspace) -> Result<Result<String, String>> {
        let name = self.name;
        if !prerequisites::is_root() {
            return Ok(Err(format!("{name} is tested in a tree of Debian trixie, which root alone can make and enter")));
        }
        if let Err(reason) = ensure_all(workspace, &TREE) {
            return Ok(Err(reason));
        }
        println!("{name}: looking for the tree of Debian trixie; made once, in some minutes, where it is not there");
        Ok(made(workspace, "make_tree")?.map_err(|error| format!("the tree of Debian trixie with {name} cannot be had: {error:#}")))
    }
}

/// Runs these tests of a test binary of [`PACKAGE`], one at a time: such a program uses all cores at times, and how long a window may be still is
/// measured.
pub(super) fn test(workspace: &Workspace, binary: &str, tests: &[String]) -> Command {
    let tests = tests.join(" ");
    workspace.cargo(&format!(
        "test --locked --release --package {PACKAGE} {SHARED_FEATURES} --test {binary} -- --test-threads=1 --exact {tests}"
    ))
}

/// The folder that a program of [`PACKAGE`] makes and prints, or why it cannot be had. A program that is not built is a fault of this checkout, and
/// no reason to skip.
pub(super) fn made(workspace: &Workspace, program: &str) -> Result<Result<String>> {
    run(&mut workspace.cargo(&format!("build --locked --release --package {PACKAGE} {SHARED_FEATURES} --bin {program}")))?;
    let folder = output(&mut workspace.command(workspace.built(program)));
    Ok(folder.map(|folder| folder.trim().to_owned()))
}

/// The tests in a test binary of [`PACKAGE`], by what their names begin with.
pub(super) fn named<const N: usize>(workspace: &Workspace, test: &str, prefixes: [&str; N]) -> Result<[Vec<String>; N]> {
    let list = format!("test --locked --release --quiet --package {PACKAGE} {SHARED_FEATURES} --test {test} -- --list");
    sorted(&output(&mut workspace.cargo(&list))?, prefixes)
}

/// Sorts tests by what their names begin with, their modules left out. As a filter, a prefix would mean every test that holds it anywhere.
///
/// A test that belongs nowhere would never run, and where there are none of a prefix, no filter would be left and all tests run.
fn sorted<const N: usize>(listed: &str, prefixes: [&str; N]) -> Result<[Vec<String>; N]> {
    let mut sorted = [const { Vec::new() }; N];
    for path in listed.lines().filter_map(|line| line.strip_suffix(": test")) {
        let name = path.rsplit("::").next().unwrap_or(path);
        let Some(place) = prefixes.iter().position(|prefix| name.starts_with(prefix)) else {
            bail!("the test {path} begins with none of {}", prefixes.join(", "));
        };
        sorted[place].push(path.to_owned());
    }
    for (prefix, tests) in prefixes.iter().zip(&sorted) {
        ensure!(!tests.is_empty(), "no test begins with {prefix}");
    }
    Ok(sorted)
}

/// Tests that cannot be run, as skipped; where changes are accepted, as one failure.
pub(super) fn missing(prefix: &str, tests: &[String], reason: &str) -> Tally {
    if env::var_os("CI").is_some_and(|value| !value.is_empty()) {
        println!("FAILED {prefix}: {reason}");
        return Tally::fail();
    }
    println!("SKIPPED {prefix}: {reason}");
    let mut tally = Tally::default();
    for name in tests {
        tally += Tally::skip(name, reason);
    }
    tally
}

/// Makes sure of programs, and of what shows their windows.
fn ensure_all(workspace: &Workspace, programs: &[Program]) -> Result<(), String> {
    SCREEN.iter().chain(programs).try_for_each(|program| prerequisites::ensure(workspace, program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_sorted_by_what_their_names_begin_with() {
        for (listed, expected) in [
            ("a::own_x: test\nmelt_y: test\n\n2 tests, 0 benchmarks\n", Ok([&["a::own_x"][..], &["melt_y"]])),
            ("own_work::melt_known_x: test\nown_melt_y: test\na: benchmark\n", Ok([&["own_melt_y"][..], &["own_work::melt_known_x"]])),
            ("a::own_x: test\na::melt_x: test\na::own_y: test\n", Ok([&["a::own_x", "a::own_y"][..], &["a::melt_x"]])),
            ("own_x: test\nmelt_y: test\na::shown_z: test\n", Err("the test a::shown_z begins with none of own_, melt_")),
            ("own_x: test\nown_work::own_y: test\n", Err("no test begins with melt_")),
            ("", Err("no test begins with own_")),
        ] {
            match (sorted(listed, ["own_", "melt_"]), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found.each_ref().map(Vec::as_slice), expected, "{listed}"),
                (Err(error), Err(expected)) => assert_eq!(error.to_string(), expected),
                (found, _) => panic!("{listed}: {found:?}"),
            }
        }
    }
}
