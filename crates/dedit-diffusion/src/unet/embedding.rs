//! Conditioning that is the same for every pixel: timestep, SDXL's pooled text and sizes, and the guidance of distilled checkpoints.

use candle_core::{Device, Tensor};
use dedit_nn::autograd::Value;
use dedit_nn::layers::{Layer, Linear, Visit, Visitor, join};
use dedit_nn::ops::{self, Activation};

use crate::build::Build;
use crate::config::UnetConfig;
use crate::{Error, Result};

/// SDXL's added conditioning.
#[derive(Clone)]
pub struct TextTimeInput {
    /// The pooled output of the second text encoder, `[batch, width]`.
    pub pooled: Value,
    /// Original height and width, crop top and left, target height and width, in pixels; one entry per sample.
    pub time_ids: Vec<[f32; 6]>,
}

/// Sinusoidal features of `values` (Vaswani et al. 2017; diffusers' `get_timestep_embedding`), `[values.len(), width]` f32. The exponents are divided by
/// the number of frequencies minus `shift` (`downscale_freq_shift`).
///
/// Angles are computed in f32 for any network: rounded to half precision they would not distinguish adjacent timesteps.
pub fn sinusoids(values: &[f32], width: usize, cosine_first: bool, shift: f64, device: &Device) -> Result<Tensor> {
    let half = width / 2;
    let mut rows = Vec::with_capacity(values.len() * width);
    for &value in values {
        let angle = |i: usize| {
            let exponent = -(10_000f32.ln()) * i as f32 / (half as f64 - shift) as f32;
            value * exponent.exp()
        };
        let (sines, cosines) = ((0..half).map(|i| angle(i).sin()), (0..half).map(|i| angle(i).cos()));
        if cosine_first {
            rows.extend(cosines.chain(sines));
        } else {
            rows.extend(sines.chain(cosines));
        }
        // An odd width is padded with a zero.
        rows.extend(std::iter::repeat_n(0.0, width % 2));
    }
    Ok(Tensor::from_vec(rows, (values.len(), width), device)?)
}

/// Two linear layers with a `SiLU` between them (diffusers' `TimestepEmbedding`).
struct Mlp {
    linear_1: Linear,
    linear_2: Linear,
}

impl Mlp {
    fn new(build: &Build, inputs: usize, width: usize) -> Result<Self> {
        Ok(Self { linear_1: build.linear("linear_1", inputs, width)?, linear_2: build.linear("linear_2", width, width)? })
    }

    fn forward(&self, x: &Value) -> Result<Value> {
        Ok(self.linear_2.forward(&ops::activate(&self.linear_1.forward(x)?, Activation::Silu)?)?)
    }
}

/// The U-Net's embedding of timestep, guidance and SDXL's added conditioning.
pub(super) struct Embedding {
    time: Mlp,
    guidance: Option<Linear>,
    added: Option<Mlp>,
    base: usize,
    cosine_first: bool,
    shift: f64,
    added_width: usize,
    added_inputs: usize,
}

impl Embedding {
    /// Width of the embedding: four times the first level's channels.
    pub(super) fn width(config: &UnetConfig) -> usize {
        4 * config.block_out_channels[0]
    }

    pub(super) fn new(build: &Build, config: &UnetConfig) -> Result<Self> {
        let base = config.block_out_channels[0];
        let width = Self::width(config);
        let time = build.at("time_embedding");
        let guidance = config.time_cond_proj_dim.map(|inputs| time.linear_no_bias("cond_proj", inputs, base)).transpose()?;
        let inputs = config.text_time.map_or(0, |text_time| text_time.projection_class_embeddings_input_dim);
        let added = if config.text_time.is_some() { Some(Mlp::new(&build.at("add_embedding"), inputs, width)?) } else { None };
        Ok(Self {
            time: Mlp::new(&time, base, width)?,
            guidance,
            added,
            base,
            cosine_first: config.flip_sin_to_cos,
            shift: config.freq_shift,
            added_width: config.text_time.map_or(0, |text_time| text_time.addition_time_embed_dim),
            added_inputs: inputs,
        })
    }

    /// The embedding after the `SiLU` that every residual block applies, `[batch, width]`.
    pub(super) fn forward(&self, timesteps: &[f32], guidance: Option<f64>, added: Option<&TextTimeInput>, like: &Tensor) -> Result<Value> {
        let features = |values: &[f32], width: usize| -> Result<Value> {
            Ok(sinusoids(values, width, self.cosine_first, self.shift, like.device())?.to_dtype(like.dtype())?.into())
        };
        let mut time = features(timesteps, self.base)?;
        if let (Some(projection), Some(guidance)) = (&self.guidance, guidance) {
            time = ops::add(&time, &projection.forward(&guidance_features(guidance, timesteps.len(), projection.inputs(), like)?)?)?;
        }
        let mut embedding = self.time.forward(&time)?;
        match (&self.added, added) {
            (Some(mlp), Some(input)) => {
                let numbers: Vec<f32> = input.time_ids.iter().flatten().copied().collect();
                let numbers = ops::reshape(&features(&numbers, self.added_width)?, &[timesteps.len(), 6 * self.added_width])?;
                let joined = ops::cat_channels(&ops::to_dtype(&input.pooled, like.dtype())?, &numbers)?;
                if joined.dims()[1] != self.added_inputs {
                    let (found, expected) = (input.pooled.dims()[1], self.added_inputs - 6 * self.added_width);
                    return Err(Error::usage(format!("the pooled text is {found} wide, this U-Net expects {expected}")));
                }
                embedding = ops::add(&embedding, &mlp.forward(&joined)?)?;
            }
            (Some(_), None) => return Err(Error::usage("this U-Net (SDXL) needs the pooled text and the picture's sizes")),
            (None, _) => {}
        }
        Ok(ops::activate(&embedding, Activation::Silu)?)
    }
}

/// Features of the guidance scale for LCM-distilled checkpoints (diffusers' `get_guidance_scale_embedding`), `[batch, width]`.
fn guidance_features(guidance: f64, batch: usize, width: usize, like: &Tensor) -> Result<Value> {
    let value = ((guidance - 1.0) * 1000.0) as f32;
    let features = sinusoids(&vec![value; batch], width, false, 1.0, like.device())?;
    Ok(features.to_dtype(like.dtype())?.into())
}

impl Visit for Embedding {
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
        let mut mlp = |name: &str, mlp: &mut Mlp| {
            visitor(&join(path, format!("{name}.linear_1")), Layer::Linear(&mut mlp.linear_1))?;
            visitor(&join(path, format!("{name}.linear_2")), Layer::Linear(&mut mlp.linear_2))
        };
        mlp("time_embedding", &mut self.time)?;
        if let Some(added) = &mut self.added {
            mlp("add_embedding", added)?;
        }
        if let Some(guidance) = &mut self.guidance {
            visitor(&join(path, "time_embedding.cond_proj"), Layer::Linear(guidance))?;
        }
        Ok(())
    }
}
