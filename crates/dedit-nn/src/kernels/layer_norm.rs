//! Layer norm, forward and backward, one row at a time.

use pulp::Arch;

use super::buffer::{collect, collect_with};

/// Gradients of a norm with respect to its input, scale and shift.
pub(crate) struct NormGradients {
    pub(crate) input: Vec<f32>,
    pub(crate) gamma: Vec<f32>,
    pub(crate) beta: Vec<f32>,
}

/// Rows per task.
const ROWS: usize = 32;
/// Partial sums per reduction: they make it vector code, with an order of summation that never varies.
const LANES: usize = 16;

/// Layer norm over rows of `gamma.len()` columns.
pub(crate) fn layer_norm(x: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32) -> Vec<f32> {
    let arch = Arch::new();
    let columns = gamma.len();
    let beta = &beta[..columns];
    collect(x.len(), columns * ROWS, |task, out| {
        arch.dispatch(|| {
            out.rows(columns, |i, out| {
                let x = &x[(task * ROWS + i) * columns..][..columns];
                let (mean, scale) = statistics(x, epsilon);
                out.each(|c| (x[c] - mean) * scale * gamma[c] + beta[c])
            })
        })
    })
}

/// The gradient of [`layer_norm`]: with `n` the normalised row, `gx = scale · (γ g - mean(γ g) - n · mean(γ g n))`.
pub(crate) fn layer_norm_backward(x: &[f32], gradient: &[f32], gamma: &[f32], epsilon: f32) -> NormGradients {
    let arch = Arch::new();
    let columns = gamma.len();
    let (input, parts) = collect_with(x.len(), columns * ROWS, |task, out| {
        let (mut to_gamma, mut to_beta) = (vec![0f32; columns], vec![0f32; columns]);
        let written = arch.dispatch(|| {
            out.rows(columns, |i, out| {
                let start = (task * ROWS + i) * columns;
                let (x, g) = (&x[start..][..columns], &gradient[start..][..columns]);
                let (mean, scale) = statistics(x, epsilon);
                let (to_gamma, to_beta) = (&mut to_gamma[..columns], &mut to_beta[..columns]);
                for c in 0..columns {
                    to_gamma[c] += g[c] * (x[c] - mean) * scale;
                    to_beta[c] += g[c];
                }
                let count = columns as f32;
                let sum = total(columns, |c| g[c] * gamma[c]) / count;
                let weighted = total(columns, |c| g[c] * gamma[c] * ((x[c] - mean) * scale)) / count;
                out.each(|c| scale * (g[c] * gamma[c] - sum - (x[c] - mean) * scale * weighted))
            })
        });
        (written, (to_gamma, to_beta))
    });
    let mut gradients = NormGradients { input, gamma: vec![0.0; columns], beta: vec![0.0; columns] };
    for (gamma, beta) in parts {
        gradients.gamma.iter_mut().zip(gamma).for_each(|(total, part)| *total += part);
        gradients.beta.iter_mut().zip(beta).for_each(|(total, part)| *total += part);
    }
    gradients
}

/// `Σ value(c)` over `0..count`.
#[inline(always)]
fn total(count: usize, value: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let whole = count / LANES * LANES;
    for first in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += value(first + lane);
        }
    }
    lanes.iter().sum::<f32>() + (whole..count).map(value).sum::<f32>()
}

/// Mean and `1 / √(variance + ε)` of a row, in two passes.
#[inline(always)]
fn statistics(x: &[f32], epsilon: f32) -> (f32, f32) {
    let count = x.len() as f32;
    let mean = total(x.len(), |c| x[c]) / count;
    let variance = total(x.len(), |c| (x[c] - mean) * (x[c] - mean)) / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
}
