//! Group norm with an optional `SiLU`, forward and backward, in two passes over memory each.

use std::ops::Range;

use pulp::Arch;
use rayon::prelude::*;

use super::buffer::collect;
use super::layer_norm::NormGradients;
use super::math::Activation;

/// Shape of a group norm: `[batch, pixels, channels]` in `groups` groups of channels. No size is zero.
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

/// Largest number of pixels per task that computes sums.
const PIXELS: usize = 256;
/// Pixels summed in f32 before the sum is added to one in f64; also the pixels per task that computes no sums.
const RUN: usize = 32;

/// Two sums per channel, in f64.
struct ChannelSums {
    first: Vec<f64>,
    second: Vec<f64>,
}

impl ChannelSums {
    fn new(channels: usize) -> Self {
        Self { first: vec![0.0; channels], second: vec![0.0; channels] }
    }

    fn total(mut self, part: &Self) -> Self {
        self.first.iter_mut().zip(&part.first).for_each(|(total, part)| *total += part);
        self.second.iter_mut().zip(&part.second).for_each(|(total, part)| *total += part);
        self
    }

    /// Adds the f32 sums of one run and clears them.
    fn absorb(&mut self, first: &mut [f32], second: &mut [f32]) {
        for (total, part) in self.first.iter_mut().zip(first).chain(self.second.iter_mut().zip(second)) {
            *total += f64::from(std::mem::take(part));
        }
    }
}

impl GroupShape {
    /// Channels of a group.
    fn width(&self) -> usize {
        self.channels / self.groups
    }

    /// Elements of a group.
    fn count(&self) -> f64 {
        (self.pixels * self.width()) as f64
    }

    /// The pixels of a sample, among those of all.
    fn sample(&self, sample: usize) -> Range<usize> {
        sample * self.pixels..(sample + 1) * self.pixels
    }

    /// The channels of a pixel of `x`.
    #[inline(always)]
    fn pixel<'a>(&self, x: &'a [f32], pixel: usize) -> &'a [f32] {
        &x[pixel * self.channels..][..self.channels]
    }

    /// Repeats the value of each group for its channels: `[batch, groups]` to `[batch, channels]`.
    fn spread(&self, per_group: &[f32]) -> Vec<f32> {
        per_group.iter().flat_map(|&value| std::iter::repeat_n(value, self.width())).collect()
    }

    /// Sums two quantities per channel over the pixels of each sample: `add(sample, pixel, first, second)` adds those of one pixel.
    fn sums(&self, add: impl Fn(usize, usize, &mut [f32], &mut [f32]) + Sync) -> Vec<ChannelSums> {
        let arch = Arch::new();
        // Tasks of equal size, none of which spans two samples.
        let step = self.pixels.div_ceil(self.pixels.div_ceil(PIXELS));
        let tasks: Vec<(usize, Range<usize>)> = (0..self.batch)
            .flat_map(|sample| {
                let pixels = self.sample(sample);
                pixels.clone().step_by(step).map(move |first| (sample, first..(first + step).min(pixels.end)))
            })
            .collect();
        let part = |(sample, pixels): &(usize, Range<usize>)| {
            let mut sums = ChannelSums::new(self.channels);
            let (mut first, mut second) = (vec![0f32; self.channels], vec![0f32; self.channels]);
            for run in pixels.clone().step_by(RUN) {
                let run = run..(run + RUN).min(pixels.end);
                arch.dispatch(|| run.for_each(|pixel| add(*sample, pixel, &mut first, &mut second)));
                sums.absorb(&mut first, &mut second);
            }
            sums
        };
        let parts: Vec<ChannelSums> = tasks.par_iter().map(part).collect();
        let per_sample = tasks.len() / self.batch;
        parts.chunks(per_sample).map(|parts| parts.iter().fold(ChannelSums::new(self.channels), ChannelSums::total)).collect()
    }
}

/// Means and deviations of `x`.
///
/// Squares are summed relative to a pivot near each channel's mean: sums of plain squares would cancel where the deviation is small beside the mean.
pub(crate) fn group_statistics(shape: GroupShape, x: &[f32], epsilon: f64) -> GroupStatistics {
    let pivots = pivots(shape, x);
    let sums = shape.sums(|sample, pixel, first, second| {
        let (x, pivot) = (shape.pixel(x, pixel), shape.pixel(&pivots, sample));
        for (((first, second), x), pivot) in first.iter_mut().zip(second).zip(x).zip(pivot) {
            let centred = x - pivot;
            *first += centred;
            *second += centred * centred;
        }
    });
    let mut statistics = GroupStatistics { mean: Vec::new(), scale: Vec::new() };
    let pixels = shape.pixels as f64;
    for (sums, pivots) in sums.iter().zip(pivots.chunks(shape.channels)) {
        for group in 0..shape.groups {
            let channels =
                || (group * shape.width()..(group + 1) * shape.width()).map(|c| (f64::from(pivots[c]), sums.first[c], sums.second[c]));
            let mean = channels().map(|(pivot, first, _)| pixels * pivot + first).sum::<f64>() / shape.count();
            // Σ (x - mean)² from the sums relative to the pivot.
            let about_mean = |(pivot, first, second): (f64, f64, f64)| second + (pivot - mean) * (2.0 * first + pixels * (pivot - mean));
            let variance = (channels().map(about_mean).sum::<f64>() / shape.count()).max(0.0);
            statistics.mean.push(mean as f32);
            statistics.scale.push((1.0 / (variance + epsilon).sqrt()) as f32);
        }
    }
    statistics
}

