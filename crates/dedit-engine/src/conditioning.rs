//! Inputs of the denoiser besides latents, timestep and text.

use candle_core::Tensor;
use dedit_diffusion::Result;
use dedit_diffusion::pipeline::Pipeline;
use dedit_diffusion::unet::TextTimeInput;
use dedit_diffusion::vae::Posterior;
use dedit_edit::Size;
use dedit_nn::autograd::Value;
use dedit_nn::ops;

/// SDXL's micro-conditioning (arXiv 2307.01952) in pixels: original height and width, crop top and left, target height and width.
pub(crate) fn time_ids(canvas: Size, fixed: bool) -> [f32; 6] {
    let (height, width) = if fixed { (1024.0, 1024.0) } else { (canvas.height() as f32, canvas.width() as f32) };
    [height, width, 0.0, 0.0, height, width]
}

/// The mean of pooled texts, each `[1, width]`; `None` for an empty list.
pub(crate) fn mean(pooled: &[Value]) -> Result<Option<Value>> {
    let Some((first, rest)) = pooled.split_first() else { return Ok(None) };
    let mut sum = first.clone();
    for next in rest {
        sum = ops::add(&sum, next)?;
    }
    Ok(Some(ops::scale(&sum, 1.0 / pooled.len() as f64)?))
}

/// The added conditioning of a batch, from one pooled text per sample; `None` for models without it.
pub(crate) fn text_time(samples: &[Option<Value>], time_ids: [f32; 6]) -> Result<Option<TextTimeInput>> {
    let pooled: Vec<Value> = samples.iter().flatten().cloned().collect();
    if pooled.is_empty() {
        return Ok(None);
    }
    Ok(Some(TextTimeInput { pooled: ops::cat_samples(&pooled)?, time_ids: vec![time_ids; pooled.len()] }))
}

/// Latents scaled for the denoiser: the posterior's mean, or a sample with the given noise.
pub(crate) fn latents(pipeline: &Pipeline, posterior: &Posterior, noise: Option<&Tensor>) -> Result<Tensor> {
    match noise {
        Some(noise) => pipeline.vae().scale_latents(&posterior.sample(noise)?),
        None => pipeline.vae().scale_latents(&posterior.mean),
    }
}
