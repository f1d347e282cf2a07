//! `MobileSAM`'s image encoder, `TinyViT` (Wu et al. 2022, arXiv 2207.10666), with batch norms in evaluation mode, folded into the convolutions.

use candle_core::{DType, Result, Tensor};
use dedit_nn::layers::{Conv2d, DepthwiseConv, LayerNorm, Linear, ScoreBias, biased_attention};

use crate::error::internal;
use crate::layers::{add, conv, gelu, linear, linear_onto, norm};
use crate::neck::Neck;
use crate::vit::{partition, unite};
use crate::weights::Scope;

/// ε of batch norms and layer norms.
const EPSILON: f64 = 1e-5;
/// How much smaller each stage's picture is than the one before; the last two have one size.
const STRIDES: [usize; 3] = [2, 2, 1];

/// The encoder.
#[derive(Debug)]
pub(crate) struct TinyViT {
    stem: [Conv2d; 2],
    bottlenecks: Vec<Bottleneck>,
    /// Before each stage of attention: what makes the picture smaller.
    stages: Vec<(Merging, Vec<Block>)>,
    neck: Neck,
}

impl TinyViT {
    pub(crate) fn new(scope: &Scope<'_>) -> dedit_edit::Result<Self> {
        let stem = scope.at("patch_embed.seq");
        let first = scope.at("layers.0");
        let bottlenecks = (0..first.count("blocks")).map(|index| Bottleneck::new(&first.at("blocks").at(index)));
        let bottlenecks = bottlenecks.collect::<dedit_edit::Result<Vec<_>>>()?;
        let stage = |(index, stride): (usize, &usize)| {
            let stage = scope.at("layers").at(index + 1);
            let blocks = (0..stage.count("blocks")).map(|block| Block::new(&stage.at("blocks").at(block)));
            let merging = Merging::new(&scope.at("layers").at(index).at("downsample"), *stride)?;
            Ok((merging, blocks.collect::<dedit_edit::Result<Vec<_>>>()?))
        };
        let stages = STRIDES.iter().enumerate().map(stage).collect::<dedit_edit::Result<Vec<_>>>()?;
        let stem = [folded(&stem.at(0), 2, 1)?, folded(&stem.at(2), 2, 1)?];
        Ok(Self { stem, bottlenecks, stages, neck: Neck::new(&scope.at("neck"))? })
    }

    /// Pixels along a side of a patch: what the strides make of the picture.
    pub(crate) fn patch() -> usize {
        4 * STRIDES.iter().product::<usize>()
    }

    /// Blocks, each a step of the progress.
    pub(crate) fn steps(&self) -> usize {
        self.bottlenecks.len() + self.stages.iter().map(|(_, blocks)| blocks.len()).sum::<usize>()
    }

    /// `[1, side, side, 3]` to `[1, side / 16, side / 16, out]`; `step` is called before each block.
    pub(crate) fn forward(&self, x: &Tensor, step: &mut dyn FnMut() -> Result<()>) -> Result<Tensor> {
        let mut x = conv(&self.stem[1], &gelu(&conv(&self.stem[0], x)?)?)?;
        for block in &self.bottlenecks {
            step()?;
            x = block.forward(&x)?;
        }
        for (merging, blocks) in &self.stages {
            x = merging.forward(&x)?;
            for block in blocks {
                step()?;
                x = block.forward(&x)?;
            }
        }
        self.neck.forward(&x)
    }
}

/// A convolution's weight and the bias that its batch norm becomes.
fn folded_weights(scope: &Scope<'_>) -> dedit_edit::Result<(Tensor, Tensor)> {
    let (weight, bn) = (scope.at("c").wide("weight", 4)?, scope.at("bn"));
    let [gamma, beta, mean, variance] =
        [bn.wide("weight", 1)?, bn.wide("bias", 1)?, bn.wide("running_mean", 1)?, bn.wide("running_var", 1)?];
    let outputs = weight.dims()[0];
    scope.expect([&gamma, &beta, &mean, &variance].iter().all(|tensor| tensor.dims() == [outputs]))?;
    let fold = || {
        let scale = (gamma.to_dtype(DType::F32)? / (variance.to_dtype(DType::F32)? + EPSILON)?.sqrt()?)?;
        let bias = (beta.to_dtype(DType::F32)? - (mean.to_dtype(DType::F32)? * &scale)?)?;
        let weight = weight.to_dtype(DType::F32)?.broadcast_mul(&scale.reshape((outputs, 1, 1, 1))?)?;
        Ok((weight, bias))
    };
    fold().map_err(internal)
}

fn folded(scope: &Scope<'_>, stride: usize, pad: usize) -> dedit_edit::Result<Conv2d> {
    let (weight, bias) = folded_weights(scope)?;
    scope.expect(weight.dims()[2] == 2 * pad + 1)?;
    Conv2d::new(&weight, Some(&bias), stride, pad).map_err(internal)
}

fn folded_depthwise(scope: &Scope<'_>, stride: usize) -> dedit_edit::Result<DepthwiseConv> {
    let (weight, bias) = folded_weights(scope)?;
    scope.expect(weight.dims()[1..] == [1, 3, 3])?;
    DepthwiseConv::new(&weight, &bias, stride).map_err(internal)
}

