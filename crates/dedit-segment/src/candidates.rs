//! Where an item may be, given a click: the regions around it, which [`refine`](crate::refine) makes follow the picture.

use dedit_edit::Size;

use crate::geodesic::distances;
use crate::graph::{Fineness, pieces};
use crate::hierarchy::{Hierarchy, Likeness};
use crate::view::View;

/// The pieces that regions consist of.
const PIECES: Fineness = Fineness { scale: 25.0, smallest: 4000 };
/// The fewest cells of a region.
const FEWEST: usize = 12;
/// The largest share of the view that a region covers.
const LARGEST: f64 = 0.85;
/// Regions that overlap by more than this are one.
const SAME: f32 = 0.9;
/// Discs and ellipses: the smallest radius as a share of the view's longer side, and the factor to the next; how many; and the aspect of width to height.
const ROUND: [(f64, f64, i32, f64); 3] = [(0.025, 1.45, 8, 1.0), (0.03, 1.6, 6, 2.25), (0.03, 1.6, 6, 1.0 / 2.25)];
/// Geodesic discs: the smallest share of the view, the factor to the next, and how many.
const GEODESIC: (f64, f64, i32) = (0.003, 2.1, 7);

/// A set of cells, a bit for each.
#[derive(Clone)]
pub(crate) struct Cells(Vec<u64>);

impl Cells {
    pub(crate) fn new(inside: &[bool]) -> Self {
        Self(inside.chunks(64).map(|chunk| chunk.iter().enumerate().fold(0, |bits, (at, is_in)| bits | u64::from(*is_in) << at)).collect())
    }

    /// Intersection over union; 0 for two empty sets.
    pub(crate) fn overlap(&self, other: &Self) -> f32 {
        let pairs = || self.0.iter().zip(&other.0);
        let both: u32 = pairs().map(|(a, b)| (a & b).count_ones()).sum();
        let any: u32 = pairs().map(|(a, b)| (a | b).count_ones()).sum();
        both as f32 / any.max(1) as f32
    }
}

/// What all clicks in a view share.
pub(crate) struct Regions {
    /// The view, a little blurred: noise makes no region.
    calm: View,
    /// The piece of each cell.
    piece: Vec<usize>,
    count: usize,
    hierarchies: Vec<Hierarchy>,
}

impl Regions {
    pub(crate) fn new(view: &View) -> Self {
        let calm = view.blurred();
        let piece = pieces(&calm, PIECES);
        let count = piece.iter().max().map_or(0, |last| last + 1);
        let hierarchies = Likeness::ALL.map(|likeness| Hierarchy::new(&calm, &piece, likeness)).into();
        Self { calm, piece, count, hierarchies }
    }

    /// The regions around a cell.
    pub(crate) fn around(&self, click: usize) -> Vec<Vec<bool>> {
        let mut list = self.nested(click);
        list.extend(rounds(self.calm.grid, click));
        list.extend(self.geodesic(click));
        list
    }

    /// The regions of the hierarchies that contain a cell.
    fn nested(&self, click: usize) -> Vec<Vec<bool>> {
        let mut list = Vec::new();
        let mut seen: Vec<Cells> = Vec::new();
        for hierarchy in &self.hierarchies {
            for node in hierarchy.path(self.piece[click]) {
                let within = hierarchy.pieces_of(node, self.count);
                let inside: Vec<bool> = self.piece.iter().map(|piece| within[*piece]).collect();
                let area = inside.iter().filter(|is_in| **is_in).count();
                if area < FEWEST || area as f64 > LARGEST * inside.len() as f64 {
                    continue;
                }
                let cells = Cells::new(&inside);
                if seen.iter().all(|other| other.overlap(&cells) < SAME) {
                    seen.push(cells);
                    list.push(inside);
                }
            }
        }
        list
    }

    /// The cells that are nearest by geodesic distance, so and so many.
    fn geodesic(&self, click: usize) -> impl Iterator<Item = Vec<bool>> + use<> {
        let distances = distances(&self.calm, std::iter::once(click));
        let mut order: Vec<usize> = (0..distances.len()).collect();
        order.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]).then(a.cmp(b)));
        let (least, factor, count) = GEODESIC;
        (0..count).map(move |step| {
            let area = (order.len() as f64 * least * factor.powi(step)).ceil() as usize;
            let mut inside = vec![false; order.len()];
            order.iter().take(area).for_each(|cell| inside[*cell] = true);
            inside
        })
    }
}

/// Discs and ellipses about a cell.
fn rounds(grid: Size, click: usize) -> impl Iterator<Item = Vec<bool>> {
    let centre = grid.position(click);
    let side = grid.width().max(grid.height()) as f64;
    ROUND.into_iter().flat_map(move |(least, factor, count, aspect)| {
        (0..count).map(move |step| {
            let radius = side * least * factor.powi(step);
            let away = |cell: usize| {
                let (x, y) = grid.position(cell);
                ((x as f64 - centre.0 as f64) / aspect.sqrt()).hypot((y as f64 - centre.1 as f64) * aspect.sqrt())
            };
            (0..grid.pixels()).map(|cell| away(cell) <= radius).collect()
        })
    })
}

#[cfg(test)]
mod tests {
    use dedit_edit::{Channels, Image, Samples, Size};

    use super::*;

    #[test]
    fn overlaps_of_sets_are_intersection_over_union() {
        let set = |range: std::ops::Range<usize>| Cells::new(&(0..200).map(|cell| range.contains(&cell)).collect::<Vec<_>>());
        for (a, b, expected) in
            [(0..100, 50..150, 1.0 / 3.0), (0..200, 0..200, 1.0), (0..10, 190..200, 0.0), (5..5, 7..7, 0.0), (63..65, 64..66, 1.0 / 3.0)]
        {
            assert!((set(a.clone()).overlap(&set(b.clone())) - expected).abs() < 1e-6, "{a:?} {b:?}");
        }
    }

    #[test]
    fn every_region_holds_the_click() {
        for (width, height) in [(1, 1), (2, 1), (1, 30), (40, 25)] {
            let size = Size::new(width, height).unwrap();
            let samples = (0..size.pixels()).map(|index| if index % width > width / 2 { 200 } else { 30 }).collect();
            let view = View::new(&Image::new(size, Channels::Grey, Samples::U8(samples)).unwrap(), size.rect()).unwrap();
            let regions = Regions::new(&view);
            for click in [0, size.pixels() / 2, size.pixels() - 1] {
                let around = regions.around(click);
                assert!(!around.is_empty() && around.iter().all(|region| region[click]), "{width}×{height} at {click}");
            }
        }
    }
}
