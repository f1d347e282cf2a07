//! Prompts with weights, in chunks, with embeddings, and for other layers of the text encoders.
//!
//! `meta.json` has `embeddings`, files beside it by their names, and `cases`: the `prompt` and, where it is not the family's own, the `clip_skip`.
//! `expected.safetensors` has `CASE.context` and, for SDXL, `CASE.pooled`.

use anyhow::{Context as _, Result};
use candle_core::Device;
use dedit_diffusion::Checkpoint;
use dedit_diffusion::embedding::EmbeddingFile;
use dedit_diffusion::pipeline::Pipeline;

use super::{Folder, ONE_OPERATION, Report};

pub(super) fn run(folder: &Folder, report: &mut Report<'_>) -> Result<()> {
    let mut pipeline = Pipeline::load(&Checkpoint::open(folder.checkpoint()?)?, &Device::Cpu)?;
    for (name, file) in folder.meta()["embeddings"].as_object().context("meta.json has no embeddings")? {
        let file = file.as_str().context("the file of an embedding is no text")?;
        pipeline.add_embedding(&EmbeddingFile::open(folder.path().join(file))?, Some(name))?;
    }
    let usual = pipeline.clip_skip();
    for (name, case) in folder.cases()? {
        let prompt = case["prompt"].as_str().context("a case has no prompt")?;
        pipeline.set_clip_skip(case["clip_skip"].as_u64().map_or(usual, |layer| layer as usize))?;
        let encoded = pipeline.encode_prompt(prompt)?;
        report.compare(folder, &format!("{name}.context"), folder.tolerance(ONE_OPERATION), || Ok(encoded.context));
        if let Some(pooled) = encoded.pooled {
            report.compare(folder, &format!("{name}.pooled"), folder.tolerance(ONE_OPERATION), || Ok(pooled));
        }
    }
    Ok(())
}
