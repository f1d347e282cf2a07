//! Networks at the sizes of Stable Diffusion 1.5 with random weights, and their inputs.

use std::path::Path;

use anyhow::Result;
use candle_core::{DType, Device};
use dedit_diffusion::config::{ConfigFile, UnetConfig, VaeConfig};
use dedit_diffusion::unet::{Context, Unet, UnetInput};
use dedit_diffusion::vae::Vae;
use dedit_nn::autograd::{Parameter, Value};
use dedit_nn::layers::{Layer, Visit};
use dedit_nn::rng::Generator;

/// A U-Net with the sizes of Stable Diffusion 1.5; keys that are left out take the defaults of diffusers.
pub(super) fn stable_diffusion(dtype: DType) -> Result<Unet> {
    let text = r#"{"block_out_channels": [320, 640, 1280, 1280], "attention_head_dim": 8, "cross_attention_dim": 768}"#;
    let config = UnetConfig::from_file(&ConfigFile::parse(text, Path::new("unet/config.json"))?)?;
    Ok(Unet::random(config, dtype, &Device::Cpu)?)
}

/// Standard normal values.
pub(super) fn normal(shape: &[usize], seed: u64) -> Result<Value> {
    Ok(Value::constant(Generator::new(seed).normal(shape, &Device::Cpu)?))
}

/// One forward pass at timestep 500 of latents `[batch, 4, 64, 64]`.
pub(super) fn predict(unet: &Unet, latents: &Value, context: &Context) -> Result<Value> {
    let timesteps = vec![500.0; latents.dims()[0]];
    let input = UnetInput {
        latents,
        timesteps: &timesteps,
        context,
        separation: None,
        text_time: None,
        inpainting: None,
        guidance: None,
        checkpoint_levels: 0,
    };
    Ok(unet.forward(&input)?)
}

/// The autoencoder at Stable Diffusion's sizes.
pub(super) fn autoencoder() -> Result<Vae> {
    let text = r#"{"block_out_channels": [128, 256, 512, 512], "layers_per_block": 2,
        "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
        "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]}"#;
    let config = VaeConfig::from_file(&ConfigFile::parse(text, Path::new("vae/config.json"))?)?;
    Ok(Vae::random(config, DType::F32, &Device::Cpu)?)
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
