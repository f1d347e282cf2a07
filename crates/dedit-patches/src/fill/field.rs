//! For each patch that reaches into the hole, the most similar patch of sources (`PatchMatch`: Barnes et al. 2009).

use std::sync::Mutex;

use super::Workers;
use super::draws::Draws;
use super::guide::Guide;
use super::level::{ANY, Level, STEPS};
use super::patch::{Patches, distance};

/// Squared grey levels that a source costs per pixel of the patch when it lies a diagonal of the level away: of similar ones, the nearer is taken.
const FAR: f32 = 2000.0;
/// Up to so many sources, and so many comparisons, every other pass compares all.
const FEW: usize = 3000;
const MOST_COMPARISONS: usize = 20_000_000;
/// Targets of a band, about. Bands are searched independently, so that the result does not depend on the number of threads.
const BAND: usize = 6000;

/// A cost that no source has.
pub(super) const NO_COST: i32 = i32::MAX;

/// The sources of all targets.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// The centre of each target's source.
    pub(super) source: Vec<u32>,
    /// The cost of each; [`NO_COST`] where there is none.
    pub(super) cost: Vec<i32>,
}

/// What a search needs to know of a level.
pub(super) struct Search<'a> {
    pub(super) level: &'a Level,
    pub(super) patches: &'a Patches,
    pub(super) depth: &'a [f32],
    pub(super) guide: Option<&'a Guide>,
    pub(super) seed: u64,
}

impl Field {
    /// Any sources.
    pub(super) fn random(patches: &Patches, seed: u64) -> Self {
        let mut draws = Draws::new(&[seed, 1]);
        let any = |_| patches.sources[draws.below(patches.sources.len() as u32) as usize];
        let source = (0..patches.targets.len()).map(any).collect();
        Self { source, cost: vec![NO_COST; patches.targets.len()] }
    }
}

/// A range of targets and their part of the field.
type Band<'f> = (usize, &'f mut [u32], &'f mut [i32]);

