//! Flow networks on grids.

use std::collections::VecDeque;

/// Steps (columns, rows) to the neighbours; `k ^ 1` is the reverse of step `k`. Networks of four neighbours have the first four.
pub const STEPS: [(isize, isize); 8] = [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1), (1, -1), (-1, 1)];

/// Parent value of a root: the terminal itself.
const TERMINAL: u8 = 8;
/// Parent value of a cell without a parent: free, or an orphan.
const NONE: u8 = 9;

/// The search tree of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tree {
    Free,
    Source,
    Sink,
}

/// A flow network: cells on a grid with edges to their four or eight neighbours (`N`), to a source and to a sink.
///
/// The algorithm of Boykov and Kolmogorov (2004): two search trees grow from the terminals until they meet, the path is augmented, and the orphans are
/// attached to their tree again where possible. Capacities are integers, so the cut is exact and the algorithm terminates.
#[derive(Debug)]
pub struct Network<const N: usize> {
    /// Cells per row, including one of padding on each side without capacities.
    stride: usize,
    width: usize,
    offsets: [isize; N],
    /// Residual capacity to each neighbour.
    rest: Vec<[i32; N]>,
    /// Residual capacity from the source (positive) or to the sink (negative).
    terminal: Vec<i32>,
    tree: Vec<Tree>,
    /// The step to the parent, [`TERMINAL`] or [`NONE`].
    parent: Vec<u8>,
    /// The time stamp of the known distance to the terminal, and that distance in edges.
    known: Vec<(u32, u32)>,
    time: u32,
    active: VecDeque<u32>,
    is_active: Vec<bool>,
    orphans: VecDeque<u32>,
}

impl<const N: usize> Network<N> {
    /// A network of `width` × `height` cells, at least one, with all capacities zero.
    pub fn new(width: usize, height: usize) -> Self {
        let mut network = Self {
            stride: 0,
            width: 0,
            offsets: [0; N],
            rest: Vec::new(),
            terminal: Vec::new(),
            tree: Vec::new(),
            parent: Vec::new(),
            known: Vec::new(),
            time: 0,
            active: VecDeque::new(),
            is_active: Vec::new(),
            orphans: VecDeque::new(),
        };
        network.reset(width, height);
        network
    }

    /// Makes this a network as [`new`](Self::new) gives it, in the same memory.
    pub fn reset(&mut self, width: usize, height: usize) {
        let stride = width + 2;
        let cells = stride * (height + 2);
        self.stride = stride;
        self.width = width;
        self.offsets = std::array::from_fn(|step| STEPS[step].1 * stride as isize + STEPS[step].0);
        renewed(&mut self.rest, cells, [0; N]);
        renewed(&mut self.terminal, cells, 0);
        renewed(&mut self.tree, cells, Tree::Free);
        renewed(&mut self.parent, cells, NONE);
        renewed(&mut self.known, cells, (0, 0));
        renewed(&mut self.is_active, cells, false);
        self.time = 0;
    }

    /// Adds to the capacity from the source to a cell (row-major) minus that from the cell to the sink.
    pub fn add_terminal(&mut self, cell: usize, capacity: i32) {
        let at = self.padded(cell);
        self.terminal[at] += capacity;
    }

    /// Sets the capacities from a cell to its neighbour along a step of [`STEPS`], which must exist, and back.
    pub fn set_tie(&mut self, cell: usize, step: usize, there: i32, back: i32) {
        let at = self.padded(cell);
        let neighbour = self.beyond(at, step);
        self.rest[at][step] = there;
        self.rest[neighbour][step ^ 1] = back;
    }

    /// Finds a minimum cut. Only [`is_of_source`](Self::is_of_source) makes sense afterwards, until [`reset`](Self::reset).
    pub fn cut(&mut self) {
        for at in 0..self.terminal.len() {
            if self.terminal[at] != 0 {
                self.tree[at] = if self.terminal[at] > 0 { Tree::Source } else { Tree::Sink };
                self.parent[at] = TERMINAL;
                self.known[at] = (0, 1);
                self.activate(at);
            }
        }
        while let Some(at) = self.active.front().map(|at| *at as usize) {
            let meeting = if self.tree[at] == Tree::Free { None } else { self.grow(at) };
            if let Some((from, step)) = meeting {
                self.time += 1;
                self.fill(from, step);
                self.adopt();
            } else {
                self.active.pop_front();
                self.is_active[at] = false;
            }
        }
    }

    /// Whether a cell (row-major) is on the source's side of the cut. Cells that are on neither side of it are on the sink's.
    pub fn is_of_source(&self, cell: usize) -> bool {
        self.tree[self.padded(cell)] == Tree::Source
    }

    /// Whether a cell (row-major) is on the sink's side of the cut, and could not as well be on the source's.
    pub fn is_of_sink(&self, cell: usize) -> bool {
        self.tree[self.padded(cell)] == Tree::Sink
    }

