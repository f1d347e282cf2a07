//! Joining, cutting and reordering images and batches.

use candle_core::{D, DType, Result, Tensor, bail};

use crate::autograd::{Slot, Value, record};
use crate::backend::{elements, fused, tensor};
use crate::kernels::pointwise;

/// Nearest-neighbour upsampling of `[batch, height, width, channels]` to `[batch, 2 · height, 2 · width, channels]`.
pub fn upsample2(x: &Value) -> Result<Value> {
    let (batch, height, width, channels) = x.tensor().dims4()?;
    let dims = [batch, 2 * height, 2 * width, channels];
    let y = if x.tensor().elem_count() == 0 {
        x.tensor().reshape(&dims)?
    } else if fused(x.tensor()) {
        let x = x.tensor().contiguous()?;
        tensor(pointwise::upsample2(&elements(&x)?, width, channels), &dims)?
    } else {
        let spread = x.tensor().reshape((batch, height, 1, width, 1, channels))?;
        spread.broadcast_as((batch, height, 2, width, 2, channels))?.contiguous()?.reshape(&dims)?
    };
    let slot = x.slot();
    Ok(record(y, &[x], move |gradient, gradients| {
        let to_x = if gradient.elem_count() == 0 {
            gradient.reshape((batch, height, width, channels))?
        } else if fused(gradient) {
            let gradient = gradient.contiguous()?;
            tensor(pointwise::upsample2_backward(&elements(&gradient)?, 2 * width, channels), &[batch, height, width, channels])?
        } else {
            gradient.reshape((batch, height, 2, width, 2, channels))?.sum((2, 4))?
        };
        gradients.add(&slot, to_x)
    }))
}

/// Concatenates `a [.., c₁]` and `b [.., c₂]` to `[.., c₁ + c₂]`.
pub fn cat_channels(a: &Value, b: &Value) -> Result<Value> {
    let (Some((&left, before)), Some((&right, same))) = (a.dims().split_last(), b.dims().split_last()) else {
        bail!("cannot join the channels of {:?} and {:?}", a.dims(), b.dims())
    };
    if before != same || a.tensor().dtype() != b.tensor().dtype() {
        bail!("cannot join the channels of {:?} {:?} and {:?} {:?}", a.dims(), a.tensor().dtype(), b.dims(), b.tensor().dtype());
    }
    let mut dims = before.to_vec();
    dims.push(left + right);
    let y = if fused(a.tensor()) {
        let (a, b) = (a.tensor().contiguous()?, b.tensor().contiguous()?);
        tensor(pointwise::cat(&elements(&a)?, left, &elements(&b)?, right), &dims)?
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
fn narrow_columns(x: &Tensor, from: usize, take: usize) -> Result<Tensor> {
    if !fused(x) {
        return x.narrow(D::Minus1, from, take)?.contiguous();
    }
    let x = x.contiguous()?;
    let mut dims = x.dims().to_vec();
    let all = x.dim(D::Minus1)?;
    dims.pop();
    dims.push(take);
    tensor(pointwise::columns(&elements(&x)?, all, from, take), &dims)
}

/// The same elements with the shape `dims`.
pub fn reshape(x: &Value, dims: &[usize]) -> Result<Value> {
    if x.tensor().elem_count() != dims.iter().product::<usize>() {
        bail!("{:?} cannot become {dims:?}", x.dims());
    }
    let (slot, from) = (x.slot(), x.dims().to_vec());
    Ok(record(x.tensor().reshape(dims)?, &[x], move |gradient, gradients| gradients.add(&slot, gradient.reshape(&*from)?)))
}

/// The values in another precision; the gradient is converted back.
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
    x.tensor().dims4()?;
    let slot = x.slot();
    Ok(record(x.tensor().permute(order)?.contiguous()?, &[x], move |gradient, gradients| {
        gradients.add(&slot, gradient.permute(back)?.contiguous()?)
    }))
}

/// Samples `from..from + take` of `[batch, ..]`, as `[take, ..]`.
pub fn samples(x: &Value, from: usize, take: usize) -> Result<Value> {
    let all = x.tensor().dims().first().copied().unwrap_or(0);
    let Some(after) = from.checked_add(take).and_then(|end| all.checked_sub(end)) else {
        bail!("samples {from}..{} of {:?} do not exist", from.saturating_add(take), x.dims());
    };
    let slot = x.slot();
    Ok(record(x.tensor().narrow(0, from, take)?.contiguous()?, &[x], move |gradient, gradients| {
        gradients.add(&slot, gradient.pad_with_zeros(0, from, after)?)
    }))
}

/// Concatenates values along the first dimension.
pub fn cat_samples(values: &[Value]) -> Result<Value> {
    let fits = |value: &Value| match (value.dims(), values[0].dims()) {
        ([_, a @ ..], [_, b @ ..]) => a == b && value.tensor().dtype() == values[0].tensor().dtype(),
        _ => false,
    };
    if values.is_empty() || !values.iter().all(fits) {
        bail!("cannot join samples of {:?}", values.iter().map(Value::dims).collect::<Vec<_>>());
    }
    let tensors: Vec<&Tensor> = values.iter().map(Value::tensor).collect();
    let y = Tensor::cat(&tensors, 0)?;
    let slots: Vec<(Slot, usize)> = values.iter().map(|value| (value.slot(), value.dims()[0])).collect();
    Ok(record(y, &values.iter().collect::<Vec<_>>(), move |gradient, gradients| {
        let mut from = 0;
        for (slot, take) in slots {
            gradients.add(&slot, gradient.narrow(0, from, take)?.contiguous()?)?;
            from += take;
        }
        Ok(())
    }))
}

/// The top left part of an image `[batch, .., .., channels]`, as `[batch, height, width, channels]`.
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
