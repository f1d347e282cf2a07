//! How likely a region is what a click on it means.

use dedit_edit::Rect;

use crate::lab::squared_distance;
use crate::refine::{Refined, depths};
use crate::view::View;

/// Bins of a histogram of a channel.
const BINS: usize = 12;
/// A difference of this, in Lab units, is a full edge.
const FULL_EDGE: f32 = 40.0;
/// A difference from which on it is an edge at all.
const EDGE: f32 = 10.0;
/// The width of the surroundings that are compared, as a share of the radius of a disc of the same area, and the least in cells.
const SURROUNDINGS: (f32, f32) = (0.5, 2.0);

/// What is measured of a region, in the order of [`WEIGHTS`].
pub(crate) struct Features([f32; 11]);

/// How much each measure counts: fitted by least squares to the overlaps of regions with things, in the photographs that are not held out and in drawn scenes.
const WEIGHTS: [f32; 11] = [
    0.2126,  // mean difference across its border, of a full edge
    0.1987,  // share of its border that is an edge
    0.0951,  // how unlike the colours inside and around are
    0.0942,  // the same along the border
    -0.2687, // share of its outline at the picture's border
    0.3093,  // how deep in it the click is, of the deepest
    0.0127,  // logarithm of its share of the picture
    -0.0011, // its square
    0.0416,  // roundness
    -0.0848, // share of its box that it covers
    0.4579,  // mean difference within
];
/// Weight of the overlap with the region before it was refined: one that follows the picture stays.
pub(crate) const STEADY: f32 = 0.0434;
/// Weight of the share of all regions that are about the same after they were refined.
pub(crate) const AGREED: f32 = 0.5559;

impl Features {
    pub(crate) fn score(&self) -> f32 {
        self.0.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum()
    }

    /// Measures a region of `view` around the cell `click`.
    pub(crate) fn of(view: &View, refined: &Refined, click: usize) -> Self {
        let (part, inside) = (&refined.part, &refined.of_part);
        let depth = depths(part.grid, inside);
        let cells = inside.iter().filter(|is_in| **is_in).count().max(1);
        let area = cells as f32;
        let radius = (area / std::f32::consts::PI).sqrt();
        let edges = Edges::of(part, inside);
        let at_frame = (0..inside.len()).filter(|cell| inside[*cell] && part.is_at_frame(*cell));
        let frame = at_frame.map(|cell| part.middle(cell)).filter(|(x, y)| view.is_at_frame(y * view.grid.width() + x)).count() as f32;
        let outline = (edges.border + frame).max(1.0);
        let deepest = depth.iter().copied().fold(1.0, f32::max);
        let own = part.cell(view.grid.position(click)).map_or(0.0, |cell| depth[cell].max(0.0));
        let reach = (SURROUNDINGS.0 * radius).max(SURROUNDINGS.1);
        let around = |cell: usize| depth[cell] < 0.0 && depth[cell] > -reach;
        let scale = (part.window.width * part.window.height) as f32 / part.grid.pixels() as f32;
        let share = (area * scale / view.grid.pixels() as f32).ln();
        let bounds = Rect::around(part.grid, (0..inside.len()).filter(|cell| inside[*cell]));
        Self([
            edges.contrast / edges.border.max(1.0),
            edges.sharp / edges.border.max(1.0),
            apart(part, |cell| inside[cell], around),
            apart(part, |cell| depth[cell] > 0.0 && depth[cell] <= reach, around),
            frame / outline,
            own / deepest,
            share,
            share * share,
            (4.0 * std::f32::consts::PI * area).sqrt() / outline,
            bounds.map_or(1.0, |bounds| area / (bounds.width * bounds.height) as f32),
            edges.within / edges.pairs.max(1.0),
        ])
    }
}

/// Differences of colours across the border of a region and within it.
#[derive(Default)]
struct Edges {
    /// Pairs of neighbours across the border; the sum of their differences, each at most 1; how many are edges.
    border: f32,
    contrast: f32,
    sharp: f32,
    /// Pairs within, and the sum of their differences.
    pairs: f32,
    within: f32,
}

impl Edges {
    fn of(view: &View, inside: &[bool]) -> Self {
        let mut edges = Self::default();
        let (width, height) = (view.grid.width(), view.grid.height());
        for cell in 0..inside.len() {
            let (x, y) = view.grid.position(cell);
            for (at, length, step) in [(x, width, 1), (y, height, width)] {
                if at + 1 == length {
                    continue;
                }
                // From the cell before to the one after the next, which sees soft edges too.
                let (before, after) = (cell - if at > 0 { step } else { 0 }, cell + if at + 2 < length { 2 * step } else { step });
                let difference = squared_distance(view.colours[before], view.colours[after]).sqrt();
                let contrast = (difference / FULL_EDGE).min(1.0);
                if inside[cell] != inside[cell + step] {
                    edges.border += 1.0;
                    edges.contrast += contrast;
                    edges.sharp += f32::from(u8::from(difference > EDGE));
                } else if inside[cell] {
                    edges.pairs += 1.0;
                    edges.within += contrast;
                }
            }
        }
        edges
    }
}

/// Half the L1 distance of the histograms of two sets of cells, the mean of the channels: 0 for the same colours, 1 for none in common.
fn apart(view: &View, one: impl Fn(usize) -> bool, other: impl Fn(usize) -> bool) -> f32 {
    let (mut sums, mut counts) = ([[0.0_f32; 3 * BINS]; 2], [0.0_f32; 2]);
    for (cell, colour) in view.colours.iter().enumerate() {
        for (side, _) in [one(cell), other(cell)].into_iter().enumerate().filter(|(_, is_in)| *is_in) {
            counts[side] += 1.0;
            add(&mut sums[side], *colour);
        }
    }
    let shares = sums[0].iter().zip(&sums[1]);
    shares.map(|(one, other)| (one / counts[0].max(1.0) - other / counts[1].max(1.0)).abs()).sum::<f32>() / 6.0
}

/// Adds a colour to a histogram of each channel, linearly between two bins.
fn add(histogram: &mut [f32; 3 * BINS], colour: [f32; 3]) {
    for (channel, (value, (width, offset))) in colour.into_iter().zip([(9.0, 0.0), (12.0, 6.0), (12.0, 6.0)]).enumerate() {
        let at = (value / width + offset).clamp(0.0, BINS as f32 - 1.001);
        let (low, share) = (channel * BINS + at as usize, at.fract());
        histogram[low] += 1.0 - share;
        histogram[low + 1] += share;
    }
}