    fn padded(&self, cell: usize) -> usize {
        (cell / self.width + 1) * self.stride + cell % self.width + 1
    }

    fn beyond(&self, at: usize, step: usize) -> usize {
        at.wrapping_add_signed(self.offsets[step])
    }

    fn activate(&mut self, at: usize) {
        if !self.is_active[at] {
            self.is_active[at] = true;
            self.active.push_back(at as u32);
        }
    }

    /// Whether there is residual capacity between `at` and its neighbour in the direction of the flow, where `at` is nearer to the root of its tree.
    fn leads_on(&self, at: usize, step: usize, tree: Tree) -> bool {
        match tree {
            Tree::Source => self.rest[at][step] > 0,
            _ => self.rest[self.beyond(at, step)][step ^ 1] > 0,
        }
    }

    /// Adds the free neighbours of a cell to its tree. If the trees meet, returns a cell of the source's tree and the step to a cell of the sink's.
    fn grow(&mut self, at: usize) -> Option<(usize, usize)> {
        let tree = self.tree[at];
        for step in 0..N {
            if !self.leads_on(at, step, tree) {
                continue;
            }
            let next = self.beyond(at, step);
            if self.tree[next] == Tree::Free {
                self.tree[next] = tree;
                self.parent[next] = (step ^ 1) as u8;
                self.known[next] = (self.known[at].0, self.known[at].1 + 1);
                self.activate(next);
            } else if self.tree[next] != tree {
                return Some(if tree == Tree::Source { (at, step) } else { (next, step ^ 1) });
            } else if self.known[next].0 <= self.known[at].0 && self.known[next].1 > self.known[at].1 + 1 {
                // A shorter path to the root, which keeps later searches short.
                self.parent[next] = (step ^ 1) as u8;
                self.known[next] = (self.known[at].0, self.known[at].1 + 1);
            }
        }
        None
    }

    /// Augments the path through the edge where the trees meet by its bottleneck capacity.
    fn fill(&mut self, from: usize, step: usize) {
        let to = self.beyond(from, step);
        let mut amount = self.rest[from][step];
        for start in [from, to] {
            amount = amount.min(self.walk(start, None));
        }
        self.rest[from][step] -= amount;
        self.rest[to][step ^ 1] += amount;
        for start in [from, to] {
            self.walk(start, Some(amount));
        }
    }

    /// Follows the path from a cell to its root and returns its bottleneck capacity. With an amount, augments the path and makes orphans of cells whose edge to
    /// the parent is saturated.
    fn walk(&mut self, start: usize, amount: Option<i32>) -> i32 {
        let (mut at, mut fits) = (start, i32::MAX);
        let tree = self.tree[start];
        while self.parent[at] < TERMINAL {
            let step = self.parent[at] as usize;
            let parent = self.beyond(at, step);
            let ((giver, out), (taker, back)) =
                if tree == Tree::Source { ((parent, step ^ 1), (at, step)) } else { ((at, step), (parent, step ^ 1)) };
            fits = fits.min(self.rest[giver][out]);
            if let Some(amount) = amount {
                self.rest[giver][out] -= amount;
                self.rest[taker][back] += amount;
                if self.rest[giver][out] == 0 {
                    self.parent[at] = NONE;
                    self.orphans.push_back(at as u32);
                }
            }
            at = parent;
        }
        fits = fits.min(self.terminal[at].abs());
        if let Some(amount) = amount {
            self.terminal[at] -= amount * self.terminal[at].signum();
            if self.terminal[at] == 0 {
                self.parent[at] = NONE;
                self.orphans.push_back(at as u32);
            }
        }
        fits
    }

    /// Finds a new parent in the same tree for every orphan, or sets it free.
    fn adopt(&mut self) {
        while let Some(at) = self.orphans.pop_front() {
            let at = at as usize;
            let tree = self.tree[at];
            let mut best: Option<(u32, usize)> = None;
            for step in 0..N {
                let next = self.beyond(at, step);
                if self.tree[next] == tree
                    && self.leads_on(next, step ^ 1, tree)
                    && let Some(distance) = self.distance_to_root(next)
                    && best.is_none_or(|(least, _)| distance < least)
                {
                    best = Some((distance, step));
                }
            }
            if let Some((distance, step)) = best {
                self.parent[at] = step as u8;
                self.known[at] = (self.time, distance + 1);
            } else {
                self.set_free(at);
            }
        }
    }

    fn set_free(&mut self, at: usize) {
        let tree = self.tree[at];
        for step in 0..N {
            let next = self.beyond(at, step);
            if self.tree[next] != tree {
                continue;
            }
            if self.leads_on(next, step ^ 1, tree) {
                self.activate(next);
            }
            if self.parent[next] == (step ^ 1) as u8 {
                self.parent[next] = NONE;
                self.orphans.push_back(next as u32);
            }
        }
        self.tree[at] = Tree::Free;
    }

