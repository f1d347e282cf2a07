//! Text to image with recorded noise.
//!
//! `meta.json` has the prompts, size, steps and guidance, and `cases`: the diffusers class and configuration of each scheduler.
//! `expected.safetensors` has the starting `noise`, the encoded prompts (`context`, `negative`, for SDXL `pooled` and `negative_pooled`), and the results,
//! `CASE.latent` and `CASE.image` (8-bit, `[height, width, 3]`).

use std::ops::ControlFlow;

use anyhow::{Context as _, Result, ensure};
use candle_core::{DType, Device, Tensor};
use dedit_diffusion::Checkpoint;
use dedit_diffusion::pipeline::{EncodedPrompt, GenerateRequest, Generated, Pipeline, RecordedNoise};
use dedit_diffusion::scheduler::SchedulerConfig;
use serde_json::Value as Json;

use super::{Folder, ONE_OPERATION, Report};

/// Tolerances after all steps: of latents, and of pictures in 8-bit levels.
const LATENT: f64 = 5e-4;
const LEVELS: f64 = 1.0;

pub(super) fn run(folder: &Folder, report: &mut Report<'_>) -> Result<()> {
    let pipeline = Pipeline::load(&Checkpoint::open(folder.checkpoint()?)?, &Device::Cpu)?;
    let request = request(folder, &pipeline)?;
    prompts(folder, report, &pipeline, &request)?;
    cases(folder, report, &pipeline, &request)
}

/// Compares the encoded prompts.
fn prompts(folder: &Folder, report: &mut Report<'_>, pipeline: &Pipeline, request: &GenerateRequest) -> Result<()> {
    let prompt = pipeline.encode_prompt(&request.prompt)?;
    let negative = pipeline.encode_negative_prompt(&request.negative_prompt)?;
    for (EncodedPrompt { context, pooled, .. }, names) in [(prompt, ["context", "pooled"]), (negative, ["negative", "negative_pooled"])] {
        for (name, value) in names.into_iter().zip([Some(context), pooled]) {
            if folder.has(name) {
                report.compare(folder, name, ONE_OPERATION, || value.context("the prompt has no such part"));
            }
        }
    }
    Ok(())
}

/// Compares the results with each scheduler.
pub(super) fn cases(folder: &Folder, report: &mut Report<'_>, pipeline: &Pipeline, request: &GenerateRequest) -> Result<()> {
    for (name, case) in folder.cases()? {
        match generate(folder, pipeline, request, case) {
            Err(error) => report.fail(&format!("{}/{name}", folder.name()), &error),
            Ok(Generated { latents, pictures, .. }) => {
                report.compare(folder, &format!("{name}.latent"), folder.tolerance_of("latent", LATENT), || Ok(latents));
                report.compare(folder, &format!("{name}.image"), folder.tolerance_of("levels", LEVELS), || image(&pictures));
            }
        }
    }
    Ok(())
}

/// The settings that all cases share.
pub(super) fn request(folder: &Folder, pipeline: &Pipeline) -> Result<GenerateRequest> {
    let setting = |key: &str| Some(&folder.meta()[key]).filter(|value| !value.is_null()).with_context(|| format!("meta.json has no {key}"));
    let text = |key: &str| -> Result<String> { Ok(serde_json::from_value(setting(key)?.clone())?) };
    let count = |key: &str| -> Result<usize> { Ok(serde_json::from_value(setting(key)?.clone())?) };
    Ok(GenerateRequest {
        negative_prompt: text("negative_prompt")?,
        width: count("width")?,
        height: count("height")?,
        steps: count("steps")?,
        guidance: serde_json::from_value(setting("guidance")?.clone())?,
        ..pipeline.request(text("prompt")?)
    })
}

fn generate(folder: &Folder, pipeline: &Pipeline, request: &GenerateRequest, case: &Json) -> Result<Generated> {
    let (class, config) = case["class"].as_str().zip(case["config"].as_object()).context("meta.json has no class and config for it")?;
    let request = GenerateRequest { scheduler: Some(SchedulerConfig::new(class, config.clone())), ..request.clone() };
    let mut noise = RecordedNoise::new([folder.tensor("noise")?]);
    let generated = pipeline.generate_from(&request, &mut noise, &mut |_| ControlFlow::Continue(()))?;
    ensure!(noise.remaining() == 0, "{} draws were not used", noise.remaining());
    Ok(generated)
}

/// `[1, 3, height, width]` in 0..=1 as 8-bit levels, `[height, width, 3]`.
fn image(pictures: &Tensor) -> Result<Tensor> {
    Ok((pictures.squeeze(0)?.permute((1, 2, 0))? * 255.0)?.round()?.to_dtype(DType::U8)?)
}
