//! Every step of every scheduler is a sum of a few tensors with factors.

use candle_core::{DType, Tensor};

use super::Step;
use crate::{Error, ErrorKind, Result};

/// `Σ factor · tensor`; terms with factor 0 are left out, whatever they hold.
pub(super) fn combine(terms: &[(f64, &Tensor)]) -> Result<Tensor> {
    let mut sum: Option<Tensor> = None;
    for &(factor, tensor) in terms {
        if !factor.is_finite() {
            return Err(Error::new(ErrorKind::Internal, format!("a scheduler's factor is {factor}")));
        }
        if factor == 0.0 {
            continue;
        }
        let term = tensor.affine(factor, 0.0)?;
        sum = Some(match sum {
            Some(sum) => (sum + term)?,
            None => term,
        });
    }
    match (sum, terms.first()) {
        (Some(sum), _) => Ok(sum),
        (None, Some((_, tensor))) => Ok(tensor.zeros_like()?),
        (None, None) => Err(Error::new(ErrorKind::Internal, "a scheduler's sum has no terms")),
    }
}

/// As [`combine`], computed in float32, with the element type of `like`.
pub(super) fn combine_as(like: &Tensor, terms: &[(f64, &Tensor)]) -> Result<Tensor> {
    let wide = terms.iter().map(|(factor, tensor)| Ok((*factor, tensor.to_dtype(DType::F32)?))).collect::<Result<Vec<_>>>()?;
    let wide: Vec<(f64, &Tensor)> = wide.iter().map(|(factor, tensor)| (*factor, tensor)).collect();
    Ok(combine(&wide)?.to_dtype(like.dtype())?)
}

/// A tensor to compute with: float32, and without a gradient, which would otherwise keep every step's graph alive.
pub(super) fn enter(tensor: &Tensor) -> Result<Tensor> {
    Ok(tensor.detach().to_dtype(DType::F32)?)
}

/// What a step gives, in the element type of the sample it came from.
pub(super) fn leave(sample: &Tensor, prev_sample: &Tensor, pred_original_sample: &Tensor) -> Result<Step> {
    let dtype = sample.dtype();
    Ok(Step { prev_sample: prev_sample.to_dtype(dtype)?, pred_original_sample: pred_original_sample.to_dtype(dtype)? })
}
