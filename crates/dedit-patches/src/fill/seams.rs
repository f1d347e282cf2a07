//! Seams through the hole where they cost least: α-expansion over shifts (Boykov, Veksler and Zabih 2001; Pritch et al., "Shift-map", 2009).

use std::collections::BTreeMap;

use dedit_cut::Network;
use dedit_edit::{NearestSites, Result, Size};

use super::field::Field;
use super::level::{ANY, Level};
use super::patch::Patches;
use super::shifts::{FORBIDDEN, Scene, Shift};

/// No pixel of the hole.
const NONE: u32 = u32::MAX;

/// The shift of each pixel of the hole.
#[derive(Debug, Clone)]
pub(super) struct Labelling {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Pixels of the hole, row-major.
    pub(super) pixels: Vec<u32>,
    /// The number of each pixel among them; [`NONE`] outside the hole.
    number: Vec<u32>,
    pub(super) shift: Vec<Shift>,
}

impl Labelling {
    fn new(level: &Level, shift: impl Fn(usize) -> Shift) -> Self {
        let pixels = level.hole_pixels();
        let mut number = vec![NONE; level.hole.len()];
        for (index, at) in pixels.iter().enumerate() {
            number[*at as usize] = index as u32;
        }
        let shift = pixels.iter().map(|at| shift(*at as usize)).collect();
        Self { width: level.width, height: level.height, pixels, number, shift }
    }

    /// The shift of the patch around each pixel.
    pub(super) fn of_field(level: &Level, patches: &Patches, field: &Field) -> Self {
        let shift = |at: usize| patches.target(at).map_or((0, 0), |target| shift(level, at, field.source[target]));
        Self::new(level, shift)
    }

    /// The shifts of a labelling of half the resolution.
    fn doubled(level: &Level, half: &Self) -> Self {
        let steps = || (-2..=2).flat_map(|dy| (-2..=2).map(move |dx| (dx, dy)));
        let mut steps: Vec<(i32, i32)> = steps().collect();
        steps.sort_by_key(|(dx, dy)| dx * dx + dy * dy);
        let shift = |at: usize| {
            let (x, y) = level.position(at);
            let near = steps.iter().find_map(|(dx, dy)| half.at(x / 2 + dx, y / 2 + dy));
            near.map_or((0, 0), |(dx, dy)| (2 * dx, 2 * dy))
        };
        Self::new(level, shift)
    }

    /// The shift of a pixel, if it is one of the hole.
    fn at(&self, x: i32, y: i32) -> Option<Shift> {
        let within = x >= 0 && y >= 0 && x < self.width as i32 && y < self.height as i32;
        let number = if within { self.number[y as usize * self.width + x as usize] } else { NONE };
        (number != NONE).then(|| self.shift[number as usize])
    }

    /// The number of a pixel of the hole.
    pub(super) fn number(&self, at: usize) -> Option<usize> {
        let number = self.number[at];
        (number != NONE).then_some(number as usize)
    }

    /// The pixel that each pixel of the hole is copied from, in the order of [`pixels`](Self::pixels).
    pub(super) fn sources(&self) -> impl Iterator<Item = usize> {
        let width = self.width as i64;
        self.pixels.iter().zip(&self.shift).map(move |(at, (dx, dy))| (i64::from(*at) + i64::from(*dy) * width + i64::from(*dx)) as usize)
    }
}

fn shift(level: &Level, at: usize, source: u32) -> Shift {
    let ((x, y), (to_x, to_y)) = (level.position(at), level.position(source as usize));
    (to_x - x, to_y - y)
}

/// The shifts that most patches have, at most `most`, the most frequent first.
pub(super) fn frequent(level: &Level, patches: &Patches, field: &Field, most: usize) -> Vec<Shift> {
    let mut counts: BTreeMap<Shift, usize> = BTreeMap::new();
    for (target, source) in patches.targets.iter().zip(&field.source) {
        *counts.entry(shift(level, *target as usize, *source)).or_default() += 1;
    }
    let mut shifts: Vec<(Shift, usize)> = counts.into_iter().collect();
    shifts.sort_by(|(a, one), (b, other)| other.cmp(one).then(a.cmp(b)));
    shifts.truncate(most);
    shifts.into_iter().map(|(shift, _)| shift).collect()
}

/// The search for a cheaper labelling.
pub(super) struct Expansion<'a> {
    scene: Scene<'a>,
    labelling: Labelling,
    /// What the present shift of each pixel costs, without seams.
    cost: Vec<i32>,
    network: Network<4>,
    /// The cell of each pixel in the network: one more than its number among the pixels that take part; 0 for others.
    part: Vec<u32>,
}

/// The neighbours of a pixel: steps of the network, and where they lead.
const NEAR: [(usize, (i32, i32)); 4] = [(0, (-1, 0)), (1, (1, 0)), (2, (0, -1)), (3, (0, 1))];

