//! Scalars to differentiate.

use candle_core::Tensor;
use dedit_nn::Result;
use dedit_nn::autograd::{Value, record};

/// `Σ x · weights`: its gradient with respect to `x` is `weights`.
pub fn weighted_sum(x: &Value, weights: &Tensor) -> Result<Value> {
    let sum = (x.tensor() * weights)?.sum_all()?;
    let (slot, weights) = (x.slot(), weights.clone());
    Ok(record(sum, &[x], move |gradient, gradients| gradients.add(&slot, weights.broadcast_mul(gradient)?)))
}
