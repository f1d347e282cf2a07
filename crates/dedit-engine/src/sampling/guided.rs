//! Predictions of the denoiser with the items' prompts and classifier-free guidance.

use candle_core::{DType, Tensor};
use dedit_diffusion::Result;
use dedit_diffusion::pipeline::{EncodedPrompts, Pipeline};
use dedit_diffusion::unet::{Context, Inpainting, SampleContext, Separation, UnetInput};
use dedit_nn::autograd::Value;

use super::settings::{EditSettings, PooledItems, Unconditional};
use crate::conditioning::{mean, text_time};
use crate::regional::{Pyramid, regions};

/// Number of tokens of the all-zero unconditional context.
const ZERO_TOKENS: usize = 77;

/// The denoiser with its inputs that are the same for all steps.
pub(super) struct Guided<'a> {
    pipeline: &'a Pipeline,
    conditional: SampleContext,
    pooled: Option<Value>,
    unconditional: SampleContext,
    unconditional_pooled: Option<Value>,
    time_ids: [f32; 6],
    separation: Option<Separation>,
    inpainting: Option<&'a Inpainting>,
    guidance: f64,
    /// The guidance scale as an input of the denoiser, for latent consistency models (arXiv 2310.04378); there is no unconditional branch then.
    embedded: Option<f64>,
}

impl<'a> Guided<'a> {
    /// `generated` has one entry per item: whether any of its pixels are generated.
    pub(super) fn new(
        pipeline: &'a Pipeline,
        text: &EncodedPrompts,
        masks: &[Pyramid<f32>],
        generated: &[bool],
        time_ids: [f32; 6],
        separation: Option<Separation>,
        settings: &EditSettings,
    ) -> Result<Self> {
        let chosen: Vec<Value> = match settings.pooled {
            PooledItems::All => text.pooled.clone(),
            PooledItems::Generated => text.pooled.iter().zip(generated).filter(|(_, is)| **is).map(|(pooled, _)| pooled.clone()).collect(),
        };
        let pooled = mean(&chosen)?;
        let (unconditional, unconditional_pooled) = match settings.unconditional {
            Unconditional::EmptyPrompt => {
                let empty = pipeline.encode_negative_prompt("")?;
                (Value::constant(empty.context), empty.pooled.map(Value::constant))
            }
            Unconditional::Zeros => {
                let width = text.contexts.first().map_or(0, |context| context.dims()[2]);
                let zeros = Tensor::zeros((1, ZERO_TOKENS, width), pipeline.unet_dtype(), pipeline.device())?;
                (Value::constant(zeros), pooled.as_ref().map(|pooled| pooled.tensor().zeros_like().map(Value::constant)).transpose()?)
            }
        };
        Ok(Self {
            pipeline,
            conditional: regions(&text.contexts, masks),
            pooled,
            unconditional: SampleContext::Whole(unconditional),
            unconditional_pooled,
            time_ids,
            separation,
            inpainting: None,
            guidance: settings.guidance,
            embedded: pipeline.unet().config().time_cond_proj_dim.is_some().then_some(settings.guidance),
        })
    }

    /// The same with what a denoiser for inpainting sees of the picture.
    pub(super) fn seeing(self, inpainting: Option<&'a Inpainting>) -> Self {
        Self { inpainting, ..self }
    }

    /// The prediction for scaled latents `[1, channels, rows, columns]` at a timestep, f32 of the same shape. With guidance both branches are one batch.
    pub(super) fn predict(&self, latents: &Tensor, timestep: f32, guided: bool) -> Result<Tensor> {
        if !guided || self.embedded.is_some() || (self.guidance - 1.0).abs() < f64::EPSILON {
            return self.call(latents, timestep, vec![self.conditional.clone()], std::slice::from_ref(&self.pooled));
        }
        let contexts = vec![self.unconditional.clone(), self.conditional.clone()];
        let pooled = [self.unconditional_pooled.clone(), self.pooled.clone()];
        let output = self.call(&Tensor::cat(&[latents, latents], 0)?, timestep, contexts, &pooled)?;
        let (without, with) = (output.narrow(0, 0, 1)?, output.narrow(0, 1, 1)?);
        Ok((&without + ((with - &without)? * self.guidance)?)?)
    }

    fn call(&self, latents: &Tensor, timestep: f32, contexts: Vec<SampleContext>, pooled: &[Option<Value>]) -> Result<Tensor> {
        let samples = contexts.len();
        let text_time = text_time(pooled, self.time_ids)?;
        let output = self.pipeline.unet().forward(&UnetInput {
            latents: &Value::constant(latents.to_dtype(self.pipeline.unet_dtype())?),
            timesteps: &vec![timestep; samples],
            context: &Context::PerSample(contexts),
            separation: self.separation.as_ref(),
            text_time: text_time.as_ref(),
            inpainting: self.inpainting,
            guidance: self.embedded,
            checkpoint_levels: 0,
        })?;
        Ok(output.into_tensor().to_dtype(DType::F32)?)
    }
}
