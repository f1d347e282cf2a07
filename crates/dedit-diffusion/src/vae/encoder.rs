//! The encoder, from a picture to the distribution of its latents.

use candle_core::Tensor;
use dedit_nn::autograd::Value;
use dedit_nn::layers::{Conv2d, FixedStatistics, GroupNorm};

use super::blocks::{EPSILON, Level, Middle};
use super::norms::Norms;
use super::tiles::{Tiling, patches, tiles};
use crate::Result;
use crate::build::{Build, ConvShape};
use crate::config::VaeConfig;

/// The encoder.
pub(super) struct Encoder {
    conv_in: Conv2d,
    levels: Vec<Level>,
    middle: Middle,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
    quant_conv: Option<Conv2d>,
    /// Radius of the levels' receptive field in latent pixels.
    reach: usize,
    factor: usize,
}

impl Encoder {
    pub(super) fn new(root: &Build, config: &VaeConfig) -> Result<Self> {
        let build = root.at("encoder");
        let channels = &config.block_out_channels;
        let moments = 2 * config.latent_channels;
        let levels = channels
            .iter()
            .enumerate()
            .map(|(i, &outputs)| {
                let inputs = channels[i.saturating_sub(1)];
                Level::down(&build.at(format!("down_blocks.{i}")), config, inputs, outputs, i + 1 == channels.len())
            })
            .collect::<Result<_>>()?;
        let inner = channels[channels.len() - 1];
        let factor = config.pixels_per_latent();
        Ok(Self {
            conv_in: build.conv("conv_in", ConvShape::same(config.in_channels, channels[0]))?,
            levels,
            middle: Middle::new(&build.at("mid_block"), config, inner)?,
            conv_norm_out: build.group_norm("conv_norm_out", inner, config.norm_num_groups, EPSILON)?,
            conv_out: build.conv("conv_out", ConvShape::same(inner, moments))?,
            quant_conv: if config.use_quant_conv { Some(root.conv("quant_conv", ConvShape::pointwise(moments, moments))?) } else { None },
            reach: reach(config.layers_per_block, channels.len()).div_ceil(factor),
            factor,
        })
    }

    /// `[batch, height, width, 3]` in `[-1, 1]` to mean and logarithm of the variance, `[batch, height / factor, width / factor, 2 · channels]`.
    pub(super) fn run(&self, picture: &Value, tiling: Tiling) -> Result<Value> {
        let (_, height, width, _) = picture.tensor().dims4()?;
        let x = if tiling.splits(height / self.factor, width / self.factor, self.reach) {
            self.tiled(picture.tensor(), tiling)?.into()
        } else {
            self.levels_down(picture, &mut Norms::Own)?
        };
        // The middle block is not tiled: its attention needs the whole picture, and at latent size it is cheap.
        let x = self.middle.run(&x)?;
        let moments = self.conv_out.forward(&self.conv_norm_out.forward_silu(&x)?)?;
        self.quant_conv.as_ref().map_or(Ok(moments.clone()), |conv| Ok(conv.forward(&moments)?))
    }

    /// The levels, from the picture to latent size.
    fn levels_down(&self, picture: &Value, norms: &mut Norms<'_>) -> Result<Value> {
        self.levels.iter().try_fold(self.conv_in.forward(picture)?, |x, level| level.run_down(x, norms))
    }

    /// The same tile by tile with shared norm statistics. Tiles begin at latent pixels, so that downsampling uses the same pixels as for the whole picture.
    fn tiled(&self, picture: &Tensor, tiling: Tiling) -> Result<Tensor> {
        let (batch, height, width, _) = picture.dims4()?;
        let mut samples = Vec::with_capacity(batch);
        for sample in 0..batch {
            let picture = picture.narrow(0, sample, 1)?;
            let mut statistics: Vec<FixedStatistics> = Vec::new();
            self.levels_down(&patches(&picture, tiling, self.factor)?.into(), &mut Norms::Measure(&mut statistics))?;
            let mut rows = Vec::new();
            for row in tiles(height / self.factor, tiling, self.reach) {
                let mut parts = Vec::new();
                for column in tiles(width / self.factor, tiling, self.reach) {
                    let piece = column.scaled(self.factor).cut(&row.scaled(self.factor).cut(&picture, 1)?, 2)?.contiguous()?;
                    let piece = self.levels_down(&piece.into(), &mut Norms::Fixed(statistics.iter()))?;
                    parts.push(piece.tensor().narrow(1, row.before, row.size)?.narrow(2, column.before, column.size)?);
                }
                rows.push(Tensor::cat(&parts, 2)?);
            }
            samples.push(Tensor::cat(&rows, 1)?);
        }
        Ok(Tensor::cat(&samples, 0)?)
    }
}

/// Radius of the receptive field of a latent pixel in picture pixels: two convolutions per block, one before each downsampling, one at the start.
fn reach(blocks: usize, levels: usize) -> usize {
    (0..levels).map(|level| (2 * blocks + 2) << level).sum::<usize>() + 1
}
