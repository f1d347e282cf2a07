//! From where each pixel of the hole is copied, as shifts, at one level; and what they cost.

use super::level::{Level, STEPS};

/// Columns and rows from a pixel of the hole to the pixel that it is copied from.
pub(super) type Shift = (i32, i32);

/// Units of cost in a grey level.
const UNIT: f32 = 4.0;
/// The cost of a shift to what may not be copied. A few of them fit into 32 bits.
pub(super) const FORBIDDEN: i32 = 4_000_000;
/// The cost of a seam between two pixels for which nothing can be compared, grey levels.
const UNKNOWN_SEAM: f32 = 4000.0;
/// How far around a pixel of the hole known pixels are compared with those around its source, pixels.
pub(super) const REACH: i32 = 5;
/// What a known pixel counts that differs by a grey level.
const KNOWN: f32 = 0.3;
/// The difference, grey levels, of a known pixel for which there is nothing to compare.
const NOTHING: f32 = 60.0;
/// Cost, grey levels, of a shift as long as the level's diagonal.
const LENGTH: f32 = 1000.0;
/// What a pixel counts whose colour differs by a grey level from the one that patches voted for. Votes are blurred, and right in the mean: pieces that
/// follow them gain more than half a decibel.
const EXPECTED: f32 = 4.0;

/// A level with what seams are judged by.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) level: &'a Level,
    pub(super) depth: &'a [f32],
    /// Twice the slope of the brightness along x and y, in steps.
    slope: Vec<[i16; 2]>,
    diagonal: f32,
    /// Whether the hole's colours are those that patches voted for.
    is_expected: bool,
}

impl<'a> Scene<'a> {
    /// A level where patches have voted for the colours of the hole: pieces are to be like them.
    pub(super) fn with_expected(level: &'a Level, depth: &'a [f32]) -> Self {
        Self { is_expected: true, ..Self::new(level, depth) }
    }

    /// A level of whose hole nothing is known.
    pub(super) fn new(level: &'a Level, depth: &'a [f32]) -> Self {
        let bright: Vec<i16> = level
            .colour
            .iter()
            .map(|colour| {
                let [red, green, blue, _] = colour.map(i32::from);
                ((77 * red + 151 * green + 28 * blue) >> 8) as i16
            })
            .collect();
        let slope = (0..bright.len())
            .map(|at| {
                let (x, y) = (at % level.width, at / level.width);
                // Within the hole nothing is known: there the pixel itself stands in.
                let known = |is: bool, near: usize| if is && !level.hole[near] { bright[near] } else { bright[at] };
                let (left, right) = (known(x > 0, at.wrapping_sub(1)), known(x + 1 < level.width, at + 1));
                let (above, below) = (known(y > 0, at.wrapping_sub(level.width)), known(y + 1 < level.height, at + level.width));
                [right - left, below - above]
            })
            .collect();
        Self { level, depth, slope, diagonal: level.diagonal(), is_expected: false }
    }

    /// The pixel a shift leads to, if it is known.
    #[inline]
    fn known(&self, x: i32, y: i32, shift: Shift) -> Option<usize> {
        self.level.at(x + shift.0, y + shift.1).filter(|at| !self.level.hole[*at])
    }

    /// The pixel that one of the hole is copied from by a shift, if it may be.
    pub(super) fn source(&self, at: usize, shift: Shift) -> Option<usize> {
        let (x, y) = self.level.position(at);
        self.level.at(x + shift.0, y + shift.1).filter(|from| self.level.may_copy(at, *from))
    }

    /// How different two pixels are in colour and slope, in grey levels.
    #[inline]
    fn difference(&self, one: usize, other: usize) -> f32 {
        let (a, b) = (self.slope[one], self.slope[other]);
        let slope = square(a[0], b[0]) + square(a[1], b[1]);
        self.colours_apart(one, other) + (slope as f32).sqrt() / STEPS
    }

    /// How far apart two pixels are in colour, in grey levels.
    #[inline]
    fn colours_apart(&self, one: usize, other: usize) -> f32 {
        let (a, b) = (self.level.colour[one], self.level.colour[other]);
        ((square(a[0], b[0]) + square(a[1], b[1]) + square(a[2], b[2])) as f32).sqrt() / STEPS
    }

