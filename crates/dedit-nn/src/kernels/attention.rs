//! Scaled dot-product attention without the score matrix (`FlashAttention`, Dao et al. 2022, arXiv 2205.14135): scores of a few queries against a block
//! of keys stay in the second-level cache, and the softmax is updated block by block.
//!
//! Heads stay where the projections left them: `[batch, tokens, heads · width]`, head `h` in columns `h · width ..`.
#![allow(unsafe_code, reason = "tasks write disjoint rows and head columns of one output; see each SAFETY line")]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::block::{Left, PackedBlock, Target, multiply};
use super::buffer::fill;
use super::math::exp;
use super::product::Out;
use super::tile::{Store, TILE_ROWS};

/// Queries per task.
const QUERIES: usize = 16 * TILE_ROWS;
/// Keys per block.
const KEYS: usize = 512;

/// Sizes of an attention.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) batch: usize,
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    pub(crate) heads: usize,
    /// Columns of one head.
    pub(crate) width: usize,
    pub(crate) scale: f32,
}

/// What is added to the scores before the softmax.
#[derive(Clone, Copy)]
pub(crate) enum Bias<'a> {
    None,
    /// Token i sees tokens 0..=i.
    Causal,
    /// `[queries, keys]`, the same for every sample and head.
    Scores(&'a [f32]),
}

/// What the forward pass can add besides: these have no backward pass.
#[derive(Clone, Copy)]
pub(crate) enum Addend<'a> {
    Bias(Bias<'a>),
    /// `[heads, queries, keys]`, the same for every sample.
    PerHead(&'a [f32]),
    /// By the relative position of query and key.
    Relative(Relative<'a>),
}

/// Decomposed relative positions (Li et al. 2022, arXiv 2112.01526): queries and keys are the pixels of one grid, row-major, and a key that lies `(dy, dx)`
/// from a query gets `rows[dy + height - 1] + columns[dx + width - 1]` of that query.
#[derive(Clone, Copy)]
pub(crate) struct Relative<'a> {
    /// `[batch, queries, heads, 2 · height - 1]`.
    pub(crate) rows: &'a [f32],
    /// `[batch, queries, heads, 2 · width - 1]`.
    pub(crate) columns: &'a [f32],
    /// Height and width of the grid.
    pub(crate) grid: [usize; 2],
}

impl Relative<'_> {
    /// Adds the bias of one query to scaled scores; `from` is the index of the first key, `place` that of query and head among all of the batch.
    #[inline(always)]
    fn add(&self, scores: &mut [f32], place: usize, query: usize, from: usize) {
        let [height, width] = self.grid;
        let rows = &self.rows[place * (2 * height - 1)..][height - 1 - query / width..][..height];
        let columns = &self.columns[place * (2 * width - 1)..][width - 1 - query % width..][..width];
        let (mut row, mut column, mut rest) = (from / width, from % width, scores);
        while !rest.is_empty() {
            let take = (width - column).min(rest.len());
            let (line, after) = rest.split_at_mut(take);
            let shift = rows[row];
            line.iter_mut().zip(&columns[column..]).for_each(|(score, bias)| *score += shift + bias);
            (row, column, rest) = (row + 1, 0, after);
        }
    }
}

impl Shape {
    pub(crate) fn columns(&self) -> usize {
        self.heads * self.width
    }

    /// Every (sample, head) pair.
    pub(crate) fn pairs(&self) -> impl IndexedParallelIterator<Item = (usize, usize)> + use<> {
        let heads = self.heads;
        (0..self.batch * heads).into_par_iter().map(move |i| (i / heads, i % heads))
    }

    /// One head's columns of `count` tokens of `x [batch, tokens, heads · width]`, from token `first` of a sample on.
    #[inline(always)]
    pub(crate) fn rows<'a>(&self, x: &'a [f32], tokens: usize, (sample, head): (usize, usize), first: usize, count: usize) -> Left<'a> {
        let stride = self.columns();
        let start = (sample * tokens + first) * stride + head * self.width;
        let len = if count == 0 { 0 } else { (count - 1) * stride + self.width };
        Left { data: &x[start.min(x.len())..][..len], rows: count, stride }
    }
}

/// The result of [`attention`].
pub(crate) struct Attended {
    /// `[batch, queries, heads · width]`.
    pub(crate) out: Vec<f32>,
    /// Logarithm of each softmax's denominator, `[batch, heads, queries]`, from which the backward pass computes the probabilities again. Infinite for a
    /// query that sees no key, so that its probabilities are 0.
    pub(crate) log_sums: Vec<f32>,
}

/// `softmax(q kᵀ · scale + bias) v` per sample and head; zeros for a query that sees no key.
pub(crate) fn attention(shape: Shape, q: &[f32], k: &[f32], v: &[f32], bias: Addend<'_>) -> Attended {
    let stride = shape.columns();
    let mut log_sums = Vec::new();
    // SAFETY: the tasks cover every query of every pair; each writes its rows' columns of its head, and its rows' sums.
    let out = unsafe {
        fill(shape.batch * shape.queries * stride, |out| {
            log_sums = fill(shape.batch * shape.heads * shape.queries, |sums| {
                attend(shape, [q, k, v], bias, Out { start: out, stride }, Out { start: sums, stride: shape.queries });
            });
        })
    };
    Attended { out, log_sums }
}

