//! `cargo xtask ci`: everything a change has to pass, in order, up to the first failure.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::tally::Tally;
use crate::workspace::{Workspace, run};
use crate::{check_gpu, licences, test};

/// One check, by the name it has in the output.
struct Stage {
    name: &'static str,
    run: fn(&Workspace) -> Result<Tally>,
}

const STAGES: &[Stage] = &[
    Stage { name: "format", run: |workspace| uncounted(run(&mut workspace.cargo("fmt --all --check"))) },
    Stage {
        name: "lints",
        run: |workspace| uncounted(run(&mut workspace.cargo("clippy --locked --release --workspace --all-targets -- -D warnings"))),
    },
    Stage {
        name: "documentation",
        run: |workspace| uncounted(run(workspace.cargo("doc --locked --release --workspace --no-deps").env("RUSTDOCFLAGS", "-D warnings"))),
    },
    Stage { name: "licences", run: |workspace| uncounted(licences::check(workspace)) },
    // Counted as part of the tests: here it only comes early.
    Stage {
        name: "allowed arrows",
        run: |workspace| uncounted(run(&mut workspace.cargo("test --locked --release --workspace --test structure"))),
    },
    Stage { name: "tests", run: |workspace| Ok(test::run(workspace, &[])) },
    Stage { name: "GPU type checks", run: check_gpu::run_all },
];

/// The outcome of a check that is no test.
fn uncounted(result: Result<()>) -> Result<Tally> {
    result.map(|()| Tally::default())
}

/// Runs the stages, prints how long each took and, as the last line, the summary of the tests.
pub(crate) fn run_all(workspace: &Workspace) -> Result<ExitCode> {
    let mut tally = Tally::default();
    let mut times = Vec::new();
    for Stage { name, run } in STAGES {
        println!("\n== {name}");
        let started = Instant::now();
        let outcome = run(workspace).with_context(|| format!("{name} failed"))?;
        times.push((name, started.elapsed()));
        println!("{name}: {}", shown(started.elapsed()));
        tally += outcome;
        if tally.failed > 0 {
            break;
        }
    }
    println!("\n== summary");
    for (name, time) in &times {
        println!("{name:<16} {:>9}", shown(*time));
    }
    println!("{:<16} {:>9}", "all", shown(times.iter().map(|(_, time)| *time).sum()));
    Ok(tally.conclude())
}

/// A time such as `3 min 07 s`.
fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}
