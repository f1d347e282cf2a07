//! Linear combinations of tensors: the steps of all schedulers.

use candle_core::{DType, Tensor};

use super::Step;
use crate::{Error, ErrorKind, Result};

/// `Σ factor · tensor`; terms with factor 0 are left out, even if they hold infinities or NaN.
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

/// As [`combine`], computed in float32 and converted to the element type of `like`.
pub(super) fn combine_as(like: &Tensor, terms: &[(f64, &Tensor)]) -> Result<Tensor> {
    let wide = terms.iter().map(|(factor, tensor)| Ok((*factor, tensor.to_dtype(DType::F32)?))).collect::<Result<Vec<_>>>()?;
    let wide: Vec<(f64, &Tensor)> = wide.iter().map(|(factor, tensor)| (*factor, tensor)).collect();
    Ok(combine(&wide)?.to_dtype(like.dtype())?)
}

/// A tensor in float32 and detached from candle's graph, which would otherwise keep the tensors of all steps alive.
pub(super) fn to_f32(tensor: &Tensor) -> Result<Tensor> {
    Ok(tensor.detach().to_dtype(DType::F32)?)
}

/// The result of a step, in the element type of its sample.
pub(super) fn finish(sample: &Tensor, prev_sample: &Tensor, pred_original_sample: &Tensor) -> Result<Step> {
    let dtype = sample.dtype();
    Ok(Step { prev_sample: prev_sample.to_dtype(dtype)?, pred_original_sample: pred_original_sample.to_dtype(dtype)? })
}
