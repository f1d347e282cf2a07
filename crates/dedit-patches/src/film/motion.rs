//! How the scene around the hole moved between two frames.
//!
//! At the coarsest level every shift is tried; Gauss–Newton steps (Lucas and Kanade 1981, with weights that leave out what moves otherwise) then make it
//! exact, level by level: first a shift, then an affine motion, at last a homography, each with a scale and an offset of the luma.

use super::level::Level;
use super::motion::solve::solved;

mod solve;

/// Parameters of a homography, then scale and offset of the luma.
const ALL: usize = 10;
/// Pixels that are compared at a level, at most.
const COMPARED: usize = 5000;
/// Pixels that are compared for each shift that is tried, at most.
const SEARCHED: usize = 500;
/// Fewer than these say nothing.
const FEWEST: usize = 60;
/// Of the pixels that this frame knows, the other one has to show this share.
const SHOWN: f64 = 0.3;
/// Steps at a level, at most.
const STEPS: usize = 12;
/// A step below this share of a pixel is the last one.
const SETTLED: f64 = 0.01;
/// Least scale of what counts as off, levels of 1: the noise of 8 bits.
const LEAST_OFF: f32 = 1.5 / 255.0;
/// Pixels that are off by more count as much as this.
const MOST_OFF: f32 = 12.0 / 255.0;
/// A simpler motion is taken where its pixels are off by no more than this times that of a less simple one.
const SIMPLER: f32 = 1.04;
/// So much off, levels of 1, makes no difference.
const NO_MATTER: f32 = 0.1 / 255.0;
/// A motion is found where pixels are off by less than this in the mean …
const CLOSE: f32 = 2.0 / 255.0;
/// … or by less than this share of how far they are from the mean luma around.
const EXPLAINED: f32 = 0.3;

/// A homography from pixels of the window to pixels of the other part. In units of half the window's longer side around its middle, (u, v) goes to
/// (u + p₀ + p₂u + p₃v, v + p₁ + p₄u + p₅v) / (1 + p₆u + p₇v).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Motion {
    middle: (f64, f64),
    half: f64,
    origin: (f64, f64),
    p: [f64; ALL],
}

/// The kinds of motion, by how many of the parameters they have: two of a shift, six of an affine motion, eight of a homography.
const KINDS: [usize; 3] = [2, 6, 8];

impl Motion {
    /// None at all, between a window of that size and a part whose first pixel lies at `origin` of it.
    fn still((width, height): (usize, usize), origin: (i64, i64)) -> Self {
        let middle = ((width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0);
        let half = width.max(height) as f64 / 2.0;
        Self { middle, half, origin: (origin.0 as f64, origin.1 as f64), p: [0.0; ALL] }
    }

    /// Where a pixel of the window lies in the other part.
    pub(super) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let (u, v) = self.unit(x, y);
        let (to_u, to_v, _) = self.moved(u, v);
        (self.middle.0 + self.half * to_u - self.origin.0, self.middle.1 + self.half * to_v - self.origin.1)
    }

    fn unit(&self, x: f64, y: f64) -> (f64, f64) {
        ((x - self.middle.0) / self.half, (y - self.middle.1) / self.half)
    }

    /// Where a place goes, in units, and the denominator.
    fn moved(&self, u: f64, v: f64) -> (f64, f64, f64) {
        let p = &self.p;
        let under = (1.0 + p[6] * u + p[7] * v).max(0.1);
        ((u + p[0] + p[2] * u + p[3] * v) / under, (v + p[1] + p[4] * u + p[5] * v) / under, under)
    }

    /// The shift at the middle, pixels.
    fn shift(&self) -> (f64, f64) {
        (self.p[0] * self.half, self.p[1] * self.half)
    }

    fn shifted(self, dx: f64, dy: f64) -> Self {
        let mut moved = self;
        (moved.p[0], moved.p[1]) = (dx / self.half, dy / self.half);
        moved
    }
}

/// The motion; `None` where the other frame does not show the same scene.
pub(super) fn find(own: &[Level], other: &[Level], origin: (i64, i64)) -> Option<Motion> {
    let still = Motion::still((own[0].width, own[0].height), origin);
    let coarsest = own.len().min(other.len()) - 1;
    let at_level = |level: usize| Comparison::new(own, other, level);
    let coarse = at_level(coarsest);
    let starts = coarse.searched(&still).into_iter().chain([(0.0, 0.0)]);
    let tried = starts.map(|(dx, dy)| coarse.improved(still.shifted(dx, dy), KINDS[0]));
    let mut motion = tried.filter_map(|motion| Some((coarse.off(&motion)?, motion))).min_by(|one, two| one.0.total_cmp(&two.0))?.1;
    for level in (1..coarsest).rev() {
        motion = at_level(level).improved(motion, KINDS[1]);
    }
    simplest(&at_level(0), motion, &still)
}

