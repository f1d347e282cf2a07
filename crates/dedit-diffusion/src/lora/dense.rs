//! Changes of a weight that are no product of two small matrices: `LoHa`, `LoKr`, and `DoRA`, which also rescales the weight.

use candle_core::{DType, Device, Tensor};

use super::LoraTarget;
use crate::Result;

/// The factors of a change, each a matrix in f32. What stands for the inputs of a convolution is (in, height, width), flattened.
#[derive(Debug, Clone)]
pub(super) enum Factors {
    /// `up · down`.
    LowRank { down: Tensor, up: Tensor },
    /// `(w1_a · w1_b) ⊙ (w2_a · w2_b)`.
    Hadamard([Tensor; 4]),
    /// `w1 ⊗ w2`.
    Kronecker([Whole; 2]),
}

/// A matrix that is stored as it is, or as a product of two. Not multiplied before its size is checked: small factors can make a huge matrix.
#[derive(Debug, Clone)]
pub(super) struct Whole {
    pub(super) left: Tensor,
    pub(super) right: Option<Tensor>,
}

impl Whole {
    fn size(&self) -> Result<(usize, usize)> {
        Ok((self.left.dim(0)?, self.right.as_ref().unwrap_or(&self.left).dim(1)?))
    }

    fn product(&self) -> Result<Tensor> {
        Ok(match &self.right {
            Some(right) => self.left.matmul(right)?,
            None => self.left.clone(),
        })
    }
}

impl Factors {
    /// Rows and columns of the change.
    pub(super) fn size(&self) -> Result<(usize, usize)> {
        Ok(match self {
            Self::LowRank { down, up } => (up.dim(0)?, down.dim(1)?),
            Self::Hadamard([w1_a, w1_b, ..]) => (w1_a.dim(0)?, w1_b.dim(1)?),
            Self::Kronecker([w1, w2]) => {
                let ((a, b), (c, d)) = (w1.size()?, w2.size()?);
                (a.saturating_mul(c), b.saturating_mul(d))
            }
        })
    }

    /// The change `[out, in · window²]`, before alpha.
    fn product(&self) -> Result<Tensor> {
        Ok(match self {
            Self::LowRank { down, up } => up.matmul(down)?,
            Self::Hadamard([w1_a, w1_b, w2_a, w2_b]) => (w1_a.matmul(w1_b)? * w2_a.matmul(w2_b)?)?,
            Self::Kronecker([w1, w2]) => {
                let ((a, b), (c, d)) = (w1.size()?, w2.size()?);
                let (w1, w2) = (w1.product()?, w2.product()?);
                w1.reshape((a, 1, b, 1))?.broadcast_mul(&w2.reshape((1, c, 1, d))?)?.reshape((a * c, b * d))?
            }
        })
    }
}

/// The norms that the rows or columns of the changed weight are given (`DoRA`, Liu et al. 2024, arXiv 2402.09353).
#[derive(Debug, Clone)]
pub(super) enum Magnitudes {
    /// One for each output. The scale that the user gives counts for the change before the norms are taken (PEFT).
    Peft(Tensor),
    /// One for each output; the scale counts for the whole difference to the weight.
    Rows(Tensor),
    /// One for each input, likewise.
    Columns(Tensor),
}

/// The change of one module's weight.
#[derive(Debug, Clone)]
pub(super) struct DenseChange {
    pub(super) target: LoraTarget,
    pub(super) module: String,
    pub(super) factors: Factors,
    pub(super) magnitudes: Option<Magnitudes>,
    /// The factor of the product: alpha / rank.
    pub(super) scale: f64,
}

impl DenseChange {
    /// The number of inputs, where it has magnitudes for them.
    pub(super) fn inputs(&self) -> Option<usize> {
        match &self.magnitudes {
            Some(Magnitudes::Columns(norms)) => Some(norms.elem_count()),
            _ => None,
        }
    }

    /// What is to be added to `weight [out, window² · in]` in f32, channels innermost, at the user's `strength`.
    pub(super) fn delta(&self, weight: &Tensor, inputs: usize, strength: f64) -> Result<Tensor> {
        let weight = weight.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
        let (outputs, columns) = weight.dims2()?;
        let window = columns / inputs.max(1);
        let product = (self.factors.product()? * self.scale)?;
        let product = product.reshape((outputs, inputs, window))?.transpose(1, 2)?.contiguous()?.reshape((outputs, columns))?;
        let by_rows = |changed: &Tensor, norms: &Tensor| -> Result<Tensor> {
            let found = (changed.sqr()?.sum_keepdim(1)?.sqrt()? + f64::from(f32::EPSILON))?;
            Ok(changed.broadcast_mul(&norms.reshape((outputs, 1))?.div(&found)?)?)
        };
        Ok(match &self.magnitudes {
            None => (product * strength)?,
            Some(Magnitudes::Peft(norms)) => (by_rows(&(&weight + (product * strength)?)?, norms)? - &weight)?,
            Some(Magnitudes::Rows(norms)) => ((by_rows(&(&weight + product)?, norms)? - &weight)? * strength)?,
            Some(Magnitudes::Columns(norms)) => {
                let changed = (&weight + product)?.reshape((outputs, window, inputs))?;
                let found = (changed.sqr()?.sum_keepdim(0)?.sum_keepdim(1)?.sqrt()? + f64::from(f32::EPSILON))?;
                let scaled = changed.broadcast_mul(&norms.reshape((1, 1, inputs))?.div(&found)?)?.reshape((outputs, columns))?;
                ((scaled - &weight)? * strength)?
            }
        })
    }
}
