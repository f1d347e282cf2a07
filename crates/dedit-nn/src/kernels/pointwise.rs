//! Elementwise loops on all threads.

use std::mem::MaybeUninit;

use pulp::Arch;
use rayon::prelude::*;

use super::buffer::collect_into;
use super::math::{self, Activation};

/// Elements per task: large enough to be worth a thread, small enough to stay in the second-level cache.
const CHUNK: usize = 1 << 15;

/// `out[i] = f(a[i])`.
pub(crate) fn map(a: &[f32], f: impl Fn(f32) -> f32 + Sync) -> Vec<f32> {
    let arch = Arch::new();
    collect_into(a.len(), |out| {
        out.par_chunks_mut(CHUNK).zip(a.par_chunks(CHUNK)).for_each(|(out, a)| {
            arch.dispatch(|| out.iter_mut().zip(a).for_each(|(out, &a)| write(out, f(a))));
        });
    })
}

/// `out[i] = f(a[i], b[i])`.
pub(crate) fn zip(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32 + Sync) -> Vec<f32> {
    let arch = Arch::new();
    collect_into(a.len(), |out| {
        out.par_chunks_mut(CHUNK).zip(a.par_chunks(CHUNK)).zip(b.par_chunks(CHUNK)).for_each(|((out, a), b)| {
            arch.dispatch(|| out.iter_mut().zip(a).zip(b).for_each(|((out, &a), &b)| write(out, f(a, b))));
        });
    })
}

/// Adds `shift[sample, column]` to every row of the sample: `rows_per_sample` rows of `shift.len() / samples` columns.
pub(crate) fn add_per_sample(x: &[f32], shift: &[f32], columns: usize, rows_per_sample: usize) -> Vec<f32> {
    let arch = Arch::new();
    collect_into(x.len(), |out| {
        out.par_chunks_mut(columns * 16).zip(x.par_chunks(columns * 16)).enumerate().for_each(|(chunk, (out, x))| {
            for (i, (out, x)) in out.chunks_mut(columns).zip(x.chunks(columns)).enumerate() {
                let sample = (chunk * 16 + i) / rows_per_sample;
                let shift = &shift[sample * columns..(sample + 1) * columns];
                arch.dispatch(|| out.iter_mut().zip(x).zip(shift).for_each(|((out, x), shift)| write(out, x + shift)));
            }
        });
    })
}

/// An activation.
pub(crate) fn activate(activation: Activation, x: &[f32]) -> Vec<f32> {
    // One loop per kind, so that the choice is made outside it.
    match activation {
        Activation::Silu => map(x, |x| Activation::Silu.value(x)),
        Activation::Gelu => map(x, |x| Activation::Gelu.value(x)),
        Activation::QuickGelu => map(x, |x| Activation::QuickGelu.value(x)),
    }
}

/// The gradient of [`activate`] with respect to `x`.
pub(crate) fn activate_backward(activation: Activation, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    match activation {
        Activation::Silu => zip(x, gradient, |x, g| g * Activation::Silu.slope(x)),
        Activation::Gelu => zip(x, gradient, |x, g| g * Activation::Gelu.slope(x)),
        Activation::QuickGelu => zip(x, gradient, |x, g| g * Activation::QuickGelu.slope(x)),
    }
}

/// GEGLU: rows `[value, gate]` of `2 · columns` become `value · gelu(gate)` of `columns`.
pub(crate) fn geglu(x: &[f32], columns: usize) -> Vec<f32> {
    let arch = Arch::new();
    collect_into(x.len() / 2, |out| {
        out.par_chunks_mut(columns * 8).zip(x.par_chunks(columns * 16)).for_each(|(out, x)| {
            arch.dispatch(|| {
                for (out, x) in out.chunks_exact_mut(columns).zip(x.chunks_exact(2 * columns)) {
                    let (value, gate) = x.split_at(columns);
                    for ((out, &value), &gate) in out.iter_mut().zip(value).zip(gate) {
                        write(out, value * Activation::Gelu.value(gate));
                    }
                }
            });
        });
    })
}

/// The gradient of [`geglu`] with respect to `x`.
pub(crate) fn geglu_backward(x: &[f32], gradient: &[f32], columns: usize) -> Vec<f32> {
    let arch = Arch::new();
    collect_into(x.len(), |out| {
        out.par_chunks_mut(columns * 16).zip(x.par_chunks(columns * 16)).zip(gradient.par_chunks(columns * 8)).for_each(|((out, x), g)| {
            arch.dispatch(|| {
                for ((out, x), g) in out.chunks_exact_mut(2 * columns).zip(x.chunks_exact(2 * columns)).zip(g.chunks_exact(columns)) {
                    let (value, gate) = x.split_at(columns);
                    let (to_value, to_gate) = out.split_at_mut(columns);
                    for (i, &g) in g.iter().enumerate() {
                        write(&mut to_value[i], g * Activation::Gelu.value(gate[i]));
                        write(&mut to_gate[i], g * value[i] * Activation::Gelu.slope(gate[i]));
                    }
                }
            });
        });
    })
}

