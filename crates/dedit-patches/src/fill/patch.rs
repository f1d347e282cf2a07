//! Patches and how far apart two are.

use super::level::{Colour, Level};

/// The largest radius of patches, pixels.
pub(super) const RADIUS: usize = 4;

/// Where patches can be, at one level.
#[derive(Debug)]
pub(super) struct Patches {
    /// Their radius, pixels: [`RADIUS`], or less where so little is known that no such patch fits.
    pub(super) radius: usize,
    /// Whether a patch around a pixel consists of sources alone.
    pub(super) is_source: Vec<bool>,
    /// The centres of such patches, in row-major order.
    pub(super) sources: Vec<u32>,
    /// The centres of patches that reach into the hole, in row-major order.
    pub(super) targets: Vec<u32>,
    /// The number of each target; [`Self::NONE`] elsewhere.
    pub(super) number: Vec<u32>,
}

impl Patches {
    /// No target.
    pub(super) const NONE: u32 = u32::MAX;

    /// The largest patches of which the level has enough. `None` where it has no source at all.
    pub(super) fn of(level: &Level) -> Option<Self> {
        const ENOUGH: usize = 40;
        let fits = |radius: &usize| 2 * radius < level.width.min(level.height);
        let all = |radius: usize| (radius, centres(level, radius));
        let is_enough = |(_, is_source): &(usize, Vec<bool>)| is_source.iter().filter(|is| **is).count() >= ENOUGH;
        let mut some = (0..=RADIUS).rev().filter(fits).map(all);
        let (radius, is_source) = some.find(is_enough).unwrap_or_else(|| (0, level.source.clone()));
        let indices = 0..level.hole.len() as u32;
        let sources: Vec<u32> = indices.clone().filter(|at| is_source[*at as usize]).collect();
        if sources.is_empty() {
            return None;
        }
        let reaches = touching(level, radius);
        let targets: Vec<u32> = indices.filter(|at| reaches[*at as usize]).collect();
        let mut number = vec![Self::NONE; level.hole.len()];
        for (index, target) in targets.iter().enumerate() {
            number[*target as usize] = index as u32;
        }
        Some(Self { radius, is_source, sources, targets, number })
    }

    /// The number of the target around a pixel.
    #[inline]
    pub(super) fn target(&self, at: usize) -> Option<usize> {
        let number = self.number[at];
        (number != Self::NONE).then_some(number as usize)
    }

    /// Pixels of a patch.
    pub(super) fn pixels(&self) -> usize {
        (2 * self.radius + 1).pow(2)
    }
}

/// Sums of a flag over all rectangles that begin at the top left; one more column and row than the level.
fn summed(width: usize, height: usize, counts: impl Fn(usize) -> bool) -> Vec<u32> {
    let mut sums = vec![0u32; (width + 1) * (height + 1)];
    for y in 0..height {
        let mut row = 0;
        for x in 0..width {
            row += u32::from(counts(y * width + x));
            sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
        }
    }
    sums
}

/// For each pixel around which a whole patch fits: whether the number of counted pixels within it satisfies `is`.
fn where_patches(level: &Level, radius: usize, counts: impl Fn(usize) -> bool, is: impl Fn(u32) -> bool) -> Vec<bool> {
    let (w, h) = (level.width, level.height);
    let sums = summed(w, h, counts);
    let at = |x: usize, y: usize| sums[y * (w + 1) + x];
    let mut found = vec![false; w * h];
    for y in radius..h.saturating_sub(radius) {
        for x in radius..w.saturating_sub(radius) {
            let (left, top, right, bottom) = (x - radius, y - radius, x + radius + 1, y + radius + 1);
            found[y * w + x] = is(at(right, bottom) + at(left, top) - at(left, bottom) - at(right, top));
        }
    }
    found
}

fn centres(level: &Level, radius: usize) -> Vec<bool> {
    where_patches(level, radius, |at| !level.source[at], |others| others == 0)
}

fn touching(level: &Level, radius: usize) -> Vec<bool> {
    where_patches(level, radius, |at| level.hole[at], |pixels| pixels > 0)
}

/// The sum of squared differences of two patches; at least `limit` where it is not less.
#[inline(always)]
#[expect(clippy::inline_always, reason = "to be compiled for the processor's vectors with its caller")]
pub(super) fn distance(colour: &[Colour], width: usize, radius: usize, one: usize, other: usize, limit: i32) -> i32 {
    match radius {
        4 => rows::<36>(colour, width, radius, one, other, limit),
        3 => rows::<28>(colour, width, radius, one, other, limit),
        2 => rows::<20>(colour, width, radius, one, other, limit),
        1 => rows::<12>(colour, width, radius, one, other, limit),
        _ => rows::<4>(colour, width, radius, one, other, limit),
    }
}

/// `SAMPLES` are those of a row of the patch.
#[inline(always)]
#[expect(clippy::inline_always, reason = "to be compiled for the processor's vectors with its caller")]
fn rows<const SAMPLES: usize>(colour: &[Colour], width: usize, radius: usize, one: usize, other: usize, limit: i32) -> i32 {
    let flat = colour.as_flattened();
    let first = |centre: usize| 4 * (centre - radius * width - radius);
    let (mut a, mut b, mut sum) = (first(one), first(other), 0);
    for row in 0..=2 * radius {
        let (Some(one), Some(other)) = (flat[a..].first_chunk::<SAMPLES>(), flat[b..].first_chunk::<SAMPLES>()) else { return i32::MAX };
        let mut squares = 0;
        for sample in 0..SAMPLES {
            let difference = i32::from(one[sample].wrapping_sub(other[sample]));
            squares += difference * difference;
        }
        sum += squares;
        if row % 2 == 1 && sum >= limit {
            return sum;
        }
        (a, b) = (a + 4 * width, b + 4 * width);
    }
    sum
}
