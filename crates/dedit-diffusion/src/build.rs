//! Layers from named tensors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::{DType, Device, Tensor};
use dedit_nn::layers::{Conv2d, GroupNorm, LayerNorm, Linear};

use crate::{Result, Scope};

/// Builds the layers below one path of a network, from the tensors of a checkpoint or from random ones, on one device.
#[derive(Clone)]
pub(crate) struct Build {
    source: Source,
    device: Device,
    widen: bool,
}

#[derive(Clone)]
enum Source {
    Stored(Scope),
    /// Random tensors, for measurements of networks of a given size without a file.
    Random {
        path: String,
        dtype: DType,
        state: Arc<AtomicU64>,
    },
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
        Self { source: Source::Stored(scope), device: device.clone(), widen: false }
    }

    /// Random tensors that keep the variance of activations: norms are the identity, other weights uniform with deviation `1 / √inputs`.
    pub(crate) fn random(dtype: DType, device: &Device) -> Self {
        let state = Arc::new(AtomicU64::new(0x9E37_79B9_7F4A_7C15));
        Self { source: Source::Random { path: String::new(), dtype, state }, device: device.clone(), widen: false }
    }

    /// The builder of the part with this name.
    pub(crate) fn at(&self, name: impl std::fmt::Display) -> Self {
        let source = match &self.source {
            Source::Stored(scope) => Source::Stored(scope.scope(name)),
            Source::Random { path, dtype, state } => Source::Random { path: format!("{path}.{name}"), dtype: *dtype, state: state.clone() },
        };
        Self { source, device: self.device.clone(), widen: self.widen }
    }

    /// A tensor of exactly this shape.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let tensor = match &self.source {
            Source::Stored(scope) => scope.tensor(name, shape)?,
            Source::Random { path, dtype, state } => random(&format!("{path}.{name}"), shape, state)?.to_dtype(*dtype)?,
        };
        // On the CPU the layers compute in f32 in any case.
        let tensor = if self.widen && !self.device.is_cpu() { tensor.to_dtype(DType::F32)? } else { tensor };
        Ok(tensor.to_device(&self.device)?)
    }

    /// The precision in which layers with the precision of this vector compute.
    pub(crate) fn compute_dtype(&self, name: &str, size: usize) -> Result<DType> {
        Ok(dedit_nn::ops::compute_dtype(&self.tensor(name, &[size])?))
    }

    /// A builder whose layers compute in f32, whatever the precision of the file: some autoencoders overflow in f16.
    pub(crate) fn widened(mut self) -> Self {
        self.widen = true;
        self
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

    /// A linear layer with a bias, also from a 1 × 1 convolution, which is the same operation where channels come last.
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

/// Norm scales of 1, biases of 0, other weights uniform with deviation 1 / √inputs.
fn random(path: &str, shape: &[usize], state: &AtomicU64) -> Result<Tensor> {
    let count: usize = shape.iter().product();
    let inputs: usize = shape.iter().skip(1).product();
    let values = if shape.len() == 1 {
        vec![if path.ends_with("weight") { 1.0 } else { 0.0 }; count]
    } else {
        let mut word = state.load(Ordering::Relaxed);
        let reach = (3.0 / inputs as f32).sqrt();
        let mut next = || {
            // Marsaglia's xorshift.
            word ^= word << 13;
            word ^= word >> 7;
            word ^= word << 17;
            ((word >> 40) as f32 / (1u32 << 23) as f32 - 1.0) * reach
        };
        let values = (0..count).map(|_| next()).collect();
        state.store(word, Ordering::Relaxed);
        values
    };
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}
