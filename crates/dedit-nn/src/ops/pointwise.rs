//! Sums and activations.

use candle_core::{D, Result, Tensor, bail};

use crate::autograd::{Value, record};
use crate::backend::{elements, fused, sum, tensor};
use crate::kernels::{Activation, pointwise};

/// `a + b`, same shape and precision.
pub fn add(a: &Value, b: &Value) -> Result<Value> {
    let (left, right) = (a.tensor(), b.tensor());
    if left.shape() != right.shape() || left.dtype() != right.dtype() {
        bail!("cannot add {:?} {} and {:?} {}", a.dims(), left.dtype().as_str(), b.dims(), right.dtype().as_str());
    }
    let slots = [a.slot(), b.slot()];
    Ok(record(sum(left, right)?, &[a, b], move |gradient, gradients| {
        slots.iter().try_for_each(|slot| gradients.add(slot, gradient.clone()))
    }))
}

/// `x · factor`.
pub fn scale(x: &Value, factor: f64) -> Result<Value> {
    let slot = x.slot();
    Ok(record((x.tensor() * factor)?, &[x], move |gradient, gradients| gradients.add(&slot, (gradient * factor)?)))
}

/// Adds `shift [batch, channels]` to every pixel of `x [batch, height, width, channels]` (or token of `[batch, tokens, channels]`).
pub fn add_per_sample(x: &Value, shift: &Value) -> Result<Value> {
    let (batch, channels) = shift.tensor().dims2()?;
    let dims = x.dims().to_vec();
    if dims.len() < 2 || dims[0] != batch || dims[dims.len() - 1] != channels {
        bail!("cannot add a shift of {:?} to {dims:?}", shift.dims());
    }
    let rows: usize = dims[1..dims.len() - 1].iter().product();
    let y = if x.tensor().elem_count() == 0 {
        x.tensor().clone()
    } else if fused(x.tensor()) {
        let (x, shift) = (x.tensor().contiguous()?, shift.tensor().contiguous()?);
        tensor(pointwise::add_per_sample(&elements(&x)?, &elements(&shift)?, channels, rows), &dims)?
    } else {
        x.tensor().reshape((batch, rows, channels))?.broadcast_add(&shift.tensor().unsqueeze(1)?)?.reshape(dims)?
    };
    let (to_x, to_shift) = (x.slot(), shift.slot());
    Ok(record(y, &[x, shift], move |gradient, gradients| {
        if to_shift.wanted() {
            let per_sample = if gradient.elem_count() == 0 {
                Tensor::zeros((batch, channels), gradient.dtype(), gradient.device())?
            } else {
                gradient.reshape((batch, rows, channels))?.sum(1)?
            };
            gradients.add(&to_shift, per_sample)?;
        }
        gradients.add(&to_x, gradient.clone())
    }))
}

/// Applies an activation to every element.
pub fn activate(x: &Value, activation: Activation) -> Result<Value> {
    let (slot, saved) = (x.slot(), x.tensor().contiguous()?);
    let y = if fused(&saved) {
        tensor(pointwise::activate(activation, &elements(&saved)?), x.dims())?
    } else {
        reference_activation(&saved, activation)?
    };
    Ok(record(y, &[x], move |gradient, gradients| {
        let to_x = if fused(&saved) {
            let gradient = gradient.contiguous()?;
            tensor(pointwise::activate_backward(activation, &elements(&saved)?, &elements(&gradient)?), saved.dims())?
        } else {
            (gradient * reference_slope(&saved, activation)?)?
        };
        gradients.add(&slot, to_x)
    }))
}

fn reference_activation(x: &Tensor, activation: Activation) -> Result<Tensor> {
    match activation {
        Activation::Silu => x.silu(),
        Activation::Gelu => x.gelu_erf(),
        Activation::QuickGelu => x * reference_sigmoid(&(x * 1.702)?)?,
    }
}

fn reference_sigmoid(x: &Tensor) -> Result<Tensor> {
    ((x * 0.5)?.tanh()? * 0.5)? + 0.5
}

/// The derivative of an activation at `x`.
pub(crate) fn reference_slope(x: &Tensor, activation: Activation) -> Result<Tensor> {
    let logistic = |factor: f64| -> Result<Tensor> {
        let scaled = (x * factor)?;
        let s = reference_sigmoid(&scaled)?;
        &s * ((scaled * s.affine(-1.0, 1.0)?)? + 1.0)?
    };
    match activation {
        Activation::Silu => logistic(1.0),
        Activation::QuickGelu => logistic(1.702),
        Activation::Gelu => {
            let cumulative = (((x * std::f64::consts::FRAC_1_SQRT_2)?.erf()? + 1.0)? * 0.5)?;
            let density = ((x.sqr()? * -0.5)?.exp()? * (0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2))?;
            cumulative + (x * density)?
        }
    }
}

/// GEGLU: the first half of the channels times the gelu of the second (Shazeer 2020, arXiv 2002.05202; diffusers' order).
pub fn geglu(x: &Value) -> Result<Value> {
    let mut dims = x.dims().to_vec();
    let Some(last) = dims.last_mut().filter(|last| last.is_multiple_of(2)) else { bail!("{:?} does not split into halves", x.dims()) };
    *last /= 2;
    let columns = *last;
    let (slot, saved) = (x.slot(), x.tensor().contiguous()?);
    let y = if saved.elem_count() == 0 {
        saved.reshape(dims)?
    } else if fused(&saved) {
        tensor(pointwise::geglu(&elements(&saved)?, columns), &dims)?
    } else {
        let (value, gate) = halves(&saved, columns)?;
        (value * gate.gelu_erf()?)?
    };
    Ok(record(y, &[x], move |gradient, gradients| {
        let to_x = if saved.elem_count() == 0 {
            saved
        } else if fused(&saved) {
            let gradient = gradient.contiguous()?;
            tensor(pointwise::geglu_backward(&elements(&saved)?, &elements(&gradient)?, columns), saved.dims())?
        } else {
            let (value, gate) = halves(&saved, columns)?;
            let to_gate = ((gradient * value)? * reference_slope(&gate, Activation::Gelu)?)?;
            Tensor::cat(&[(gradient * gate.gelu_erf()?)?, to_gate], D::Minus1)?
        };
        gradients.add(&slot, to_x)
    }))
}

fn halves(x: &Tensor, columns: usize) -> Result<(Tensor, Tensor)> {
    Ok((x.narrow(D::Minus1, 0, columns)?.contiguous()?, x.narrow(D::Minus1, columns, columns)?.contiguous()?))
}
