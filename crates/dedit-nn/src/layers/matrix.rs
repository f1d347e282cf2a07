//! Weight matrices that are frozen or trainable.

use candle_core::{DType, Device, Result, Tensor};

use super::adapter::Adapter;
use super::vector::Vector;
use crate::autograd::{Parameter, Slot, Value};
use crate::backend::fused;
use crate::kernels::PackedMatrix;

/// A layer's weight matrix `[out, in]`.
#[derive(Debug)]
pub(crate) enum Matrix {
    /// Frozen, packed for the CPU kernels.
    Packed(PackedMatrix),
    /// Frozen, on another device.
    Plain(Tensor),
    /// Trainable, f32. Not packed: it changes with every step.
    Trainable(Parameter),
}

/// A weight matrix in the form that one product uses. Clones of a packed one share its elements.
pub(crate) enum Operand {
    /// For the CPU kernels.
    Packed(PackedMatrix),
    /// `[out, in]` for candle, in the input's precision.
    Plain(Tensor),
}

impl Matrix {
    /// From `[out, in]`.
    pub(crate) fn new(weight: &Tensor) -> Result<Self> {
        if weight.device().is_cpu() { Ok(Self::Packed(PackedMatrix::from_out_in(weight)?)) } else { Ok(Self::Plain(weight.contiguous()?)) }
    }

    /// From a convolution's `[out, in, height, width]`, as `[out, height · width · in]`.
    pub(crate) fn of_window(weight: &Tensor) -> Result<Self> {
        if weight.device().is_cpu() {
            return Ok(Self::Packed(PackedMatrix::from_window(weight)?));
        }
        Ok(Self::Plain(weight.permute((0, 2, 3, 1))?.contiguous()?.flatten_from(1)?))
    }

    /// The matrix in the form for a product with `x`.
    pub(crate) fn operand(&self, x: &Tensor) -> Result<Operand> {
        match self {
            Self::Packed(packed) if fused(x) => Ok(Operand::Packed(packed.clone())),
            _ => Ok(Operand::Plain(self.plain(x.dtype())?)),
        }
    }

    /// The matrix `[out, in]` in `dtype`.
    pub(crate) fn plain(&self, dtype: DType) -> Result<Tensor> {
        match self {
            Self::Packed(packed) => packed.to_out_in()?.to_dtype(dtype),
            Self::Plain(weight) => weight.to_dtype(dtype),
            Self::Trainable(parameter) => parameter.tensor().flatten_from(1)?.to_dtype(dtype),
        }
    }

    pub(crate) fn device(&self) -> Device {
        match self {
            Self::Packed(_) => Device::Cpu,
            Self::Plain(weight) => weight.device().clone(),
            Self::Trainable(parameter) => parameter.tensor().device().clone(),
        }
    }

    pub(crate) fn slot(&self) -> Slot {
        match self {
            Self::Trainable(parameter) => parameter.value().slot(),
            _ => Slot::default(),
        }
    }

    /// Makes the weight trainable under the given shape.
    pub(crate) fn make_trainable(&mut self, shape: &[usize]) -> Result<Parameter> {
        if let Self::Trainable(parameter) = self {
            return Ok(parameter.clone());
        }
        let parameter = Parameter::new(self.plain(DType::F32)?.reshape(shape)?);
        *self = Self::Trainable(parameter.clone());
        Ok(parameter)
    }

    /// Adds `delta [out, in]` to the weight.
    pub(crate) fn merge(&mut self, delta: &Tensor) -> Result<()> {
        match self {
            Self::Packed(packed) => {
                let merged = (packed.to_out_in()? + delta)?.to_dtype(packed.dtype())?;
                *packed = PackedMatrix::from_out_in(&merged)?;
            }
            Self::Plain(weight) => *weight = (weight.to_dtype(DType::F32)? + delta)?.to_dtype(weight.dtype())?,
            Self::Trainable(parameter) => parameter.set((parameter.tensor() + delta.reshape(parameter.tensor().shape())?)?)?,
        }
        Ok(())
    }
}

/// Every trainable tensor of a layer as a value.
pub(crate) fn trainable(matrix: &Matrix, bias: Option<&Vector>, adapters: &[Adapter]) -> Vec<Value> {
    let mut values: Vec<Value> = adapters.iter().flat_map(|adapter| [adapter.down.value(), adapter.up.value()]).collect();
    if let Matrix::Trainable(parameter) = matrix {
        values.push(parameter.value());
    }
    if let Some(Vector::Trainable(parameter)) = bias {
        values.push(parameter.value());
    }
    values
}
