//! `GrabCut` (Rother, Kolmogorov and Blake 2004): alternates between colour models of item and rest, and the minimum cut between them.

use dedit_cut::{Network, STEPS};

use crate::lab::squared_distance;
use crate::mixture::Mixture;
use crate::view::View;

/// Default cost of a cut between two neighbours of the same colour, in nats, the unit of the colour costs.
pub(crate) const SMOOTHNESS: f32 = 30.0;
/// Usual number of iterations at most.
pub(crate) const ROUNDS: usize = 6;
/// Integer capacity of one nat.
const UNIT: f32 = 64.0;
/// A capacity larger than those of all eight edges of a cell together, so that it is never cut.
const NEVER: i32 = 1 << 20;

/// What the hint determines about a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mark {
    /// Belongs to the item.
    Inside,
    /// Does not belong to the item.
    Outside,
    /// Undetermined.
    Open,
}

/// The segmentation of one item in a view.
pub(crate) struct Task<'a> {
    pub(crate) view: &'a View,
    /// The mark of each cell.
    pub(crate) marks: Vec<Mark>,
    /// For each cell, evidence for the item besides its colour, in nats.
    pub(crate) bias: Vec<f32>,
    /// Maximal number of iterations; usually it converges before.
    pub(crate) rounds: usize,
}

impl Task<'_> {
    /// Finds the cells of the item, starting from the guess `inside`. `keep` is called after each cut to remove cells that cannot belong to the item.
    pub(crate) fn solve(&self, smoothness: f32, mut inside: Vec<bool>, keep: impl Fn(&mut [bool])) -> Vec<bool> {
        let ties = Ties::new(self.view, smoothness);
        for _ in 0..self.rounds {
            let mut cut = self.cut(&inside, &ties);
            keep(&mut cut);
            // An empty cut means that item and background have the same colours: returns the last result before it.
            if cut == inside || !cut.contains(&true) {
                break;
            }
            inside = cut;
        }
        inside
    }

    fn cut(&self, inside: &[bool], ties: &Ties) -> Vec<bool> {
        let colours = |side: bool| {
            let cells = self.view.colours.iter().zip(inside).filter(|(_, inside)| **inside == side);
            Mixture::of(&cells.map(|(colour, _)| *colour).collect::<Vec<_>>())
        };
        let (item, rest) = (colours(true), colours(false));
        let grid = self.view.grid;
        let mut network = Network::<8>::new(grid.width(), grid.height());
        for (cell, colour) in self.view.colours.iter().enumerate() {
            let capacity = match self.marks[cell] {
                Mark::Inside => NEVER,
                Mark::Outside => -NEVER,
                Mark::Open => ((rest.cost(*colour) - item.cost(*colour) + self.bias[cell]) * UNIT) as i32,
            };
            network.add_terminal(cell, capacity);
        }
        for (cell, step, capacity) in &ties.0 {
            network.set_tie(*cell, *step, *capacity, *capacity);
        }
        network.cut();
        (0..grid.pixels()).map(|cell| network.is_of_source(cell)).collect()
    }
}

/// The cost of a cut between each two neighbours, which decreases with the difference of their colours.
struct Ties(Vec<(usize, usize, i32)>);

impl Ties {
    fn new(view: &View, smoothness: f32) -> Self {
        let grid = view.grid;
        let mut pairs = Vec::with_capacity(4 * grid.pixels());
        let mut sum = 0.0;
        for cell in 0..grid.pixels() {
            let (x, y) = grid.position(cell);
            for step in [1, 3, 5, 7] {
                let (dx, dy) = STEPS[step];
                let (Some(x), Some(y)) = (x.checked_add_signed(dx), y.checked_add_signed(dy)) else { continue };
                if x < grid.width() && y < grid.height() {
                    let difference = squared_distance(view.colours[cell], view.colours[y * grid.width() + x]);
                    sum += f64::from(difference);
                    pairs.push((cell, step, difference));
                }
            }
        }
        // The scale of differences that count as an edge, twice the mean; at least 1, the noise of any picture.
        let scale = 2.0 * (sum / pairs.len().max(1) as f64).max(1.0) as f32;
        let tie = |(cell, step, difference): (usize, usize, f32)| {
            let distance = if step < 4 { 1.0 } else { std::f32::consts::SQRT_2 };
            (cell, step, (smoothness / distance * (-difference / scale).exp() * UNIT) as i32)
        };
        Self(pairs.into_iter().map(tie).collect())
    }
}
