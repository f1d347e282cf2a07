//! The start at the coarsest level: layer by layer from the rim inwards.

use super::Workers;
use super::field::{Field, Search};
use super::level::{Level, STEPS};
use super::patch::Patches;
use super::vote::{Weights, vote};

/// Most comparisons of patches.
const MOST_COMPARISONS: usize = 4_000_000;

/// Fills the hole of a level with what is most similar, where only what is known or filled already is compared.
pub(super) fn peel(level: &mut Level, patches: &Patches, field: &mut Field, depth: &[f32], seed: u64, workers: &dyn Workers) {
    let mut filled: Vec<bool> = level.hole.iter().map(|hole| !hole).collect();
    let mut done = Field { source: field.source.clone(), cost: vec![super::field::NO_COST; field.cost.len()] };
    // Where the hole could not be made small, not all sources are compared.
    let sources = patches.sources.iter().step_by((patches.sources.len() * patches.targets.len()).div_ceil(MOST_COMPARISONS).max(1));
    let sources: Vec<u32> = sources.copied().collect();
    let mut rest = level.hole_pixels();
    loop {
        let is_next = |at: &&u32| level.neighbours(**at as usize).any(|near| filled[near]);
        let layer: Vec<u32> = rest.iter().filter(is_next).copied().collect();
        if layer.is_empty() {
            break;
        }
        let search = Search { level, patches, depth, guide: None, seed };
        for target in targets_over(level, patches, &layer, &filled) {
            if done.cost[target] == super::field::NO_COST
                && let Some((cost, source)) = most_similar(&search, target, &sources, &filled)
            {
                (done.cost[target], done.source[target]) = (cost, source);
            }
        }
        vote(level, &layer, patches, &done, depth, Weights::BySimilarity, workers);
        for at in layer {
            filled[at as usize] = true;
        }
        rest.retain(|at| !filled[*at as usize]);
    }
    *field = done;
}

/// The targets that cover a pixel of the layer, around pixels that are filled or of the layer.
fn targets_over(level: &Level, patches: &Patches, layer: &[u32], filled: &[bool]) -> Vec<usize> {
    let radius = patches.radius as i32;
    let mut targets = Vec::new();
    for at in layer {
        let (x, y) = level.position(*at as usize);
        for (dx, dy) in (-radius..=radius).flat_map(|dy| (-radius..=radius).map(move |dx| (dx, dy))) {
            if let Some(centre) = level.at(x + dx, y + dy)
                && (filled[centre] || (dx, dy) == (0, 0))
                && let Some(target) = patches.target(centre)
            {
                targets.push(target);
            }
        }
    }
    targets.sort_unstable();
    targets.dedup();
    targets
}

/// The most similar source and its cost, as if the whole patch had been compared.
fn most_similar(search: &Search<'_>, target: usize, sources: &[u32], filled: &[bool]) -> Option<(i32, u32)> {
    let (level, patches) = (search.level, search.patches);
    let (centre, radius, width) = (patches.targets[target] as usize, patches.radius as i64, level.width as i64);
    let offsets: Vec<i64> = (-radius..=radius)
        .flat_map(|dy| (-radius..=radius).map(move |dx| dy * width + dx))
        .filter(|offset| filled[(centre as i64 + offset) as usize])
        .collect();
    let (compared, all) = (offsets.len() as i64, patches.pixels() as i64);
    if compared == 0 {
        return None;
    }
    let (mut best, mut least) = (None, i64::MAX);
    for source in sources.iter().filter(|source| level.may_copy(centre, **source as usize)) {
        let mut sum = i64::from(search.prior(centre, *source as usize)) * compared / all;
        for offset in &offsets {
            let one = level.colour[(centre as i64 + offset) as usize];
            let other = level.colour[(i64::from(*source) + offset) as usize];
            sum += (0..3).map(|channel| i64::from(one[channel] - other[channel]).pow(2)).sum::<i64>();
            if sum >= least {
                break;
            }
        }
        if sum < least {
            (best, least) = (Some(*source), sum);
        }
    }
    // At least one step, so that votes can be weighed.
    let cost = (least.saturating_mul(all) / compared).clamp((STEPS * STEPS) as i64, i64::from(i32::MAX) - 1);
    best.map(|source| (cost as i32, source))
}
