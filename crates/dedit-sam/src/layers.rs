//! Layers of `dedit_nn` on plain tensors: nothing here is trained.

use candle_core::{Result, Tensor};
use dedit_nn::autograd::Value;
use dedit_nn::layers::{AttentionMask, Conv2d, LayerNorm, Linear, attention};
use dedit_nn::ops::{self, Activation};

use crate::weights::Scope;

fn value(x: &Tensor) -> Value {
    Value::constant(x.clone())
}

/// A linear layer.
pub(crate) fn linear(layer: &Linear, x: &Tensor) -> Result<Tensor> {
    Ok(layer.forward(&value(x))?.into_tensor())
}

/// `residual + layer(x)`.
pub(crate) fn linear_onto(layer: &Linear, x: &Tensor, residual: &Tensor) -> Result<Tensor> {
    Ok(layer.forward_onto(&value(x), Some(&value(residual)))?.into_tensor())
}

/// A convolution.
pub(crate) fn conv(layer: &Conv2d, x: &Tensor) -> Result<Tensor> {
    Ok(layer.forward(&value(x))?.into_tensor())
}

/// A layer norm over the last dimension.
pub(crate) fn norm(layer: &LayerNorm, x: &Tensor) -> Result<Tensor> {
    Ok(layer.forward(&value(x))?.into_tensor())
}

/// GELU with the exact error function.
pub(crate) fn gelu(x: &Tensor) -> Result<Tensor> {
    Ok(ops::activate(&value(x), Activation::Gelu)?.into_tensor())
}

/// `a + b`, of one shape.
pub(crate) fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    Ok(ops::add(&value(a), &value(b))?.into_tensor())
}

/// Attention of `heads` heads without mask.
pub(crate) fn attend(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize) -> Result<Tensor> {
    Ok(attention(&value(q), &value(k), &value(v), heads, &AttentionMask::None)?.into_tensor())
}

/// Linear layers with `relu` between them.
#[derive(Debug)]
pub(crate) struct Mlp(Vec<Linear>);

impl Mlp {
    /// The layers `layers.0`, `layers.1`, … of a scope.
    pub(crate) fn new(scope: &Scope<'_>, count: usize) -> dedit_edit::Result<Self> {
        Ok(Self((0..count).map(|index| scope.at("layers").at(index).linear()).collect::<dedit_edit::Result<_>>()?))
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for (index, layer) in self.0.iter().enumerate() {
            x = linear(layer, &x)?;
            if index + 1 < self.0.len() {
                x = x.relu()?;
            }
        }
        Ok(x)
    }
}

/// A transposed convolution with a window of 2 × 2 and stride 2, as a linear layer to the four pixels that each pixel becomes.
#[derive(Debug)]
pub(crate) struct Doubling {
    layer: Linear,
    outputs: usize,
}

impl Doubling {
    /// From `weight [in, out, 2, 2]` and `bias [out]`.
    pub(crate) fn new(scope: &Scope<'_>) -> dedit_edit::Result<Self> {
        let weight = scope.tensor("weight", 4)?;
        let (inputs, outputs) = (weight.dims()[0], weight.dims()[1]);
        let bias = scope.tensor("bias", 1)?;
        scope.expect(weight.dims() == [inputs, outputs, 2, 2] && bias.dims() == [outputs])?;
        let layer = || {
            let rows = weight.permute((2, 3, 1, 0))?.contiguous()?.reshape((4 * outputs, inputs))?;
            Linear::new(&rows, Some(&Tensor::cat(&[&bias; 4], 0)?))
        };
        Ok(Self { layer: layer().map_err(crate::error::internal)?, outputs })
    }

    /// `[batch, height, width, in]` to `[batch, 2 · height, 2 · width, out]`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, height, width, _) = x.dims4()?;
        let y = linear(&self.layer, x)?.reshape(&[batch, height, width, 2, 2, self.outputs])?;
        y.permute([0, 1, 3, 2, 4, 5])?.contiguous()?.reshape((batch, 2 * height, 2 * width, self.outputs))
    }
}
