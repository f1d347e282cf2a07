//! Operations without weights, each with its gradient.

use candle_core::{D, DType, Result, Tensor, bail};

use crate::autograd::{Slot, Value, record};
use crate::backend::{elements, fused, tensor};
pub use crate::kernels::Activation;
use crate::kernels::pointwise;

/// `a + b`, same shape, without recording.
pub(crate) fn sum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if fused(a) && a.is_contiguous() && b.is_contiguous() && a.shape() == b.shape() {
        return tensor(pointwise::zip(&*elements(a)?, &*elements(b)?, |a, b| a + b), a.dims());
    }
    a + b
}

/// `a + b`, same shape.
pub fn add(a: &Value, b: &Value) -> Result<Value> {
    if a.tensor().shape() != b.tensor().shape() {
        bail!("cannot add {:?} and {:?}", a.dims(), b.dims());
    }
    let slots = [a.slot(), b.slot()];
    Ok(record(sum(a.tensor(), b.tensor())?, &[a, b], move |gradient, gradients| {
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
    if x.dims().first() != Some(&batch) || x.dims().last() != Some(&channels) {
        bail!("cannot add a shift of {:?} to {:?}", shift.dims(), x.dims());
    }
    let rows = x.tensor().elem_count() / batch / channels;
    let y = if fused(x.tensor()) {
        let shift = shift.tensor().contiguous()?;
        tensor(pointwise::add_per_sample(&*elements(x.tensor())?, &*elements(&shift)?, channels, rows), x.dims())?
    } else {
        x.tensor().reshape((batch, rows, channels))?.broadcast_add(&shift.tensor().unsqueeze(1)?)?.reshape(x.dims())?
    };
    let (to_x, to_shift) = (x.slot(), shift.slot());
    Ok(record(y, &[x, shift], move |gradient, gradients| {
        if to_shift.wanted() {
            gradients.add(&to_shift, gradient.reshape((batch, rows, channels))?.sum(1)?)?;
        }
        gradients.add(&to_x, gradient.clone())
    }))
}

/// A pointwise activation.
pub fn activate(x: &Value, activation: Activation) -> Result<Value> {
    let y = if fused(x.tensor()) {
        let x = x.tensor().contiguous()?;
        tensor(pointwise::activate(activation, &*elements(&x)?), x.dims())?
    } else {
        reference_activation(x.tensor(), activation)?
    };
    if !x.requires_grad() {
        return Ok(Value::constant(y));
    }
    let (slot, saved) = (x.slot(), x.tensor().clone());
    Ok(record(y, &[x], move |gradient, gradients| {
        let to_x = if fused(&saved) {
            let (x, gradient) = (saved.contiguous()?, gradient.contiguous()?);
            tensor(pointwise::activate_backward(activation, &*elements(&x)?, &*elements(&gradient)?), x.dims())?
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

fn reference_slope(x: &Tensor, activation: Activation) -> Result<Tensor> {
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
    let columns = x.tensor().dim(D::Minus1)? / 2;
    let mut dims = x.dims().to_vec();
    if let Some(last) = dims.last_mut() {
        *last = columns;
    }
    let y = if fused(x.tensor()) {
        tensor(pointwise::geglu(&*elements(x.tensor())?, columns), &dims)?
    } else {
        let (value, gate) = halves(x.tensor(), columns)?;
        (value * gate.gelu_erf()?)?
    };
    if !x.requires_grad() {
        return Ok(Value::constant(y));
    }
    let (slot, saved) = (x.slot(), x.tensor().clone());
    Ok(record(y, &[x], move |gradient, gradients| {
        let to_x = if fused(&saved) {
            let gradient = gradient.contiguous()?;
            tensor(pointwise::geglu_backward(&*elements(&saved)?, &*elements(&gradient)?, columns), saved.dims())?
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

/// Nearest-neighbour enlargement of `[batch, height, width, channels]` to twice the height and width.
pub fn upsample2(x: &Value) -> Result<Value> {
    let (batch, height, width, channels) = x.tensor().dims4()?;
    let dims = [batch, 2 * height, 2 * width, channels];
    let y = if fused(x.tensor()) {
        tensor(pointwise::upsample2(&*elements(x.tensor())?, width, channels), &dims)?
    } else {
        let spread = x.tensor().reshape((batch, height, 1, width, 1, channels))?;
        spread.broadcast_as((batch, height, 2, width, 2, channels))?.contiguous()?.reshape(&dims)?
    };
    let slot = x.slot();
    Ok(record(y, &[x], move |gradient, gradients| {
        let to_x = if fused(gradient) {
            let gradient = gradient.contiguous()?;
            tensor(pointwise::upsample2_backward(&*elements(&gradient)?, 2 * width, channels), &[batch, height, width, channels])?
        } else {
            gradient.reshape((batch, height, 2, width, 2, channels))?.sum((2, 4))?
        };
        gradients.add(&slot, to_x)
    }))
}

/// Channels of `a` and `b` side by side (the last dimension).
pub fn cat_channels(a: &Value, b: &Value) -> Result<Value> {
    let (left, right) = (a.tensor().dim(D::Minus1)?, b.tensor().dim(D::Minus1)?);
    let y = if fused(a.tensor()) {
        let mut dims = a.dims().to_vec();
        if let Some(last) = dims.last_mut() {
            *last = left + right;
        }
        if a.tensor().elem_count() / left != b.tensor().elem_count() / right {
            bail!("cannot join the channels of {:?} and {:?}", a.dims(), b.dims());
        }
        tensor(pointwise::cat(&*elements(a.tensor())?, left, &*elements(b.tensor())?, right), &dims)?
    } else {
        Tensor::cat(&[a.tensor(), b.tensor()], D::Minus1)?
    };
    let slots = [(a.slot(), 0, left), (b.slot(), left, right)];
    Ok(record(y, &[a, b], move |gradient, gradients| {
        for (slot, from, take) in &slots {
            if slot.wanted() {
                gradients.add(slot, narrow_columns(gradient, *from, *take)?)?;
            }
        }
        Ok(())
    }))
}

/// Columns `from..from + take` of the last dimension, contiguous.
pub(crate) fn narrow_columns(x: &Tensor, from: usize, take: usize) -> Result<Tensor> {
    if !fused(x) {
        return x.narrow(D::Minus1, from, take)?.contiguous();
    }
    let x = x.contiguous()?;
    let mut dims = x.dims().to_vec();
    let all = x.dim(D::Minus1)?;
    if let Some(last) = dims.last_mut() {
        *last = take;
    }
    tensor(pointwise::columns(&*elements(&x)?, all, from, take), &dims)
}

/// The same elements under another shape.
pub fn reshape(x: &Value, dims: &[usize]) -> Result<Value> {
    let (slot, from) = (x.slot(), x.dims().to_vec());
    Ok(record(x.tensor().reshape(dims)?, &[x], move |gradient, gradients| gradients.add(&slot, gradient.reshape(&*from)?)))
}

/// The same numbers in another precision; the gradient comes back in the old one.
pub fn to_dtype(x: &Value, dtype: DType) -> Result<Value> {
    let old = x.tensor().dtype();
    if old == dtype {
        return Ok(x.clone());
    }
    let slot = x.slot();
    Ok(record(x.tensor().to_dtype(dtype)?, &[x], move |gradient, gradients| gradients.add(&slot, gradient.to_dtype(old)?)))
}

/// `[batch, channels, height, width]` to `[batch, height, width, channels]`.
pub fn channels_last(x: &Value) -> Result<Value> {
    permute(x, [0, 2, 3, 1], [0, 3, 1, 2])
}

/// `[batch, height, width, channels]` to `[batch, channels, height, width]`.
pub fn channels_first(x: &Value) -> Result<Value> {
    permute(x, [0, 3, 1, 2], [0, 2, 3, 1])
}

fn permute(x: &Value, order: [usize; 4], back: [usize; 4]) -> Result<Value> {
    let slot = x.slot();
    Ok(record(x.tensor().permute(order)?.contiguous()?, &[x], move |gradient, gradients| {
        gradients.add(&slot, gradient.permute(back)?.contiguous()?)
    }))
}

/// Samples (index of the first dimension) `from..from + take`.
pub fn samples(x: &Value, from: usize, take: usize) -> Result<Value> {
    let (slot, all) = (x.slot(), x.tensor().dim(0)?);
    Ok(record(x.tensor().narrow(0, from, take)?.contiguous()?, &[x], move |gradient, gradients| {
        gradients.add(&slot, gradient.pad_with_zeros(0, from, all - from - take)?)
    }))
}

/// Values one behind the other along the first dimension.
pub fn cat_samples(values: &[Value]) -> Result<Value> {
    let tensors: Vec<&Tensor> = values.iter().map(Value::tensor).collect();
    let y = Tensor::cat(&tensors, 0)?;
    let slots: Vec<(Slot, usize)> = values.iter().map(|value| Ok((value.slot(), value.tensor().dim(0)?))).collect::<Result<_>>()?;
    Ok(record(y, &values.iter().collect::<Vec<_>>(), move |gradient, gradients| {
        let mut from = 0;
        for (slot, take) in slots {
            gradients.add(&slot, gradient.narrow(0, from, take)?.contiguous()?)?;
            from += take;
        }
        Ok(())
    }))
}

/// The top left part of `[batch, height, width, channels]` with the given height and width.
pub fn crop(x: &Value, [height, width]: [usize; 2]) -> Result<Value> {
    let (_, old_height, old_width, _) = x.tensor().dims4()?;
    if (old_height, old_width) == (height, width) {
        return Ok(x.clone());
    }
    if height > old_height || width > old_width {
        bail!("cannot crop {:?} to {height} × {width}", x.dims());
    }
    let slot = x.slot();
    Ok(record(x.tensor().narrow(1, 0, height)?.narrow(2, 0, width)?.contiguous()?, &[x], move |gradient, gradients| {
        let padded = gradient.pad_with_zeros(1, 0, old_height - height)?.pad_with_zeros(2, 0, old_width - width)?;
        gradients.add(&slot, padded.contiguous()?)
    }))
}

/// Rows `rows` of `x [n, columns]`.
pub fn select_rows(x: &Value, rows: &[u32]) -> Result<Value> {
    let index = Tensor::new(rows, x.device())?;
    let slot = x.slot();
    let zeros = x.tensor().zeros_like()?;
    Ok(record(x.tensor().index_select(&index, 0)?, &[x], move |gradient, gradients| {
        gradients.add(&slot, zeros.index_add(&index, gradient, 0)?)
    }))
}

/// The inverse of [`select_rows`]: `[n, columns]` zeros with the rows of every part added at its places. `like` gives precision and device.
pub fn scatter_rows(parts: &[(Value, Vec<u32>)], n: usize, columns: usize, like: &Tensor) -> Result<Value> {
    let mut y = Tensor::zeros((n, columns), like.dtype(), like.device())?;
    let mut places = Vec::with_capacity(parts.len());
    for (part, rows) in parts {
        let index = Tensor::new(rows.as_slice(), like.device())?;
        y = y.index_add(&index, part.tensor(), 0)?;
        places.push((part.slot(), index));
    }
    let parents: Vec<&Value> = parts.iter().map(|(part, _)| part).collect();
    Ok(record(y, &parents, move |gradient, gradients| {
        places.iter().try_for_each(|(slot, index)| gradients.add(slot, gradient.index_select(index, 0)?))
    }))
}

/// Every row of `x [n, columns]` times its entry of `weights [n, 1]`.
pub fn scale_rows(x: &Value, weights: &Tensor) -> Result<Value> {
    let (slot, weights) = (x.slot(), weights.clone());
    Ok(record(x.tensor().broadcast_mul(&weights)?, &[x], move |gradient, gradients| {
        gradients.add(&slot, gradient.broadcast_mul(&weights)?)
    }))
}

/// Rows `ids` of the table whose first rows are `fixed [rows, columns]` and whose further rows are `extra [more, columns]`: an embedding with
/// replaceable rows. Ids from `rows` on address `extra`. The result is `[ids.len(), columns]`.
pub fn embed(fixed: &Tensor, extra: Option<&Value>, ids: &[u32]) -> Result<Value> {
    let rows = fixed.dim(0)?;
    let more = extra.map_or(Ok(0), |extra| extra.tensor().dim(0))?;
    if let Some(id) = ids.iter().find(|&&id| id as usize >= rows + more) {
        bail!("token id {id} is outside the vocabulary of {rows} words and {more} item tokens");
    }
    let inside: Vec<u32> = ids.iter().map(|&id| if (id as usize) < rows { id } else { 0 }).collect();
    let mut y = fixed.index_select(&Tensor::new(inside.as_slice(), fixed.device())?, 0)?.to_dtype(compute_dtype(fixed))?;
    let Some(extra) = extra else { return Ok(Value::constant(y)) };
    let places: Vec<(u32, u32)> =
        ids.iter().enumerate().filter(|&(_, &id)| id as usize >= rows).map(|(i, &id)| (i as u32, id - rows as u32)).collect();
    if places.is_empty() {
        return Ok(Value::constant(y));
    }
    for &(place, row) in &places {
        let row = extra.tensor().narrow(0, row as usize, 1)?.to_dtype(y.dtype())?;
        y = y.slice_assign(&[place as usize..place as usize + 1, 0..row.dim(1)?], &row)?;
    }
    let (slot, zeros) = (extra.slot(), extra.tensor().zeros_like()?);
    let (at, of): (Vec<u32>, Vec<u32>) = places.into_iter().unzip();
    Ok(record(y, &[extra], move |gradient, gradients| {
        let device = gradient.device();
        let used = gradient.index_select(&Tensor::new(at.as_slice(), device)?, 0)?.to_dtype(zeros.dtype())?;
        gradients.add(&slot, zeros.index_add(&Tensor::new(of.as_slice(), device)?, &used, 0)?)
    }))
}

/// The precision networks compute in: f32 on the CPU, the weights' own elsewhere.
pub fn compute_dtype(weight: &Tensor) -> DType {
    if weight.device().is_cpu() { DType::F32 } else { weight.dtype() }
}

/// `Σ weight · (x - target)² / Σ weight` as a scalar; without weights, the mean. `weight` broadcasts to the shape of `x`.
pub fn mean_squared_error(x: &Value, target: &Tensor, weight: Option<&Tensor>) -> Result<Value> {
    let difference = (x.tensor().to_dtype(DType::F32)? - target.to_dtype(DType::F32)?)?;
    let weights = match weight {
        Some(weight) => weight.to_dtype(DType::F32)?.broadcast_as(difference.shape())?.contiguous()?,
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