/// The simplest motion that explains the finest level about as well as any.
fn simplest(fine: &Comparison<'_>, start: Motion, still: &Motion) -> Option<Motion> {
    let affine = fine.improved(start, KINDS[1]);
    let (dx, dy) = affine.shift();
    let shift = fine.improved(still.shifted(dx, dy), KINDS[0]);
    let (sx, sy) = shift.shift();
    let whole = fine.improved(still.shifted(sx.round(), sy.round()), 0);
    // In the order of their simplicity.
    let all = [fine.improved(*still, 0), whole, shift, affine, fine.improved(affine, KINDS[2])];
    let off: Vec<(f32, Motion)> = all.into_iter().filter_map(|motion| Some((fine.off(&motion)?, motion))).collect();
    let best = off.iter().map(|(off, _)| *off).fold(f32::INFINITY, f32::min);
    let (off, motion) = off.into_iter().find(|(off, _)| *off <= best * SIMPLER + NO_MATTER)?;
    (off < CLOSE || off < EXPLAINED * fine.contrast).then_some(motion)
}

/// A pixel that is compared.
struct Sample {
    x: f64,
    y: f64,
    luma: f32,
    /// How the luma changes along a row and a column, per pixel of the full resolution.
    slope: (f64, f64),
}

/// The pixels of a level that are compared.
struct Comparison<'a> {
    samples: Vec<Sample>,
    own: &'a Level,
    other: &'a Level,
    /// Pixels of the full resolution along a pixel of the level.
    scale: f64,
    /// The mean difference of the luma from that around, limited as what is off.
    contrast: f32,
}

impl<'a> Comparison<'a> {
    fn new(own: &'a [Level], other: &'a [Level], level: usize) -> Self {
        let (own, other, scale) = (&own[level], &other[level], (1_u64 << level) as f64);
        let (mut samples, mut contrast) = (Vec::new(), 0.0);
        let known = own.luma.iter().filter(|luma| !luma.is_nan()).count();
        let every = known.div_ceil(COMPARED).max(1);
        for at in (0..own.luma.len()).filter(|at| !own.luma[*at].is_nan()).step_by(every) {
            let (column, row) = ((at % own.width) as i64, (at / own.width) as i64);
            let slope = (own.at(column + 1, row) - own.at(column - 1, row), own.at(column, row + 1) - own.at(column, row - 1));
            if slope.0.is_nan() || slope.1.is_nan() {
                continue;
            }
            let around = [(-4, 0), (4, 0), (0, -4), (0, 4)].map(|(dx, dy)| own.at(column + dx, row + dy));
            let around =
                around.into_iter().filter(|luma| !luma.is_nan()).map(|luma| (luma - own.luma[at]).abs().min(MOST_OFF)).sum::<f32>() / 4.0;
            contrast += around;
            let place = |pixel: i64| (pixel as f64 + 0.5) * scale - 0.5;
            let per_pixel = |slope: f32| f64::from(slope) / 2.0 / scale;
            samples.push(Sample { x: place(column), y: place(row), luma: own.luma[at], slope: (per_pixel(slope.0), per_pixel(slope.1)) });
        }
        let contrast = contrast / samples.len().max(1) as f32;
        Self { samples, own, other, scale, contrast }
    }

    /// The luma that the other frame has for a sample, as it is.
    fn seen(&self, motion: &Motion, sample: &Sample) -> f32 {
        let (x, y) = motion.at(sample.x, sample.y);
        let place = |full: f64| (full + 0.5) / self.scale - 0.5;
        self.other.between(place(x), place(y))
    }