/// Nearest-neighbour enlargement of a `[batch, height, width, channels]` image to twice its size.
pub(crate) fn upsample2(x: &[f32], width: usize, channels: usize) -> Vec<f32> {
    let row = width * channels;
    collect_into(x.len() * 4, |out| {
        out.par_chunks_mut(4 * row).zip(x.par_chunks(row)).for_each(|(out, x)| {
            let (top, bottom) = out.split_at_mut(2 * row);
            for (to, pixel) in top.chunks_exact_mut(2 * channels).zip(x.chunks_exact(channels)) {
                let (left, right) = to.split_at_mut(channels);
                copy(left, pixel);
                copy(right, pixel);
            }
            bottom.copy_from_slice(top);
        });
    })
}

/// The gradient of [`upsample2`]: sums over 2 × 2 blocks of a gradient that is `width` pixels wide (the enlarged width).
pub(crate) fn upsample2_backward(gradient: &[f32], width: usize, channels: usize) -> Vec<f32> {
    let row = width * channels;
    collect_into(gradient.len() / 4, |out| {
        out.par_chunks_mut(row / 2).zip(gradient.par_chunks(2 * row)).for_each(|(out, gradient)| {
            let (top, bottom) = gradient.split_at(row);
            for (i, out) in out.iter_mut().enumerate() {
                let (pixel, channel) = (i / channels, i % channels);
                let left = 2 * pixel * channels + channel;
                write(out, top[left] + top[left + channels] + bottom[left] + bottom[left + channels]);
            }
        });
    })
}

/// Rows of `a` and `b` side by side: `[rows, a_columns + b_columns]`.
pub(crate) fn cat(a: &[f32], a_columns: usize, b: &[f32], b_columns: usize) -> Vec<f32> {
    let columns = a_columns + b_columns;
    collect_into(a.len() + b.len(), |out| {
        let parts = a.par_chunks(a_columns * 16).zip(b.par_chunks(b_columns * 16));
        out.par_chunks_mut(columns * 16).zip(parts).for_each(|(out, (a, b))| {
            for ((out, a), b) in out.chunks_exact_mut(columns).zip(a.chunks_exact(a_columns)).zip(b.chunks_exact(b_columns)) {
                let (left, right) = out.split_at_mut(a_columns);
                copy(left, a);
                copy(right, b);
            }
        });
    })
}

/// Columns `from..from + take` of rows of `columns`.
pub(crate) fn columns(x: &[f32], columns: usize, from: usize, take: usize) -> Vec<f32> {
    collect_into(x.len() / columns * take, |out| {
        out.par_chunks_mut(take * 16).zip(x.par_chunks(columns * 16)).for_each(|(out, x)| {
            for (out, x) in out.chunks_exact_mut(take).zip(x.chunks_exact(columns)) {
                copy(out, &x[from..from + take]);
            }
        });
    })
}

/// One step of `AdamW` with decoupled weight decay on flat buffers (see `adamw.rs` for the formula).
pub(crate) struct AdamStep {
    pub(crate) rate: f32,
    pub(crate) beta1: f32,
    pub(crate) beta2: f32,
    pub(crate) epsilon: f32,
    pub(crate) decay: f32,
    /// `1 - β₁ᵗ`.
    pub(crate) correction1: f32,
    /// `√(1 - β₂ᵗ)`.
    pub(crate) correction2: f32,
}

/// Updates the moments in place and returns the new weights.
pub(crate) fn adam(step: &AdamStep, weights: &[f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) -> Vec<f32> {
    let arch = Arch::new();
    collect_into(weights.len(), |out| {
        let inputs = weights.par_chunks(CHUNK).zip(gradient.par_chunks(CHUNK));
        let moments = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
        out.par_chunks_mut(CHUNK).zip(inputs).zip(moments).for_each(|((out, (w, g)), (m, v))| {
            arch.dispatch(|| {
                for ((((out, &w), &g), m), v) in out.iter_mut().zip(w).zip(g).zip(m).zip(v) {
                    *m += (g - *m) * (1.0 - step.beta1);
                    *v = *v * step.beta2 + g * g * (1.0 - step.beta2);
                    let denominator = v.sqrt() / step.correction2 + step.epsilon;
                    write(out, w * (1.0 - step.rate * step.decay) - step.rate / step.correction1 * *m / denominator);
                }
            });
        });
    })
}

/// Softmax of one row in place.
#[inline(always)]
pub(crate) fn softmax_row(row: &mut [f32]) {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in row.iter_mut() {
        *value = math::exp(*value - max);
        sum += *value;
    }
    row.iter_mut().for_each(|value| *value /= sum);
}

#[inline(always)]
fn write(slot: &mut MaybeUninit<f32>, value: f32) {
    slot.write(value);
}

#[inline(always)]
fn copy(to: &mut [MaybeUninit<f32>], from: &[f32]) {
    to.write_copy_of_slice(from);
}
