//! Blocks of the encoder and the decoder.

use dedit_nn::autograd::Value;
use dedit_nn::layers::{AttentionMask, Conv2d, GroupNorm, Linear, attention};
use dedit_nn::ops;

use super::norms::Norms;
use crate::Result;
use crate::build::{Build, ConvShape};
use crate::config::VaeConfig;
use crate::resnet::{Resnet, ResnetShape};

/// ε of every norm in the autoencoder.
pub(super) const EPSILON: f64 = 1e-6;

pub(super) fn resnet(build: &Build, config: &VaeConfig, inputs: usize, outputs: usize) -> Result<Resnet> {
    Resnet::new(build, ResnetShape { inputs, outputs, groups: config.norm_num_groups, epsilon: EPSILON, time: None })
}

/// A residual block with the given norm statistics.
pub(super) fn run_resnet(block: &Resnet, x: &Value, norms: &mut Norms<'_>) -> Result<Value> {
    let hidden = block.conv1.forward(&norms.silu(&block.norm1, x)?)?;
    let hidden = norms.silu(&block.norm2, &hidden)?;
    match &block.conv_shortcut {
        Some(shortcut) => Ok(block.conv2.forward_onto(&hidden, Some(&shortcut.forward(x)?))?),
        None => Ok(block.conv2.forward_onto(&hidden, Some(x))?),
    }
}

/// The residual blocks of one level, and the downsampling or upsampling after them.
pub(super) struct Level {
    resnets: Vec<Resnet>,
    resize: Option<Conv2d>,
}

impl Level {
    /// A level of the encoder: `config.layers_per_block` blocks, then half the size unless it is the `last`.
    pub(super) fn down(build: &Build, config: &VaeConfig, inputs: usize, outputs: usize, last: bool) -> Result<Self> {
        let shape = ConvShape { inputs: outputs, outputs, kernel: 3, stride: 2, pad: 0 };
        // Only bottom and right are padded.
        let resize = if last { None } else { Some(build.conv("downsamplers.0.conv", shape)?.pad_end(1)) };
        Ok(Self { resnets: resnets(build, config, config.layers_per_block, inputs, outputs)?, resize })
    }

    /// A level of the decoder: one block more, then twice the size unless it is the `last`.
    pub(super) fn up(build: &Build, config: &VaeConfig, inputs: usize, outputs: usize, last: bool) -> Result<Self> {
        let resize = if last { None } else { Some(build.conv("upsamplers.0.conv", ConvShape::same(outputs, outputs))?) };
        Ok(Self { resnets: resnets(build, config, config.layers_per_block + 1, inputs, outputs)?, resize })
    }

    pub(super) fn run_down(&self, x: Value, norms: &mut Norms<'_>) -> Result<Value> {
        let x = self.run_resnets(x, norms)?;
        self.resize.as_ref().map_or(Ok(x.clone()), |conv| Ok(conv.forward(&x)?))
    }

    pub(super) fn run_up(&self, x: Value, norms: &mut Norms<'_>) -> Result<Value> {
        let x = self.run_resnets(x, norms)?;
        self.resize.as_ref().map_or(Ok(x.clone()), |conv| Ok(conv.forward(&ops::upsample2(&x)?)?))
    }

    fn run_resnets(&self, x: Value, norms: &mut Norms<'_>) -> Result<Value> {
        self.resnets.iter().try_fold(x, |x, block| run_resnet(block, &x, norms))
    }
}

fn resnets(build: &Build, config: &VaeConfig, count: usize, inputs: usize, outputs: usize) -> Result<Vec<Resnet>> {
    (0..count).map(|i| resnet(&build.at(format!("resnets.{i}")), config, if i == 0 { inputs } else { outputs }, outputs)).collect()
}

/// The blocks at latent size: two residual blocks with self-attention over all pixels between them.
pub(super) struct Middle {
    first: Resnet,
    attention: Option<PixelAttention>,
    second: Resnet,
}

impl Middle {
    pub(super) fn new(build: &Build, config: &VaeConfig, channels: usize) -> Result<Self> {
        let attention = if config.mid_block_add_attention {
            Some(PixelAttention::new(&build.at("attentions.0"), channels, config.norm_num_groups)?)
        } else {
            None
        };
        Ok(Self {
            first: resnet(&build.at("resnets.0"), config, channels, channels)?,
            attention,
            second: resnet(&build.at("resnets.1"), config, channels, channels)?,
        })
    }

    pub(super) fn run(&self, x: &Value) -> Result<Value> {
        let mut x = run_resnet(&self.first, x, &mut Norms::Own)?;
        if let Some(attention) = &self.attention {
            x = attention.run(&x)?;
        }
        run_resnet(&self.second, &x, &mut Norms::Own)
    }
}

/// Self-attention over all pixels with one head.
struct PixelAttention {
    norm: GroupNorm,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
}

impl PixelAttention {
    fn new(build: &Build, channels: usize, groups: usize) -> Result<Self> {
        Ok(Self {
            norm: build.group_norm("group_norm", channels, groups, EPSILON)?,
            to_q: build.linear("to_q", channels, channels)?,
            to_k: build.linear("to_k", channels, channels)?,
            to_v: build.linear("to_v", channels, channels)?,
            to_out: build.linear("to_out.0", channels, channels)?,
        })
    }

    fn run(&self, x: &Value) -> Result<Value> {
        let (batch, height, width, channels) = x.tensor().dims4()?;
        let tokens = [batch, height * width, channels];
        let normed = ops::reshape(&self.norm.forward(x)?, &tokens)?;
        let (q, k, v) = (self.to_q.forward(&normed)?, self.to_k.forward(&normed)?, self.to_v.forward(&normed)?);
        let attended = attention(&q, &k, &v, 1, &AttentionMask::None)?;
        let out = self.to_out.forward_onto(&attended, Some(&ops::reshape(x, &tokens)?))?;
        Ok(ops::reshape(&out, &[batch, height, width, channels])?)
    }
}