impl Search<'_> {
    /// One pass over all targets. In `fresh` ones all costs are computed anew, since what is in the hole has changed.
    pub(super) fn pass(&self, field: &mut Field, number: usize, fresh: bool, workers: &dyn Workers) {
        let before = field.source.clone();
        let mut bands: Vec<Mutex<Band<'_>>> = Vec::new();
        let (mut sources, mut costs, mut start) = (field.source.as_mut_slice(), field.cost.as_mut_slice(), 0);
        for end in self.bands() {
            let (source, rest_of_sources) = sources.split_at_mut(end - start);
            let (cost, rest_of_costs) = costs.split_at_mut(end - start);
            bands.push(Mutex::new((start, source, cost)));
            (sources, costs, start) = (rest_of_sources, rest_of_costs, end);
        }
        let arch = pulp::Arch::new();
        workers.run(bands.len(), &|band| {
            if let Ok(mut band) = bands[band].lock() {
                arch.dispatch(|| self.search_band(&mut band, &before, number, fresh));
            }
        });
    }

    /// The ends of bands of whole rows.
    fn bands(&self) -> Vec<usize> {
        let targets = &self.patches.targets;
        let row = |target: usize| targets[target] as usize / self.level.width;
        let mut ends = Vec::new();
        let mut start = 0;
        for end in 1..=targets.len() {
            if end == targets.len() || (end - start >= BAND && row(end) != row(end - 1)) {
                ends.push(end);
                start = end;
            }
        }
        ends
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "to be compiled for the processor's vectors with its caller")]
    fn search_band(&self, (start, sources, costs): &mut Band<'_>, before: &[u32], number: usize, fresh: bool) {
        let (targets, start) = (&self.patches.targets, *start);
        let mut draws = Draws::new(&[self.seed, number as u64, start as u64, self.level.width as u64]);
        let forward = number.is_multiple_of(2);
        let sources_of_all = self.patches.sources.len();
        let all = forward && sources_of_all <= FEW && sources_of_all * targets.len() <= MOST_COMPARISONS;
        if fresh {
            for (index, cost) in costs.iter_mut().enumerate() {
                *cost = self.cost(targets[start + index] as usize, sources[index] as usize, NO_COST);
            }
        }
        for step in 0..sources.len() {
            let index = if forward { step } else { sources.len() - 1 - step };
            let target = targets[start + index] as usize;
            let mut best = (costs[index], sources[index]);
            if all {
                for source in &self.patches.sources {
                    self.improve(target, *source as usize, &mut best);
                }
            } else {
                for (neighbour, offset) in self.around(target) {
                    let Some(of) = self.patches.target(neighbour) else { continue };
                    let its = of.checked_sub(start).and_then(|of| sources.get(of)).unwrap_or(&before[of]);
                    let candidate = *its as i64 + offset;
                    if candidate >= 0 && candidate < self.level.colour.len() as i64 && candidate as u32 != best.1 {
                        self.improve(target, candidate as usize, &mut best);
                    }
                }
                self.improve_by_chance(target, &mut best, &mut draws);
            }
            (costs[index], sources[index]) = best;
        }
    }

    /// The neighbours of a pixel that is not on the border, and what to add to their sources to get this pixel's.
    fn around(&self, at: usize) -> impl Iterator<Item = (usize, i64)> + use<> {
        let width = self.level.width;
        let near = [(at.wrapping_sub(1), 1), (at.wrapping_sub(width), width as i64), (at + 1, -1), (at + width, -(width as i64))];
        let pixels = self.level.colour.len();
        near.into_iter().filter(move |(near, _)| *near < pixels)
    }

    /// Tries sources at random distances from the best, each half of the one before, and one anywhere.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "to be compiled for the processor's vectors with its caller")]
    fn improve_by_chance(&self, target: usize, best: &mut (i32, u32), draws: &mut Draws) {
        let (x, y) = self.level.position(best.1 as usize);
        let mut reach = self.level.width.max(self.level.height) as i32;
        while reach >= 1 {
            let mut shift = || draws.below(2 * reach as u32 + 1) as i32 - reach;
            let (dx, dy) = (shift(), shift());
            if let Some(candidate) = self.level.at(x + dx, y + dy) {
                self.improve(target, candidate, best);
            }
            reach /= 2;
        }
        let any = self.patches.sources[draws.below(self.patches.sources.len() as u32) as usize];
        self.improve(target, any as usize, best);
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "to be compiled for the processor's vectors with its caller")]
    fn improve(&self, target: usize, source: usize, best: &mut (i32, u32)) {
        let cost = self.cost(target, source, best.0);
        if cost < best.0 {
            *best = (cost, source as u32);
        }
    }

    /// The cost of a source for a target; at least `limit` where it is not less.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "to be compiled for the processor's vectors with its caller")]
    fn cost(&self, target: usize, source: usize, limit: i32) -> i32 {
        let level = self.level;
        let region = level.region[target];
        if !self.patches.is_source[source] || (region != ANY && region != level.region[source]) {
            return NO_COST;
        }
        let prior = self.prior(target, source);
        if prior >= limit {
            return NO_COST;
        }
        distance(&level.colour, level.width, self.patches.radius, target, source, limit.saturating_sub(prior)).saturating_add(prior)
    }

    /// What a source costs for its distance and its colour, whatever its details.
    #[inline]
    pub(super) fn prior(&self, target: usize, source: usize) -> i32 {
        let pixels = self.patches.pixels() as f32;
        let ((x, y), (to_x, to_y)) = (self.level.position(target), self.level.position(source));
        let away = (((x - to_x).pow(2) + (y - to_y).pow(2)) as f32).sqrt();
        let far = FAR * STEPS * STEPS * pixels / self.level.diagonal() * away;
        // Deep in the hole what is expected counts whole; at its rim the patch shows more itself.
        let colour = self.guide.map_or(0.0, |guide| guide.mismatch(target, source) * pixels / 3.0 * (self.depth[target].min(8.0) / 8.0));
        (far + colour) as i32
    }
}
