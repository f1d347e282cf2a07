//! What is Python: the own tests of Krita's plug-in, and what ruff and pyright say.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::prerequisites::{self, Program};
use crate::tally::Tally;
use crate::workspace::{SHARED_FEATURES, Workspace, find_program, output, run as run_command, shown};

const PLUGIN: &str = "plugins/krita";
/// Debian's Python is the one that Debian's bindings of Qt are for; they bring no program, so a file of theirs stands for them.
const PYTHON: &str = "/usr/bin/python3";
/// The bindings of Krita 5 and of Krita 6.
const QT: [(&str, Program); 2] = [
    ("PyQt5", Program { name: "/usr/lib/python3/dist-packages/PyQt5/QtNetwork.abi3.so", package: "python3-pyqt5" }),
    ("PyQt6", Program { name: "/usr/lib/python3/dist-packages/PyQt6/QtNetwork.abi3.so", package: "python3-pyqt6" }),
];
/// Names the binding of a run.
const BINDING: &str = "DEDIT_TEST_QT";
const NODE: [Program; 2] = [Program { name: "node", package: "nodejs" }, Program { name: "npm", package: "npm" }];
const VIRTUALENV: Program = Program { name: "virtualenv", package: "python3-virtualenv" };
/// Names the daemon with an engine that computes next to nothing.
const STAND_IN: &str = "DEDIT_TEST_STAND_IN";
/// Exact versions: what they report changes from one to the next.
const TOOLS: [&str; 2] = ["ruff==0.17.6", "pyright==1.1.414"];
const LINTED: [&str; 5] = [PLUGIN, "tests/hosts", "tests/protocol", "tests/parity", "host-bindings/krita"];

/// Runs the tests, then ruff for each folder, then pyright for the plug-in.
pub(super) fn run(workspace: &Workspace) -> Result<Tally> {
    let mut tally = unittest(workspace)?;
    let tools = match tools(workspace) {
        Ok(tools) => tools,
        Err(error) => {
            tally += missing("ruff and pyright", &format!("they cannot be installed: {error:#}"));
            return Ok(tally);
        }
    };
    for folder in LINTED {
        tally += checked(workspace.command(tools.join("ruff")).args(["check", "--no-cache", folder]));
    }
    tally += match NODE.iter().try_for_each(|program| prerequisites::ensure(workspace, program)) {
        Ok(()) => checked(workspace.command(tools.join("pyright")).args(["--project", PLUGIN])),
        Err(reason) => missing("pyright", &reason),
    };
    Ok(tally)
}

/// Runs the plug-in's own tests with each binding, with a daemon for those that need one.
fn unittest(workspace: &Workspace) -> Result<Tally> {
    run_command(&mut workspace.cargo(&format!("build --locked --release --package dedit-daemon {SHARED_FEATURES} --example stand_in")))?;
    let stand_in = workspace.target().join("release/examples").join(format!("stand_in{}", env::consts::EXE_SUFFIX));
    let mut tally = Tally::default();
    for (binding, program) in QT {
        let Some(python) = python(workspace, binding, &program) else {
            let reason = prerequisites::ensure(workspace, &program).err().unwrap_or_else(|| format!("{PYTHON} cannot import {binding}"));
            tally += missing(&format!("the plug-in's own tests with {binding}"), &reason);
            continue;
        };
        let mut command = Command::new(python);
        command.current_dir(workspace.root().join(PLUGIN)).args(["-B", "-m", "unittest", "--verbose"]);
        command.env("QT_QPA_PLATFORM", "offscreen").env(STAND_IN, &stand_in).env(BINDING, binding);
        tally += counted(&mut command)?;
    }
    Ok(tally)
}

/// A Python that has a binding of Qt: the first on the search path, or Debian's, for which root has it installed.
fn python(workspace: &Workspace, binding: &str, program: &Program) -> Option<&'static str> {
    let has_qt = |python: &&str| {
        let import = format!("import {binding}.QtNetwork, {binding}.QtWidgets");
        let import = workspace.command(python).args(["-c", &import]).stderr(Stdio::null()).status();
        import.is_ok_and(|status| status.success())
    };
    ["python3", PYTHON].into_iter().find(has_qt).or_else(|| {
        prerequisites::ensure(workspace, program).ok()?;
        Some(PYTHON).filter(has_qt)
    })
}

/// Runs a command that is `python3 -m unittest --verbose`, showing and counting its output.
fn counted(command: &mut Command) -> Result<Tally> {
    let mut child = command.stderr(Stdio::piped()).spawn().with_context(|| format!("{} cannot be started", shown(command)))?;
    let mut results = Results::default();
    for line in BufReader::new(child.stderr.take().context("the output of the tests is closed")?).lines() {
        let line = line.context("the output of the tests cannot be read")?;
        println!("{line}");
        results.read_line(&line);
    }
    let status = child.wait().context("the tests cannot be waited for")?;
    let mut tally = results.tally();
    if tally.passed == 0 || (!status.success() && tally.failed == 0) {
        println!("FAILED {} ended with {status}", shown(command));
        tally += Tally::fail();
    }
    Ok(tally)
}

