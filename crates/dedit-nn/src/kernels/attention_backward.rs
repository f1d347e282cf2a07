//! The gradient of attention, again without the score matrix: probabilities are rebuilt from the saved logarithms of the softmax sums.
//!
//! With `P` the probabilities, `g` the gradient of the output and `D = Σ_c g · out` per query:
//! `dV = Pᵀ g`, `dS = P ∘ (g Vᵀ - D) · scale`, `dQ = dS K`, `dK = dSᵀ Q`. Everything is computed transposed, `[keys, queries]`, 64 queries at a time:
//! then the queries are one panel, and no product needs a transposition.
#![allow(unsafe_code, reason = "one task per head writes that head's columns; see each SAFETY line")]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::attention::{Attended, Bias, Shape};
use super::buffer::fill;
use super::math::exp;
use super::panels::{pack, panel_width};
use super::product::Out;
use super::tile::{self, PANEL, RowPointers, Store, Stretch, TILE_ROWS, TileOut};

/// Keys per block.
const KEYS: usize = 512;

/// Gradients with respect to the three inputs.
pub(crate) struct AttentionGradients {
    pub(crate) q: Vec<f32>,
    pub(crate) k: Vec<f32>,
    pub(crate) v: Vec<f32>,
}

/// What the gradient is computed from.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) q: &'a [f32],
    pub(crate) k: &'a [f32],
    pub(crate) v: &'a [f32],
    pub(crate) bias: Bias<'a>,
    pub(crate) attended: &'a Attended,
    pub(crate) gradient: &'a [f32],
}

/// The gradients of [`super::attention::attention`].
pub(crate) fn attention_backward(shape: Shape, inputs: Inputs<'_>) -> AttentionGradients {
    let arch = Arch::new();
    let (mut k, mut v) = (Vec::new(), Vec::new());
    let q = fill(inputs.q.len(), |to_q| {
        k = fill(inputs.k.len(), |to_k| {
            v = fill(inputs.v.len(), |to_v| {
                let [to_q, to_k, to_v] = [to_q, to_k, to_v].map(|start| Out { start, stride: shape.columns() });
                shape.pairs().for_each(|(sample, head)| {
                    arch.dispatch(Head { shape, inputs, sample, head, to_q, to_k, to_v });
                });
            });
        });
    });
    AttentionGradients { q, k, v }
}

/// One head of one sample.
struct Head<'a> {
    shape: Shape,
    inputs: Inputs<'a>,
    sample: usize,
    head: usize,
    to_q: Out,
    to_k: Out,
    to_v: Out,
}

/// Scratch of one head.
struct Scratch {
    /// `[KEYS, 64]` probabilities, then the same of score gradients.
    p: Vec<f32>,
    ds: Vec<f32>,
    /// `[keys, width]`.
    dk: Vec<f32>,
    dv: Vec<f32>,
    /// `[width, 64]`.
    dq: Vec<f32>,
    /// `[width, keys]`: keys transposed.
    kt: Vec<f32>,
}

impl WithSimd for Head<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Shape { width, keys, queries, .. } = self.shape;
        let columns = self.shape.columns();
        let key_start = self.sample * keys * columns + self.head * width;
        let mut scratch = Scratch {
            p: vec![0.0; KEYS * PANEL],
            ds: vec![0.0; KEYS * PANEL],
            dk: vec![0.0; keys * width],
            dv: vec![0.0; keys * width],
            dq: vec![0.0; width * PANEL],
            kt: vec![0.0; width * keys],
        };
        for key in 0..keys {
            let row = &self.inputs.k[key_start + key * columns..][..width];
            row.iter().enumerate().for_each(|(c, &value)| scratch.kt[c * keys + key] = value);
        }
        for first in (0..queries).step_by(PANEL) {
            self.block(simd, first, &mut scratch);
        }
        for (from, to) in [(&scratch.dk, self.to_k), (&scratch.dv, self.to_v)] {
            // SAFETY: this task alone writes this head's columns of these rows.
            unsafe { scatter(from, width, to.start.add(key_start), columns) };
        }
    }
}

/// Writes `[rows, width]` into rows `stride` apart.
///
/// # Safety
/// `to` must be writable for those elements by this thread alone.
unsafe fn scatter(from: &[f32], width: usize, to: *mut f32, stride: usize) {
    for (row, values) in from.chunks_exact(width).enumerate() {
        // SAFETY: forwarded.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), to.add(row * stride), width) };
    }
}

