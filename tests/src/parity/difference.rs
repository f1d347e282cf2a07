//! The difference of a computed tensor from the stored one.

use anyhow::{Result, bail};
use candle_core::{DType, Device, Tensor};

/// The largest absolute difference between two tensors of the same shape, and its position.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The largest absolute difference; infinite where only one side is NaN, or infinite.
    pub max_abs: f64,
    /// The index of that element.
    pub at: Vec<usize>,
    /// The stored value of that element.
    pub expected: f64,
    /// The computed value of that element.
    pub computed: f64,
}

impl Difference {
    /// Compares two tensors of any type in float64. Fails where their shapes differ.
    pub fn between(expected: &Tensor, computed: &Tensor) -> Result<Self> {
        if expected.dims() != computed.dims() {
            bail!("shape {:?} instead of {:?}", computed.dims(), expected.dims());
        }
        let mut worst = Self { max_abs: 0.0, at: vec![0; expected.rank()], expected: 0.0, computed: 0.0 };
        for (index, (expected_at, computed_at)) in values(expected)?.into_iter().zip(values(computed)?).enumerate() {
            let distance = distance(expected_at, computed_at);
            if index == 0 || distance > worst.max_abs {
                worst = Self { max_abs: distance, at: unravel(index, expected.dims()), expected: expected_at, computed: computed_at };
            }
        }
        Ok(worst)
    }
}

pub(super) fn values(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(tensor.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
}

fn distance(expected: f64, computed: f64) -> f64 {
    let distance = (expected - computed).abs();
    if expected.to_bits() == computed.to_bits() || (expected.is_nan() && computed.is_nan()) {
        0.0
    } else if distance.is_nan() {
        f64::INFINITY
    } else {
        distance
    }
}

/// The index along each axis of element `flat` of a row-major tensor.
fn unravel(mut flat: usize, dims: &[usize]) -> Vec<usize> {
    let mut index = vec![0; dims.len()];
    for (axis, &length) in dims.iter().enumerate().rev() {
        index[axis] = flat % length;
        flat /= length;
    }
    index
}
