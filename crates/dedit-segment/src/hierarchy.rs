//! A hierarchy of regions: the pieces of a view, merged two at a time, most alike first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::lab::{Lab, squared_distance};
use crate::view::View;

/// Bins of a histogram of each of L, a and b.
const BINS: usize = 12;
/// Lab units that a bin of L, and of a and b, spans.
const WIDTHS: [f32; 3] = [9.0, 12.0, 12.0];

/// What makes regions alike. Each gives another hierarchy; things that one tears apart may be whole in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// The increase of the variance of the colours (Ward).
    Colour,
    /// The distribution of the colours, which is that of a texture too, and the contrast along the common border.
    Texture,
    /// The contrast along the common border alone.
    Edge,
}

impl Likeness {
    pub(crate) const ALL: [Self; 3] = [Self::Colour, Self::Texture, Self::Edge];
}

/// A region or piece while it is merged.
#[derive(Clone)]
struct Region {
    area: f32,
    sum: [f64; 3],
    /// Share of the cells in each bin of each channel, times the area.
    histogram: [f32; 3 * BINS],
}

impl Region {
    fn colour(&self) -> Lab {
        self.sum.map(|sum| (sum / f64::from(self.area)) as f32)
    }

    /// Half the L1 distance of the distributions, in `[0, 1]`.
    fn apart(&self, other: &Self) -> f32 {
        let pairs = self.histogram.iter().zip(&other.histogram);
        pairs.map(|(a, b)| (a / self.area - b / other.area).abs()).sum::<f32>() / 6.0
    }
}

/// Number of pairs of cells along a border, and the sum of their differences.
type Border = (f32, f32);

/// A binary tree of regions; the first nodes are the pieces.
pub(crate) struct Hierarchy {
    /// The node that each node was merged into; the last is its own.
    parent: Vec<usize>,
}

impl Hierarchy {
    /// Merges the pieces of a view, numbered from 0.
    pub(crate) fn new(view: &View, pieces: &[usize], likeness: Likeness) -> Self {
        let (mut regions, mut borders) = start(view, pieces);
        let total = view.grid.pixels() as f32;
        let mut parent: Vec<usize> = (0..regions.len()).collect();
        let mut queue = BinaryHeap::new();
        for (a, neighbours) in borders.iter().enumerate() {
            for (b, border) in neighbours.range(a + 1..) {
                queue.push(Reverse((cost(likeness, &regions[a], &regions[*b], *border, total).to_bits(), a, *b)));
            }
        }
        while let Some(Reverse((_, a, b))) = queue.pop() {
            if parent[a] != a || parent[b] != b {
                continue;
            }
            let new = regions.len();
            parent[a] = new;
            parent[b] = new;
            parent.push(new);
            let mut merged = regions[a].clone();
            merged.area += regions[b].area;
            merged.sum.iter_mut().zip(regions[b].sum).for_each(|(sum, more)| *sum += more);
            merged.histogram.iter_mut().zip(regions[b].histogram).for_each(|(sum, more)| *sum += more);
            let mut around = std::mem::take(&mut borders[a]);
            for (other, (length, contrast)) in std::mem::take(&mut borders[b]) {
                let sum = around.entry(other).or_default();
                *sum = (sum.0 + length, sum.1 + contrast);
            }
            around.remove(&a);
            around.remove(&b);
            for (other, border) in &around {
                borders[*other].remove(&a);
                borders[*other].remove(&b);
                borders[*other].insert(new, *border);
                queue.push(Reverse((cost(likeness, &merged, &regions[*other], *border, total).to_bits(), *other, new)));
            }
            regions.push(merged);
            borders.push(around);
        }
        Self { parent }
    }

    /// The nodes that contain a piece, from itself to the whole.
    pub(crate) fn path(&self, piece: usize) -> Vec<usize> {
        let mut path = vec![piece];
        let mut node = piece;
        while self.parent[node] != node {
            node = self.parent[node];
            path.push(node);
        }
        path
    }