/// What the output of unittest says.
#[derive(Default)]
struct Results {
    run: usize,
    failed: usize,
    skipped: Tally,
    last: String,
}

impl Results {
    fn read_line(&mut self, line: &str) {
        if let Some((before, reason)) = line.split_once(" ... skipped ") {
            // A test that has a sentence about itself is named on the line before that.
            let name = if before.contains(" (") || self.last.is_empty() { before } else { &self.last };
            let name = name.split(" (").next().unwrap_or(name);
            self.skipped += Tally::skip(name, reason.trim_matches(['\'', '"']));
        } else if let Some(count) = line.strip_prefix("Ran ") {
            self.run = number(count);
        } else if let Some((_, counts)) = line.strip_prefix("FAILED").and_then(|line| line.split_once('(')) {
            let counts = counts.trim_end_matches(')').split(", ").filter_map(|count| count.split_once('='));
            let failed = counts.filter(|(what, _)| ["failures", "errors", "unexpected successes"].contains(what));
            self.failed = failed.map(|(_, count)| number(count)).sum();
        }
        line.clone_into(&mut self.last);
    }

    /// One test can fail in many places, each of which is counted.
    fn tally(self) -> Tally {
        let passed = self.run.saturating_sub(self.failed + self.skipped.skipped.len());
        Tally { passed, failed: self.failed, ..self.skipped }
    }
}

/// The number that text begins with.
fn number(text: &str) -> usize {
    text.split(|letter: char| !letter.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Where ruff and pyright are: installed once for each choice of versions, in the target directory.
fn tools(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("python-tools");
    let programs = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let (mark, wanted) = (folder.join("installed"), TOOLS.join(" "));
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
    }
    environment(workspace, &folder)?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run_command(workspace.command(programs.join("python")).args(install).args(TOOLS))?;
    fs::write(&mark, wanted).with_context(|| format!("{} cannot be written", mark.display()))?;
    Ok(programs)
}

/// Debian's Python makes environments only with a further package.
fn environment(workspace: &Workspace, folder: &Path) -> Result<()> {
    let made = output(workspace.command("python3").args(["-m", "venv"]).arg(folder).stderr(Stdio::null()));
    if made.is_ok() {
        return Ok(());
    }
    if let Err(reason) = prerequisites::ensure(workspace, &VIRTUALENV) {
        bail!(reason);
    }
    run_command(workspace.command(find_program(VIRTUALENV.name).context("virtualenv was not installed")?).arg("--quiet").arg(folder))
}

/// A command whose success is one test.
fn checked(command: &mut Command) -> Tally {
    match run_command(command) {
        Ok(()) => {
            println!("ok {}", shown(command));
            Tally::pass()
        }
        Err(error) => {
            println!("FAILED {error:#}");
            Tally::fail()
        }
    }
}

/// What cannot be tested here: skipped, but not where changes are accepted.
fn missing(name: &str, reason: &str) -> Tally {
    if env::var_os("CI").is_some_and(|value| !value.is_empty()) {
        println!("FAILED {name}: {reason}");
        return Tally::fail();
    }
    println!("SKIPPED {name}: {reason}");
    Tally::skip(name, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(output: &str) -> Tally {
        let mut results = Results::default();
        output.lines().for_each(|line| results.read_line(line));
        results.tally()
    }

    #[test]
    fn the_output_of_unittest_is_counted() {
        let tally = read(
            "test_a (tests.test_x.X.test_a)
It does. ... ok
test_b (tests.test_x.X.test_b)
It would. ... skipped 'needs a daemon'
test_c (tests.test_x.X.test_c) ... skipped \"isn't there\"
test_d (tests.test_x.X.test_d) ... FAIL
----------------------------------------------------------------------
Ran 9 tests in 0.012s

FAILED (failures=1, errors=2, skipped=2)
",
        );
        assert_eq!(tally.to_string(), "4 passed, 3 failed, 2 skipped");
        let skipped: Vec<_> = tally.skipped.iter().map(|skip| (skip.name.as_str(), skip.reason.as_str())).collect();
        assert_eq!(skipped, [("test_b", "needs a daemon"), ("test_c", "isn't there")]);
    }

    #[test]
    fn a_run_that_went_well_is_counted() {
        assert_eq!(read("Ran 1 test in 0.1s\n\nOK\n").to_string(), "1 passed, 0 failed, 0 skipped");
        assert_eq!(read("").to_string(), "0 passed, 0 failed, 0 skipped");
    }
}
