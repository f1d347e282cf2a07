//! Scaled dot-product attention (Vaswani et al. 2017): `softmax(q kᵀ / √width) v` per head.

use candle_core::{D, DType, Result, Tensor, bail};

use crate::autograd::{Value, record};
use crate::backend::{elements, fused, tensor};
use crate::kernels::attention::{self as kernel, Addend, Bias, Shape};
use crate::kernels::attention_backward::{Inputs, attention_backward};

/// Which keys a query sees.
#[derive(Debug, Clone, Default)]
pub enum AttentionMask {
    /// All of them.
    #[default]
    None,
    /// Token i sees tokens 0..=i (text encoders).
    Causal,
    /// `[queries, keys]` f32 added to the scores of every sample and head.
    Scores(Tensor),
}

/// Attention of `q [batch, queries, heads · width]` over `k` and `v [batch, keys, heads · width]`; the result has the shape of `q`.
///
/// For a query without visible keys the result and its gradients are zero. The score matrix is not kept: the backward pass computes it again block by
/// block.
pub fn attention(q: &Value, k: &Value, v: &Value, heads: usize, mask: &AttentionMask) -> Result<Value> {
    let shape = fit(q.tensor(), k.tensor(), v.tensor(), heads)?;
    let mask = match mask {
        AttentionMask::Scores(scores) if scores.dims() != [shape.queries, shape.keys] => {
            bail!("an attention mask of {:?} does not fit {} queries and {} keys", scores.dims(), shape.queries, shape.keys)
        }
        AttentionMask::Scores(scores) => AttentionMask::Scores(scores.to_dtype(DType::F32)?.contiguous()?),
        other => other.clone(),
    };
    let slots = [q.slot(), k.slot(), v.slot()];
    let parents = [q, k, v];
    let (q, k, v) = (q.tensor().contiguous()?, k.tensor().contiguous()?, v.tensor().contiguous()?);
    if shape.keys == 0 || q.elem_count() == 0 {
        return Ok(record(q.zeros_like()?, &parents, move |_, gradients| {
            slots.iter().zip([q, k, v]).try_for_each(|(slot, tensor)| gradients.add(slot, tensor.zeros_like()?))
        }));
    }
    if !fused(&q) {
        let y = reference(shape, &q, &k, &v, &mask)?.0;
        return Ok(record(y, &parents, move |gradient, gradients| {
            let computed = reference_backward(shape, [&q, &k, &v], &mask, gradient)?;
            slots.iter().zip(computed).try_for_each(|(slot, gradient)| gradients.add(slot, gradient))
        }));
    }
    let attended =
        with_bias(&mask, |bias| Ok(kernel::attention(shape, &elements(&q)?, &elements(&k)?, &elements(&v)?, Addend::Bias(bias))))?;
    let log_sums = attended.log_sums;
    let y = tensor(attended.out, q.dims())?;
    let saved = y.clone();
    Ok(record(y, &parents, move |gradient, gradients| {
        let gradient = gradient.contiguous()?;
        let out = elements(&saved)?;
        let (eq, ek, ev, eg) = (elements(&q)?, elements(&k)?, elements(&v)?, elements(&gradient)?);
        let computed = with_bias(&mask, |bias| {
            Ok(attention_backward(shape, Inputs { q: &eq, k: &ek, v: &ev, bias, out: &out, log_sums: &log_sums, gradient: &eg }))
        })?;
        let dims = [q.dims(), k.dims(), v.dims()];
        slots.iter().zip(computed).zip(dims).try_for_each(|((slot, data), dims)| gradients.add(slot, tensor(data, dims)?))
    }))
}

/// The sizes, if the shapes match each other.
pub(super) fn fit(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize) -> Result<Shape> {
    let (batch, queries, columns) = q.dims3()?;
    let (key_batch, keys, key_columns) = k.dims3()?;
    let same = key_batch == batch && key_columns == columns && v.dims() == k.dims();
    if heads == 0 || columns == 0 || !columns.is_multiple_of(heads) || !same {
        bail!("attention with {heads} heads cannot join q {:?}, k {:?} and v {:?}", q.dims(), k.dims(), v.dims());
    }
    let width = columns / heads;
    Ok(Shape { batch, queries, keys, heads, width, scale: 1.0 / (width as f32).sqrt() })
}

