//! What is measured: full-size Stable Diffusion 1.5 networks with random weights, at 512 × 512.

use anyhow::{Result, bail};
use candle_core::{DType, Tensor};
use dedit_diffusion::unet::Context;
use dedit_diffusion::vae::Tiling;
use dedit_nn::adamw::{AdamW, AdamWOptions};
use dedit_nn::autograd::backward;
use dedit_nn::ops::mean_squared_error;

use super::method;
use super::networks::{autoencoder, normal, predict, stable_diffusion, train_cross_attention};
use super::serve::Work;

/// Everything that can be measured: the name that the options take, and what it is.
pub(super) const WORKS: [(&str, &str); 10] = [
    ("unet_f32", "U-Net forward, batch 1, f32 weights"),
    ("unet_f32_b2", "U-Net forward, batch 2, f32 weights"),
    ("vae_decode_f32", "autoencoder, decode"),
    ("train_step", "training step on the cross-attentions' q, k, v"),
    ("grouped_1", "U-Net forward, grouped cross-attention, 1 item"),
    ("grouped_8", "U-Net forward, grouped cross-attention, 8 items"),
    ("learn_step_items", "learning step, 4 items, on the cross-attentions' q, k, v"),
    ("learn_step_lora", "learning step, 4 items, on a LoRA of all attention"),
    ("edit", "edit, 4 items, 4 guided steps and decoding"),
    ("edit_20", "edit, 4 items, 20 guided steps and decoding"),
];

/// What is measured here alone: a default of ours that the published method has not.
pub(super) const OURS_ALONE: [&str; 1] = ["learn_step_lora"];

/// What candle-transformers has too.
pub(super) const OF_CANDLE: [&str; 3] = ["unet_f32", "unet_f32_b2", "vae_decode_f32"];

/// Makes the networks of a work; the calls come later.
pub(super) fn build(name: &str) -> Result<Work> {
    match name {
        "unet_f32" => unet(1),
        "unet_f32_b2" => unet(2),
        "vae_decode_f32" => vae_decode(),
        "train_step" => train_step(),
        "grouped_1" => method::grouped(1),
        "grouped_8" => method::grouped(8),
        "learn_step_items" => method::learn_step(),
        "learn_step_lora" => method::learn_step_lora(),
        "edit" => method::edit(4),
        "edit_20" => method::edit(20),
        other => bail!("there is no work {other}; known: {}", WORKS.map(|(name, _)| name).join(", ")),
    }
}

fn unet(batch: usize) -> Result<Work> {
    let unet = stable_diffusion(DType::F32)?;
    let (latents, context) = (normal(&[batch, 4, 64, 64], 1)?, Context::Shared(normal(&[batch, 77, 768], 2)?));
    Ok(Box::new(move || predict(&unet, &latents, &context).map(drop)))
}

fn vae_decode() -> Result<Work> {
    let vae = autoencoder()?;
    let latents = normal(&[1, 4, 64, 64], 3)?.into_tensor();
    Ok(Box::new(move || Ok(vae.decode(&latents, Tiling::default()).map(drop)?)))
}

/// Frozen weights are stored in f16, as checkpoints come; trained ones, gradients and moments in f32.
fn train_step() -> Result<Work> {
    let mut unet = stable_diffusion(DType::F16)?;
    let trained = train_cross_attention(&mut unet)?;
    let mut optimizer = AdamW::new(trained, AdamWOptions { rate: 1e-5, ..AdamWOptions::default() })?;
    let (latents, context) = (normal(&[1, 4, 64, 64], 4)?, Context::Shared(normal(&[1, 77, 768], 5)?));
    let noise: Tensor = normal(&[1, 4, 64, 64], 6)?.into_tensor();
    Ok(Box::new(move || {
        let loss = mean_squared_error(&predict(&unet, &latents, &context)?, &noise, None)?;
        optimizer.step(&backward(&loss)?)?;
        Ok(())
    }))
}
