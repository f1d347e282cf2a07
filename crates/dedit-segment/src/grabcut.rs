//! `GrabCut`: colours of the item and of the rest, and the cut between them, in turns (Rother, Kolmogorov and Blake 2004).

use crate::flow::{Network, STEPS};
use crate::lab::squared_distance;
use crate::mixture::Mixture;
use crate::view::View;

/// What parting two neighbours of one colour costs as a rule, in the unit of the colours' costs (nats).
pub(crate) const SMOOTHNESS: f32 = 30.0;
/// How often colours and cut are found in turn, at most; mostly nothing changes any more before.
const ROUNDS: usize = 6;
/// Whole numbers in a nat.
const UNIT: f32 = 64.0;
/// A cost that no cut pays: more than all eight ties of a cell.
const NEVER: i32 = 1 << 20;

/// What is known of a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mark {
    /// It is of the item.
    Inside,
    /// It is not.
    Outside,
    /// It can be either.
    Open,
}

/// An item to be cut out of a view.
pub(crate) struct Task<'a> {
    pub(crate) view: &'a View,
    /// What is known of each cell.
    pub(crate) marks: Vec<Mark>,
    /// For each cell, what speaks for the item besides colour, in nats.
    pub(crate) bias: Vec<f32>,
}

impl Task<'_> {
    /// Finds the cells of the item. `inside` is the first guess; `keep` is asked after each cut to drop what cannot be the item.
    pub(crate) fn solve(&self, smoothness: f32, mut inside: Vec<bool>, keep: impl Fn(&mut [bool])) -> Vec<bool> {
        let ties = Ties::new(self.view, smoothness);
        for _ in 0..ROUNDS {
            let mut cut = self.cut(&inside, &ties);
            keep(&mut cut);
            // Where the item vanishes, its colours are the background's; the last guess is better than nothing.
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
        let mut network = Network::new(grid.width(), grid.height());
        for (cell, colour) in self.view.colours.iter().enumerate() {
            let capacity = match self.marks[cell] {
                Mark::Inside => NEVER,
                Mark::Outside => -NEVER,
                Mark::Open => ((rest.cost(*colour) - item.cost(*colour) + self.bias[cell]) * UNIT) as i32,
            };
            network.set_terminal(cell, capacity);
        }
        for (cell, step, capacity) in &ties.0 {
            network.set_tie(*cell, *step, *capacity);
        }
        network.cut()
    }
}

/// What it costs to part each two neighbours: the less, the more their colours differ.
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
        // The scale on which a difference counts as a border: twice the mean. The noise of any picture is none.
        let scale = 2.0 * (sum / pairs.len().max(1) as f64).max(1.0) as f32;
        let tie = |(cell, step, difference): (usize, usize, f32)| {
            let distance = if step < 4 { 1.0 } else { std::f32::consts::SQRT_2 };
            (cell, step, (smoothness / distance * (-difference / scale).exp() * UNIT) as i32)
        };
        Self(pairs.into_iter().map(tie).collect())
    }
}