impl<'a> Expansion<'a> {
    fn new(scene: Scene<'a>, labelling: Labelling) -> Self {
        let mut by_shift: BTreeMap<Shift, Vec<u32>> = BTreeMap::new();
        for (index, shift) in labelling.shift.iter().enumerate() {
            by_shift.entry(*shift).or_default().push(index as u32);
        }
        let mut cost = vec![0; labelling.pixels.len()];
        for (shift, indices) in by_shift {
            let costs = scene.costs(shift, indices.iter().map(|index| labelling.pixels[*index as usize] as usize));
            for (index, its) in indices.into_iter().zip(costs) {
                cost[index as usize] = its;
            }
        }
        let part = vec![0; labelling.pixels.len()];
        Self { scene, labelling, cost, network: Network::new(1, 1), part }
    }

    /// Gives `shift` to those of some pixels (numbers of the labelling) for which that makes the whole cheapest. Returns how many took it.
    fn expand(&mut self, among: &[u32], shift: Shift) -> usize {
        let others = || among.iter().copied().filter(|index| self.labelling.shift[*index as usize] != shift);
        let indices: Vec<u32> = others().collect();
        let costs = self.scene.costs(shift, indices.iter().map(|index| self.labelling.pixels[*index as usize] as usize));
        let can = |(_, cost): &(u32, i32)| *cost < FORBIDDEN;
        let nodes: Vec<(u32, i32)> = indices.into_iter().zip(costs).filter(can).collect();
        let Some(bounds) = self.bounds(&nodes) else { return 0 };
        self.network.reset(bounds.width, bounds.height);
        for (node, (index, _)) in nodes.iter().enumerate() {
            self.part[*index as usize] = node as u32 + 1;
        }
        for (index, cost) in &nodes {
            self.add_costs(*index as usize, *cost, shift, &bounds);
        }
        self.network.cut();
        let mut taken = 0;
        for (index, cost) in nodes {
            let index = index as usize;
            self.part[index] = 0;
            if self.network.is_of_sink(bounds.cell(self.scene.level.position(self.labelling.pixels[index] as usize))) {
                self.labelling.shift[index] = shift;
                self.cost[index] = cost;
                taken += 1;
            }
        }
        taken
    }

    /// Adds a pixel to the network: on the source's side it keeps its shift, on the sink's it takes `shift`.
    fn add_costs(&mut self, index: usize, cost: i32, shift: Shift, bounds: &Bounds) {
        let at = self.labelling.pixels[index] as usize;
        let (here, own) = (self.scene.level.position(at), self.labelling.shift[index]);
        let mut terminal = cost - self.cost[index];
        for (step, (dx, dy)) in NEAR {
            let there = (here.0 + dx, here.1 + dy);
            let Some(next) = self.scene.level.at(there.0, there.1).and_then(|next| self.labelling.number(next)) else { continue };
            let its = self.labelling.shift[next];
            if self.part[next] == 0 {
                // It keeps its shift.
                terminal += self.scene.seam(here, there, shift, its) - self.scene.seam(here, there, own, its);
            } else if step % 2 == 1 {
                let only_next = self.scene.seam(here, there, own, shift);
                let only_this = self.scene.seam(here, there, shift, its);
                // Seams are not quite a metric, where a shift leads into the hole; then the seam as it is counts less.
                let neither = self.scene.seam(here, there, own, its).min(only_next + only_this);
                terminal += only_this - neither;
                self.network.add_terminal(bounds.cell(there), -only_this);
                self.network.set_tie(bounds.cell(here), step, only_next + only_this - neither, 0);
            }
        }
        self.network.add_terminal(bounds.cell(here), terminal);
    }

    /// The rectangle around some pixels; `None` around none.
    fn bounds(&self, nodes: &[(u32, i32)]) -> Option<Bounds> {
        let (mut left, mut top, mut right, mut bottom) = (i32::MAX, i32::MAX, i32::MIN, i32::MIN);
        for (index, _) in nodes {
            let (x, y) = self.scene.level.position(self.labelling.pixels[*index as usize] as usize);
            (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x), bottom.max(y));
        }
        let size = || ((right - left + 1) as usize, (bottom - top + 1) as usize);
        (left <= right).then(|| Bounds { left, top, width: size().0, height: size().1 })
    }

    /// The labelling, in which every pixel is copied from where it may be.
    fn finish(mut self) -> Labelling {
        loop {
            let mut settled = Vec::new();
            for (index, at) in self.labelling.pixels.iter().enumerate() {
                if self.cost[index] < FORBIDDEN {
                    continue;
                }
                let numbers = self.scene.level.neighbours(*at as usize).filter_map(|near| self.labelling.number(near));
                let mut shifts = numbers.filter(|near| self.cost[*near] < FORBIDDEN).map(|near| self.labelling.shift[near]);
                settled.extend(shifts.find(|shift| self.scene.source(*at as usize, *shift).is_some()).map(|shift| (index, shift)));
            }
            if settled.is_empty() {
                break;
            }
            for (index, shift) in settled {
                (self.labelling.shift[index], self.cost[index]) = (shift, 0);
            }
        }
        self.take_nearest();
        self.labelling
    }

    /// Copies what no shift can fill from the nearest pixel that may be copied, of any region where its own has none.
    fn take_nearest(&mut self) {
        let level = self.scene.level;
        let Ok(size) = Size::new(level.width, level.height) else { return };
        let mut by_region: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for (index, at) in self.labelling.pixels.iter().enumerate().filter(|(index, _)| self.cost[*index] >= FORBIDDEN) {
            by_region.entry(level.region[*at as usize]).or_default().push(index);
        }
        for (region, indices) in by_region {
            let of_region = NearestSites::new(size, |at| level.source[at] && (region == ANY || level.region[at] == region));
            let Some(nearest) = of_region.or_else(|| NearestSites::new(size, |at| level.source[at])) else { continue };
            for index in indices {
                let at = self.labelling.pixels[index];
                self.labelling.shift[index] = shift(level, at as usize, nearest.site(at as usize) as u32);
            }
        }
    }
}

