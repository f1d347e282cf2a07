//! What is measured: full-size Stable Diffusion 1.5 networks with random weights, at 512 × 512.

use std::path::Path;

use anyhow::{Result, bail};
use candle_core::{DType, Device, Tensor};
use dedit_diffusion::config::{ConfigFile, UnetConfig, VaeConfig};
use dedit_diffusion::unet::{Context, Unet, UnetInput};
use dedit_diffusion::vae::{Tiling, Vae};
use dedit_nn::adamw::{AdamW, AdamWOptions};
use dedit_nn::autograd::{Parameter, Value, backward};
use dedit_nn::layers::{Layer, Visit};
use dedit_nn::ops::mean_squared_error;
use dedit_nn::rng::Generator;

use super::method;
use super::serve::Work;

/// Everything that can be measured: its name, and what it is.
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

/// Stable Diffusion 1.5's sizes; what is not named is the default of diffusers.
pub(super) fn stable_diffusion(dtype: DType) -> Result<Unet> {
    let text = r#"{"block_out_channels": [320, 640, 1280, 1280], "attention_head_dim": 8, "cross_attention_dim": 768}"#;
    let config = UnetConfig::from_file(&ConfigFile::parse(text, Path::new("unet/config.json"))?)?;
    Ok(Unet::random(config, dtype, &Device::Cpu)?)
}

pub(super) fn normal(shape: &[usize], seed: u64) -> Result<Value> {
    Ok(Value::constant(Generator::new(seed).normal(shape, &Device::Cpu)?))
}

pub(super) fn predict(unet: &Unet, latents: &Value, context: &Context) -> Result<Value> {
    let timesteps = vec![500.0; latents.dims()[0]];
    let input =
        UnetInput { latents, timesteps: &timesteps, context, separation: None, text_time: None, guidance: None, checkpoint_levels: 0 };
    Ok(unet.forward(&input)?)
}

fn unet(batch: usize) -> Result<Work> {
    let unet = stable_diffusion(DType::F32)?;
    let (latents, context) = (normal(&[batch, 4, 64, 64], 1)?, Context::Shared(normal(&[batch, 77, 768], 2)?));
    Ok(Box::new(move || predict(&unet, &latents, &context).map(drop)))
}

/// The autoencoder at Stable Diffusion's sizes.
pub(super) fn autoencoder() -> Result<Vae> {
    let text = r#"{"block_out_channels": [128, 256, 512, 512], "layers_per_block": 2,
        "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
        "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]}"#;
    let config = VaeConfig::from_file(&ConfigFile::parse(text, Path::new("vae/config.json"))?)?;
    Ok(Vae::random(config, DType::F32, &Device::Cpu)?)
}

fn vae_decode() -> Result<Work> {
    let vae = autoencoder()?;
    let latents = normal(&[1, 4, 64, 64], 3)?.into_tensor();
    Ok(Box::new(move || Ok(vae.decode(&latents, Tiling::default()).map(drop)?)))
}

/// The weights that the published method trains, by path.
pub(super) fn train_cross_attention(unet: &mut Unet) -> Result<Vec<(String, Parameter)>> {
    let mut trained = Vec::new();
    unet.visit("", &mut |path, layer| {
        if let (Layer::Linear(linear), true) = (layer, ["q", "k", "v"].iter().any(|part| path.ends_with(&format!("attn2.to_{part}")))) {
            trained.push((path.to_owned(), linear.make_trainable()?));
        }
        Ok(())
    })?;
    Ok(trained)
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
