//! The down, middle and up blocks of the U-Net.

use std::sync::Arc;

use candle_core::bail;
use dedit_nn::autograd::{Value, checkpoint};
use dedit_nn::layers::{Conv2d, Layer, Visit, Visitor, join};
use dedit_nn::ops;

use super::context::Context;
use super::embedding::Embedding;
use super::separation::Separation;
use super::transformer::{BUSY, Transformer, TransformerShape};
use crate::Result;
use crate::build::{Build, ConvShape};
use crate::config::{BlockKind, UnetConfig};
use crate::resnet::{Resnet, ResnetShape};

/// The inputs of a call that all blocks share.
pub(super) struct Call<'a> {
    pub(super) time: &'a Value,
    pub(super) context: &'a Context,
    pub(super) separation: Option<&'a Separation>,
    /// Number of levels, from the outermost, with gradient checkpointing.
    pub(super) checkpoint_levels: usize,
}

/// A residual block, followed by a transformer on levels with cross-attention.
pub(super) struct Unit {
    resnet: Resnet,
    transformer: Option<Transformer>,
}

impl Unit {
    fn new(build: &Build, index: usize, inputs: usize, level: &Level, config: &UnetConfig) -> Result<Self> {
        let shape = ResnetShape {
            inputs,
            outputs: level.channels,
            groups: config.norm_num_groups,
            epsilon: config.norm_eps,
            time: Some(Embedding::width(config)),
        };
        let transformer = level.transformer.map(|shape| Transformer::new(&build.at(format!("attentions.{index}")), shape)).transpose()?;
        Ok(Self { resnet: Resnet::new(&build.at(format!("resnets.{index}")), shape)?, transformer })
    }

    /// Runs the unit, which belongs to `level`.
    fn forward(self: &Arc<Self>, x: &Value, call: &Call<'_>, level: usize) -> Result<Value> {
        if level >= call.checkpoint_levels {
            return self.run(x, call.time, call.context, call.separation);
        }
        let (unit, context, separation) = (self.clone(), call.context.clone(), call.separation.cloned());
        let mut inputs = vec![x, call.time];
        inputs.extend(call.context.values());
        let output = checkpoint(&inputs, move |inputs| {
            let context = context.with_values(&inputs[2..]);
            unit.run(&inputs[0], &inputs[1], &context, separation.as_ref()).map_err(candle_core::Error::wrap)
        })?;
        Ok(output)
    }

    fn run(&self, x: &Value, time: &Value, context: &Context, separation: Option<&Separation>) -> Result<Value> {
        let hidden = self.resnet.forward(x, Some(time))?;
        match &self.transformer {
            Some(transformer) => transformer.forward(&hidden, context, separation),
            None => Ok(hidden),
        }
    }
}

/// Visits unit `index` of a block.
fn visit_unit(unit: &mut Arc<Unit>, path: &str, index: usize, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
    let Some(unit) = Arc::get_mut(unit) else { bail!("{BUSY}") };
    unit.resnet.visit(&join(path, format!("resnets.{index}")), visitor)?;
    match &mut unit.transformer {
        Some(transformer) => transformer.visit(&join(path, format!("attentions.{index}")), visitor),
        None => Ok(()),
    }
}

/// Sizes of a level.
#[derive(Clone, Copy)]
pub(super) struct Level {
    pub(super) channels: usize,
    pub(super) transformer: Option<TransformerShape>,
}

impl Level {
    pub(super) fn new(config: &UnetConfig, level: usize, kind: BlockKind) -> Self {
        let channels = config.block_out_channels[level];
        let shape = TransformerShape {
            channels,
            heads: config.num_attention_heads[level],
            blocks: config.transformer_layers_per_block[level],
            context: config.cross_attention_dim[level],
            groups: config.norm_num_groups,
            linear: config.use_linear_projection,
        };
        Self { channels, transformer: (kind == BlockKind::CrossAttention).then_some(shape) }
    }
}

/// A level on the way down.
pub(super) struct DownBlock {
    index: usize,
    units: Vec<Arc<Unit>>,
    downsampler: Option<Conv2d>,
}