    /// For each piece, whether a node contains it.
    pub(crate) fn pieces_of(&self, node: usize, pieces: usize) -> Vec<bool> {
        let mut within = vec![false; self.parent.len()];
        within[node] = true;
        // Parents have higher numbers than their children.
        for child in (0..node).rev() {
            within[child] = within[self.parent[child]];
        }
        within.truncate(pieces);
        within
    }
}

/// The regions and borders of the pieces.
fn start(view: &View, pieces: &[usize]) -> (Vec<Region>, Vec<BTreeMap<usize, Border>>) {
    let count = pieces.iter().max().map_or(0, |last| last + 1);
    let mut regions = vec![Region { area: 0.0, sum: [0.0; 3], histogram: [0.0; 3 * BINS] }; count];
    let mut borders = vec![BTreeMap::<usize, Border>::new(); count];
    for (cell, piece) in pieces.iter().enumerate() {
        let region = &mut regions[*piece];
        region.area += 1.0;
        for (channel, value) in view.colours[cell].into_iter().enumerate() {
            region.sum[channel] += f64::from(value);
            // Linear between two bins, so that a small difference is a small distance.
            let offset = if channel == 0 { 0.0 } else { 0.5 * BINS as f32 };
            let at = (value / WIDTHS[channel] + offset).clamp(0.0, BINS as f32 - 1.001);
            let (low, share) = (at as usize, at.fract());
            region.histogram[channel * BINS + low] += 1.0 - share;
            region.histogram[channel * BINS + low + 1] += share;
        }
        for (next, _) in view.around(cell).filter(|(next, _)| pieces[*next] != *piece) {
            let border = borders[*piece].entry(pieces[next]).or_default();
            border.0 += 1.0;
            border.1 += squared_distance(view.colours[cell], view.colours[next]).sqrt();
        }
    }
    (regions, borders)
}

/// How unlike two adjacent regions are; never negative.
fn cost(likeness: Likeness, a: &Region, b: &Region, (length, contrast): Border, total: f32) -> f32 {
    let contrast = contrast / length.max(1.0);
    let small = a.area.min(b.area) / total;
    match likeness {
        Likeness::Colour => squared_distance(a.colour(), b.colour()).sqrt() * (a.area * b.area / ((a.area + b.area) * total)).sqrt(),
        Likeness::Texture => (0.05 + a.apart(b)) * (4.0 + contrast.min(30.0)) * small.powf(0.3),
        Likeness::Edge => contrast * small.powf(0.15),
    }
}

#[cfg(test)]
mod tests {
    use dedit_edit::{Channels, Image, Samples, Size};

    use super::*;

    #[test]
    fn the_most_alike_are_merged_first() {
        // Four stripes of grey, of which the first two and the last two are alike.
        let size = Size::new(8, 4).unwrap();
        let samples = (0..32).map(|index| [20, 30, 200, 215][index % 8 / 2]).collect();
        let view = View::new(&Image::new(size, Channels::Grey, Samples::U8(samples)).unwrap(), size.rect()).unwrap();
        let pieces: Vec<usize> = (0..32).map(|index| index % 8 / 2).collect();
        for likeness in Likeness::ALL {
            let hierarchy = Hierarchy::new(&view, &pieces, likeness);
            for (piece, with) in [(0, [true, true, false, false]), (1, [true, true, false, false]), (3, [false, false, true, true])] {
                let path = hierarchy.path(piece);
                let sets: Vec<Vec<bool>> = path.iter().map(|node| hierarchy.pieces_of(*node, 4)).collect();
                let alone: Vec<bool> = (0..4).map(|other| other == piece).collect();
                assert_eq!(sets, [alone, with.to_vec(), vec![true; 4]], "{likeness:?}, piece {piece}");
            }
        }
    }

    #[test]
    fn one_piece_is_a_hierarchy() {
        let size = Size::new(1, 1).unwrap();
        let view = View::new(&Image::new(size, Channels::Grey, Samples::U8(vec![7])).unwrap(), size.rect()).unwrap();
        for likeness in Likeness::ALL {
            assert_eq!(Hierarchy::new(&view, &[0], likeness).path(0), [0]);
        }
    }
}
