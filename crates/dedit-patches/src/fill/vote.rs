//! What the sources of all patches over a pixel say it should be.

use super::field::{Field, NO_COST};
use super::level::{Colour, Level, STEPS};
use super::patch::Patches;
use super::{Workers, chunked};

/// How much less a patch counts for each pixel that its centre lies deeper in the hole: what lies near the rim is known better.
const DEPTH_FACTOR: f32 = 1.5;
/// Of the costs of all patches over a pixel, the share below the one that counts e^(-1/2).
const QUANTILE: f32 = 0.5;

/// How patches are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weights {
    /// All the same, but for their depth.
    Equal,
    /// The more, the more similar they are to their sources.
    BySimilarity,
}

/// Colours the given pixels of the hole, and returns the mean change of a channel, in steps.
pub(super) fn vote(
    level: &mut Level,
    pixels: &[u32],
    patches: &Patches,
    field: &Field,
    depth: &[f32],
    weights: Weights,
    workers: &dyn Workers,
) -> f32 {
    let by_depth: Vec<f32> = patches.targets.iter().map(|target| DEPTH_FACTOR.powf(-depth[*target as usize])).collect();
    let view = &*level;
    let colours = chunked(pixels.len(), 512, workers, &|range| {
        let mut ballots = Vec::new();
        let mut costs = Vec::new();
        let colour = |at: &u32| voted(view, *at as usize, patches, field, &by_depth, weights, &mut ballots, &mut costs);
        pixels[range].iter().map(colour).collect()
    });
    let mut change = 0.0;
    for (at, colour) in pixels.iter().zip(colours) {
        let old = &mut level.colour[*at as usize];
        change += (0..3).map(|channel| (f32::from(old[channel]) - f32::from(colour[channel])).abs()).sum::<f32>();
        *old = colour;
    }
    change / (3.0 * pixels.len().max(1) as f32)
}

/// The colour of a pixel; the one that it has, where no patch lies over it.
#[expect(clippy::too_many_arguments, reason = "the last two are memory that is used again for the next pixel")]
fn voted(
    level: &Level,
    at: usize,
    patches: &Patches,
    field: &Field,
    by_depth: &[f32],
    weights: Weights,
    ballots: &mut Vec<(f32, f32, u32)>,
    costs: &mut Vec<f32>,
) -> Colour {
    let radius = patches.radius as i32;
    let (x, y) = level.position(at);
    ballots.clear();
    for dy in -radius..=radius {
        for dx in -radius..=radius {
            let Some(target) = level.at(x + dx, y + dy).and_then(|centre| patches.target(centre)) else { continue };
            if field.cost[target] != NO_COST {
                let source = i64::from(field.source[target]) - i64::from(dy) * level.width as i64 - i64::from(dx);
                ballots.push((field.cost[target].max(0) as f32 / (STEPS * STEPS), by_depth[target], source as u32));
            }
        }
    }
    if ballots.is_empty() {
        return level.colour[at];
    }
    let spread = if weights == Weights::Equal {
        f32::INFINITY
    } else {
        costs.clear();
        costs.extend(ballots.iter().map(|ballot| ballot.0));
        let place = ((costs.len() - 1) as f32 * QUANTILE) as usize;
        costs.select_nth_unstable_by(place, f32::total_cmp).1.max(1e-3)
    };
    let (mut sum, mut total) = ([0.0f32; 3], 0.0f32);
    for (cost, depth, source) in ballots.iter() {
        let weight = (-cost / (2.0 * spread)).exp() * depth;
        let colour = level.colour[*source as usize];
        for channel in 0..3 {
            sum[channel] += weight * f32::from(colour[channel]);
        }
        total += weight;
    }
    if total < 1e-20 {
        return level.colour[ballots.iter().min_by(|one, other| one.0.total_cmp(&other.0)).map_or(at, |ballot| ballot.2 as usize)];
    }
    [(sum[0] / total).round() as i16, (sum[1] / total).round() as i16, (sum[2] / total).round() as i16, 0]
}