/// Calls `body` with the mask in the form that the kernel takes.
fn with_bias<T>(mask: &AttentionMask, body: impl FnOnce(Bias<'_>) -> Result<T>) -> Result<T> {
    match mask {
        AttentionMask::None => body(Bias::None),
        AttentionMask::Causal => body(Bias::Causal),
        AttentionMask::Scores(scores) => body(Bias::Scores(&elements(scores)?)),
    }
}

/// `[batch, tokens, heads · width]` to `[batch, heads, tokens, width]`.
pub(super) fn split(x: &Tensor, shape: Shape) -> Result<Tensor> {
    let (batch, tokens, _) = x.dims3()?;
    x.reshape((batch, tokens, shape.heads, shape.width))?.transpose(1, 2)?.contiguous()
}

/// The inverse of [`split`].
pub(super) fn unite(x: &Tensor) -> Result<Tensor> {
    let (batch, heads, tokens, width) = x.dims4()?;
    x.transpose(1, 2)?.contiguous()?.reshape((batch, tokens, heads * width))
}

/// Queries per block of the reference path, which bounds the memory of its score matrix.
pub(super) const BLOCK: usize = 1024;

/// The output and the probabilities of every block of queries, `[batch, heads, block, keys]`.
fn reference(shape: Shape, q: &Tensor, k: &Tensor, v: &Tensor, mask: &AttentionMask) -> Result<(Tensor, Vec<Tensor>)> {
    let (q, k, v) = (split(q, shape)?, split(k, shape)?, split(v, shape)?);
    let kt = k.transpose(2, 3)?.contiguous()?;
    let (mut parts, mut probabilities) = (Vec::new(), Vec::new());
    for from in (0..shape.queries).step_by(BLOCK) {
        let take = (shape.queries - from).min(BLOCK);
        let scores = (q.narrow(2, from, take)?.contiguous()?.matmul(&kt)? * f64::from(shape.scale))?.to_dtype(DType::F32)?;
        let scores = match mask {
            AttentionMask::None => scores,
            AttentionMask::Causal => scores.broadcast_add(&causal(shape, from, take, q.device())?)?,
            AttentionMask::Scores(bias) => scores.broadcast_add(&bias.narrow(0, from, take)?.contiguous()?)?,
        };
        // Where every score is -∞, a finite maximum and a positive sum give probabilities of zero instead of NaN.
        let shifted = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?.maximum(f64::from(f32::MIN))?)?.exp()?;
        let p = shifted.broadcast_div(&shifted.sum_keepdim(D::Minus1)?.maximum(f64::from(f32::MIN_POSITIVE))?)?.to_dtype(q.dtype())?;
        parts.push(p.matmul(&v)?);
        probabilities.push(p);
    }
    Ok((unite(&Tensor::cat(&parts, 2)?)?, probabilities))
}

fn causal(shape: Shape, from: usize, take: usize, device: &candle_core::Device) -> Result<Tensor> {
    let hidden = |i: usize| if i % shape.keys > from + i / shape.keys { f32::NEG_INFINITY } else { 0.0 };
    Tensor::from_vec((0..take * shape.keys).map(hidden).collect::<Vec<_>>(), (take, shape.keys), device)
}

fn reference_backward(shape: Shape, inputs: [&Tensor; 3], mask: &AttentionMask, gradient: &Tensor) -> Result<[Tensor; 3]> {
    let [q, k, v] = inputs;
    let (_, probabilities) = reference(shape, q, k, v, mask)?;
    let (q, k, v, g) = (split(q, shape)?, split(k, shape)?, split(v, shape)?, split(gradient, shape)?);
    let (mut to_q, mut to_k, mut to_v) = (Vec::new(), k.zeros_like()?, v.zeros_like()?);
    for (block, p) in probabilities.iter().enumerate() {
        let (from, take) = (block * BLOCK, p.dim(2)?);
        let (q, g) = (q.narrow(2, from, take)?.contiguous()?, g.narrow(2, from, take)?.contiguous()?);
        let pt = p.transpose(2, 3)?.contiguous()?;
        to_v = (to_v + pt.matmul(&g)?)?;
        let dp = g.matmul(&v.transpose(2, 3)?.contiguous()?)?;
        let mean = (&dp * p)?.sum_keepdim(D::Minus1)?;
        let ds = (p * (dp.broadcast_sub(&mean)? * f64::from(shape.scale))?)?;
        to_q.push(ds.matmul(&k)?);
        to_k = (to_k + ds.transpose(2, 3)?.contiguous()?.matmul(&q)?)?;
    }
    Ok([unite(&Tensor::cat(&to_q, 2)?)?, unite(&to_k)?, unite(&to_v)?])
}