    /// The distance of a cell from its terminal in edges, if its parents lead there. Known distances are cached for the rest of the round.
    fn distance_to_root(&mut self, start: usize) -> Option<u32> {
        let (mut at, mut steps) = (start, 0);
        let distance = loop {
            if self.known[at].0 == self.time && self.parent[at] != NONE {
                break steps + self.known[at].1;
            }
            match self.parent[at] {
                NONE => return None,
                TERMINAL => break steps + 1,
                step => at = self.beyond(at, step as usize),
            }
            steps += 1;
        };
        let (mut at, mut left) = (start, distance);
        while self.known[at].0 != self.time {
            self.known[at] = (self.time, left);
            match self.parent[at] {
                step @ 0..TERMINAL => at = self.beyond(at, step as usize),
                _ => break,
            }
            left -= 1;
        }
        Some(distance)
    }
}

/// Fills with `length` times `value`, in the same memory where it suffices.
fn renewed<T: Clone>(values: &mut Vec<T>, length: usize, value: T) {
    values.clear();
    values.resize(length, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random numbers, the same in every run.
    fn numbers(seed: u32) -> impl FnMut(u32) -> i32 {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
        move |below| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 12) % below) as i32
        }
    }

    struct Problem {
        width: usize,
        height: usize,
        terminals: Vec<i32>,
        /// Cell, step, neighbour, capacities there and back.
        ties: Vec<(usize, usize, usize, i32, i32)>,
    }

    impl Problem {
        fn random<const N: usize>(width: usize, height: usize, seed: u32) -> Self {
            let mut number = numbers(seed);
            let terminals = (0..width * height).map(|_| number(41) - 20).collect();
            let mut ties = Vec::new();
            for cell in 0..width * height {
                for step in (1..N).step_by(2) {
                    let (x, y) = ((cell % width) as isize + STEPS[step].0, (cell / width) as isize + STEPS[step].1);
                    if (0..width as isize).contains(&x) && (0..height as isize).contains(&y) {
                        ties.push((cell, step, y as usize * width + x as usize, number(15), number(15)));
                    }
                }
            }
            Self { width, height, terminals, ties }
        }

        fn cost(&self, inside: impl Fn(usize) -> bool) -> i32 {
            let ends = self.terminals.iter().enumerate().map(
                |(cell, terminal)| {
                    if inside(cell) { (-terminal).max(0) } else { (*terminal).max(0) }
                },
            );
            let tie = |(a, _, b, there, back): &(usize, usize, usize, i32, i32)| match (inside(*a), inside(*b)) {
                (true, false) => *there,
                (false, true) => *back,
                _ => 0,
            };
            ends.sum::<i32>() + self.ties.iter().map(tie).sum::<i32>()
        }

        fn cut<const N: usize>(&self) -> Vec<bool> {
            // One that was used before.
            let mut network = Network::<N>::new(2, 1);
            network.add_terminal(0, 3);
            network.add_terminal(1, -3);
            network.set_tie(0, 1, 2, 0);
            network.cut();
            network.reset(self.width, self.height);
            for (cell, terminal) in self.terminals.iter().enumerate() {
                network.add_terminal(cell, *terminal);
            }
            for (cell, step, _, there, back) in &self.ties {
                network.set_tie(*cell, *step, *there, *back);
            }
            network.cut();
            (0..self.width * self.height).map(|cell| network.is_of_source(cell)).collect()
        }
    }

    #[test]
    fn no_other_labelling_is_cheaper() {
        for (width, height) in [(1, 1), (1, 6), (6, 1), (3, 3), (4, 3), (3, 4)] {
            for seed in 0..60 {
                let eight = seed % 2 == 0;
                let problem = if eight { Problem::random::<8>(width, height, seed) } else { Problem::random::<4>(width, height, seed) };
                let found = if eight { problem.cut::<8>() } else { problem.cut::<4>() };
                let least = (0..1_u32 << (width * height)).map(|bits| problem.cost(|cell| bits >> cell & 1 == 1)).min();
                assert_eq!(Some(problem.cost(|cell| found[cell])), least, "{width}×{height}, seed {seed}");
            }
        }
    }

    #[test]
    fn on_a_large_grid_no_cell_and_no_block_can_change_sides_for_less() {
        let problem = Problem::random::<8>(40, 30, 7);
        let found = problem.cut::<8>();
        let cost = problem.cost(|cell| found[cell]);
        assert!(found.contains(&true) && found.contains(&false));
        for reach in [1, 2, 5] {
            for cell in 0..1200 {
                let within = |other: usize| {
                    (cell % 40..cell % 40 + reach).contains(&(other % 40)) && (cell / 40..cell / 40 + reach).contains(&(other / 40))
                };
                for side in [true, false] {
                    let other = problem.cost(|other| if within(other) { side } else { found[other] });
                    assert!(other >= cost, "a block of {reach} at {cell} would make it {other} instead of {cost}");
                }
            }
        }
    }
}
