//! Vectors with one element per channel: biases, and the scales and shifts of norms.

use candle_core::{DType, Result, Tensor, bail};

use crate::autograd::{Gradients, Parameter, Slot, Value};
use crate::ops::compute_dtype;

/// A vector that is frozen or trainable.
#[derive(Debug, Clone)]
pub enum Vector {
    /// Has no gradient.
    Frozen(Tensor),
    /// May be trained.
    Trainable(Parameter),
}

impl Vector {
    /// A frozen vector, converted to the precision that the network computes in.
    pub fn new(tensor: &Tensor) -> Result<Self> {
        if tensor.rank() != 1 {
            bail!("a bias or norm weight has one dimension, not {:?}", tensor.dims());
        }
        Ok(Self::Frozen(tensor.to_dtype(compute_dtype(tensor))?.contiguous()?))
    }

    /// The current value, checked to have `channels` elements; `what` names the vector in the error.
    pub(crate) fn of(&self, channels: usize, what: &str) -> Result<Tensor> {
        let tensor = self.tensor();
        if tensor.dims() != [channels] {
            bail!("a {what} of {:?} does not fit {channels} channels", tensor.dims());
        }
        Ok(tensor)
    }

    /// The current value.
    pub fn tensor(&self) -> Tensor {
        match self {
            Self::Frozen(tensor) => tensor.clone(),
            Self::Trainable(parameter) => parameter.tensor(),
        }
    }

    /// Where its gradient is added.
    pub(crate) fn slot(&self) -> Slot {
        match self {
            Self::Frozen(_) => Slot::default(),
            Self::Trainable(parameter) => parameter.value().slot(),
        }
    }

    /// Makes it trainable and returns the parameter, in f32.
    pub fn make_trainable(&mut self) -> Result<Parameter> {
        if let Self::Trainable(parameter) = self {
            return Ok(parameter.clone());
        }
        let parameter = Parameter::new(self.tensor().to_dtype(DType::F32)?);
        *self = Self::Trainable(parameter.clone());
        Ok(parameter)
    }

    /// Adds the column sums of `rows [rows, channels]` to the gradient of `slot`, if one is required.
    pub(crate) fn add_column_sums(slot: &Slot, rows: &Tensor, gradients: &mut Gradients) -> Result<()> {
        if !slot.wanted() {
            return Ok(());
        }
        gradients.add(slot, rows.to_dtype(DType::F32)?.sum(0)?)
    }
}

/// The inputs of a norm: `x` and those of the vectors that are trainable.
pub(crate) fn with_trainable(x: &Value, vectors: &[&Vector]) -> Vec<Value> {
    let mut values = vec![x.clone()];
    values.extend(vectors.iter().filter_map(|vector| match vector {
        Vector::Trainable(parameter) => Some(parameter.value()),
        Vector::Frozen(_) => None,
    }));
    values
}
