//! The project's own commands: `cargo xtask …`.
//!
//! Each command is a file of its own and ends with one line that says what came of it. What they check lives elsewhere: in the crates' own tests, in
//! `tests/`, and in the tools they call.

mod bench;
mod bundle;
mod check_gpu;
mod ci;
mod evaluate;
mod generate;
mod licences;
mod parity;
mod tally;
mod test;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything a change has to pass: format, lints, documentation, licences, arrows, tests, GPU type checks
    Ci,
    /// Everything that is tested, or the parts named; ends with how much passed, failed and was skipped
    Test {
        /// Runs these parts alone
        #[arg(long, value_name = "NAME", num_args = 1..)]
        only: Vec<test::Part>,
    },
    /// Compares with the stored values of every parity folder under the directories
    Parity {
        /// Where the folders, and the checkpoints they belong to, are
        #[arg(value_name = "DIR", required = true)]
        directories: Vec<PathBuf>,
    },
    /// What the networks cost, as ratios to PyTorch and to candle's own
    Bench(bench::Options),
    #[command(
        about = "Builds the effect for hosts of OpenFX, as a bundle for this machine and this checkout",
        long_about = "Builds the effect for hosts of OpenFX, as a bundle for this machine and this checkout.\n\n\
                      The bundle names the daemon in this checkout's target directory: it does nothing on another machine, nor without the \
                      checkout. Users make theirs with `dedit install openfx`."
    )]
    Bundle(bundle::Options),
    /// How good edits are, on drawn scenes with a true answer to each, against other ways to edit; or how well holes in photographs are filled
    Evaluate(evaluate::Options),
    /// Writes the files and tables that come from the table of verbs and parameters
    Generate,
    /// Type-checks the CUDA and Metal builds, without either at hand
    CheckGpu,
}

fn main() -> ExitCode {
    let task = Cli::parse().task;
    let result = Workspace::find().and_then(|workspace| match task {
        Task::Ci => ci::run_all(&workspace),
        Task::Test { only } => Ok(test::run(&workspace, &only).conclude()),
        Task::Parity { directories } => Ok(parity::run(&directories)),
        Task::Bench(options) => bench::run(&workspace, &options),
        Task::Bundle(options) => bundle::run(&workspace, &options),
        Task::Evaluate(options) => evaluate::run(&workspace, &options),
        Task::Generate => generate::run(&workspace),
        Task::CheckGpu => Ok(check_gpu::run_all(&workspace)?.conclude()),
    });
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
