//! Losses and variables for tests of gradients.

use candle_core::Tensor;
use dedit_nn::Result;
use dedit_nn::autograd::{Gradients, Parameter, Value, record};

/// A variable that a loss is differentiated with respect to.
#[derive(Clone)]
pub enum Learned {
    /// An input.
    Leaf(Value),
    /// A weight inside a network.
    Parameter(Parameter),
}

impl Learned {
    /// Its gradient, if the loss depends on it.
    pub fn gradient<'g>(&self, gradients: &'g Gradients) -> Option<&'g Tensor> {
        match self {
            Self::Leaf(leaf) => gradients.of(leaf),
            Self::Parameter(parameter) => gradients.get(parameter),
        }
    }
}

/// `Σ x · weights`: its gradient with respect to `x` is `weights`.
pub fn weighted_sum(x: &Value, weights: &Tensor) -> Result<Value> {
    let sum = (x.tensor() * weights)?.sum_all()?;
    let (slot, weights) = (x.slot(), weights.clone());
    Ok(record(sum, &[x], move |gradient, gradients| gradients.add(&slot, weights.broadcast_mul(gradient)?)))
}
