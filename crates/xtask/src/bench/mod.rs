//! `cargo xtask bench [--vs-torch] [--json FILE]`: what the networks cost, as a ratio to PyTorch and to candle's own.
//!
//! Sides take turns call by call, so that a busy machine slows all of them; figures are medians of CPU seconds (user and system, over all threads),
//! which other processes disturb least.

mod method;
mod networks;
mod serve;
mod side;
mod works;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::workspace::{Workspace, run as run_command};
use side::{Sample, Side};

/// Options of the bench.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Compares with PyTorch and diffusers, which are set up in an environment of their own (650 MB from PyPI, the first time)
    #[arg(long)]
    vs_torch: bool,
    /// Compares with candle-transformers as it is published (built apart from the workspace, the first time)
    #[arg(long)]
    vs_candle: bool,
    /// Writes the figures to a file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measured calls per side
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Threads per side
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Measures these works alone
    #[arg(long, value_name = "NAME", num_args = 1..)]
    only: Vec<String>,
    /// Serves one work to a bench (used by the bench itself)
    #[arg(long, hide = true, value_name = "NAME")]
    serve: Option<String>,
}

/// Medians of one work.
struct Row {
    name: &'static str,
    what: &'static str,
    ours: Sample,
    torch: Option<Sample>,
    candle: Option<Sample>,
}

/// Runs the bench, prints its table, and writes the figures where asked.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    if let Some(work) = &options.serve {
        dedit_nn::memory::keep_large_buffers();
        serve::serve(work, works::build)?;
        return Ok(ExitCode::SUCCESS);
    }
    for name in &options.only {
        ensure!(works::WORKS.iter().any(|(known, _)| known == name), "there is no work {name}; see tests/benches/README.md");
    }
    let torch = if options.vs_torch { Some(set_up_torch(workspace)?) } else { None };
    let candle = if options.vs_candle { Some(build_candle(workspace)?) } else { None };
    let mut rows = Vec::new();
    for (name, what) in works::WORKS.into_iter().filter(|(name, _)| options.only.is_empty() || options.only.iter().any(|n| n == name)) {
        eprintln!("measuring {name} …");
        rows.push(measure(name, what, options, torch.as_deref(), candle.as_deref(), workspace)?);
    }
    print_table(&rows);
    if let Some(path) = &options.json {
        std::fs::write(path, format!("{:#}\n", figures(&rows))).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A work on all sides, in turns.
fn measure(
    name: &'static str,
    what: &'static str,
    options: &Options,
    torch: Option<&Path>,
    candle: Option<&Path>,
    workspace: &Workspace,
) -> Result<Row> {
    let threads = options.threads.to_string();
    let mut ours = Command::new(std::env::current_exe()?);
    ours.args(["bench", "--serve", name]).env("RAYON_NUM_THREADS", &threads);
    let mut sides = vec![Some(Side::start(ours, name)?)];
    sides.push(
        torch
            .filter(|_| !works::OURS_ALONE.contains(&name))
            .map(|python| {
                let mut command = Command::new(python);
                command.arg(workspace.root().join("tests/benches/torch_side.py")).args([name, "--threads", &threads]);
                Side::start(command, name)
            })
            .transpose()?,
    );
    sides.push(
        // candle-transformers has no grouped attention, and cuts gradients in its U-Net, so that there is no training step to measure.
        candle
            .filter(|_| works::OF_CANDLE.contains(&name))
            .map(|program| {
                let mut command = Command::new(program);
                command.arg(name).env("RAYON_NUM_THREADS", &threads);
                Side::start(command, name)
            })
            .transpose()?,
    );
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); sides.len()];
    for _ in 0..options.rounds {
        for (side, samples) in sides.iter_mut().zip(&mut samples) {
            if let Some(side) = side {
                samples.push(side.run()?);
            }
        }
    }
    let mut medians = samples.into_iter().map(|samples| median(&samples));
    let ours = medians.next().flatten().context("nothing was measured")?;
    Ok(Row { name, what, ours, torch: medians.next().flatten(), candle: medians.next().flatten() })
}

