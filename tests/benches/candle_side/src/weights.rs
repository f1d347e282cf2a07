//! Random weights in place of a checkpoint.

use candle_core::{DType, Device, Result, Shape, Tensor, bail};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};

/// Draws each weight as it is asked for, from the layer's own initial distribution.
///
/// Weights are plain tensors, as those from a checkpoint are: with trainable ones, candle would keep every intermediate value for a backward pass.
struct Random;

impl SimpleBackend for Random {
    fn get(&self, shape: Shape, _name: &str, init: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        Ok(init.var(shape, dtype, device)?.as_detached_tensor())
    }

    fn get_unchecked(&self, name: &str, _dtype: DType, _device: &Device) -> Result<Tensor> {
        bail!("random weights need a shape, and {name} was asked for without one")
    }

    fn contains_tensor(&self, _name: &str) -> bool {
        true
    }
}

/// A source of random f32 weights in main memory, of any name and shape.
pub(crate) fn random() -> VarBuilder<'static> {
    VarBuilder::from_backend(Box::new(Random), DType::F32, Device::Cpu)
}
