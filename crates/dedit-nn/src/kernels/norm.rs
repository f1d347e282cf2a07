//! Group norm (with an optional `SiLU`) and layer norm, forward and backward, in one or two passes over memory.

use std::mem::MaybeUninit;

use pulp::Arch;
use rayon::prelude::*;

use super::buffer::collect_into;
use super::math::Activation;

/// Shape of a group norm: `[batch, pixels, channels]` in `groups` groups of channels.
#[derive(Clone, Copy)]
pub(crate) struct GroupShape {
    pub(crate) batch: usize,
    pub(crate) pixels: usize,
    pub(crate) channels: usize,
    pub(crate) groups: usize,
}

/// Mean and reciprocal deviation per sample and group.
#[derive(Clone)]
pub(crate) struct GroupStatistics {
    pub(crate) mean: Vec<f32>,
    pub(crate) scale: Vec<f32>,
}

/// Pixels per task.
const PIXELS: usize = 256;
/// Pixels summed in f32 before the sum moves to f64.
const RUN: usize = 32;

impl GroupShape {
    /// Chunks of pixels of one sample: `(sample, data)`.
    fn chunks<'a>(&self, x: &'a [f32]) -> impl IndexedParallelIterator<Item = &'a [f32]> {
        // Chunks never straddle samples, so that sums per sample stay apart.
        let step = self.pixels.div_ceil(self.pixels.div_ceil(PIXELS));
        let (channels, pixels) = (self.channels, self.pixels);
        let per_sample = pixels.div_ceil(step);
        (0..self.batch * per_sample).into_par_iter().map(move |i| {
            let (sample, chunk) = (i / per_sample, i % per_sample);
            let first = sample * pixels + chunk * step;
            let last = (first + step).min((sample + 1) * pixels);
            &x[first * channels..last * channels]
        })
    }

    fn chunks_per_sample(&self) -> usize {
        self.pixels.div_ceil(self.pixels.div_ceil(self.pixels.div_ceil(PIXELS)))
    }

    fn count(&self) -> f64 {
        (self.pixels * self.channels / self.groups) as f64
    }

    /// Sums two quantities per channel over all pixels of each sample: `[sample][channel] -> (first, second)`.
    fn channel_sums(&self, rows: impl IndexedParallelIterator<Item = ChannelSums>) -> Vec<ChannelSums> {
        let parts: Vec<ChannelSums> = rows.collect();
        parts
            .chunks(self.chunks_per_sample())
            .map(|parts| {
                let mut total = ChannelSums::new(self.channels);
                for part in parts {
                    total.first.iter_mut().zip(&part.first).for_each(|(total, part)| *total += part);
                    total.second.iter_mut().zip(&part.second).for_each(|(total, part)| *total += part);
                }
                total
            })
            .collect()
    }
}

/// Two sums per channel, in f64.
struct ChannelSums {
    first: Vec<f64>,
    second: Vec<f64>,
}

impl ChannelSums {
    fn new(channels: usize) -> Self {
        Self { first: vec![0.0; channels], second: vec![0.0; channels] }
    }

    /// Adds the f32 sums of one run and clears them.
    fn absorb(&mut self, first: &mut [f32], second: &mut [f32]) {
        for (total, part) in self.first.iter_mut().zip(first.iter_mut()) {
            *total += f64::from(std::mem::take(part));
        }
        for (total, part) in self.second.iter_mut().zip(second.iter_mut()) {
            *total += f64::from(std::mem::take(part));
        }
    }
}

