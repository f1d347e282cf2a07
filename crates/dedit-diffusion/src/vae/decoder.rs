//! The decoder, from latents to a picture.

use candle_core::Tensor;
use dedit_nn::autograd::Value;
use dedit_nn::layers::{Conv2d, FixedStatistics, GroupNorm};

use super::blocks::{EPSILON, Level, Middle};
use super::norms::Norms;
use super::tiles::{Tile, Tiling, patches, tiles};
use crate::Result;
use crate::build::{Build, ConvShape};
use crate::config::VaeConfig;

/// The decoder.
pub(super) struct Decoder {
    post_quant_conv: Option<Conv2d>,
    conv_in: Conv2d,
    middle: Middle,
    levels: Vec<Level>,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
    /// Radius of the levels' receptive field in latent pixels.
    reach: usize,
    factor: usize,
    channels: usize,
}

impl Decoder {
    pub(super) fn new(root: &Build, config: &VaeConfig) -> Result<Self> {
        let build = root.at("decoder");
        let channels: Vec<usize> = config.block_out_channels.iter().rev().copied().collect();
        let latents = config.latent_channels;
        let levels = channels
            .iter()
            .enumerate()
            .map(|(i, &outputs)| {
                let inputs = channels[i.saturating_sub(1)];
                Level::up(&build.at(format!("up_blocks.{i}")), config, inputs, outputs, i + 1 == channels.len())
            })
            .collect::<Result<_>>()?;
        let (inner, outer) = (channels[0], channels[channels.len() - 1]);
        Ok(Self {
            post_quant_conv: if config.use_post_quant_conv {
                Some(root.conv("post_quant_conv", ConvShape::pointwise(latents, latents))?)
            } else {
                None
            },
            conv_in: build.conv("conv_in", ConvShape::same(latents, inner))?,
            middle: Middle::new(&build.at("mid_block"), config, inner)?,
            levels,
            conv_norm_out: build.group_norm("conv_norm_out", outer, config.norm_num_groups, EPSILON)?,
            conv_out: build.conv("conv_out", ConvShape::same(outer, config.out_channels))?,
            reach: reach(config.layers_per_block + 1, channels.len()),
            factor: config.pixels_per_latent(),
            channels: config.out_channels,
        })
    }

    /// `[batch, height, width, latent channels]` to `[batch, height · factor, width · factor, 3]`.
    pub(super) fn run(&self, latents: &Value, tiling: Tiling) -> Result<Value> {
        let x = match &self.post_quant_conv {
            Some(conv) => conv.forward(latents)?,
            None => latents.clone(),
        };
        // The middle block is not tiled: its attention needs the whole picture, and at latent size it is cheap.
        let x = self.middle.run(&self.conv_in.forward(&x)?)?;
        let (_, height, width, _) = x.tensor().dims4()?;
        if !tiling.splits(height, width, self.reach) {
            return self.levels_up(x, &mut Norms::Own);
        }
        Ok(self.tiled(x.tensor(), tiling)?.into())
    }

    /// The levels, from latent size to the picture.
    fn levels_up(&self, x: Value, norms: &mut Norms<'_>) -> Result<Value> {
        let x = self.levels.iter().try_fold(x, |x, level| level.run_up(x, norms))?;
        Ok(self.conv_out.forward(&norms.silu(&self.conv_norm_out, &x)?)?)
    }

    /// The same tile by tile with shared norm statistics, so that a pixel does not depend on its tile.
    fn tiled(&self, x: &Tensor, tiling: Tiling) -> Result<Tensor> {
        let (batch, height, width, _) = x.dims4()?;
        let mut pictures = Vec::with_capacity(batch);
        for sample in 0..batch {
            let x = x.narrow(0, sample, 1)?;
            let mut statistics: Vec<FixedStatistics> = Vec::new();
            self.levels_up(patches(&x, tiling, 1)?.into(), &mut Norms::Measure(&mut statistics))?;
            let mut rows = Vec::new();
            for row in tiles(height, tiling, self.reach) {
                let mut parts = Vec::new();
                for column in tiles(width, tiling, self.reach) {
                    let piece = column.cut(&row.cut(&x, 1)?, 2)?.contiguous()?;
                    let piece = self.levels_up(piece.into(), &mut Norms::Fixed(statistics.iter()))?;
                    parts.push(self.keep(&self.keep(piece.tensor(), row, 1)?, column, 2)?);
                }
                rows.push(Tensor::cat(&parts, 2)?);
            }
            pictures.push(Tensor::cat(&rows, 1)?.reshape((1, height * self.factor, width * self.factor, self.channels))?);
        }
        Ok(Tensor::cat(&pictures, 0)?)
    }

    fn keep(&self, x: &Tensor, tile: Tile, dim: usize) -> Result<Tensor> {
        Ok(x.narrow(dim, tile.before * self.factor, tile.size * self.factor)?)
    }
}

/// Radius of the receptive field of an output pixel in pixels of the innermost level, rounded up: two convolutions per block and one after each upsampling.
fn reach(blocks: usize, levels: usize) -> usize {
    let mut reach = 0.0;
    for level in 0..levels {
        let pixel = 1.0 / (1u64 << level) as f64;
        reach += (2 * blocks) as f64 * pixel;
        reach += pixel / if level + 1 == levels { 1.0 } else { 2.0 };
    }
    reach.ceil() as usize + 1
}