/// Computes `out` and `sums` in parallel, one task per head and block of queries.
///
/// # Safety
/// `out` must be writable for `[batch, queries, heads · width]` elements and `sums` for `[batch, heads, queries]`, by this call alone.
unsafe fn attend(shape: Shape, [q, k, v]: [&[f32]; 3], bias: Addend<'_>, out: Out, sums: Out) {
    let arch = Arch::new();
    shape.pairs().for_each(|pair| {
        let (keys, values) = arch.dispatch(|| {
            let rows = |x| shape.rows(x, shape.keys, pair, 0, shape.keys);
            (PackedBlock::transposed(rows(k), shape.width), PackedBlock::straight(rows(v), shape.width))
        });
        (0..shape.queries.div_ceil(QUERIES)).into_par_iter().for_each(|block| {
            let first = block * QUERIES;
            let queries = shape.rows(q, shape.queries, pair, first, (shape.queries - first).min(QUERIES));
            let (sample, head) = pair;
            let start = (sample * shape.queries + first) * shape.columns() + head * shape.width;
            // SAFETY: both lie within the outputs.
            let (out, sums) = unsafe { (out.offset(start), sums.offset((sample * shape.heads + head) * shape.queries + first)) };
            arch.dispatch(Task { shape, pair, queries, first, keys: &keys, values: &values, bias, out, sums });
        });
    });
}

/// One block of queries of one head.
struct Task<'a> {
    shape: Shape,
    /// The sample and the head.
    pair: (usize, usize),
    queries: Left<'a>,
    /// Index of the first query.
    first: usize,
    keys: &'a PackedBlock,
    values: &'a PackedBlock,
    bias: Addend<'a>,
    out: Out,
    sums: Out,
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Shape { width, keys, .. } = self.shape;
        let rows = self.queries.rows;
        let block = KEYS.min(keys);
        let mut scores = vec![0f32; rows * block];
        let mut sums = vec![0f32; rows];
        let mut maxima = vec![f32::NEG_INFINITY; rows];
        let mut acc = vec![0f32; rows * width];
        for from in (0..keys).step_by(KEYS) {
            let seen = from..(from + KEYS).min(keys);
            let target = Target { data: &mut scores, stride: block, store: Store::Set };
            multiply(simd, self.queries, self.keys.right(), 0..width, seen.clone(), target);
            for row in 0..rows {
                let scores = &mut scores[row * block..][..seen.len()];
                add_bias(scores, self.shape, self.bias, self.pair, self.first + row, from);
                if let Some(shrink) = fold_in(scores, &mut maxima[row], &mut sums[row]) {
                    acc[row * width..][..width].iter_mut().for_each(|value| *value *= shrink);
                }
            }
            let probabilities = Left { data: &scores, rows, stride: block };
            multiply(simd, probabilities, self.values.right(), seen, 0..width, Target { data: &mut acc, stride: width, store: Store::Add });
        }
        for row in 0..rows {
            let seen = sums[row] != 0.0;
            let scale = if seen { 1.0 / sums[row] } else { 0.0 };
            // SAFETY: this task alone writes these rows and columns.
            unsafe {
                let out = self.out.start.add(row * self.out.stride);
                for (c, value) in acc[row * width..][..width].iter().enumerate() {
                    out.add(c).write(value * scale);
                }
                self.sums.start.add(row).write(if seen { maxima[row] + sums[row].ln() } else { f32::INFINITY });
            }
        }
    }
}

/// Scales a row of raw scores and adds the bias; `from` is the index of the row's first key.
#[inline(always)]
fn add_bias(scores: &mut [f32], shape: Shape, bias: Addend<'_>, (sample, head): (usize, usize), query: usize, from: usize) {
    match bias {
        Addend::Bias(Bias::None) => scores.iter_mut().for_each(|score| *score *= shape.scale),
        Addend::Bias(Bias::Causal) => {
            let visible = (query + 1).saturating_sub(from).min(scores.len());
            scores[..visible].iter_mut().for_each(|score| *score *= shape.scale);
            scores[visible..].fill(f32::NEG_INFINITY);
        }
        Addend::Bias(Bias::Scores(bias)) => {
            let bias = &bias[query * shape.keys + from..][..scores.len()];
            scores.iter_mut().zip(bias).for_each(|(score, bias)| *score = *score * shape.scale + bias);
        }
        Addend::PerHead(bias) => {
            let bias = &bias[(head * shape.queries + query) * shape.keys + from..][..scores.len()];
            scores.iter_mut().zip(bias).for_each(|(score, bias)| *score = *score * shape.scale + bias);
        }
        Addend::Relative(relative) => {
            for score in scores.iter_mut() {
                *score *= shape.scale;
            }
            relative.add(scores, (sample * shape.queries + query) * shape.heads + head, query, from);
        }
    }
}

/// Turns scores into `e^(score - max)` and updates the running maximum and sum. When the maximum has grown, returns the factor for earlier results.
#[inline(always)]
fn fold_in(scores: &mut [f32], max: &mut f32, sum: &mut f32) -> Option<f32> {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let (whole, rest) = scores.as_chunks::<16>();
    for chunk in whole {
        lanes.iter_mut().zip(chunk).for_each(|(lane, &score)| *lane = if score > *lane { score } else { *lane });
    }
    let top = lanes.iter().chain(rest).copied().fold(*max, f32::max);
    // Without a visible key every exponential is 0; subtracting -∞ would give NaN.
    let shift = if top == f32::NEG_INFINITY { 0.0 } else { top };
    let mut lanes = [0f32; 16];
    let (whole, rest) = scores.as_chunks_mut::<16>();
    for chunk in whole {
        for (lane, score) in lanes.iter_mut().zip(chunk) {
            *score = exp(*score - shift);
            *lane += *score;
        }
    }
    let mut part = lanes.iter().sum::<f32>();
    for score in rest {
        *score = exp(*score - shift);
        part += *score;
    }
    let shrink = (top > *max).then(|| exp(*max - top));
    *sum = *sum * shrink.unwrap_or(1.0) + part;
    *max = top;
    shrink
}
