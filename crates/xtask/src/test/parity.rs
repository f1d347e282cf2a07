//! Agreement with the values of PyTorch that are kept with the tests, and the health of the scripts they come from.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::prerequisites::{self, Program};
use crate::parity::compare;
use crate::tally::Tally;
use crate::workspace::{Workspace, files, run as run_command};

const PYTHON: Program = Program { name: "python3", package: "python3" };

/// Compares every folder in `tests/data/parity`, and has Python parse the scripts in `tests/parity`.
pub(super) fn run(workspace: &Workspace) -> Result<Tally> {
    let mut tally = Tally::from(compare(&[workspace.root().join("tests/data/parity")]));
    if tally.passed + tally.failed == 0 {
        tally += Tally::fail();
    }
    let scripts = files(&workspace.root().join("tests/parity"), "py")?;
    tally += match prerequisites::ensure(workspace, &PYTHON) {
        Ok(()) => parse(workspace, &scripts),
        Err(reason) => Tally::skip("parity scripts", reason),
    };
    Ok(tally)
}

/// Running them takes PyTorch; a script that does not even parse is found without.
fn parse(workspace: &Workspace, scripts: &[PathBuf]) -> Tally {
    let scripts: Vec<&Path> = scripts.iter().filter_map(|script| script.strip_prefix(workspace.root()).ok()).collect();
    let check = "import ast, sys\nfor path in sys.argv[1:]: ast.parse(open(path, encoding='utf-8').read(), path)";
    match run_command(workspace.command(PYTHON.name).args(["-c", check]).args(&scripts)) {
        Ok(()) => {
            println!("ok {} scripts in tests/parity parse", scripts.len());
            Tally::pass()
        }
        Err(error) => {
            println!("FAILED a script in tests/parity does not parse: {error:#}");
            Tally::fail()
        }
    }
}
