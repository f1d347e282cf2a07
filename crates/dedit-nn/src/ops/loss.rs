//! Losses.

use candle_core::{DType, Result, Tensor, bail};

use crate::autograd::{Value, record};

/// `Σ weight · (x - target)² / Σ weight` as a scalar; without weights, the mean. `weight` broadcasts to the shape of `x`.
///
/// # Errors
/// When the shapes do not match, or the sum of the weights is not positive.
pub fn mean_squared_error(x: &Value, target: &Tensor, weight: Option<&Tensor>) -> Result<Value> {
    if x.dims() != target.dims() {
        bail!("{:?} cannot be compared with a target of {:?}", x.dims(), target.dims());
    }
    let difference = (x.tensor().to_dtype(DType::F32)? - target.to_dtype(DType::F32)?)?;
    let weights = match weight {
        Some(weight) => match weight.to_dtype(DType::F32)?.broadcast_as(difference.shape()) {
            Ok(weights) => weights.contiguous()?,
            Err(_) => bail!("weights of {:?} do not spread over {:?}", weight.dims(), x.dims()),
        },
        None => difference.ones_like()?,
    };
    let total = weights.sum_all()?.to_scalar::<f32>()?;
    if total.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
        bail!("the weights of a loss must sum to something positive, not {total}");
    }
    let weighted = ((&difference * &weights)? / f64::from(total))?;
    let loss = (&weighted * &difference)?.sum_all()?;
    let (slot, dtype) = (x.slot(), x.tensor().dtype());
    Ok(record(loss, &[x], move |gradient, gradients| gradients.add(&slot, (weighted * 2.0)?.broadcast_mul(gradient)?.to_dtype(dtype)?)))
}