/// The median of each figure.
fn median(samples: &[Sample]) -> Option<Sample> {
    let middle = |pick: fn(&Sample) -> f64| {
        let mut values: Vec<f64> = samples.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (values.get((values.len().checked_sub(1)?) / 2)?, values.get(values.len() / 2)?);
        Some(f64::midpoint(*low, *high))
    };
    Some(Sample { cpu_s: middle(|sample| sample.cpu_s)?, peak_rss_gib: middle(|sample| sample.peak_rss_gib)? })
}

fn print_table(rows: &[Row]) {
    println!("| work | ours, CPU s | PyTorch | ratio | stock candle | ratio | ours, peak GiB | PyTorch | ratio |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for row in rows {
        let pair = |peer: Option<Sample>, pick: fn(&Sample) -> f64| {
            peer.map_or_else(|| "– | –".to_owned(), |peer| format!("{:.2} | **{:.2}**", pick(&peer), pick(&row.ours) / pick(&peer)))
        };
        let (cpu, peak) = (|sample: &Sample| sample.cpu_s, |sample: &Sample| sample.peak_rss_gib);
        let (torch, candle, memory) = (pair(row.torch, cpu), pair(row.candle, cpu), pair(row.torch, peak));
        println!("| {} | {:.2} | {torch} | {candle} | {:.2} | {memory} |", row.what, row.ours.cpu_s, row.ours.peak_rss_gib);
    }
}

/// The same for programs.
fn figures(rows: &[Row]) -> Value {
    let entry = |name: &str, ours: f64, theirs: Option<f64>, unit: &str| json!({"name": name, "ours": ours, "theirs": theirs, "ratio": theirs.map(|theirs| ours / theirs), "unit": unit});
    let mut list = Vec::new();
    for row in rows {
        list.push(entry(row.name, row.ours.cpu_s, row.torch.map(|torch| torch.cpu_s), "cpu-s"));
        if row.name == "train_step" {
            list.push(entry("peak_train_gib", row.ours.peak_rss_gib, row.torch.map(|torch| torch.peak_rss_gib), "GiB"));
        }
    }
    Value::Array(list)
}

/// The Python of an environment with PyTorch, made if need be.
fn set_up_torch(workspace: &Workspace) -> Result<PathBuf> {
    let dir = workspace.root().join("target/bench/venv");
    let status = Command::new("sh").arg(workspace.root().join("tests/parity/setup_venv.sh")).arg(&dir).status()?;
    ensure!(status.success(), "PyTorch could not be set up; see above");
    Ok(dir.join("bin/python"))
}

/// The program that serves candle-transformers' networks, built apart, with nothing of this workspace's features.
fn build_candle(workspace: &Workspace) -> Result<PathBuf> {
    let manifest = workspace.root().join("tests/benches/candle_side/Cargo.toml");
    let target = workspace.root().join("target/bench/candle");
    let mut build = workspace.cargo("build --locked --release --manifest-path");
    run_command(build.arg(manifest).arg("--target-dir").arg(&target)).context("candle's side of the bench does not build")?;
    Ok(target.join("release/candle_side"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_taken_figure_by_figure() {
        let sample = |cpu_s, peak_rss_gib| Sample { cpu_s, peak_rss_gib };
        assert!(median(&[]).is_none());
        let odd = median(&[sample(3.0, 1.0), sample(1.0, 5.0), sample(2.0, 2.0)]).unwrap();
        assert_eq!((odd.cpu_s, odd.peak_rss_gib), (2.0, 2.0));
        let even = median(&[sample(1.0, 1.0), sample(2.0, 2.0)]).unwrap();
        assert_eq!((even.cpu_s, even.peak_rss_gib), (1.5, 1.5));
    }

    #[test]
    fn figures_carry_the_fixed_names() {
        let sample = Sample { cpu_s: 1.0, peak_rss_gib: 2.0 };
        let row = |name| Row { name, what: "", ours: sample, torch: Some(Sample { cpu_s: 2.0, peak_rss_gib: 8.0 }), candle: None };
        let list = figures(&[row("unet_f32"), row("train_step")]);
        assert_eq!(list[0], json!({"name": "unet_f32", "ours": 1.0, "theirs": 2.0, "ratio": 0.5, "unit": "cpu-s"}));
        assert_eq!(list[2], json!({"name": "peak_train_gib", "ours": 2.0, "theirs": 8.0, "ratio": 0.25, "unit": "GiB"}));
    }
}
