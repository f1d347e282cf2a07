//! Scaled dot-product attention without the score matrix: scores of a few queries against a block of keys live in the second-level cache, and the
//! softmax is folded in block by block (Dao et al. 2022, arXiv 2205.14135).
//!
//! Heads stay where the projections left them: `[batch, tokens, heads · width]`, head `h` in columns `h · width ..`.
#![allow(unsafe_code, reason = "tasks write disjoint rows and head columns of one output; see each SAFETY line")]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::buffer::fill;
use super::math::exp;
use super::panels::{pack, panel_width};
use super::product::Out;
use super::tile::{self, PANEL, RowPointers, Store, Stretch, TILE_ROWS, TileOut};

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

impl Shape {
    pub(crate) fn columns(&self) -> usize {
        self.heads * self.width
    }

    /// Every (sample, head) pair.
    pub(crate) fn pairs(&self) -> impl IndexedParallelIterator<Item = (usize, usize)> + use<> {
        let heads = self.heads;
        (0..self.batch * heads).into_par_iter().map(move |i| (i / heads, i % heads))
    }
}

/// A `rows × columns` matrix packed into panels.
pub(crate) struct PackedBlock {
    pub(crate) data: Vec<f32>,
    pub(crate) inner: usize,
    pub(crate) columns: usize,
}

impl PackedBlock {
    pub(crate) fn new(inner: usize, columns: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        Self { data: pack(inner, columns, at), inner, columns }
    }

    /// `out[rows × columns] (+)= a · self[from..from + len, ..columns]` with `a` given by row pointers of `len` elements.
    ///
    /// # Safety
    /// As [`tile::multiply`]; `out` has `stride` elements a row.
    #[inline(always)]
    pub(crate) unsafe fn multiply<S: Simd>(
        &self,
        simd: S,
        a: (*const f32, usize),
        rows: usize,
        (from, len): (usize, usize),
        columns: std::ops::Range<usize>,
        out: Out,
        store: Store,
    ) {
        for panel in columns.start / PANEL..columns.end.div_ceil(PANEL) {
            let width = panel_width(self.columns, panel);
            let start = panel * PANEL * self.inner + from * width;
            let panel_data = self.data[start..start + len * width].as_ptr();
            for row in (0..rows).step_by(TILE_ROWS) {
                let pointers: RowPointers = std::array::from_fn(|i| a.0.wrapping_add((row + i).min(rows - 1) * a.1));
                let stretch = [Stretch { rows: &pointers, panel: panel_data, len }];
                // SAFETY: forwarded; rows past the last repeat it.
                unsafe {
                    let start = out.start.add(row * out.stride + panel * PANEL - columns.start);
                    let rows = (rows - row).min(TILE_ROWS);
                    let columns = (columns.end - panel * PANEL).min(PANEL);
                    tile::multiply(simd, &stretch, width, TileOut { start, stride: out.stride, rows, columns, store });
                }
            }
        }
    }
}

/// The result of [`attention`].
pub(crate) struct Attended {
    /// `[batch, queries, heads · width]`.
    pub(crate) out: Vec<f32>,
    /// Logarithm of each softmax's denominator, `[batch, heads, queries]`: what the backward pass needs to rebuild the probabilities.
    pub(crate) log_sums: Vec<f32>,
}

/// `softmax(q kᵀ · scale + bias) v` per sample and head.
pub(crate) fn attention(shape: Shape, q: &[f32], k: &[f32], v: &[f32], bias: Bias<'_>) -> Attended {
    let columns = shape.columns();
    let mut log_sums = Vec::new();
    let out = fill(shape.batch * shape.queries * columns, |start| {
        log_sums = fill(shape.batch * shape.heads * shape.queries, |sums| {
            let out = Out { start, stride: columns };
            let sums = Out { start: sums, stride: shape.queries };
            attend_all(shape, (q, k, v), bias, out, sums);
        });
    });
    Attended { out, log_sums }
}

