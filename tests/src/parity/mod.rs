//! Comparison with stored results of PyTorch.
//!
//! A parity folder has a `meta.json` (its `kind` and settings) and an `expected.safetensors` (inputs and results). [`run`] finds all such folders below the
//! given directories and runs the suite of each. More folders for an existing suite need no change here.

mod dedit;
mod difference;
mod folder;
mod inpaint;
mod ladder;
mod layers;
mod lora;
mod pipeline;
mod prompts;
mod report;
mod sam;
mod schedulers;
mod single_file;
mod train;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

pub use difference::Difference;
pub use folder::Folder;
pub use report::{Outcome, Report, Tolerance};

/// Tolerance for one operation: the largest absolute difference in float32. PyTorch's own results differ by up to 8e-6 between kernels and numbers of threads.
pub const ONE_OPERATION: f64 = 2e-4;

/// The comparison for one form of folders.
pub struct Suite {
    /// The form: the prefix of the names of such folders, or their `kind`.
    pub form: &'static str,
    /// Runs all cases of a folder. An error stops the folder.
    pub run: fn(&Folder, &mut Report<'_>) -> Result<()>,
}

/// All suites.
pub const SUITES: &[Suite] = &[
    Suite { form: "dedit", run: dedit::run },
    Suite { form: "float8", run: single_file::run },
    Suite { form: "inpaint", run: inpaint::run },
    Suite { form: "ladder", run: ladder::run },
    Suite { form: "layers", run: layers::run },
    Suite { form: "lora", run: lora::run },
    Suite { form: "pipeline", run: pipeline::run },
    Suite { form: "prompts", run: prompts::run },
    Suite { form: "sam", run: sam::run },
    Suite { form: "schedulers", run: schedulers::run },
    Suite { form: "single-file", run: single_file::run },
    Suite { form: "train", run: train::run },
];

/// Runs every parity folder under `directories` (at any depth, in the order of their names) with `suites`, and `print`s a line for each case.
pub fn run(directories: &[PathBuf], suites: &[Suite], print: &mut dyn FnMut(&str)) -> Outcome {
    let mut report = Report::new(print);
    let mut folders = BTreeSet::new();
    for directory in directories {
        if let Err(error) = find(directory, &mut folders) {
            report.fail(&last(directory), &error);
        }
    }
    for path in folders {
        match Folder::open(&path, directories) {
            Ok(folder) => run_folder(&folder, suites, &mut report),
            Err(error) => report.fail(&last(&path), &error),
        }
    }
    report.finish()
}

fn last(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn run_folder(folder: &Folder, suites: &[Suite], report: &mut Report<'_>) {
    let Some(suite) = suites.iter().find(|suite| folder.name().starts_with(suite.form) || folder.kind() == suite.form) else {
        let known: Vec<_> = suites.iter().map(|suite| suite.form).collect();
        return report
            .skip(folder.name(), &format!("no cases for a folder of this name and kind ({}); known: {}", folder.kind(), known.join(", ")));
    };
    let counted = report.counted();
    if let Err(error) = (suite.run)(folder, report) {
        return report.fail(folder.name(), &error);
    }
    let unread = folder.unread();
    if !unread.is_empty() {
        report.fail(folder.name(), &anyhow::anyhow!("stored but neither used nor compared: {}", unread.join(", ")));
    } else if report.counted() == counted {
        report.fail(folder.name(), &anyhow::anyhow!("holds no case"));
    }
}

/// Collects the folders with a `meta.json`, `directory` itself included; links to directories are not followed.
fn find(directory: &Path, found: &mut BTreeSet<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("{} cannot be read; name a directory of parity folders", directory.display()))?;
    if directory.join("meta.json").is_file() {
        found.insert(directory.canonicalize()?);
    }
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find(&entry.path(), found)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