/// The mean of each sample's first pixels, per channel.
fn pivots(shape: GroupShape, x: &[f32]) -> Vec<f32> {
    let few = shape.pixels.min(RUN);
    let mut pivots = vec![0f32; shape.batch * shape.channels];
    for (sample, pivots) in pivots.chunks_mut(shape.channels).enumerate() {
        for pixel in shape.sample(sample).take(few) {
            pivots.iter_mut().zip(shape.pixel(x, pixel)).for_each(|(pivot, x)| *pivot += x / few as f32);
        }
    }
    pivots
}

/// The norm as an affine map of each channel of each sample: `(x - mean) · slope + β`.
struct Affine<'a> {
    mean: Vec<f32>,
    slope: Vec<f32>,
    beta: &'a [f32],
}

impl<'a> Affine<'a> {
    fn new(shape: GroupShape, statistics: &GroupStatistics, gamma: &[f32], beta: &'a [f32]) -> Self {
        let mut slope = shape.spread(&statistics.scale);
        slope.iter_mut().zip(gamma.iter().cycle()).for_each(|(slope, gamma)| *slope *= gamma);
        Self { mean: shape.spread(&statistics.mean), slope, beta: &beta[..shape.channels] }
    }
}

/// `y = (x - mean) · scale · γ + β`, followed by `SiLU` where `silu` is true.
pub(crate) fn group_norm(shape: GroupShape, x: &[f32], statistics: &GroupStatistics, gamma: &[f32], beta: &[f32], silu: bool) -> Vec<f32> {
    let affine = Affine::new(shape, statistics, gamma, beta);
    let arch = Arch::new();
    collect(x.len(), RUN * shape.channels, |run, out| {
        arch.dispatch(|| {
            out.rows(shape.channels, |i, out| {
                let pixel = run * RUN + i;
                let sample = pixel / shape.pixels;
                let (x, beta) = (shape.pixel(x, pixel), affine.beta);
                let (mean, slope) = (shape.pixel(&affine.mean, sample), shape.pixel(&affine.slope, sample));
                if silu {
                    out.each(|c| Activation::Silu.value((x[c] - mean[c]) * slope[c] + beta[c]))
                } else {
                    out.each(|c| (x[c] - mean[c]) * slope[c] + beta[c])
                }
            })
        })
    })
}

/// The gradient of [`group_norm`]: with `g` the gradient of the norm's output, before `SiLU`, and `n` the normalised input,
/// `gx = scale · (γ g - mean(γ g) - n · mean(γ g n))`, means over the group.
pub(crate) fn group_norm_backward(
    shape: GroupShape,
    x: &[f32],
    gradient: &[f32],
    statistics: &GroupStatistics,
    (gamma, beta): (&[f32], &[f32]),
    silu: bool,
) -> NormGradients {
    let Affine { mean, slope, beta } = Affine::new(shape, statistics, gamma, beta);
    let undo = |g: f32, z: f32| if silu { g * Activation::Silu.slope(z) } else { g };
    let sums = shape.sums(|sample, pixel, first, second| {
        let (x, g) = (shape.pixel(x, pixel), shape.pixel(gradient, pixel));
        let (mean, slope) = (shape.pixel(&mean, sample), shape.pixel(&slope, sample));
        let (first, second) = (&mut first[..shape.channels], &mut second[..shape.channels]);
        for c in 0..shape.channels {
            let centred = x[c] - mean[c];
            let g = undo(g[c], centred * slope[c] + beta[c]);
            first[c] += g;
            second[c] += g * centred;
        }
    });
    let totals = totals(shape, &sums, statistics, gamma);
    let (factor, constant) = (shape.spread(&totals.factor), shape.spread(&totals.constant));
    let arch = Arch::new();
    let input = collect(x.len(), RUN * shape.channels, |run, out| {
        arch.dispatch(|| {
            out.rows(shape.channels, |i, out| {
                let pixel = run * RUN + i;
                let sample = pixel / shape.pixels;
                let (x, g) = (shape.pixel(x, pixel), shape.pixel(gradient, pixel));
                let [mean, slope, factor, constant] = [&mean, &slope, &factor, &constant].map(|vector| shape.pixel(vector, sample));
                out.each(|c| {
                    let centred = x[c] - mean[c];
                    let g = undo(g[c], centred * slope[c] + beta[c]);
                    g * slope[c] + (centred * factor[c] + constant[c])
                })
            })
        })
    });
    NormGradients { input, gamma: totals.gamma, beta: totals.beta }
}

/// Terms of the second pass of [`group_norm_backward`], `(x - mean) · factor + constant` per sample and group, and the gradients of the parameters.
struct Totals {
    factor: Vec<f32>,
    constant: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
}

fn totals(shape: GroupShape, sums: &[ChannelSums], statistics: &GroupStatistics, gamma: &[f32]) -> Totals {
    let mut totals = Totals { factor: Vec::new(), constant: Vec::new(), gamma: vec![0.0; shape.channels], beta: vec![0.0; shape.channels] };
    for (sample, sums) in sums.iter().enumerate() {
        for group in 0..shape.groups {
            let scale = f64::from(statistics.scale[sample * shape.groups + group]);
            let (mut sum, mut weighted) = (0.0, 0.0);
            let channels = group * shape.width()..(group + 1) * shape.width();
            for (c, gamma) in channels.clone().zip(&gamma[channels]) {
                let along = sums.second[c] * scale;
                totals.gamma[c] += along as f32;
                totals.beta[c] += sums.first[c] as f32;
                sum += f64::from(*gamma) * sums.first[c];
                weighted += f64::from(*gamma) * along;
            }
            // -scale · (mean(γ g) + n · mean(γ g n)), n = (x - mean) · scale.
            totals.factor.push((-scale * scale * weighted / shape.count()) as f32);
            totals.constant.push((-scale * sum / shape.count()) as f32);
        }
    }
    totals
}