impl Head<'_> {
    /// Up to 64 queries against all keys.
    #[inline(always)]
    fn block<S: Simd>(&self, simd: S, first: usize, scratch: &mut Scratch) {
        let Shape { width, keys, queries, heads, .. } = self.shape;
        let columns = self.shape.columns();
        let rows = (queries - first).min(PANEL);
        let start = (self.sample * queries + first) * columns + self.head * width;
        let at = |data: &[f32], row: usize, c: usize| if row < rows { data[start + row * columns + c] } else { 0.0 };
        let (q, g) = (self.inputs.q, self.inputs.gradient);
        // Panels: `[width, 64]` for the scores, `[64, width]` for the sums over queries.
        let (qt, gt) = (pack(width, PANEL, |c, row| at(q, row, c)), pack(width, PANEL, |c, row| at(g, row, c)));
        let (qp, gp) = (pack(PANEL, width, |row, c| at(q, row, c)), pack(PANEL, width, |row, c| at(g, row, c)));
        let mut log_sums = [f32::INFINITY; PANEL];
        let mut dots = [0f32; PANEL];
        for row in 0..rows {
            log_sums[row] = self.inputs.attended.log_sums[(self.sample * heads + self.head) * queries + first + row];
            dots[row] = (0..width).map(|c| at(g, row, c) * at(&self.inputs.attended.out, row, c)).sum();
        }
        scratch.dq.fill(0.0);
        for from in (0..keys).step_by(KEYS) {
            let len = (keys - from).min(KEYS);
            let key_rows = (self.sample * keys + from) * columns + self.head * width;
            product(simd, (&self.inputs.k[key_rows..], columns), (len, width), &qt, PANEL, &mut scratch.p, Store::Set);
            product(simd, (&self.inputs.v[key_rows..], columns), (len, width), &gt, PANEL, &mut scratch.ds, Store::Set);
            for key in 0..len {
                let (p, ds) = (&mut scratch.p[key * PANEL..][..PANEL], &mut scratch.ds[key * PANEL..][..PANEL]);
                self.probabilities(p, &log_sums, first, from + key, rows);
                for ((ds, p), dot) in ds.iter_mut().zip(p).zip(&dots) {
                    *ds = *p * (*ds - dot) * self.shape.scale;
                }
            }
            let sums = from * width..(from + len) * width;
            product(simd, (&scratch.p, PANEL), (len, PANEL), &gp, width, &mut scratch.dv[sums.clone()], Store::Add);
            product(simd, (&scratch.ds, PANEL), (len, PANEL), &qp, width, &mut scratch.dk[sums], Store::Add);
            product(simd, (&scratch.kt[from..], keys), (width, len), &scratch.ds, PANEL, &mut scratch.dq, Store::Add);
        }
        for row in 0..rows {
            for c in 0..width {
                // SAFETY: this task alone writes this head's columns.
                unsafe { self.to_q.start.add(start + row * columns + c).write(scratch.dq[c * PANEL + row]) };
            }
        }
    }

    /// Raw scores of one key against 64 queries, turned into probabilities.
    #[inline(always)]
    fn probabilities(&self, p: &mut [f32], log_sums: &[f32; PANEL], first: usize, key: usize, rows: usize) {
        let scale = self.shape.scale;
        match self.inputs.bias {
            Bias::None => p.iter_mut().zip(log_sums).for_each(|(p, sum)| *p = exp(*p * scale - sum)),
            Bias::Causal => {
                let hidden = key.saturating_sub(first).min(PANEL);
                p[..hidden].fill(0.0);
                p[hidden..].iter_mut().zip(&log_sums[hidden..]).for_each(|(p, sum)| *p = exp(*p * scale - sum));
            }
            Bias::Scores(bias) => {
                for (row, (p, sum)) in p.iter_mut().zip(log_sums).enumerate().take(rows) {
                    *p = exp(*p * scale + bias[(first + row) * self.shape.keys + key] - sum);
                }
            }
        }
        p[rows..].fill(0.0);
    }
}

/// `out (+)= a · b`: `a` is `rows × inner` with the given stride, `b` packed panels of `columns`, `out` contiguous.
#[inline(always)]
fn product<S: Simd>(
    simd: S,
    (a, stride): (&[f32], usize),
    (rows, inner): (usize, usize),
    b: &[f32],
    columns: usize,
    out: &mut [f32],
    store: Store,
) {
    let mut panel_start = 0;
    for panel in 0..columns.div_ceil(PANEL) {
        let width = panel_width(columns, panel);
        let panel_data = b[panel_start..panel_start + inner * width].as_ptr();
        for row in (0..rows).step_by(TILE_ROWS) {
            let pointers: RowPointers = std::array::from_fn(|i| a[(row + i).min(rows - 1) * stride..][..inner].as_ptr());
            let stretch = [Stretch { rows: &pointers, panel: panel_data, len: inner }];
            let tile_rows = (rows - row).min(TILE_ROWS);
            let tile_columns = (columns - panel * PANEL).min(PANEL);
            let tile = &mut out[row * columns + panel * PANEL..(row + tile_rows - 1) * columns + panel * PANEL + tile_columns];
            // SAFETY: rows and panel were sliced to their lengths; the tile covers `tile_rows` rows of `tile_columns`.
            unsafe {
                let out = TileOut { start: tile.as_mut_ptr(), stride: columns, rows: tile_rows, columns: tile_columns, store };
                tile::multiply(simd, &stretch, width, out);
            }
        }
        panel_start += inner * width;
    }
}