/// Means and deviations of `x`.
pub(crate) fn group_statistics(shape: GroupShape, x: &[f32], epsilon: f64) -> GroupStatistics {
    let arch = Arch::new();
    let channels = shape.channels;
    let sums = shape.channel_sums(shape.chunks(x).map(|chunk| {
        let mut sums = ChannelSums::new(channels);
        let (mut first, mut second) = (vec![0f32; channels], vec![0f32; channels]);
        for run in chunk.chunks(RUN * channels) {
            arch.dispatch(|| {
                for pixel in run.chunks_exact(channels) {
                    for ((first, second), &x) in first.iter_mut().zip(second.iter_mut()).zip(pixel) {
                        *first += x;
                        *second += x * x;
                    }
                }
            });
            sums.absorb(&mut first, &mut second);
        }
        sums
    }));
    let width = channels / shape.groups;
    let mut statistics = GroupStatistics { mean: Vec::new(), scale: Vec::new() };
    for sample in &sums {
        for (first, second) in sample.first.chunks(width).zip(sample.second.chunks(width)) {
            let mean = first.iter().sum::<f64>() / shape.count();
            let variance = (second.iter().sum::<f64>() / shape.count() - mean * mean).max(0.0);
            statistics.mean.push(mean as f32);
            statistics.scale.push((1.0 / (variance + epsilon).sqrt()) as f32);
        }
    }
    statistics
}

/// Per sample and channel: `normalised · γ + β = x · slope + offset`.
fn affine(shape: GroupShape, statistics: &GroupStatistics, gamma: &[f32], beta: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let width = shape.channels / shape.groups;
    (0..shape.batch * shape.channels)
        .map(|i| {
            let (sample, channel) = (i / shape.channels, i % shape.channels);
            let group = sample * shape.groups + channel / width;
            let slope = gamma[channel] * statistics.scale[group];
            (slope, beta[channel] - statistics.mean[group] * slope)
        })
        .unzip()
}

/// Runs `body(out pixel, x pixel, sample)` over all pixels on all threads.
fn by_pixel<'a>(
    shape: GroupShape,
    out: &mut [MaybeUninit<f32>],
    x: &'a [f32],
    body: impl Fn(&mut [MaybeUninit<f32>], &'a [f32], usize) + Sync,
) {
    let arch = Arch::new();
    let channels = shape.channels;
    let step = RUN * channels;
    out.par_chunks_mut(step).zip(x.par_chunks(step)).enumerate().for_each(|(chunk, (out, x))| {
        arch.dispatch(|| {
            for (i, (out, x)) in out.chunks_exact_mut(channels).zip(x.chunks_exact(channels)).enumerate() {
                body(out, x, (chunk * RUN + i) / shape.pixels);
            }
        });
    });
}

/// `y = (x - mean) · scale · γ + β`, then `SiLU` if asked.
pub(crate) fn group_norm(shape: GroupShape, x: &[f32], statistics: &GroupStatistics, gamma: &[f32], beta: &[f32], silu: bool) -> Vec<f32> {
    let (slope, offset) = affine(shape, statistics, gamma, beta);
    let channels = shape.channels;
    collect_into(x.len(), |out| {
        by_pixel(shape, out, x, |out, x, sample| {
            let range = sample * channels..(sample + 1) * channels;
            let lanes = out.iter_mut().zip(x).zip(slope[range.clone()].iter().zip(&offset[range]));
            if silu {
                lanes.for_each(|((out, x), (slope, offset))| _ = out.write(Activation::Silu.value(x * slope + offset)));
            } else {
                lanes.for_each(|((out, x), (slope, offset))| _ = out.write(x * slope + offset));
            }
        });
    })
}

/// Gradients of a norm with respect to its input, scale and shift.
pub(crate) struct NormGradients {
    pub(crate) input: Vec<f32>,
    pub(crate) gamma: Vec<f32>,
    pub(crate) beta: Vec<f32>,
}

