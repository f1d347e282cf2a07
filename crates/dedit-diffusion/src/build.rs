//! Layers from named tensors.

use candle_core::{Device, Tensor};
use dedit_nn::layers::{Conv2d, GroupNorm, LayerNorm, Linear};

use crate::{Result, Scope};

/// A place in a checkpoint, and the device its layers go to.
#[derive(Clone)]
pub(crate) struct Build {
    scope: Scope,
    device: Device,
}

/// Shape of a convolution.
#[derive(Clone, Copy)]
pub(crate) struct ConvShape {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) pad: usize,
}

impl ConvShape {
    /// A 3 × 3 convolution that keeps the size.
    pub(crate) fn same(inputs: usize, outputs: usize) -> Self {
        Self { inputs, outputs, kernel: 3, stride: 1, pad: 1 }
    }

    /// A 1 × 1 convolution.
    pub(crate) fn pointwise(inputs: usize, outputs: usize) -> Self {
        Self { inputs, outputs, kernel: 1, stride: 1, pad: 0 }
    }
}

impl Build {
    pub(crate) fn new(scope: Scope, device: &Device) -> Self {
        Self { scope, device: device.clone() }
    }

    /// The part named `name`.
    pub(crate) fn at(&self, name: impl std::fmt::Display) -> Self {
        Self { scope: self.scope.scope(name), device: self.device.clone() }
    }

    /// A tensor of exactly this shape.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        Ok(self.scope.tensor(name, shape)?.to_device(&self.device)?)
    }

    /// A linear layer with a bias.
    pub(crate) fn linear(&self, name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
        let part = self.at(name);
        let weight = part.tensor("weight", &[outputs, inputs])?;
        Ok(Linear::new(&weight, Some(&part.tensor("bias", &[outputs])?))?)
    }

    /// A linear layer without a bias.
    pub(crate) fn linear_no_bias(&self, name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
        Ok(Linear::new(&self.at(name).tensor("weight", &[outputs, inputs])?, None)?)
    }

    /// A linear layer with a bias that some checkpoints keep as a 1 × 1 convolution: channels come last here, so the two are the same.
    pub(crate) fn linear_or_pointwise(&self, name: &str, size: usize, linear: bool) -> Result<Linear> {
        let part = self.at(name);
        let weight = if linear {
            part.tensor("weight", &[size, size])?
        } else {
            part.tensor("weight", &[size, size, 1, 1])?.reshape((size, size))?
        };
        Ok(Linear::new(&weight, Some(&part.tensor("bias", &[size])?))?)
    }

    /// A convolution with a bias.
    pub(crate) fn conv(&self, name: &str, shape: ConvShape) -> Result<Conv2d> {
        let part = self.at(name);
        let weight = part.tensor("weight", &[shape.outputs, shape.inputs, shape.kernel, shape.kernel])?;
        Ok(Conv2d::new(&weight, Some(&part.tensor("bias", &[shape.outputs])?), shape.stride, shape.pad)?)
    }

    /// A group norm.
    pub(crate) fn group_norm(&self, name: &str, channels: usize, groups: usize, epsilon: f64) -> Result<GroupNorm> {
        let part = self.at(name);
        Ok(GroupNorm::new(&part.tensor("weight", &[channels])?, &part.tensor("bias", &[channels])?, groups, epsilon)?)
    }

    /// A layer norm.
    pub(crate) fn layer_norm(&self, name: &str, channels: usize, epsilon: f64) -> Result<LayerNorm> {
        let part = self.at(name);
        Ok(LayerNorm::new(&part.tensor("weight", &[channels])?, &part.tensor("bias", &[channels])?, epsilon)?)
    }
}
