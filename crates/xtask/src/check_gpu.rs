//! Type checks of the GPU builds on a machine that has neither CUDA nor Metal.
//!
//! Nothing in CUDA or C is compiled: `tests/gpu-check` holds stand-ins for the compilers. Metal's kernels are compiled when the program runs, so a
//! check for macOS needs nothing from Apple.

use std::env;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::tally::Tally;
use crate::workspace::{Workspace, output, run};

/// The crates with the features `cuda` and `metal`.
const CRATES: &str = "-p dedit-nn -p dedit-diffusion -p dedit-cli";

const MACOS: &str = "aarch64-apple-darwin";

/// Lints the crates with each feature; what cannot be checked here is a skip.
pub(crate) fn run_all(workspace: &Workspace) -> Result<Tally> {
    let mut tally = cuda(workspace)?;
    tally += metal(workspace)?;
    Ok(tally)
}

fn cuda(workspace: &Workspace) -> Result<Tally> {
    if !cfg!(unix) {
        return Ok(skip("cuda", "the stand-in for nvcc is a shell script"));
    }
    let stand_in = workspace.root().join("tests/gpu-check");
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(stand_in.clone()).chain(env::split_paths(&path))).context("PATH cannot be extended")?;
    // A target directory of its own: a real CUDA build must never find the empty kernels.
    let mut check = workspace.cargo(&format!("clippy --locked --release --features cuda {CRATES} --target-dir"));
    check.arg(workspace.target().join("gpu-check")).args(["--", "-D", "warnings"]);
    run(check.env("PATH", path).env("NVCC", stand_in.join("nvcc")).env("CUDA_COMPUTE_CAP", "80"))?;
    println!("cuda: checked, not run");
    Ok(Tally::pass())
}

fn metal(workspace: &Workspace) -> Result<Tally> {
    if !cfg!(unix) {
        return Ok(skip("metal", "the stand-in for Apple's C compiler is a shell script"));
    }
    if let Err(error) = ensure_target(workspace) {
        return Ok(skip("metal", &format!("the standard library for {MACOS} cannot be installed ({error:#})")));
    }
    // A target directory of its own, as for CUDA: a real build must never find the empty objects.
    let mut check = workspace.cargo(&format!("clippy --locked --release --features metal {CRATES} --target {MACOS} --target-dir"));
    check.arg(workspace.target().join("gpu-check")).args(["--", "-D", "warnings"]);
    run(check.env(format!("CC_{}", MACOS.replace('-', "_")), workspace.root().join("tests/gpu-check/apple-cc")))?;
    println!("metal: checked, not run");
    Ok(Tally::pass())
}

fn skip(feature: &str, reason: &str) -> Tally {
    println!("NOT CHECKED: the build with the feature {feature}: {reason}");
    Tally::skip(format!("check-gpu {feature}"), reason)
}

/// Makes sure that the compiler has the standard library for macOS.
fn ensure_target(workspace: &Workspace) -> Result<()> {
    let installed = output(workspace.command("rustc").args(["--print", "target-libdir", "--target", MACOS]));
    if installed.is_ok_and(|directory| Path::new(directory.trim()).is_dir()) {
        return Ok(());
    }
    run(workspace.command("rustup").args(["target", "add", MACOS]))
}