/// The gradient of [`group_norm`]: with `g` the gradient after undoing `SiLU` and `n` the normalised input,
/// `gx = scale · (γ g - mean(γ g) - n · mean(γ g n))`, means over the group.
pub(crate) fn group_norm_backward(
    shape: GroupShape,
    x: &[f32],
    gradient: &[f32],
    statistics: &GroupStatistics,
    (gamma, beta): (&[f32], &[f32]),
    silu: bool,
) -> NormGradients {
    let arch = Arch::new();
    let channels = shape.channels;
    let (slope, offset) = affine(shape, statistics, gamma, beta);
    let undo = |g: f32, z: f32| if silu { g * Activation::Silu.slope(z) } else { g };
    let per_sample = shape.chunks_per_sample();
    let rows = shape.chunks(x).zip(shape.chunks(gradient)).enumerate().map(|(i, (x, g))| {
        let range = i / per_sample * channels..(i / per_sample + 1) * channels;
        let (slope, offset) = (&slope[range.clone()], &offset[range]);
        let mut sums = ChannelSums::new(channels);
        let (mut first, mut second) = (vec![0f32; channels], vec![0f32; channels]);
        for (x, g) in x.chunks(RUN * channels).zip(g.chunks(RUN * channels)) {
            arch.dispatch(|| {
                for (x, g) in x.chunks_exact(channels).zip(g.chunks_exact(channels)) {
                    for c in 0..channels {
                        let g = undo(g[c], x[c] * slope[c] + offset[c]);
                        first[c] += g;
                        second[c] += g * x[c];
                    }
                }
            });
            sums.absorb(&mut first, &mut second);
        }
        sums
    });
    let sums = shape.channel_sums(rows);
    let totals = totals(shape, &sums, statistics, gamma);
    let input = collect_into(x.len(), |out| {
        let start = x.as_ptr() as usize;
        by_pixel(shape, out, x, |out, pixel, sample| {
            // The pixel's place in `x` is its place in `gradient`.
            let at = (pixel.as_ptr() as usize - start) / size_of::<f32>();
            let g = &gradient[at..at + channels];
            let range = sample * channels..(sample + 1) * channels;
            let (slope, offset) = (&slope[range.clone()], &offset[range.clone()]);
            let (by_x, constant) = (&totals.by_x[range.clone()], &totals.constant[range]);
            for c in 0..channels {
                let g = undo(g[c], pixel[c] * slope[c] + offset[c]);
                out[c].write(g * slope[c] + pixel[c] * by_x[c] + constant[c]);
            }
        });
    });
    NormGradients { input, gamma: totals.gamma, beta: totals.beta }
}

/// What the second pass of [`group_norm_backward`] adds per sample and channel, and the parameters' gradients.
struct Totals {
    by_x: Vec<f32>,
    constant: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
}

fn totals(shape: GroupShape, sums: &[ChannelSums], statistics: &GroupStatistics, gamma: &[f32]) -> Totals {
    let (channels, width) = (shape.channels, shape.channels / shape.groups);
    let mut totals = Totals { by_x: Vec::new(), constant: Vec::new(), gamma: vec![0.0; channels], beta: vec![0.0; channels] };
    for (sample, sums) in sums.iter().enumerate() {
        for group in 0..shape.groups {
            let mean = f64::from(statistics.mean[sample * shape.groups + group]);
            let scale = f64::from(statistics.scale[sample * shape.groups + group]);
            let (mut sum, mut weighted) = (0.0, 0.0);
            for c in group * width..(group + 1) * width {
                // Σ g · n from Σ g · x.
                let normalised = (sums.second[c] - mean * sums.first[c]) * scale;
                totals.gamma[c] += normalised as f32;
                totals.beta[c] += sums.first[c] as f32;
                sum += f64::from(gamma[c]) * sums.first[c];
                weighted += f64::from(gamma[c]) * normalised;
            }
            let (sum, weighted) = (sum / shape.count(), weighted / shape.count());
            // -scale · (sum + n · weighted), n = (x - mean) · scale.
            let by_x = -scale * scale * weighted;
            let constant = -scale * sum - by_x * mean;
            totals.by_x.extend(std::iter::repeat_n(by_x as f32, width));
            totals.constant.extend(std::iter::repeat_n(constant as f32, width));
        }
    }
    totals
}

/// Rows per task of a layer norm.
const ROWS: usize = 32;

