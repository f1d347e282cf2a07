//! Predictions of the denoiser with classifier-free guidance (Ho & Salimans 2022, arXiv 2207.12598).

use candle_core::{DType, Tensor};
use dedit_nn::autograd::Value;

use super::prompt::{EncodedPrompt, repeat};
use super::{GenerateRequest, Pipeline};
use crate::Result;
use crate::unet::{Context, Inpainting, SampleContext, TextTimeInput, UnetInput};

/// The denoiser with its inputs that are the same for all steps.
pub(super) struct Guided<'a> {
    pipeline: &'a Pipeline,
    context: Context,
    text_time: Option<TextTimeInput>,
    inpainting: Option<Inpainting>,
    /// Batch size of one call: the number of pictures, twice that with guidance; the samples of the negative prompt come first.
    samples: usize,
    guidance: Option<f64>,
    /// Guidance as an input of the U-Net (latent consistency models, arXiv 2310.04378).
    embedded: Option<f64>,
}

impl<'a> Guided<'a> {
    pub(super) fn new(
        pipeline: &'a Pipeline,
        request: &GenerateRequest,
        prompt: &EncodedPrompt,
        negative: Option<&EncodedPrompt>,
    ) -> Result<Self> {
        let batch = request.batch;
        let branches = || negative.into_iter().chain([prompt]);
        let contexts: Vec<&Tensor> = branches().map(|text| &text.context).collect();
        let pooled = branches().filter_map(|text| text.pooled.as_ref()).map(|x| repeat(x, batch)).collect::<Result<Vec<_>>>()?;
        let samples = contexts.len() * batch;
        let text_time = if pooled.is_empty() {
            None
        } else {
            let (height, width) = (request.height as f32, request.width as f32);
            Some(TextTimeInput {
                pooled: Value::constant(Tensor::cat(&pooled, 0)?),
                time_ids: vec![[height, width, 0.0, 0.0, height, width]; samples],
            })
        };
        let inpainting = match &request.fill {
            Some(fill) => pipeline.inpainting(&((&fill.picture * 2.0)? - 1.0)?, &fill.mask)?,
            None => pipeline.inpainting_of_all(request.height, request.width)?,
        };
        Ok(Self {
            pipeline,
            context: context(&contexts, batch)?,
            text_time,
            inpainting,
            samples,
            guidance: negative.is_some().then_some(request.guidance),
            embedded: pipeline.unet.config().time_cond_proj_dim.is_some().then_some(request.guidance),
        })
    }

    /// The prediction for scaled latents `[batch, channels, height, width]` at a timestep, f32 of the same shape.
    pub(super) fn predict(&self, latents: &Tensor, timestep: f32) -> Result<Tensor> {
        let input = if self.guidance.is_some() { Tensor::cat(&[latents, latents], 0)? } else { latents.clone() };
        let output = self.pipeline.unet.forward(&UnetInput {
            latents: &Value::constant(input.to_dtype(self.pipeline.unet_dtype)?),
            timesteps: &vec![timestep; self.samples],
            context: &self.context,
            separation: None,
            text_time: self.text_time.as_ref(),
            inpainting: self.inpainting.as_ref(),
            guidance: self.embedded,
            checkpoint_levels: 0,
        })?;
        let output = output.into_tensor().to_dtype(DType::F32)?;
        let Some(guidance) = self.guidance else { return Ok(output) };
        let batch = self.samples / 2;
        let (negative, positive) = (output.narrow(0, 0, batch)?, output.narrow(0, batch, batch)?);
        Ok((&negative + ((positive - &negative)? * guidance)?)?)
    }
}

/// The context of `batch` pictures for each branch: of one tensor where the branches have as many tokens, else one by one.
fn context(branches: &[&Tensor], batch: usize) -> Result<Context> {
    if branches.windows(2).all(|pair| pair[0].dims() == pair[1].dims()) {
        let repeated = branches.iter().map(|text| repeat(text, batch)).collect::<Result<Vec<_>>>()?;
        return Ok(Context::Shared(Value::constant(Tensor::cat(&repeated, 0)?)));
    }
    let whole = |text: &&Tensor| SampleContext::Whole(Value::constant(Tensor::clone(text)));
    Ok(Context::PerSample(branches.iter().flat_map(|text| std::iter::repeat_n(whole(text), batch)).collect()))
}
