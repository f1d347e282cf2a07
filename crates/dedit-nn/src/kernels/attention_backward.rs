//! The gradient of attention without the score matrix: probabilities are computed again from the saved logarithms of the softmax sums.
//!
//! With `P` the probabilities, `g` the gradient of the output and `D = Σ_c g · out` per query:
//! `dV = Pᵀ g`, `dS = P ∘ (g Vᵀ - D) · scale`, `dQ = dS K`, `dK = dSᵀ Q`. All matrices are stored transposed, `[keys, queries]`, for 64 queries at a
//! time, so that the queries are one panel and no product needs a transposition.
#![allow(unsafe_code, reason = "one task per head writes that head's columns; see each SAFETY line")]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::attention::{Bias, Shape};
use super::block::{Left, PackedBlock, Right, Target, multiply};
use super::buffer::fill;
use super::math::exp;
use super::product::Out;
use super::tile::{PANEL, Store};
use super::transpose::{Grid, transpose};

/// Keys per block.
const KEYS: usize = 512;

/// What the forward pass saved, and the gradient of its output.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) q: &'a [f32],
    pub(crate) k: &'a [f32],
    pub(crate) v: &'a [f32],
    pub(crate) bias: Bias<'a>,
    /// The output of the forward pass.
    pub(crate) out: &'a [f32],
    /// Logarithms of the softmax sums, `[batch, heads, queries]`.
    pub(crate) log_sums: &'a [f32],
    /// The gradient of the output.
    pub(crate) gradient: &'a [f32],
}

/// The gradients of [`super::attention::attention`] with respect to `q`, `k` and `v`.
pub(crate) fn attention_backward(shape: Shape, inputs: Inputs<'_>) -> [Vec<f32>; 3] {
    let arch = Arch::new();
    let (mut k, mut v) = (Vec::new(), Vec::new());
    // SAFETY: the tasks cover every pair of sample and head, and each writes its head's columns of its sample in all three.
    let q = unsafe {
        fill(inputs.q.len(), |to_q| {
            k = fill(inputs.k.len(), |to_k| {
                v = fill(inputs.v.len(), |to_v| {
                    let [to_q, to_k, to_v] = [to_q, to_k, to_v].map(|start| Out { start, stride: shape.columns() });
                    shape.pairs().for_each(|pair| arch.dispatch(Head { shape, inputs, pair, to_q, to_k, to_v }));
                });
            });
        })
    };
    [q, k, v]
}

/// One head of one sample.
struct Head<'a> {
    shape: Shape,
    inputs: Inputs<'a>,
    /// Sample and head.
    pair: (usize, usize),
    to_q: Out,
    to_k: Out,
    to_v: Out,
}

/// Scratch of one head.
struct Scratch {
    /// `[KEYS, 64]`: probabilities.
    p: Vec<f32>,
    /// `[KEYS, 64]`: gradients of the scores.
    ds: Vec<f32>,
    /// `[keys, width]`.
    dk: Vec<f32>,
    /// `[keys, width]`.
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
        let block = KEYS.min(keys) * PANEL;
        let mut scratch = Scratch {
            p: vec![0.0; block],
            ds: vec![0.0; block],
            dk: vec![0.0; keys * width],
            dv: vec![0.0; keys * width],
            dq: vec![0.0; width * PANEL],
            kt: vec![0.0; width * keys],
        };
        let k = self.shape.rows(self.inputs.k, keys, self.pair, 0, keys);
        transpose(Grid::new(keys, width, k.stride), k.data, &mut scratch.kt, keys);
        for first in (0..queries).step_by(PANEL) {
            self.block(simd, first, &mut scratch);
        }
        let (sample, head) = self.pair;
        for (from, to) in [(&scratch.dk, self.to_k), (&scratch.dv, self.to_v)] {
            for (key, from) in from.chunks_exact(width).enumerate() {
                let start = (sample * keys + key) * to.stride + head * width;
                // SAFETY: this task alone writes this head's columns of this sample.
                unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to.start.add(start), width) };
            }
        }
    }
}