/// Layer norm over rows of `gamma.len()` columns.
pub(crate) fn layer_norm(x: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32) -> Vec<f32> {
    let arch = Arch::new();
    let columns = gamma.len();
    collect_into(x.len(), |out| {
        out.par_chunks_mut(columns * ROWS).zip(x.par_chunks(columns * ROWS)).for_each(|(out, x)| {
            arch.dispatch(|| {
                for (out, x) in out.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
                    let (mean, scale) = row_statistics(x, epsilon);
                    for (((out, x), gamma), beta) in out.iter_mut().zip(x).zip(gamma).zip(beta) {
                        out.write((x - mean) * scale * gamma + beta);
                    }
                }
            });
        });
    })
}

/// The gradient of [`layer_norm`].
pub(crate) fn layer_norm_backward(x: &[f32], gradient: &[f32], gamma: &[f32], epsilon: f32) -> NormGradients {
    let arch = Arch::new();
    let columns = gamma.len();
    let mut parameters: Vec<(Vec<f32>, Vec<f32>)> = Vec::new();
    let input = collect_into(x.len(), |out| {
        let parts = x.par_chunks(columns * ROWS).zip(gradient.par_chunks(columns * ROWS));
        out.par_chunks_mut(columns * ROWS)
            .zip(parts)
            .map(|(out, (x, g))| {
                let (mut to_gamma, mut to_beta) = (vec![0f32; columns], vec![0f32; columns]);
                arch.dispatch(|| {
                    for ((out, x), g) in out.chunks_exact_mut(columns).zip(x.chunks_exact(columns)).zip(g.chunks_exact(columns)) {
                        let (mean, scale) = row_statistics(x, epsilon);
                        let (mut sum, mut weighted) = (Lanes::default(), Lanes::default());
                        for c in 0..columns {
                            let normalised = (x[c] - mean) * scale;
                            sum.add(c, g[c] * gamma[c]);
                            weighted.add(c, g[c] * gamma[c] * normalised);
                            to_gamma[c] += g[c] * normalised;
                            to_beta[c] += g[c];
                        }
                        let (sum, weighted) = (sum.total() / columns as f32, weighted.total() / columns as f32);
                        for c in 0..columns {
                            let normalised = (x[c] - mean) * scale;
                            out[c].write(scale * (g[c] * gamma[c] - sum - normalised * weighted));
                        }
                    }
                });
                (to_gamma, to_beta)
            })
            .collect_into_vec(&mut parameters);
    });
    let total = |pick: fn(&(Vec<f32>, Vec<f32>)) -> &Vec<f32>| {
        parameters.iter().fold(vec![0f32; columns], |mut total, part| {
            total.iter_mut().zip(pick(part)).for_each(|(total, part)| *total += part);
            total
        })
    };
    NormGradients { input, gamma: total(|part| &part.0), beta: total(|part| &part.1) }
}

/// Sixteen running sums, so that a reduction is vector code in a fixed order.
#[derive(Default)]
struct Lanes([f32; 16]);

impl Lanes {
    #[inline(always)]
    fn add(&mut self, at: usize, value: f32) {
        self.0[at % 16] += value;
    }

    #[inline(always)]
    fn total(&self) -> f32 {
        self.0.iter().sum()
    }
}

/// Mean and `1 / √(variance + ε)` of a row, in two passes.
#[inline(always)]
fn row_statistics(x: &[f32], epsilon: f32) -> (f32, f32) {
    let sum = |value: &dyn Fn(f32) -> f32| {
        let mut lanes = [0f32; 16];
        let (whole, rest) = x.as_chunks::<16>();
        for chunk in whole {
            lanes.iter_mut().zip(chunk).for_each(|(lane, &x)| *lane += value(x));
        }
        lanes.iter().sum::<f32>() + rest.iter().map(|&x| value(x)).sum::<f32>()
    };
    let mean = sum(&|x| x) / x.len() as f32;
    let variance = sum(&|x| (x - mean) * (x - mean)) / x.len() as f32;
    (mean, 1.0 / (variance + epsilon).sqrt())
}
