//! Single-file checkpoints: their networks give the same results as those of the folder.
//!
//! `meta.json` names the file as `checkpoint`, the folder with the configurations as `config`, and the ladder folder with the values as `expected`.

use anyhow::{Context as _, Result};
use dedit_diffusion::Checkpoint;
use dedit_diffusion::weights::OpenOptions;

use super::{Folder, Report, ladder};

pub(super) fn run(folder: &Folder, report: &mut Report<'_>) -> Result<()> {
    let text = |key: &str| folder.meta()[key].as_str().with_context(|| format!("meta.json has no {key}"));
    let options = OpenOptions { config_dir: Some(folder.beside(text("config")?)?), ..OpenOptions::default() };
    ladder::compare(folder, report, &Checkpoint::open_with(folder.path().join(text("checkpoint")?), &options)?)
}
