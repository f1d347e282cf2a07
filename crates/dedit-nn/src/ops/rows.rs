//! Selecting, scattering and scaling rows of a matrix; embeddings.

use candle_core::{Result, Tensor, bail};

use super::compute_dtype;
use crate::autograd::{Value, record};

/// Fails unless all `rows` are below `count`.
fn check(rows: &[u32], count: usize) -> Result<()> {
    match rows.iter().find(|&&row| row as usize >= count) {
        Some(row) => bail!("row {row} is not among {count}"),
        None => Ok(()),
    }
}

/// Rows `rows` of `x`; also for an empty list, which candle's `index_select` does not accept.
fn chosen(x: &Tensor, rows: &[u32]) -> Result<Tensor> {
    if rows.is_empty() {
        return Tensor::zeros((0, x.dim(1)?), x.dtype(), x.device());
    }
    x.index_select(&Tensor::new(rows, x.device())?, 0)
}

/// `to` with `rows` added to its rows `at`.
fn placed(to: &Tensor, at: &[u32], rows: &Tensor) -> Result<Tensor> {
    if at.is_empty() {
        return Ok(to.clone());
    }
    to.index_add(&Tensor::new(at, to.device())?, &rows.contiguous()?, 0)
}

/// Rows `rows` of `x [n, columns]`, as `[rows.len(), columns]`.
pub fn select_rows(x: &Value, rows: &[u32]) -> Result<Value> {
    let (count, columns) = x.tensor().dims2()?;
    check(rows, count)?;
    let (slot, rows) = (x.slot(), rows.to_vec());
    Ok(record(chosen(&x.tensor().contiguous()?, &rows)?, &[x], move |gradient, gradients| {
        let zeros = Tensor::zeros((count, columns), gradient.dtype(), gradient.device())?;
        gradients.add(&slot, placed(&zeros, &rows, gradient)?)
    }))
}

/// The transpose of [`select_rows`]: zeros `[n, columns]` with the rows of every part added at its indices. `like` gives precision and device.
pub fn scatter_rows(parts: &[(Value, Vec<u32>)], n: usize, columns: usize, like: &Tensor) -> Result<Value> {
    let mut y = Tensor::zeros((n, columns), like.dtype(), like.device())?;
    let mut places = Vec::with_capacity(parts.len());
    for (part, rows) in parts {
        if part.dims() != [rows.len(), columns] {
            bail!("{:?} does not fit {} rows of {columns} columns", part.dims(), rows.len());
        }
        check(rows, n)?;
        y = placed(&y, rows, part.tensor())?;
        places.push((part.slot(), rows.clone()));
    }
    let parents: Vec<&Value> = parts.iter().map(|(part, _)| part).collect();
    Ok(record(y, &parents, move |gradient, gradients| {
        places.iter().try_for_each(|(slot, rows)| gradients.add(slot, chosen(gradient, rows)?))
    }))
}

/// Every row of `x [n, columns]` times its element of `weights [n, 1]`.
pub fn scale_rows(x: &Value, weights: &Tensor) -> Result<Value> {
    let (rows, _) = x.tensor().dims2()?;
    if weights.dims() != [rows, 1] {
        bail!("{:?} cannot weigh the rows of {:?}", weights.dims(), x.dims());
    }
    let (slot, weights) = (x.slot(), weights.clone());
    Ok(record(x.tensor().broadcast_mul(&weights)?, &[x], move |gradient, gradients| {
        gradients.add(&slot, gradient.broadcast_mul(&weights)?)
    }))
}

/// Embedding lookup in a frozen table `fixed [rows, columns]` followed by trainable rows `extra [more, columns]`, which the ids from `rows` on address.
/// The result is `[ids.len(), columns]`.
pub fn embed(fixed: &Tensor, extra: Option<&Value>, ids: &[u32]) -> Result<Value> {
    let (rows, columns) = fixed.dims2()?;
    let more = match extra.map(|extra| extra.tensor().dims2()).transpose()? {
        Some((_, other)) if other != columns => bail!("item tokens of {other} columns do not fit words of {columns} columns"),
        Some((more, _)) => more,
        None => 0,
    };
    if let Some(id) = ids.iter().find(|&&id| id as usize >= rows + more) {
        bail!("token id {id} is outside the vocabulary of {rows} words and {more} item tokens");
    }
    let is_word = |id: u32| (id as usize) < rows;
    let words: Vec<u32> = ids.iter().copied().filter(|&id| is_word(id)).collect();
    let found = chosen(fixed, &words)?.to_dtype(compute_dtype(fixed))?;
    let Some(extra) = extra.filter(|_| words.len() < ids.len()) else { return Ok(Value::constant(found)) };
    let items: Vec<u32> = ids.iter().filter(|&&id| !is_word(id)).map(|&id| id - rows as u32).collect();
    let all = Tensor::cat(&[&found, &chosen(&extra.tensor().contiguous()?, &items)?.to_dtype(found.dtype())?], 0)?;
    // The rows of `fixed` come first here, then those of `extra`: restores the order of the ids.
    let (mut word, mut item) = (0..words.len() as u32, words.len() as u32..ids.len() as u32);
    let order: Vec<u32> = ids.iter().filter_map(|&id| if is_word(id) { word.next() } else { item.next() }).collect();
    let at: Vec<u32> = (0..).zip(ids).filter(|&(_, &id)| !is_word(id)).map(|(at, _)| at).collect();
    let (slot, dtype) = (extra.slot(), extra.tensor().dtype());
    Ok(record(chosen(&all, &order)?, &[extra], move |gradient, gradients| {
        let zeros = Tensor::zeros((more, columns), dtype, gradient.device())?;
        gradients.add(&slot, placed(&zeros, &items, &chosen(gradient, &at)?.to_dtype(dtype)?)?)
    }))
}