impl Head<'_> {
    /// Up to 64 queries against all keys.
    #[inline(always)]
    fn block<S: Simd>(&self, simd: S, first: usize, scratch: &mut Scratch) {
        let Shape { width, keys, queries, heads, .. } = self.shape;
        let rows = (queries - first).min(PANEL);
        let of_queries = |x| self.shape.rows(x, queries, self.pair, first, rows);
        let (q, g, out) = (of_queries(self.inputs.q), of_queries(self.inputs.gradient), of_queries(self.inputs.out));
        // Panels: `[width, rows]` for the scores, `[rows, width]` for the sums over queries.
        let (qt, gt) = (PackedBlock::transposed(q, width), PackedBlock::transposed(g, width));
        let (qp, gp) = (PackedBlock::straight(q, width), PackedBlock::straight(g, width));
        let log_sums = &self.inputs.log_sums[(self.pair.0 * heads + self.pair.1) * queries + first..][..rows];
        let mut dots = [0f32; PANEL];
        for (row, dot) in dots[..rows].iter_mut().enumerate() {
            let (g, out) = (&g.data[row * g.stride..][..width], &out.data[row * out.stride..][..width]);
            *dot = g.iter().zip(out).map(|(g, out)| g * out).sum();
        }
        scratch.dq.fill(0.0);
        for from in (0..keys).step_by(KEYS) {
            let len = (keys - from).min(KEYS);
            let of_keys = |x| self.shape.rows(x, keys, self.pair, from, len);
            let (p, ds) = (&mut scratch.p, &mut scratch.ds);
            multiply(simd, of_keys(self.inputs.k), qt.right(), 0..width, 0..rows, Target { data: p, stride: PANEL, store: Store::Set });
            multiply(simd, of_keys(self.inputs.v), gt.right(), 0..width, 0..rows, Target { data: ds, stride: PANEL, store: Store::Set });
            for key in 0..len {
                let (p, ds) = (&mut p[key * PANEL..][..rows], &mut ds[key * PANEL..][..rows]);
                self.probabilities(p, log_sums, first, from + key);
                for ((ds, p), dot) in ds.iter_mut().zip(p).zip(&dots) {
                    *ds = *p * (*ds - dot) * self.shape.scale;
                }
            }
            for (scores, panels, sums) in [(&*p, &gp, &mut scratch.dv), (&*ds, &qp, &mut scratch.dk)] {
                let target = Target { data: &mut sums[from * width..], stride: width, store: Store::Add };
                multiply(simd, Left { data: scores, rows: len, stride: PANEL }, panels.right(), 0..rows, 0..width, target);
            }
            // The score gradients already have the layout of a panel; its columns from `rows` on are ignored.
            let kt = Left { data: &scratch.kt[from..], rows: width, stride: keys };
            let ds = Right { panels: ds, inner: len, columns: PANEL };
            multiply(simd, kt, ds, 0..len, 0..rows, Target { data: &mut scratch.dq, stride: PANEL, store: Store::Add });
        }
        let start = (self.pair.0 * queries + first) * self.to_q.stride + self.pair.1 * width;
        for row in 0..rows {
            for c in 0..width {
                // SAFETY: this task alone writes this head's columns of this sample.
                unsafe { self.to_q.start.add(start + row * self.to_q.stride + c).write(scratch.dq[c * PANEL + row]) };
            }
        }
    }

    /// Raw scores of one key against the queries from `first` on, turned into probabilities.
    #[inline(always)]
    fn probabilities(&self, p: &mut [f32], log_sums: &[f32], first: usize, key: usize) {
        let scale = self.shape.scale;
        match self.inputs.bias {
            Bias::None => p.iter_mut().zip(log_sums).for_each(|(p, sum)| *p = exp(*p * scale - sum)),
            Bias::Causal => {
                let hidden = key.saturating_sub(first).min(p.len());
                p[..hidden].fill(0.0);
                p[hidden..].iter_mut().zip(&log_sums[hidden..]).for_each(|(p, sum)| *p = exp(*p * scale - sum));
            }
            Bias::Scores(bias) => {
                for (row, (p, sum)) in p.iter_mut().zip(log_sums).enumerate() {
                    *p = exp(*p * scale + bias[(first + row) * self.shape.keys + key] - sum);
                }
            }
        }
    }
}
