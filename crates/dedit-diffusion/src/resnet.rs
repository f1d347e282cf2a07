//! Residual blocks (diffusers' `ResnetBlock2D`), with a timestep embedding in the U-Net and without one in the autoencoder.

use dedit_nn::autograd::Value;
use dedit_nn::layers::{Conv2d, GroupNorm, Layer, Linear, Visit, Visitor, join};
use dedit_nn::ops;

use crate::Result;
use crate::build::{Build, ConvShape};

/// Sizes of a residual block.
#[derive(Clone, Copy)]
pub(crate) struct ResnetShape {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) groups: usize,
    pub(crate) epsilon: f64,
    /// Width of the timestep embedding; only in the U-Net.
    pub(crate) time: Option<usize>,
}

/// Two convolutions, each after a norm and `SiLU`, with a residual connection.
pub(crate) struct Resnet {
    pub(crate) norm1: GroupNorm,
    pub(crate) conv1: Conv2d,
    time_emb_proj: Option<Linear>,
    pub(crate) norm2: GroupNorm,
    pub(crate) conv2: Conv2d,
    pub(crate) conv_shortcut: Option<Conv2d>,
}

impl Resnet {
    pub(crate) fn new(build: &Build, shape: ResnetShape) -> Result<Self> {
        let ResnetShape { inputs, outputs, groups, epsilon, time } = shape;
        Ok(Self {
            norm1: build.group_norm("norm1", inputs, groups, epsilon)?,
            conv1: build.conv("conv1", ConvShape::same(inputs, outputs))?,
            time_emb_proj: time.map(|time| build.linear("time_emb_proj", time, outputs)).transpose()?,
            norm2: build.group_norm("norm2", outputs, groups, epsilon)?,
            conv2: build.conv("conv2", ConvShape::same(outputs, outputs))?,
            conv_shortcut: if inputs == outputs { None } else { Some(build.conv("conv_shortcut", ConvShape::pointwise(inputs, outputs))?) },
        })
    }

    /// `x [batch, height, width, in]`; `time [batch, width]` is the embedding after its `SiLU`.
    pub(crate) fn forward(&self, x: &Value, time: Option<&Value>) -> Result<Value> {
        let mut hidden = self.conv1.forward(&self.norm1.forward_silu(x)?)?;
        if let (Some(projection), Some(time)) = (&self.time_emb_proj, time) {
            hidden = ops::add_per_sample(&hidden, &projection.forward(time)?)?;
        }
        let hidden = self.norm2.forward_silu(&hidden)?;
        match &self.conv_shortcut {
            Some(shortcut) => Ok(self.conv2.forward_onto(&hidden, Some(&shortcut.forward(x)?))?),
            None => Ok(self.conv2.forward_onto(&hidden, Some(x))?),
        }
    }
}

impl Visit for Resnet {
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
        visitor(&join(path, "norm1"), Layer::GroupNorm(&mut self.norm1))?;
        visitor(&join(path, "conv1"), Layer::Conv2d(&mut self.conv1))?;
        if let Some(projection) = &mut self.time_emb_proj {
            visitor(&join(path, "time_emb_proj"), Layer::Linear(projection))?;
        }
        visitor(&join(path, "norm2"), Layer::GroupNorm(&mut self.norm2))?;
        visitor(&join(path, "conv2"), Layer::Conv2d(&mut self.conv2))?;
        if let Some(shortcut) = &mut self.conv_shortcut {
            visitor(&join(path, "conv_shortcut"), Layer::Conv2d(shortcut))?;
        }
        Ok(())
    }
}
