//! The works that candle-transformers can be measured on, by the names that `cargo xtask bench` has for them.
//!
//! There is no training step: the U-Net's layer norms and softmax have no backward pass, and most gradients are missing without an error.

use anyhow::{Result, bail};
use candle_core::{Device, Tensor};
use candle_transformers::models::stable_diffusion::unet_2d::{BlockConfig, UNet2DConditionModel, UNet2DConditionModelConfig};
use candle_transformers::models::stable_diffusion::vae::{AutoEncoderKL, AutoEncoderKLConfig};

use crate::serve::Work;
use crate::weights;

/// Height and width of the latent of a picture of 512 × 512 pixels.
const LATENT: usize = 64;

/// Makes the networks of a work; the calls come later.
pub(crate) fn build(name: &str) -> Result<Work> {
    match name {
        "unet_f32" => unet(1),
        "unet_f32_b2" => unet(2),
        "vae_decode_f32" => vae_decode(),
        other => bail!("candle's side has no work {other}; known: unet_f32, unet_f32_b2, vae_decode_f32"),
    }
}

fn normal(shape: &[usize]) -> Result<Tensor> {
    Ok(Tensor::randn(0f32, 1f32, shape, &Device::Cpu)?)
}

/// One forward pass at 512 × 512; what is not named is as in Stable Diffusion 1.5 by default.
fn unet(batch: usize) -> Result<Work> {
    let block = |out_channels, use_cross_attn| BlockConfig { out_channels, use_cross_attn, attention_head_dim: 8 };
    let config = UNet2DConditionModelConfig {
        blocks: vec![block(320, Some(1)), block(640, Some(1)), block(1280, Some(1)), block(1280, None)],
        cross_attention_dim: 768,
        ..UNet2DConditionModelConfig::default()
    };
    let unet = UNet2DConditionModel::new(weights::random(), 4, 4, false, config)?;
    let (latents, context) = (normal(&[batch, 4, LATENT, LATENT])?, normal(&[batch, 77, 768])?);
    Ok(Box::new(move || Ok(unet.forward(&latents, 500.0, &context).map(drop)?)))
}

/// One picture of 512 × 512 from its latent.
fn vae_decode() -> Result<Work> {
    let config = AutoEncoderKLConfig {
        block_out_channels: vec![128, 256, 512, 512],
        layers_per_block: 2,
        latent_channels: 4,
        norm_num_groups: 32,
        use_quant_conv: true,
        use_post_quant_conv: true,
    };
    let vae = AutoEncoderKL::new(weights::random(), 3, 3, config)?;
    let latents = normal(&[1, 4, LATENT, LATENT])?;
    Ok(Box::new(move || Ok(vae.decode(&latents).map(drop)?)))
}