/// A rectangle of pixels as a network's grid.
struct Bounds {
    left: i32,
    top: i32,
    width: usize,
    height: usize,
}

impl Bounds {
    fn cell(&self, (x, y): (i32, i32)) -> usize {
        (y - self.top) as usize * self.width + (x - self.left) as usize
    }
}

/// Called with the share of the work that is done; whether to go on.
pub(super) type Going<'a> = dyn FnMut(f32) -> Result<bool> + 'a;

/// The best seams between some shifts, from those of a field. `None` where it was stopped.
pub(super) fn solve(scene: Scene<'_>, start: Labelling, shifts: &[Shift], going: &mut Going<'_>) -> Result<Option<Labelling>> {
    const ROUNDS: usize = 2;
    let mut expansion = Expansion::new(scene, start);
    let all: Vec<u32> = (0..expansion.labelling.pixels.len() as u32).collect();
    for round in 0..ROUNDS {
        let mut taken = 0;
        for (number, shift) in shifts.iter().enumerate() {
            taken += expansion.expand(&all, *shift);
            if !going((round as f32 + number as f32 / shifts.len() as f32) / ROUNDS as f32)? {
                return Ok(None);
            }
        }
        if taken * 200 < all.len() {
            break;
        }
    }
    Ok(Some(expansion.finish()))
}

/// The seams of half the resolution, made exact: each shift may change by a pixel, near where it was. `None` where it was stopped.
pub(super) fn refine(level: &Level, depth: &[f32], half: &Labelling, going: &mut Going<'_>) -> Result<Option<Labelling>> {
    let doubled = Labelling::doubled(level, half);
    if !going(0.0)? {
        return Ok(None);
    }
    let scene = Scene::new(level, depth);
    if !going(0.0)? {
        return Ok(None);
    }
    let mut expansion = Expansion::new(scene, doubled);
    if !going(0.0)? {
        return Ok(None);
    }
    let sets = neighbourhoods(level, depth, &expansion.labelling);
    let mut steps: Vec<Shift> = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy))).collect();
    steps.sort_by_key(|(dx, dy)| (dx * dx + dy * dy).min(1));
    for (number, (dx, dy)) in steps.iter().enumerate() {
        for (shift, among) in &sets {
            expansion.expand(among, (shift.0 + dx, shift.1 + dy));
            if !going(number as f32 / steps.len() as f32)? {
                return Ok(None);
            }
        }
    }
    Ok(Some(expansion.finish()))
}

/// For each shift, the pixels that have it, or one a few pixels away. Of a large hole those alone that lie near a seam or the rim: within a piece nothing is
/// gained by another shift.
fn neighbourhoods(level: &Level, depth: &[f32], labelling: &Labelling) -> BTreeMap<Shift, Vec<u32>> {
    const AROUND: [(i32, i32); 9] = [(0, 0), (3, 0), (-3, 0), (0, 3), (0, -3), (2, 2), (-2, 2), (2, -2), (-2, -2)];
    const LARGE: usize = 1 << 14;
    const RIM: f32 = 4.0;
    let is_large = labelling.pixels.len() > LARGE;
    let mut sets: BTreeMap<Shift, Vec<u32>> = BTreeMap::new();
    for (index, at) in labelling.pixels.iter().enumerate() {
        let (x, y) = level.position(*at as usize);
        let mut seen: Vec<Shift> = AROUND.iter().filter_map(|(dx, dy)| labelling.at(x + dx, y + dy)).collect();
        seen.sort_unstable();
        seen.dedup();
        if is_large && seen.len() == 1 && depth[*at as usize] > RIM {
            continue;
        }
        for shift in seen {
            sets.entry(shift).or_default().push(index as u32);
        }
    }
    sets
}
