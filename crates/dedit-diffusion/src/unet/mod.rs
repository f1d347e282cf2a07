//! The denoiser: a U-Net with cross-attention to text (Rombach et al. 2021, arXiv 2112.10752), as diffusers' `UNet2DConditionModel`.

mod blocks;
mod context;
mod embedding;
mod inpainting;
mod separation;
mod transformer;

use candle_core::{DType, Device};
use dedit_nn::autograd::Value;
use dedit_nn::layers::{Conv2d, GroupNorm, Layer, Visit, Visitor, join};
use dedit_nn::ops;

use self::blocks::{Call, DownBlock, MidBlock, UpBlock};
pub use self::context::{Context, Region, SampleContext};
use self::embedding::Embedding;
pub use self::embedding::{TextTimeInput, sinusoids};
pub use self::inpainting::Inpainting;
pub use self::separation::Separation;
use crate::build::{Build, ConvShape};
use crate::config::{self, BlockKind, UnetConfig};
use crate::weights::Component;
use crate::{Error, Result};

/// The denoiser.
pub struct Unet {
    config: UnetConfig,
    embedding: Embedding,
    conv_in: Conv2d,
    down_blocks: Vec<DownBlock>,
    mid_block: Option<MidBlock>,
    up_blocks: Vec<UpBlock>,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
    /// The precision that it computes in.
    dtype: DType,
}

/// The inputs of one call of the U-Net.
#[derive(Clone)]
pub struct UnetInput<'a> {
    /// Noisy latents, `[batch, channels, height, width]`, of any height and width.
    pub latents: &'a Value,
    /// One timestep per sample.
    pub timesteps: &'a [f32],
    /// The text that the cross-attentions attend to.
    pub context: &'a Context,
    /// Pixels that do not attend to each other in self-attention.
    pub separation: Option<&'a Separation>,
    /// SDXL's pooled text and sizes.
    pub text_time: Option<&'a TextTimeInput>,
    /// The mask and the masked picture; for U-Nets for inpainting, and only for these.
    pub inpainting: Option<&'a Inpainting>,
    /// The guidance scale, an input only of LCM-distilled checkpoints.
    pub guidance: Option<f64>,
    /// Gradient checkpointing: number of levels, from the outermost, which needs the most memory, that are computed again in the backward pass.
    pub checkpoint_levels: usize,
}

impl Unet {
    /// Builds the U-Net on `device`.
    ///
    /// # Errors
    /// When a tensor is missing or has the wrong shape, or the checkpoint has tensors that the network does not use.
    pub fn new(component: &Component<UnetConfig>, device: &Device) -> Result<Self> {
        let unet = Self::build(&Build::new(component.weights.root(), device), component.config.clone())?;
        component.weights.finish()?;
        Ok(unet)
    }

    /// A U-Net of the given sizes with random weights stored as `dtype`: for measuring speed and memory without a checkpoint.
    pub fn random(config: UnetConfig, dtype: DType, device: &Device) -> Result<Self> {
        Self::build(&Build::random(dtype, device), config)
    }

    fn build(build: &Build, config: UnetConfig) -> Result<Self> {
        let channels = config.block_out_channels.clone();
        let (Some(&first), Some(&last)) = (channels.first(), channels.last()) else {
            return Err(Error::model("a U-Net without levels"));
        };
        let mut skips = vec![first];
        let down_blocks = (0..channels.len())
            .map(|i| DownBlock::new(&build.at(format!("down_blocks.{i}")), &config, i, &mut skips))
            .collect::<Result<_>>()?;
        let mid_block = match config.mid_block_type {
            config::MidBlock::CrossAttention => Some(MidBlock::new(&build.at("mid_block"), &config)?),
            config::MidBlock::Absent => None,
        };
        let mut inputs = last;
        let mut up_blocks = Vec::new();
        for (i, &outputs) in channels.iter().rev().enumerate() {
            up_blocks.push(UpBlock::new(&build.at(format!("up_blocks.{i}")), &config, i, inputs, &mut skips)?);
            inputs = outputs;
        }
        Ok(Self {
            embedding: Embedding::new(build, &config)?,
            conv_in: build.conv("conv_in", ConvShape::same(config.in_channels, first))?,
            down_blocks,
            mid_block,
            up_blocks,
            conv_norm_out: build.group_norm("conv_norm_out", first, config.norm_num_groups, config.norm_eps)?,
            conv_out: build.conv("conv_out", ConvShape::same(first, config.out_channels))?,
            dtype: build.compute_dtype("conv_in.bias", first)?,
            config,
        })
    }

