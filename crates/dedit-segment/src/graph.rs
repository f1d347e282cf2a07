//! Graph-based segmentation of a view into pieces of similar colour.

use crate::lab::squared_distance;
use crate::view::View;

/// How fine the pieces are.
#[derive(Clone, Copy)]
pub(crate) struct Fineness {
    /// The parameter k of the paper, in Lab units times cells: larger values give larger pieces.
    pub(crate) scale: f32,
    /// Pieces with fewer cells than those of the view divided by this number are joined to a neighbour.
    pub(crate) smallest: usize,
}

/// A union-find forest of cells; each root stands for a piece.
struct Forest {
    parent: Vec<usize>,
    /// Number of cells of each root's piece.
    size: Vec<usize>,
    /// The largest difference within each root's piece (the internal difference of the paper).
    within: Vec<f32>,
}

impl Forest {
    fn root(&mut self, mut cell: usize) -> usize {
        while self.parent[cell] != cell {
            self.parent[cell] = self.parent[self.parent[cell]];
            cell = self.parent[cell];
        }
        cell
    }

    fn join(&mut self, a: usize, b: usize, difference: f32) {
        let (large, small) = if self.size[a] >= self.size[b] { (a, b) } else { (b, a) };
        self.parent[small] = large;
        self.size[large] += self.size[small];
        self.within[large] = difference;
    }
}

/// The piece of every cell, numbered from 0 in the order of first cells. Neighbours are joined, most similar first, unless they differ by more than the cells
/// within either piece (Felzenszwalb and Huttenlocher 2004).
pub(crate) fn pieces(view: &View, fineness: Fineness) -> Vec<usize> {
    let cells = view.grid.pixels();
    let mut edges: Vec<(f32, usize, usize)> = Vec::with_capacity(4 * cells);
    for cell in 0..cells {
        let later = view.around(cell).filter(|(next, _)| *next > cell);
        edges.extend(later.map(|(next, _)| (squared_distance(view.colours[cell], view.colours[next]).sqrt(), cell, next)));
    }
    edges.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut forest = Forest { parent: (0..cells).collect(), size: vec![1; cells], within: vec![0.0; cells] };
    for (difference, a, b) in &edges {
        let (a, b) = (forest.root(*a), forest.root(*b));
        let usual = |root: usize| forest.within[root] + fineness.scale / forest.size[root] as f32;
        if a != b && *difference <= usual(a).min(usual(b)) {
            forest.join(a, b, *difference);
        }
    }
    for (difference, a, b) in &edges {
        let (a, b) = (forest.root(*a), forest.root(*b));
        if a != b && forest.size[a].min(forest.size[b]) < cells / fineness.smallest {
            forest.join(a, b, *difference);
        }
    }
    let mut numbers = vec![usize::MAX; cells];
    let mut count = 0;
    let mut piece = Vec::with_capacity(cells);
    for cell in 0..cells {
        let root = forest.root(cell);
        if numbers[root] == usize::MAX {
            numbers[root] = count;
            count += 1;
        }
        piece.push(numbers[root]);
    }
    piece
}