fn attend_all(shape: Shape, (q, k, v): (&[f32], &[f32], &[f32]), bias: Bias<'_>, out: Out, sums: Out) {
    let (columns, width) = (shape.columns(), shape.width);
    let arch = Arch::new();
    shape.pairs().for_each(|(sample, head)| {
        let key = |token: usize, c: usize| k[(sample * shape.keys + token) * columns + head * width + c];
        let value = |token: usize, c: usize| v[(sample * shape.keys + token) * columns + head * width + c];
        let keys = PackedBlock::new(width, shape.keys, |c, token| key(token, c));
        let values = PackedBlock::new(shape.keys, width, value);
        (0..shape.queries.div_ceil(QUERIES)).into_par_iter().for_each(|block| {
            let first = block * QUERIES;
            let start = (sample * shape.queries + first) * columns + head * width;
            let rows = (shape.queries - first).min(QUERIES);
            let queries = &q[start..start + (rows - 1) * columns + width];
            // SAFETY: rows `first..first + rows` and this head's columns belong to this task alone.
            let (out, sums) = unsafe { (out.offset(start), sums.offset((sample * shape.heads + head) * shape.queries + first)) };
            arch.dispatch(Task { shape, queries, rows, first, keys: &keys, values: &values, bias, out, sums });
        });
    });
}

/// One block of queries of one head.
struct Task<'a> {
    shape: Shape,
    queries: &'a [f32],
    rows: usize,
    /// Index of the first query.
    first: usize,
    keys: &'a PackedBlock,
    values: &'a PackedBlock,
    bias: Bias<'a>,
    out: Out,
    sums: Out,
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Shape { width, keys, .. } = self.shape;
        let block = KEYS.min(keys);
        let mut scores = vec![0f32; self.rows * block];
        let mut sums = vec![0f32; self.rows];
        let mut maxima = vec![f32::NEG_INFINITY; self.rows];
        let mut acc = vec![0f32; self.rows * width];
        for from in (0..keys).step_by(KEYS) {
            let len = (keys - from).min(KEYS);
            // SAFETY: every query row has `width` elements; `scores` has rows · block.
            unsafe {
                let out = Out { start: scores.as_mut_ptr(), stride: block };
                let queries = (self.queries.as_ptr(), self.shape.columns());
                self.keys.multiply(simd, queries, self.rows, (0, width), from..from + len, out, Store::Set);
            }
            for row in 0..self.rows {
                let scores = &mut scores[row * block..row * block + len];
                add_bias(scores, self.shape, self.bias, self.first + row, from);
                let shrink = fold_in(scores, &mut maxima[row], &mut sums[row]);
                if shrink != 1.0 {
                    acc[row * width..(row + 1) * width].iter_mut().for_each(|value| *value *= shrink);
                }
            }
            // SAFETY: `scores` rows have `len` elements, `acc` is rows · width.
            unsafe {
                let out = Out { start: acc.as_mut_ptr(), stride: width };
                self.values.multiply(simd, (scores.as_ptr(), block), self.rows, (from, len), 0..width, out, Store::Add);
            }
        }
        for row in 0..self.rows {
            let scale = 1.0 / sums[row];
            // SAFETY: this task alone writes these rows and columns.
            unsafe {
                let out = self.out.start.add(row * self.out.stride);
                for (c, value) in acc[row * width..(row + 1) * width].iter().enumerate() {
                    out.add(c).write(value * scale);
                }
                self.sums.start.add(row).write(maxima[row] + sums[row].ln());
            }
        }
    }
}

/// Scales a row of raw scores and adds what the bias says; `from` is the index of its first key.
#[inline(always)]
pub(crate) fn add_bias(scores: &mut [f32], shape: Shape, bias: Bias<'_>, query: usize, from: usize) {
    match bias {
        Bias::None => scores.iter_mut().for_each(|score| *score *= shape.scale),
        Bias::Causal => {
            let visible = (query + 1).saturating_sub(from).min(scores.len());
            scores[..visible].iter_mut().for_each(|score| *score *= shape.scale);
            scores[visible..].fill(f32::NEG_INFINITY);
        }
        Bias::Scores(bias) => {
            let bias = &bias[query * shape.keys + from..][..scores.len()];
            scores.iter_mut().zip(bias).for_each(|(score, bias)| *score = *score * shape.scale + bias);
        }
    }
}

/// Turns scores into `e^(score - max)`, keeps the running maximum and sum, and returns by how much earlier results must shrink.
#[inline(always)]
fn fold_in(scores: &mut [f32], max: &mut f32, sum: &mut f32) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let (whole, rest) = scores.as_chunks::<16>();
    for chunk in whole {
        lanes.iter_mut().zip(chunk).for_each(|(lane, &score)| *lane = if score > *lane { score } else { *lane });
    }
    let top = lanes.iter().chain(rest).copied().fold(*max, f32::max);
    // A row with nothing visible yet keeps its state.
    let (shift, shrink) = if top == f32::NEG_INFINITY { (0.0, 1.0) } else { (top, if *max == top { 1.0 } else { exp(*max - top) }) };
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
    *sum = *sum * shrink + part;
    *max = top;
    shrink
}
