//! The region adjacency graph of a view.

use std::collections::BTreeMap;

use crate::lab::{Lab, squared_distance};
use crate::view::View;

/// One or more joined pieces of a view.
#[derive(Clone, Default)]
pub(crate) struct Region {
    /// Number of cells.
    pub(crate) area: usize,
    /// Number of cells at the border of the picture.
    pub(crate) at_frame: usize,
    /// Sum of the colours of the cells.
    sum: [f64; 3],
}

impl Region {
    /// The mean colour.
    pub(crate) fn colour(&self) -> Lab {
        self.sum.map(|sum| (sum / self.area.max(1) as f64) as f32)
    }
}

/// The common border of two regions.
#[derive(Clone, Copy, Default)]
pub(crate) struct Border {
    /// Number of pairs of adjacent cells.
    pub(crate) length: f32,
    /// Sum of the differences of their colours, in Lab units.
    contrast: f32,
}

/// The regions of a view and their borders.
pub(crate) struct Regions {
    /// Regions by number; those that were joined to others have the area 0.
    pub(crate) list: Vec<Region>,
    /// The borders of each region, by the number of the neighbour; each border is stored for both regions.
    pub(crate) borders: Vec<BTreeMap<usize, Border>>,
    /// The region that each piece was joined to, which may have been joined itself.
    joined: Vec<usize>,
}

impl Regions {
    /// One region for each piece.
    pub(crate) fn new(view: &View, pieces: &[usize]) -> Self {
        let count = pieces.iter().max().map_or(0, |last| last + 1);
        let mut list = vec![Region::default(); count];
        let mut borders = vec![BTreeMap::<usize, Border>::new(); count];
        for (cell, piece) in pieces.iter().enumerate() {
            let region = &mut list[*piece];
            region.area += 1;
            region.at_frame += usize::from(view.is_at_frame(cell));
            for (sum, value) in region.sum.iter_mut().zip(view.colours[cell]) {
                *sum += f64::from(value);
            }
            for (next, _) in view.around(cell).filter(|(next, _)| pieces[*next] != *piece) {
                let border = borders[*piece].entry(pieces[next]).or_default();
                border.length += 1.0;
                border.contrast += squared_distance(view.colours[cell], view.colours[next]).sqrt();
            }
        }
        Self { list, borders, joined: (0..count).collect() }
    }

    /// The numbers of the regions that were not joined to others.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = usize> {
        (0..self.list.len()).filter(|number| self.list[*number].area > 0)
    }

    /// The difference of two adjacent regions in Lab units: the mean across their border or that of their mean colours, whichever is smaller.
    pub(crate) fn difference(&self, a: usize, b: usize) -> f32 {
        let means = squared_distance(self.list[a].colour(), self.list[b].colour()).sqrt();
        self.borders[a].get(&b).map_or(means, |border| means.min(border.contrast / border.length))
    }

    /// Whether a region is only a line, at most about two cells wide. With eight neighbours per cell, a line has six border pairs per cell if it is one cell wide,
    /// and three if it is two cells wide.
    pub(crate) fn is_line(&self, number: usize) -> bool {
        3.0 * self.list[number].area as f32 <= 1.2 * self.outline(number)
    }

    /// The most similar neighbour of a region; `None` without neighbours.
    pub(crate) fn likest(&self, number: usize) -> Option<usize> {
        let neighbours = self.borders[number].keys().copied();
        neighbours.min_by(|a, b| self.difference(number, *a).total_cmp(&self.difference(number, *b)))
    }

    /// The total length of a region's borders with others.
    pub(crate) fn outline(&self, number: usize) -> f32 {
        self.borders[number].values().map(|border| border.length).sum()
    }

    /// Joins region `from` to region `to`.
    pub(crate) fn join(&mut self, from: usize, to: usize) {
        let gone = std::mem::take(&mut self.list[from]);
        let region = &mut self.list[to];
        region.area += gone.area;
        region.at_frame += gone.at_frame;
        for (sum, value) in region.sum.iter_mut().zip(gone.sum) {
            *sum += value;
        }
        for (other, border) in std::mem::take(&mut self.borders[from]) {
            self.borders[other].remove(&from);
            if other == to {
                continue;
            }
            for (one, another) in [(to, other), (other, to)] {
                let sum = self.borders[one].entry(another).or_default();
                sum.length += border.length;
                sum.contrast += border.contrast;
            }
        }
        self.joined[from] = to;
    }

    /// The present region of a piece.
    pub(crate) fn of(&self, mut piece: usize) -> usize {
        while self.joined[piece] != piece {
            piece = self.joined[piece];
        }
        piece
    }
}
