//! `cargo xtask parity DIR…`: agreement with stored values of PyTorch.

use std::path::PathBuf;
use std::process::ExitCode;

use dedit_tests::parity::{Outcome, SUITES};

/// Compares every folder under `directories`, and ends with the line `parity: N passed, M failed`.
pub(crate) fn run(directories: &[PathBuf]) -> ExitCode {
    let Outcome { passed, failed, .. } = compare(directories);
    println!("parity: {passed} passed, {failed} failed");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Compares every folder under `directories`, a line for each case; says so where there is none.
pub(crate) fn compare(directories: &[PathBuf]) -> Outcome {
    let outcome = dedit_tests::parity::run(directories, SUITES, &mut |line| println!("{line}"));
    if outcome.passed + outcome.failed == 0 {
        let names: Vec<_> = directories.iter().map(|directory| directory.display().to_string()).collect();
        println!("no case to compare under {}: a parity folder holds meta.json and expected.safetensors", names.join(", "));
    }
    outcome
}
