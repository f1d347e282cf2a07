//! The effect in hosts of `OpenFX`: in one of the project's own, and in MLT.

use anyhow::Result;

use super::counted;
use super::hosts::{made, missing, named, test};
use crate::bundle;
use crate::tally::Tally;
use crate::workspace::{Workspace, find_program};

/// The test binary of the package of tests in host programs.
const TEST: &str = "openfx";
/// What the tests in the project's own host begin with.
const OWN: &str = "own_";
/// What the tests in MLT begin with.
const MELT: &str = "melt_";
/// Tells the tests in which folder the bundle is.
const BUNDLE_VARIABLE: &str = "DEDIT_TEST_OFX";
/// Tells the tests in which folder MLT is.
const MELT_VARIABLE: &str = "DEDIT_TEST_MELT";

/// Runs the tests in each host that is there, or can be had. What cannot be had is skipped, but not where changes are accepted.
pub(super) fn run_all(workspace: &Workspace) -> Result<Tally> {
    let folder = workspace.target();
    bundle::make(workspace, folder)?;
    let mut tally = Tally::default();
    let [mut tests, in_melt] = named(workspace, TEST, [OWN, MELT])?;
    let melt = melt(workspace)?;
    match &melt {
        Ok(_) => tests.extend(in_melt),
        Err(reason) => tally += missing(MELT, &in_melt, reason),
    }
    let mut command = test(workspace, TEST, &tests);
    tally += counted(command.env(BUNDLE_VARIABLE, folder).envs(melt.ok().map(|melt| (MELT_VARIABLE, melt))))?;
    Ok(tally)
}

/// The folder in which MLT is, of a version that has `OpenFX`; or why it cannot be had. It is taken out of packages of Debian, which needs no root.
fn melt(workspace: &Workspace) -> Result<Result<String, String>> {
    for name in ["apt-get", "dpkg-deb"] {
        if find_program(name).is_none() {
            return Ok(Err(format!("there is no {name}, by which MLT is taken out of packages of Debian")));
        }
    }
    println!("MLT: looking for the folder with it; made once, in some minutes, where it is not there");
    Ok(made(workspace, "make_melt")?.map_err(|error| format!("MLT cannot be had: {error:#}")))
}
