//! The transformers between the U-Net's residual blocks (diffusers' `Transformer2DModel` and `BasicTransformerBlock`).

use std::sync::Arc;

use candle_core::bail;
use dedit_nn::autograd::{Value, checkpoint};
use dedit_nn::layers::{AttentionMask, GroupNorm, Layer, LayerNorm, Linear, Visit, Visitor, attention, join};
use dedit_nn::ops;

use super::context::{Context, Projections};
use super::separation::Separation;
use crate::Result;
use crate::build::Build;

/// Error when a layer is to be changed while a backward pass may still compute it again.
pub(super) const BUSY: &str = "the U-Net cannot change while a backward pass may still run through it";

/// Sizes of a transformer.
#[derive(Clone, Copy)]
pub(super) struct TransformerShape {
    pub(super) channels: usize,
    pub(super) heads: usize,
    pub(super) blocks: usize,
    pub(super) context: usize,
    pub(super) groups: usize,
    /// Whether the input and output projections are stored as linear layers.
    pub(super) linear: bool,
}

/// Attention blocks over the pixels of an image, between two projections, with a residual connection.
pub(super) struct Transformer {
    norm: GroupNorm,
    proj_in: Linear,
    blocks: Vec<TransformerBlock>,
    proj_out: Linear,
}

impl Transformer {
    pub(super) fn new(build: &Build, shape: TransformerShape) -> Result<Self> {
        let channels = shape.channels;
        Ok(Self {
            norm: build.group_norm("norm", channels, shape.groups, 1e-6)?,
            proj_in: build.linear_or_pointwise("proj_in", channels, shape.linear)?,
            blocks: (0..shape.blocks)
                .map(|i| TransformerBlock::new(&build.at(format!("transformer_blocks.{i}")), shape))
                .collect::<Result<_>>()?,
            proj_out: build.linear_or_pointwise("proj_out", channels, shape.linear)?,
        })
    }

    /// `x [batch, height, width, channels]`. As channels come last, reshaping makes the pixels tokens.
    pub(super) fn forward(&self, x: &Value, context: &Context, separation: Option<&Separation>) -> Result<Value> {
        let (batch, height, width, channels) = x.tensor().dims4()?;
        let tokens = [batch, height * width, channels];
        let mut hidden = self.proj_in.forward(&ops::reshape(&self.norm.forward(x)?, &tokens)?)?;
        for block in &self.blocks {
            hidden = block.forward(&hidden, context, separation, (height, width))?;
        }
        let out = self.proj_out.forward_onto(&hidden, Some(&ops::reshape(x, &tokens)?))?;
        Ok(ops::reshape(&out, &[batch, height, width, channels])?)
    }
}

impl Visit for Transformer {
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
        visitor(&join(path, "norm"), Layer::GroupNorm(&mut self.norm))?;
        visitor(&join(path, "proj_in"), Layer::Linear(&mut self.proj_in))?;
        for (i, block) in self.blocks.iter_mut().enumerate() {
            block.visit(&join(path, format!("transformer_blocks.{i}")), visitor)?;
        }
        visitor(&join(path, "proj_out"), Layer::Linear(&mut self.proj_out))?;
        Ok(())
    }
}

/// Self-attention, cross-attention and a gated perceptron, each after a norm and with a residual connection.
struct TransformerBlock {
    norm1: LayerNorm,
    attn1: Attention,
    norm2: LayerNorm,
    attn2: Attention,
    gate: Arc<Gate>,
    ff_out: Linear,
}

impl TransformerBlock {
    fn new(build: &Build, shape: TransformerShape) -> Result<Self> {
        let channels = shape.channels;
        let norm = |name: &str| build.layer_norm(name, channels, 1e-5);
        Ok(Self {
            norm1: norm("norm1")?,
            attn1: Attention::new(&build.at("attn1"), channels, channels, shape.heads)?,
            norm2: norm("norm2")?,
            attn2: Attention::new(&build.at("attn2"), channels, shape.context, shape.heads)?,
            // The inner width is 4 · channels, twice that for value and gate.
            gate: Arc::new(Gate { norm: norm("norm3")?, proj: build.linear("ff.net.0.proj", channels, 8 * channels)? }),
            ff_out: build.linear("ff.net.2", 4 * channels, channels)?,
        })
    }

    fn forward(&self, x: &Value, context: &Context, separation: Option<&Separation>, size: (usize, usize)) -> Result<Value> {
        let normed = self.norm1.forward(x)?;
        let (q, k, v) = (self.attn1.to_q.forward(&normed)?, self.attn1.to_k.forward(&normed)?, self.attn1.to_v.forward(&normed)?);
        let attended = match separation {
            None => attention(&q, &k, &v, self.attn1.heads, &AttentionMask::None)?,
            Some(separation) => separation.attend([&q, &k, &v], self.attn1.heads, size)?,
        };
        let x = self.attn1.to_out.forward_onto(&attended, Some(x))?;
        let attended = context.attend(&self.attn2.projections(), &self.norm2.forward(&x)?, size)?;
        let x = self.attn2.to_out.forward_onto(&attended, Some(&x))?;
        let gate = self.gate.clone();
        // These are the widest activations of the network: in training they are computed twice instead of kept.
        let inner = if x.requires_grad() { checkpoint(&[&x], move |inputs| gate.forward(&inputs[0]))? } else { gate.forward(&x)? };
        Ok(self.ff_out.forward_onto(&inner, Some(&x))?)
    }
}

impl Visit for TransformerBlock {
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
        let Some(gate) = Arc::get_mut(&mut self.gate) else { bail!("{BUSY}") };
        for (name, norm) in [("norm1", &mut self.norm1), ("norm2", &mut self.norm2), ("norm3", &mut gate.norm)] {
            visitor(&join(path, name), Layer::LayerNorm(norm))?;
        }
        self.attn1.visit(&join(path, "attn1"), visitor)?;
        self.attn2.visit(&join(path, "attn2"), visitor)?;
        visitor(&join(path, "ff.net.0.proj"), Layer::Linear(&mut gate.proj))?;
        visitor(&join(path, "ff.net.2"), Layer::Linear(&mut self.ff_out))?;
        Ok(())
    }
}

/// The first half of the gated perceptron.
struct Gate {
    norm: LayerNorm,
    proj: Linear,
}

impl Gate {
    fn forward(&self, x: &Value) -> dedit_nn::Result<Value> {
        ops::geglu(&self.proj.forward(&self.norm.forward(x)?)?)
    }
}

/// The projections of an attention.
struct Attention {
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
    heads: usize,
}

impl Attention {
    fn new(build: &Build, channels: usize, context: usize, heads: usize) -> Result<Self> {
        Ok(Self {
            to_q: build.linear_no_bias("to_q", channels, channels)?,
            to_k: build.linear_no_bias("to_k", context, channels)?,
            to_v: build.linear_no_bias("to_v", context, channels)?,
            to_out: build.linear("to_out.0", channels, channels)?,
            heads,
        })
    }

    fn projections(&self) -> Projections<'_> {
        Projections { q: &self.to_q, k: &self.to_k, v: &self.to_v, heads: self.heads }
    }
}

impl Visit for Attention {
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
        visitor(&join(path, "to_q"), Layer::Linear(&mut self.to_q))?;
        visitor(&join(path, "to_k"), Layer::Linear(&mut self.to_k))?;
        visitor(&join(path, "to_v"), Layer::Linear(&mut self.to_v))?;
        visitor(&join(path, "to_out.0"), Layer::Linear(&mut self.to_out))?;
        Ok(())
    }
}