    /// How far each sample is off that the other frame shows.
    fn differences<'c>(&'c self, motion: &'c Motion) -> impl Iterator<Item = (&'c Sample, f32, f32)> {
        let (gain, offset) = (1.0 + motion.p[8] as f32, motion.p[9] as f32);
        self.samples.iter().filter_map(move |sample| {
            let seen = self.seen(motion, sample);
            (!seen.is_nan()).then_some((sample, seen, seen * gain + offset - sample.luma))
        })
    }

    /// How far pixels are off in the mean; `None` where too few are shown.
    fn off(&self, motion: &Motion) -> Option<f32> {
        let (mut sum, mut count) = (0.0, 0);
        for (_, _, off) in self.differences(motion) {
            (sum, count) = (sum + off.abs().min(MOST_OFF), count + 1);
        }
        let is_enough = count >= FEWEST.min(self.samples.len()) && count as f64 >= SHOWN * self.samples.len() as f64 && count > ALL;
        is_enough.then(|| sum / count as f32)
    }

    /// A motion after Gauss–Newton steps of its first `kind` parameters, and of the luma's scale and offset.
    fn improved(&self, mut motion: Motion, kind: usize) -> Motion {
        let free: Vec<usize> = (0..kind).chain([8, 9]).collect();
        for _ in 0..STEPS {
            let mut off: Vec<f32> = self.differences(&motion).map(|(_, _, off)| off.abs()).collect();
            if off.len() < FEWEST.min(self.samples.len()).max(ALL + 1) {
                return motion;
            }
            let middle = off.len() / 2;
            let median = *off.select_nth_unstable_by(middle, f32::total_cmp).1;
            let soft = f64::from((1.5 * median).max(LEAST_OFF));
            let (mut matrix, mut right) = ([[0.0; ALL]; ALL], [0.0; ALL]);
            for (sample, seen, off) in self.differences(&motion) {
                let off = f64::from(off);
                let weight = 1.0 / (1.0 + (off / soft) * (off / soft)).powi(2);
                let row = gradient(&motion, sample, f64::from(seen));
                for i in &free {
                    right[*i] -= weight * row[*i] * off;
                    for j in &free {
                        matrix[*i][*j] += weight * row[*i] * row[*j];
                    }
                }
            }
            let Some(step) = solved(&matrix, &right, &free) else { return motion };
            for i in &free {
                motion.p[*i] += step[*i];
            }
            let most = step[..kind.min(8)].iter().map(|step| step.abs() * motion.half).fold(0.0, f64::max);
            if most < SETTLED * self.scale && step[8].abs() < 1e-3 {
                break;
            }
        }
        motion
    }
}

/// How a sample's difference changes with each parameter. The slope of this frame stands for that of the other, which is the same where they match.
fn gradient(motion: &Motion, sample: &Sample, seen: f64) -> [f64; ALL] {
    let (u, v) = motion.unit(sample.x, sample.y);
    let (to_u, to_v, under) = motion.moved(u, v);
    let (across, down) = (sample.slope.0 * motion.half / under, sample.slope.1 * motion.half / under);
    let along = across * to_u + down * to_v;
    [across, down, across * u, across * v, down * u, down * v, -along * u, -along * v, seen, 1.0]
}

impl Comparison<'_> {
    /// The best shifts of whole pixels of this level, pixels of the full resolution: those with the highest correlation.
    fn searched(&self, still: &Motion) -> Vec<(f64, f64)> {
        let place = |full: f64| ((full + 0.5) / self.scale - 0.5).round() as i64;
        let origin = (still.origin.0 / self.scale, still.origin.1 / self.scale);
        let (low_x, low_y) = (origin.0.floor() as i64, origin.1.floor() as i64);
        let every = self.samples.len().div_ceil(SEARCHED).max(1);
        let pixels: Vec<(i64, i64, f64)> =
            self.samples.iter().step_by(every).map(|sample| (place(sample.x), place(sample.y), f64::from(sample.luma))).collect();
        let within = |from: i64, length: usize, own: usize| (from - own as i64 + own as i64 / 3)..=(from + length as i64 - own as i64 / 3);
        let mut found: Vec<(f64, i64, i64)> = Vec::new();
        for dy in within(low_y, self.other.height, self.own.height) {
            for dx in within(low_x, self.other.width, self.own.width) {
                if let Some(alike) = self.alike(&pixels, (dx, dy), origin) {
                    found.push((alike, dx, dy));
                }
            }
        }
        found.sort_by(|one, two| two.0.total_cmp(&one.0).then((one.1, one.2).cmp(&(two.1, two.2))));
        found.truncate(3);
        found.into_iter().map(|(_, dx, dy)| (dx as f64 * self.scale, dy as f64 * self.scale)).collect()
    }

    /// The correlation of the luma, lower where little is shown; `None` where less is shown than should be.
    fn alike(&self, pixels: &[(i64, i64, f64)], (dx, dy): (i64, i64), origin: (f64, f64)) -> Option<f64> {
        let (left, top) = (origin.0.round() as i64, origin.1.round() as i64);
        let [mut count, mut x, mut y, mut xx, mut yy, mut xy] = [0.0; 6];
        for (column, row, luma) in pixels {
            let seen = f64::from(self.other.at(column + dx - left, row + dy - top));
            if !seen.is_nan() {
                (count, x, y) = (count + 1.0, x + luma, y + seen);
                (xx, yy, xy) = (xx + luma * luma, yy + seen * seen, xy + luma * seen);
            }
        }
        if count < SHOWN * pixels.len() as f64 || count < 12.0 {
            return None;
        }
        let noise = f64::from(LEAST_OFF).powi(2);
        let (one, other) = (xx / count - (x / count).powi(2) + noise, yy / count - (y / count).powi(2) + noise);
        let both = xy / count - x / count * (y / count);
        Some(both / (one * other).sqrt() + 0.02 * count / pixels.len() as f64)
    }
}