    /// Its configuration.
    pub fn config(&self) -> &UnetConfig {
        &self.config
    }

    /// The (height, width) of every resolution with cross-attention, for latents of the given size, largest first.
    pub fn attention_sizes(&self, height: usize, width: usize) -> Vec<(usize, usize)> {
        let levels = self.config.block_out_channels.len();
        let mut size = (height, width);
        let mut sizes = Vec::new();
        for level in 0..levels {
            let up = self.config.up_block_types[levels - 1 - level];
            let middle = level + 1 == levels && self.mid_block.is_some();
            if middle || [self.config.down_block_types[level], up].contains(&BlockKind::CrossAttention) {
                sizes.push(size);
            }
            if level + 1 < levels {
                size = (size.0.div_ceil(2), size.1.div_ceil(2));
            }
        }
        sizes
    }

    /// Predicts noise, or what else the checkpoint was trained to predict, for a batch: `[batch, channels, height, width]` f32.
    pub fn forward(&self, input: &UnetInput<'_>) -> Result<Value> {
        let (batch, channels, _, _) = input.latents.tensor().dims4()?;
        let wanted = self.config.latent_channels();
        if channels != wanted {
            return Err(Error::usage(format!("the latents have {channels} channels, this U-Net takes {wanted}")));
        }
        if input.inpainting.is_some() != self.config.is_inpainting() {
            let (is, given) = if self.config.is_inpainting() { ("for inpainting", "no") } else { ("not for inpainting", "a") };
            return Err(Error::usage(format!("this U-Net is {is} and was given {given} mask")));
        }
        if input.timesteps.len() != batch {
            return Err(Error::usage(format!("{batch} latents were given {} timesteps", input.timesteps.len())));
        }
        input.context.check(batch)?;
        let latents = ops::to_dtype(input.latents, self.dtype)?;
        let context = input.context.to_dtype(self.dtype)?;
        let time = self.embedding.forward(input.timesteps, input.guidance, input.text_time, latents.tensor())?;
        let call = Call { time: &time, context: &context, separation: input.separation, checkpoint_levels: input.checkpoint_levels };
        let latents = ops::channels_last(&latents)?;
        let latents = input.inpainting.map_or(Ok(latents.clone()), |inpainting| inpainting.append(&latents))?;
        let mut x = self.conv_in.forward(&latents)?;
        let mut skips = vec![x.clone()];
        for block in &self.down_blocks {
            x = block.forward(x, &call, &mut skips)?;
        }
        if let Some(block) = &self.mid_block {
            x = block.forward(&x, &call)?;
        }
        for block in &self.up_blocks {
            x = block.forward(x, &call, &mut skips)?;
        }
        let out = ops::channels_first(&self.conv_out.forward(&self.conv_norm_out.forward_silu(&x)?)?)?;
        Ok(ops::to_dtype(&out, DType::F32)?)
    }
}

impl Visit for Unet {
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
        self.embedding.visit(path, visitor)?;
        visitor(&join(path, "conv_in"), Layer::Conv2d(&mut self.conv_in))?;
        for (i, block) in self.down_blocks.iter_mut().enumerate() {
            block.visit(&join(path, format!("down_blocks.{i}")), visitor)?;
        }
        if let Some(block) = &mut self.mid_block {
            block.visit(&join(path, "mid_block"), visitor)?;
        }
        for (i, block) in self.up_blocks.iter_mut().enumerate() {
            block.visit(&join(path, format!("up_blocks.{i}")), visitor)?;
        }
        visitor(&join(path, "conv_norm_out"), Layer::GroupNorm(&mut self.conv_norm_out))?;
        visitor(&join(path, "conv_out"), Layer::Conv2d(&mut self.conv_out))
    }
}