impl DownBlock {
    /// Appends the channels of every output to `skips`, for the up blocks.
    pub(super) fn new(build: &Build, config: &UnetConfig, index: usize, skips: &mut Vec<usize>) -> Result<Self> {
        let level = Level::new(config, index, config.down_block_types[index]);
        let mut inputs = skips.last().copied().unwrap_or(level.channels);
        let mut units = Vec::new();
        for i in 0..config.layers_per_block[index] {
            units.push(Arc::new(Unit::new(build, i, inputs, &level, config)?));
            inputs = level.channels;
            skips.push(level.channels);
        }
        let last = index + 1 == config.block_out_channels.len();
        let shape = ConvShape { inputs, outputs: inputs, kernel: 3, stride: 2, pad: config.downsample_padding };
        let downsampler = if last { None } else { Some(build.conv("downsamplers.0.conv", shape)?) };
        if !last {
            skips.push(level.channels);
        }
        Ok(Self { index, units, downsampler })
    }

    pub(super) fn forward(&self, mut x: Value, call: &Call<'_>, skips: &mut Vec<Value>) -> Result<Value> {
        for unit in &self.units {
            x = unit.forward(&x, call, self.index)?;
            skips.push(x.clone());
        }
        if let Some(downsampler) = &self.downsampler {
            x = downsampler.forward(&x)?;
            skips.push(x.clone());
        }
        Ok(x)
    }
}

impl Visit for DownBlock {
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
        for (i, unit) in self.units.iter_mut().enumerate() {
            visit_unit(unit, path, i, visitor)?;
        }
        match &mut self.downsampler {
            Some(downsampler) => visitor(&join(path, "downsamplers.0.conv"), Layer::Conv2d(downsampler)),
            None => Ok(()),
        }
    }
}

/// The middle: a residual block, a transformer, a residual block.
pub(super) struct MidBlock {
    index: usize,
    units: [Arc<Unit>; 2],
}

impl MidBlock {
    pub(super) fn new(build: &Build, config: &UnetConfig) -> Result<Self> {
        let index = config.block_out_channels.len() - 1;
        let with = Level::new(config, index, BlockKind::CrossAttention);
        let without = Level { transformer: None, ..with };
        let unit = |i, level| Ok::<_, crate::Error>(Arc::new(Unit::new(build, i, with.channels, level, config)?));
        Ok(Self { index, units: [unit(0, &with)?, unit(1, &without)?] })
    }

    pub(super) fn forward(&self, x: &Value, call: &Call<'_>) -> Result<Value> {
        self.units[1].forward(&self.units[0].forward(x, call, self.index)?, call, self.index)
    }
}

impl Visit for MidBlock {
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
        self.units.iter_mut().enumerate().try_for_each(|(i, unit)| visit_unit(unit, path, i, visitor))
    }
}

/// A level on the way up: each unit takes one more output of the way down (skip connection).
pub(super) struct UpBlock {
    level: usize,
    units: Vec<Arc<Unit>>,
    upsampler: Option<Conv2d>,
}

impl UpBlock {
    /// `index` counts in order of execution; `inputs` are the output channels of the block before; skip connections are taken from the end of `skips`.
    pub(super) fn new(build: &Build, config: &UnetConfig, index: usize, mut inputs: usize, skips: &mut Vec<usize>) -> Result<Self> {
        let level = config.block_out_channels.len() - 1 - index;
        let shape = Level::new(config, level, config.up_block_types[index]);
        let mut units = Vec::new();
        for i in 0..=config.layers_per_block[level] {
            let skip = skips.pop().unwrap_or(0);
            units.push(Arc::new(Unit::new(build, i, inputs + skip, &shape, config)?));
            inputs = shape.channels;
        }
        let upsampler =
            if level == 0 { None } else { Some(build.conv("upsamplers.0.conv", ConvShape::same(shape.channels, shape.channels))?) };
        Ok(Self { level, units, upsampler })
    }

    pub(super) fn forward(&self, mut x: Value, call: &Call<'_>, skips: &mut Vec<Value>) -> Result<Value> {
        for unit in &self.units {
            let Some(skip) = skips.pop() else { return Err(crate::Error::usage("the way up of this U-Net is longer than its way down")) };
            x = unit.forward(&ops::cat_channels(&x, &skip)?, call, self.level)?;
        }
        let Some(upsampler) = &self.upsampler else { return Ok(x) };
        // Half of an odd size is rounded up, so doubling it gives one row or column too many.
        let size = skips.last().map_or([0, 0], |skip| [skip.dims()[1], skip.dims()[2]]);
        Ok(upsampler.forward(&ops::crop(&ops::upsample2(&x)?, size)?)?)
    }
}

impl Visit for UpBlock {
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
        for (i, unit) in self.units.iter_mut().enumerate() {
            visit_unit(unit, path, i, visitor)?;
        }
        match &mut self.upsampler {
            Some(upsampler) => visitor(&join(path, "upsamplers.0.conv"), Layer::Conv2d(upsampler)),
            None => Ok(()),
        }
    }
}
