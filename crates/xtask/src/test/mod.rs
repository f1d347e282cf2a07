//! `cargo xtask test`: everything that is tested, in parts that can be run alone.

mod daemon;
mod demo;
mod docs;
mod gimp;
mod hosts;
mod krita;
mod openfx;
mod parity;
mod prerequisites;
mod python;
mod readme;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::tally::Tally;
use crate::workspace::{SHARED_FEATURES, Workspace, shown};

/// A part of the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The tests of every crate, and those that cross crate borders
    Unit,
    /// Agreement with the values of PyTorch that are kept with the tests
    Parity,
    /// The daemon behind a socket that ssh forwards; everything else about it is tested with the crates
    Daemon,
    /// The plug-in inside GIMP 2.10 and GIMP 3
    Gimp,
    /// The plug-in inside Krita 5.1 and 5.2
    Krita,
    #[value(name = "openfx", help = "The effect in hosts of OpenFX: the project's own, and MLT")]
    OpenFx,
    /// The Krita plug-in's own tests, ruff and pyright
    Python,
    /// README's first command, run as written
    Demo,
    /// That README's commands exist and links between documents lead somewhere
    Docs,
}

impl Part {
    fn run(self, workspace: &Workspace) -> Result<Tally> {
        match self {
            Self::Unit => unit(workspace),
            Self::Parity => parity::run(workspace),
            Self::Daemon => daemon::run(workspace),
            Self::Gimp => gimp::run_all(workspace),
            Self::Krita => krita::run_all(workspace),
            Self::OpenFx => openfx::run_all(workspace),
            Self::Python => python::run(workspace),
            Self::Demo => demo::run(workspace),
            Self::Docs => docs::run(workspace),
        }
    }
}

/// Runs the parts in `only`, or all of them where it is empty. A part that cannot be run counts as one failure.
pub(crate) fn run(workspace: &Workspace, only: &[Part]) -> Tally {
    let parts = if only.is_empty() { Part::value_variants() } else { only };
    let mut tally = Tally::default();
    for part in parts {
        let name = part.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        println!("\n-- {name}");
        tally += part.run(workspace).unwrap_or_else(|error| {
            println!("FAILED {name}: {error:#}");
            Tally::fail()
        });
    }
    println!();
    tally
}

/// Runs all of `cargo test` but what other parts run: what [`Part::Parity`] compares case by case, and what needs other programs.
fn unit(workspace: &Workspace) -> Result<Tally> {
    let without = format!("--skip computed_values_agree_with_those_of_pytorch --skip {}", daemon::TEST);
    let mut tally = cargo_test(workspace, &format!("--workspace --exclude {} --no-fail-fast -- {without}", hosts::PACKAGE))?;
    // What that package has to drive other programs needs none of them.
    tally += cargo_test(workspace, &format!("--package {} {SHARED_FEATURES} --lib --no-fail-fast", hosts::PACKAGE))?;
    Ok(tally)
}

/// Runs `cargo test`, showing and counting its output.
fn cargo_test(workspace: &Workspace, arguments: &str) -> Result<Tally> {
    counted(&mut workspace.cargo(&format!("test --locked --release {arguments}")))
}

/// Runs a command that is a `cargo test`, showing and counting its output.
fn counted(command: &mut Command) -> Result<Tally> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("{} cannot be started", shown(command)))?;
    let mut tally = Tally::default();
    for line in BufReader::new(child.stdout.take().context("the output of cargo is closed")?).lines() {
        let line = line.context("the output of cargo test cannot be read")?;
        println!("{line}");
        tally.read_line(&line);
    }
    let status = child.wait().context("cargo test cannot be waited for")?;
    if !status.success() && tally.failed == 0 {
        println!("FAILED {} ended with {status}: a test was not built, or ended without a result", shown(command));
        tally += Tally::fail();
    }
    Ok(tally)
}
