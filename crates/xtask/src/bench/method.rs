//! The method at full size: grouped cross-attention, a learning step, an edit. Items are vertical stripes of equal width with 40 tokens each.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use dedit_diffusion::scheduler::{PredictionType, SchedulerConfig, SchedulerKind};
use dedit_diffusion::unet::{Context, Region, SampleContext, Unet, UnetInput};
use dedit_diffusion::vae::Tiling;
use dedit_nn::adamw::{AdamW, AdamWOptions};
use dedit_nn::autograd::{Parameter, Value, backward};
use dedit_nn::layers::{Layer, Visit};
use dedit_nn::ops::mean_squared_error;
use dedit_nn::rng::Generator;

use super::networks::{autoencoder, normal, predict, stable_diffusion, train_cross_attention};
use super::serve::Work;

const SIDE: usize = 64;
const TOKENS: usize = 40;
const GUIDANCE: f64 = 5.0;

/// The contexts of `count` items, each for its stripe at every resolution of the attention.
fn stripes(unet: &Unet, count: usize) -> Result<SampleContext> {
    let regions = (0..count).map(|item| {
        let masks = unet.attention_sizes(SIDE, SIDE).into_iter().map(|(height, width)| {
            let mask = (0..height * width).map(|cell| f32::from(u8::from(cell % width * count / width == item))).collect();
            ((height, width), mask)
        });
        Ok(Region { context: normal(&[1, TOKENS, 768], 10 + item as u64)?, masks: Arc::new(masks.collect::<BTreeMap<_, _>>()) })
    });
    Ok(SampleContext::Regions(regions.collect::<Result<_>>()?))
}

/// One forward pass with the attention grouped by so many items.
pub(super) fn grouped(count: usize) -> Result<Work> {
    let unet = stable_diffusion(DType::F32)?;
    let (latents, context) = (normal(&[1, 4, SIDE, SIDE], 1)?, Context::PerSample(vec![stripes(&unet, count)?]));
    Ok(Box::new(move || predict(&unet, &latents, &context).map(drop)))
}

/// One update of the second stage: the items' texts are fixed there, so they are encoded once and not at every step.
pub(super) fn learn_step() -> Result<Work> {
    let mut unet = stable_diffusion(DType::F16)?;
    let trained = train_cross_attention(&mut unet)?;
    update(unet, trained)
}

/// The same on a LoRA of rank 4 beside every attention's projections, which is what is learned unless the published way is asked for.
pub(super) fn learn_step_lora() -> Result<Work> {
    let mut unet = stable_diffusion(DType::F16)?;
    let (mut rng, mut trained) = (Generator::new(1), Vec::new());
    unet.visit("", &mut |path, layer| {
        if let (Layer::Linear(linear), true) = (layer, path.contains(".attn1.") || path.contains(".attn2.")) {
            let adapter = linear.attach_gaussian(4, 4.0, &mut rng)?;
            trained.push((format!("{path}.lora_A"), adapter.down));
            trained.push((format!("{path}.lora_B"), adapter.up));
        }
        Ok(())
    })?;
    update(unet, trained)
}

fn update(unet: Unet, trained: Vec<(String, Parameter)>) -> Result<Work> {
    let mut optimizer = AdamW::new(trained, AdamWOptions { rate: 5e-5, ..AdamWOptions::default() })?;
    let (latents, context) = (normal(&[1, 4, SIDE, SIDE], 4)?, Context::PerSample(vec![stripes(&unet, 4)?]));
    let noise: Tensor = normal(&[1, 4, SIDE, SIDE], 6)?.into_tensor();
    Ok(Box::new(move || {
        let loss = mean_squared_error(&predict(&unet, &latents, &context)?, &noise, None)?;
        optimizer.step(&backward(&loss)?)?;
        Ok(())
    }))
}

/// An edit of so many steps: both branches in one pass, what lies outside the second stripe put back after each step, then the picture. The denoiser's
/// weights are stored in f16, as checkpoints come.
pub(super) fn edit(steps: usize) -> Result<Work> {
    let (unet, vae) = (stable_diffusion(DType::F16)?, autoencoder()?);
    let empty = SampleContext::Whole(normal(&[1, 77, 768], 7)?);
    let context = Context::PerSample(vec![empty, stripes(&unet, 4)?]);
    let (start, original) = (normal(&[1, 4, SIDE, SIDE], 8)?.into_tensor(), normal(&[1, 4, SIDE, SIDE], 9)?.into_tensor());
    let mask: Vec<f32> = (0..SIDE * SIDE).map(|cell| f32::from(u8::from(cell % SIDE * 4 / SIDE == 1))).collect();
    let mask = Tensor::from_vec(mask, (1, 1, SIDE, SIDE), &Device::Cpu)?;
    let config = SchedulerConfig::stable_diffusion(SchedulerKind::Ddim, PredictionType::Epsilon);
    Ok(Box::new(move || {
        let mut scheduler = config.build(steps)?;
        let mut latents = start.clone();
        for index in 0..steps {
            let input = Value::constant(Tensor::cat(&[&latents, &latents], 0)?);
            let timesteps = [scheduler.timesteps()[index]; 2];
            let output = unet.forward(&UnetInput {
                latents: &input,
                timesteps: &timesteps,
                context: &context,
                separation: None,
                text_time: None,
                inpainting: None,
                guidance: None,
                checkpoint_levels: 0,
            })?;
            let (without, with) = (output.tensor().narrow(0, 0, 1)?, output.tensor().narrow(0, 1, 1)?);
            let predicted = (&without + ((with - &without)? * GUIDANCE)?)?;
            let next = scheduler.step(&predicted, index, &latents, &mut |_| Ok(start.clone()))?.prev_sample;
            let kept = scheduler.add_noise(&original, &start, index + 1)?;
            latents = (&kept + (next - &kept)?.broadcast_mul(&mask)?)?;
        }
        vae.decode(&latents, Tiling::default())?;
        Ok(())
    }))
}
