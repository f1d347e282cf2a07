//! Elementwise operations, on all threads.

use pulp::Arch;

use super::buffer::collect;
use super::math::Activation;

/// Elements per task: enough work for a thread, and small enough for the second-level cache.
const CHUNK: usize = 1 << 15;
/// Rows per task.
const ROWS: usize = 16;

/// `out[i] = f(a[i])`.
pub(crate) fn map(a: &[f32], f: impl Fn(f32) -> f32 + Sync) -> Vec<f32> {
    let arch = Arch::new();
    collect(a.len(), CHUNK, |i, out| {
        arch.dispatch(|| {
            let a = &a[i * CHUNK..][..out.len()];
            out.each(|i| f(a[i]))
        })
    })
}

/// `out[i] = f(a[i], b[i])`; `b` is at least as long as `a`.
pub(crate) fn zip(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32 + Sync) -> Vec<f32> {
    let arch = Arch::new();
    collect(a.len(), CHUNK, |i, out| {
        arch.dispatch(|| {
            let [a, b] = [a, b].map(|data| &data[i * CHUNK..][..out.len()]);
            out.each(|i| f(a[i], b[i]))
        })
    })
}

/// `out[i] = f(a[i], b[i], c[i])`; `b` and `c` are at least as long as `a`.
pub(crate) fn zip3(a: &[f32], b: &[f32], c: &[f32], f: impl Fn(f32, f32, f32) -> f32 + Sync) -> Vec<f32> {
    let arch = Arch::new();
    collect(a.len(), CHUNK, |i, out| {
        arch.dispatch(|| {
            let [a, b, c] = [a, b, c].map(|data| &data[i * CHUNK..][..out.len()]);
            out.each(|i| f(a[i], b[i], c[i]))
        })
    })
}

/// `out[row] = x[row] + shift[row / rows_per_sample]`, rows of `columns`.
pub(crate) fn add_per_sample(x: &[f32], shift: &[f32], columns: usize, rows_per_sample: usize) -> Vec<f32> {
    let arch = Arch::new();
    collect(x.len(), columns * ROWS, |chunk, out| {
        arch.dispatch(|| {
            out.rows(columns, |i, out| {
                let row = chunk * ROWS + i;
                let x = &x[row * columns..][..columns];
                let shift = &shift[row / rows_per_sample * columns..][..columns];
                out.each(|i| x[i] + shift[i])
            })
        })
    })
}

/// An activation.
pub(crate) fn activate(activation: Activation, x: &[f32]) -> Vec<f32> {
    // One loop per activation, so that the branch is outside of it.
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
    collect(x.len() / 2, columns * ROWS, |chunk, out| {
        arch.dispatch(|| {
            out.rows(columns, |i, out| {
                let start = 2 * (chunk * ROWS + i) * columns;
                let (value, gate) = (&x[start..][..columns], &x[start + columns..][..columns]);
                out.each(|i| value[i] * Activation::Gelu.value(gate[i]))
            })
        })
    })
}

/// The gradient of [`geglu`] with respect to `x`.
pub(crate) fn geglu_backward(x: &[f32], gradient: &[f32], columns: usize) -> Vec<f32> {
    let arch = Arch::new();
    collect(x.len(), 2 * columns * ROWS, |chunk, out| {
        arch.dispatch(|| {
            out.rows(2 * columns, |i, out| {
                let row = chunk * ROWS + i;
                let (value, gate) = (&x[2 * row * columns..][..columns], &x[(2 * row + 1) * columns..][..columns]);
                let g = &gradient[row * columns..][..columns];
                out.split(
                    columns,
                    |to_value| to_value.each(|i| g[i] * Activation::Gelu.value(gate[i])),
                    |to_gate| to_gate.each(|i| g[i] * value[i] * Activation::Gelu.slope(gate[i])),
                )
            })
        })
    })
}

/// Nearest-neighbour enlargement of a `[batch, height, width, channels]` image to twice its size.
pub(crate) fn upsample2(x: &[f32], width: usize, channels: usize) -> Vec<f32> {
    let row = width * channels;
    // A task takes one input line and writes the two identical output lines.
    collect(x.len() * 4, 4 * row, |line, out| {
        let line = &x[line * row..][..row];
        out.rows(channels, |i, out| out.copy(&line[i / 2 % width * channels..][..channels]))
    })
}

/// The gradient of [`upsample2`]: sums over 2 × 2 blocks of a gradient that is `width` pixels wide (the enlarged width).
pub(crate) fn upsample2_backward(gradient: &[f32], width: usize, channels: usize) -> Vec<f32> {
    let row = width * channels;
    let arch = Arch::new();
    collect(gradient.len() / 4, row / 2, |line, out| {
        arch.dispatch(|| {
            out.rows(channels, |pixel, out| {
                let at = |down: usize, across: usize| &gradient[(2 * line + down) * row + (2 * pixel + across) * channels..][..channels];
                let (a, b, c, d) = (at(0, 0), at(0, 1), at(1, 0), at(1, 1));
                out.each(|i| a[i] + b[i] + c[i] + d[i])
            })
        })
    })
}

/// Rows of `a` and `b` side by side: `[rows, a_columns + b_columns]`.
pub(crate) fn cat(a: &[f32], a_columns: usize, b: &[f32], b_columns: usize) -> Vec<f32> {
    let columns = a_columns + b_columns;
    collect(a.len() + b.len(), columns * ROWS, |chunk, out| {
        out.rows(columns, |i, out| {
            let row = chunk * ROWS + i;
            let (a, b) = (&a[row * a_columns..][..a_columns], &b[row * b_columns..][..b_columns]);
            out.split(a_columns, |left| left.copy(a), |right| right.copy(b))
        })
    })
}

/// Columns `from..from + take` of rows of `columns`.
pub(crate) fn columns(x: &[f32], columns: usize, from: usize, take: usize) -> Vec<f32> {
    collect(x.len() / columns.max(1) * take, take * ROWS, |chunk, out| {
        out.rows(take, |i, out| out.copy(&x[(chunk * ROWS + i) * columns + from..][..take]))
    })
}