    /// The cost of a seam between two neighbours, of which one is copied by `a` and the other by `b`.
    #[inline]
    pub(super) fn seam(&self, (x, y): (i32, i32), (next_x, next_y): (i32, i32), a: Shift, b: Shift) -> i32 {
        if a == b {
            return 0;
        }
        let (mut sum, mut count) = (0.0, 0.0);
        for (x, y) in [(x, y), (next_x, next_y)] {
            if let (Some(one), Some(other)) = (self.known(x, y, a), self.known(x, y, b)) {
                sum += self.difference(one, other);
                count += 1.0;
            }
        }
        let mean = if count == 0.0 { UNKNOWN_SEAM } else { 2.0 * sum / count + 2.0 };
        (mean * UNIT) as i32
    }

    /// For each of some pixels of the hole, what it costs to copy it by a shift: how what is known around it differs from what is around its source, and
    /// the shift's length.
    pub(super) fn costs(&self, shift: Shift, pixels: impl Iterator<Item = usize> + Clone) -> Vec<i32> {
        let length = LENGTH * ((shift.0.pow(2) + shift.1.pow(2)) as f32).sqrt() / self.diagonal;
        let near_rim = |at: &usize| self.depth[*at] <= REACH as f32 + 1.0;
        let surroundings = Surroundings::of(self, shift, pixels.clone().filter(near_rim));
        let cost = |at: usize| {
            let Some(source) = self.source(at, shift) else { return FORBIDDEN };
            let unexpected = if self.is_expected { EXPECTED * self.colours_apart(at, source) } else { 0.0 };
            let known = if near_rim(&at) { KNOWN * surroundings.around(self, at) + self.rim(at, shift) } else { 0.0 };
            ((known + length + unexpected) * UNIT) as i32
        };
        pixels.map(cost).collect()
    }

    /// The seam to the known neighbours, which stay as they are.
    fn rim(&self, at: usize, shift: Shift) -> f32 {
        let cost = |near: usize| {
            let (x, y) = self.level.position(near);
            self.known(x, y, shift).map_or(200.0, |source| 2.0 * self.difference(near, source))
        };
        self.level.neighbours(at).filter(|near| !self.level.hole[*near]).map(cost).sum()
    }
}

#[inline]
fn square(one: i16, other: i16) -> i32 {
    (i32::from(one) - i32::from(other)).pow(2)
}

/// Differences between known pixels and those that a shift leads to, summed over all rectangles from the top left.
struct Surroundings {
    left: i32,
    top: i32,
    width: i32,
    height: i32,
    sums: Vec<f32>,
}

impl Surroundings {
    /// Those that are needed for some pixels.
    fn of(scene: &Scene<'_>, shift: Shift, pixels: impl Iterator<Item = usize>) -> Self {
        let (mut left, mut top, mut right, mut bottom) = (i32::MAX, i32::MAX, i32::MIN, i32::MIN);
        for at in pixels {
            let (x, y) = scene.level.position(at);
            (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x), bottom.max(y));
        }
        if left > right {
            return Self { left: 0, top: 0, width: 0, height: 0, sums: Vec::new() };
        }
        let (left, top) = (left - REACH, top - REACH);
        let (width, height) = (right + REACH + 1 - left, bottom + REACH + 1 - top);
        let mut sums = vec![0.0; ((width + 1) * (height + 1)) as usize];
        for y in 0..height {
            let mut row = 0.0;
            for x in 0..width {
                let at = scene.level.at(left + x, top + y).filter(|at| !scene.level.hole[*at]);
                row += at.map_or(0.0, |at| scene.known(left + x, top + y, shift).map_or(NOTHING, |source| scene.difference(at, source)));
                let index = (y * (width + 1) + x) as usize;
                sums[index + width as usize + 2] = sums[index + 1] + row;
            }
        }
        Self { left, top, width, height, sums }
    }

    /// The sum around a pixel.
    fn around(&self, scene: &Scene<'_>, at: usize) -> f32 {
        let (x, y) = scene.level.position(at);
        let column = |x: i32| (x - self.left).clamp(0, self.width);
        let row = |y: i32| (y - self.top).clamp(0, self.height);
        let corner = |x: i32, y: i32| self.sums[(row(y) * (self.width + 1) + column(x)) as usize];
        let (left, top, right, bottom) = (x - REACH, y - REACH, x + REACH + 1, y + REACH + 1);
        (corner(right, bottom) + corner(left, top) - corner(left, bottom) - corner(right, top)).max(0.0)
    }
}