/// An inverted bottleneck (Sandler et al. 2018, arXiv 1801.04381).
#[derive(Debug)]
struct Bottleneck {
    up: Conv2d,
    middle: DepthwiseConv,
    down: Conv2d,
}

impl Bottleneck {
    fn new(scope: &Scope<'_>) -> dedit_edit::Result<Self> {
        let (up, down) = (folded(&scope.at("conv1"), 1, 0)?, folded(&scope.at("conv3"), 1, 0)?);
        Ok(Self { up, middle: folded_depthwise(&scope.at("conv2"), 1)?, down })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let hidden = gelu(&self.middle.forward(&gelu(&conv(&self.up, x)?)?)?)?;
        gelu(&add(x, &conv(&self.down, &hidden)?)?)
    }
}

/// Makes the picture smaller between stages.
#[derive(Debug)]
struct Merging {
    first: Conv2d,
    middle: DepthwiseConv,
    last: Conv2d,
}

impl Merging {
    fn new(scope: &Scope<'_>, stride: usize) -> dedit_edit::Result<Self> {
        let (first, last) = (folded(&scope.at("conv1"), 1, 0)?, folded(&scope.at("conv3"), 1, 0)?);
        Ok(Self { first, middle: folded_depthwise(&scope.at("conv2"), stride)?, last })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let hidden = self.middle.forward(&gelu(&conv(&self.first, x)?)?)?;
        conv(&self.last, &gelu(&hidden)?)
    }
}

/// Attention in windows, a local convolution, and an MLP.
#[derive(Debug)]
struct Block {
    before_attention: LayerNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    /// `[heads, side², side²]`.
    bias: Tensor,
    local: DepthwiseConv,
    before_mlp: LayerNorm,
    up: Linear,
    down: Linear,
    heads: usize,
    /// Side of a window.
    side: usize,
}

impl Block {
    fn new(scope: &Scope<'_>) -> dedit_edit::Result<Self> {
        let attention = scope.at("attn");
        let offsets = attention.wide("attention_biases", 2)?;
        let (heads, count) = (offsets.dims()[0], offsets.dims()[1]);
        let side = count.isqrt();
        let qkv = attention.at("qkv").tensor("weight", 2)?;
        let channels = qkv.dims()[1];
        attention.expect(side * side == count && qkv.dims()[0] == 3 * channels && channels.is_multiple_of(heads))?;
        let [q, k, v] = split(&attention.at("qkv"), heads)?;
        Ok(Self {
            before_attention: attention.at("norm").norm(EPSILON)?,
            q,
            k,
            v,
            out: attention.at("proj").linear()?,
            bias: spread(&offsets, side).map_err(internal)?,
            local: folded_depthwise(&scope.at("local_conv"), 1)?,
            before_mlp: scope.at("mlp.norm").norm(EPSILON)?,
            up: scope.at("mlp.fc1").linear()?,
            down: scope.at("mlp.fc2").linear()?,
            heads,
            side,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (_, height, _, channels) = x.dims4()?;
        let windows = partition(x, self.side)?;
        let count = windows.dims()[0];
        let normed = norm(&self.before_attention, &windows.reshape((count, self.side * self.side, channels))?)?;
        let (q, k, v) = (linear(&self.q, &normed)?, linear(&self.k, &normed)?, linear(&self.v, &normed)?);
        let attended = biased_attention(&q, &k, &v, self.heads, ScoreBias::PerHead(&self.bias))?;
        let attended = linear(&self.out, &attended)?.reshape((count, self.side, self.side, channels))?;
        let x = self.local.forward(&add(x, &unite(&attended, height)?)?)?;
        let hidden = gelu(&linear(&self.up, &norm(&self.before_mlp, &x)?)?)?;
        linear_onto(&self.down, &hidden, &x)
    }
}

/// The projections to queries, keys and values: the rows of the joint one go head by head.
fn split(scope: &Scope<'_>, heads: usize) -> dedit_edit::Result<[Linear; 3]> {
    let (weight, bias) = (scope.tensor("weight", 2)?, scope.tensor("bias", 1)?);
    let channels = weight.dims()[1];
    let width = channels / heads;
    scope.expect(bias.dims() == [3 * channels])?;
    let part = |index: usize| {
        let rows = weight.reshape((heads, 3, width, channels))?.narrow(1, index, 1)?.contiguous()?.reshape((channels, channels))?;
        let bias = bias.reshape((heads, 3, width))?.narrow(1, index, 1)?.contiguous()?.flatten_all()?;
        Linear::new(&rows, Some(&bias))
    };
    let all = || Ok([part(0)?, part(1)?, part(2)?]);
    all().map_err(internal)
}

/// The bias of every pair of a window's pixels, from that of every distance: `[heads, rows · side + columns]` to `[heads, side², side²]`.
fn spread(offsets: &Tensor, side: usize) -> Result<Tensor> {
    let pixels = side * side;
    let place = |pair: usize| {
        let (a, b) = (pair / pixels, pair % pixels);
        ((a / side).abs_diff(b / side) * side + (a % side).abs_diff(b % side)) as u32
    };
    let index = Tensor::from_vec((0..pixels * pixels).map(place).collect::<Vec<_>>(), pixels * pixels, offsets.device())?;
    offsets.index_select(&index, 1)?.reshape((offsets.dims()[0], pixels, pixels))
}
