//! A filled hole against the truth.

use image::RgbImage;

use crate::evaluate::measure::psnr;

/// Pixels along a side of the patches and windows that are compared.
const SIDE: usize = 7;
/// Patches of a scale, directions they are projected on, and scales.
const PATCHES: usize = 2000;
const DIRECTIONS: usize = 64;
const SCALES: usize = 3;

/// How well a hole was filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Figures {
    /// dB in the hole.
    pub(super) psnr: f64,
    /// The mean structural similarity in the hole, at most 1.
    pub(super) ssim: f64,
    /// The sliced Wasserstein distance of patches in the hole, levels of 255: 0 where they are the same, wherever they are.
    pub(super) swd: f64,
    pub(super) seconds: f64,
    /// Pixels outside the hole that changed.
    pub(super) outside: usize,
}

impl Figures {
    pub(super) fn of(truth: &RgbImage, result: &RgbImage, hole: &[bool], seconds: f64) -> Self {
        let changed = truth.pixels().zip(result.pixels()).zip(hole).filter(|((one, other), hole)| !**hole && one != other);
        let (one, other) = (Scale::new(truth, hole), Scale::new(result, hole));
        Self {
            psnr: psnr(result, truth, |index| hole[index]),
            ssim: ssim(&one, &other),
            swd: swd(one, other),
            seconds,
            outside: changed.count(),
        }
    }

    /// In the order of the table.
    pub(super) fn values(self) -> [f64; 5] {
        [self.psnr, self.ssim, self.swd, self.seconds, self.outside as f64]
    }
}

/// A picture with its hole at one scale.
struct Scale {
    width: usize,
    height: usize,
    /// Levels of 255.
    pixels: Vec<[f64; 3]>,
    hole: Vec<bool>,
}

impl Scale {
    fn new(picture: &RgbImage, hole: &[bool]) -> Self {
        let pixels = picture.pixels().map(|pixel| pixel.0.map(f64::from)).collect();
        Self { width: picture.width() as usize, height: picture.height() as usize, pixels, hole: hole.to_vec() }
    }

    /// Half as large: means of 2 × 2 pixels.
    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let four = |index: usize| {
            let at = 2 * (index / width.max(1)) * self.width + 2 * (index % width.max(1));
            [at, at + 1, at + self.width, at + self.width + 1]
        };
        let mean = |index: usize| std::array::from_fn(|channel| four(index).iter().map(|at| self.pixels[*at][channel]).sum::<f64>() / 4.0);
        let is_hole = |index: usize| four(index).iter().filter(|at| self.hole[**at]).count() >= 2;
        let count = width * height;
        Self { width, height, pixels: (0..count).map(mean).collect(), hole: (0..count).map(is_hole).collect() }
    }

    /// The pixels of the hole around which there is a whole window.
    fn centres(&self) -> Vec<usize> {
        let reach = SIDE / 2;
        let is_whole = |at: usize, length: usize| at >= reach && at + reach < length;
        (0..self.pixels.len())
            .filter(|index| self.hole[*index] && is_whole(index % self.width, self.width) && is_whole(index / self.width, self.height))
            .collect()
    }

    /// The pixels of a window around a pixel.
    fn window(&self, centre: usize) -> impl Iterator<Item = [f64; 3]> {
        let first = centre - SIDE / 2 * (self.width + 1);
        (0..SIDE * SIDE).map(move |at| self.pixels[first + at / SIDE * self.width + at % SIDE])
    }
}

/// Of windows of 7 × 7 pixels, as published (Wang et al. 2004, with even weights), in each channel.
fn ssim(one: &Scale, other: &Scale) -> f64 {
    const STABLE: [f64; 2] = [(0.01 * 255.0) * (0.01 * 255.0), (0.03 * 255.0) * (0.03 * 255.0)];
    let count = (SIDE * SIDE) as f64;
    let centres = one.centres();
    let of_channel = |centre: usize, channel: usize| {
        let pairs = || one.window(centre).zip(other.window(centre)).map(|(a, b)| (a[channel], b[channel]));
        let (mean_a, mean_b) = pairs().fold((0.0, 0.0), |(a, b), pair| (a + pair.0 / count, b + pair.1 / count));
        let spread = pairs().fold([0.0; 3], |[a, b, both], pair| {
            let (x, y) = (pair.0 - mean_a, pair.1 - mean_b);
            [a + x * x, b + y * y, both + x * y]
        });
        let [var_a, var_b, both] = spread.map(|sum| sum / (count - 1.0));
        (2.0 * mean_a * mean_b + STABLE[0]) * (2.0 * both + STABLE[1])
            / ((mean_a * mean_a + mean_b * mean_b + STABLE[0]) * (var_a + var_b + STABLE[1]))
    };
    let sum: f64 = centres.iter().map(|centre| (0..3).map(|channel| of_channel(*centre, channel)).sum::<f64>() / 3.0).sum();
    sum / centres.len().max(1) as f64
}

/// Mean over scales and directions of the distance between the sorted projections of all patches.
fn swd(mut one: Scale, mut other: Scale) -> f64 {
    let mut random = fastrand::Rng::with_seed(0);
    let (mut sum, mut scales) = (0.0, 0.0_f64);
    for _ in 0..SCALES {
        let mut centres = one.centres();
        if centres.is_empty() {
            break;
        }
        random.shuffle(&mut centres);
        centres.truncate(PATCHES);
        for _ in 0..DIRECTIONS {
            let direction = direction(&mut random);
            let sorted = |scale: &Scale| {
                let project =
                    |centre: &usize| scale.window(*centre).zip(&direction).map(|(a, b)| (0..3).map(|c| a[c] * b[c]).sum::<f64>()).sum();
                let mut values: Vec<f64> = centres.iter().map(project).collect();
                values.sort_by(f64::total_cmp);
                values
            };
            let distance: f64 = sorted(&one).iter().zip(sorted(&other)).map(|(a, b)| (a - b).abs()).sum();
            sum += distance / centres.len() as f64 / DIRECTIONS as f64;
        }
        scales += 1.0;
        (one, other) = (one.halved(), other.halved());
    }
    sum / scales.max(1.0)
}

/// A direction in the space of patches, of length 1; all are equally likely.
fn direction(random: &mut fastrand::Rng) -> Vec<[f64; 3]> {
    // Sums of twelve uniform numbers are near enough to the normal distribution.
    let mut normal = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let drawn: Vec<[f64; 3]> = (0..SIDE * SIDE).map(|_| std::array::from_fn(|_| normal())).collect();
    let length = drawn.iter().flatten().map(|value| value * value).sum::<f64>().sqrt();
    drawn.into_iter().map(|pixel| pixel.map(|value| value / length)).collect()
}
