//! Keeping the rest of the picture unchanged while a region is generated.

use candle_core::{Device, Tensor};
use dedit_diffusion::Result;
use dedit_diffusion::scheduler::Scheduler;
use dedit_edit::{Downsampling, EditPlan, Rect, Size};

use super::settings::{EditSettings, FrozenLevel, GroundUse, RingRelease};
use crate::error::from_edit;

/// The kept part, and the steps in which it is kept.
pub(super) struct Kept {
    /// Scaled latents of the original, `[1, channels, rows, columns]`.
    pub(super) original: Tensor,
    /// The noise that is added to them, of the same shape.
    pub(super) noise: Tensor,
    /// For each latent cell the share of the steps, from the first one, in which it is kept: 0 where it is generated from the start, above 1 where it never
    /// changes.
    pub(super) until: Vec<f64>,
    pub(super) level: FrozenLevel,
    /// Cells that are kept where they are like the original.
    pub(super) ground: Option<Ground>,
}

/// The cells in which a new thing may show the ground.
pub(super) struct Ground {
    /// Row-major, whether a cell is one.
    pub(super) cells: Vec<bool>,
    pub(super) usage: GroundUse,
}

/// A share above 1: all steps.
const ALWAYS: f64 = 2.0;

impl Kept {
    /// The latents after step `index`, with the cells that are kept at that step replaced by the noised original. `clean` is the prediction of the clean latents
    /// at that step.
    pub(super) fn restore(&self, latents: &Tensor, clean: &Tensor, scheduler: &dyn Scheduler, index: usize) -> Result<Tensor> {
        let level = match self.level {
            FrozenLevel::Next => index + 1,
            FrozenLevel::Present => index,
        };
        let steps = scheduler.steps() as f64;
        let mut kept: Vec<bool> = self.until.iter().map(|until| (index as f64) < until * steps).collect();
        if let Some(ground) = self.ground.as_ref().filter(|ground| index as f64 >= ground.usage.from * steps) {
            let distances = ((clean - &self.original)?.sqr()?.mean(1)?.sqrt()?).flatten_all()?.to_vec1::<f32>()?;
            for ((kept, is_ground), distance) in kept.iter_mut().zip(&ground.cells).zip(distances) {
                *kept |= *is_ground && distance < ground.usage.distance;
            }
        }
        blended(latents, &scheduler.add_noise(&self.original, &self.noise, level)?, &kept)
    }

    /// The latents that step `first` starts from, with the cells that are kept in the step before it, or in the first one, replaced by the noised original.
    pub(super) fn restore_initial(&self, latents: &Tensor, scheduler: &dyn Scheduler, first: usize) -> Result<Tensor> {
        let before = first.saturating_sub(1) as f64;
        let kept: Vec<bool> = self.until.iter().map(|until| before < until * scheduler.steps() as f64).collect();
        blended(latents, &scheduler.add_noise(&self.original, &self.noise, first)?, &kept)
    }

    /// The first step, of `steps`, before which all cells are kept: `steps` where nothing is generated.
    pub(super) fn first_step(&self, steps: usize) -> usize {
        let least = self.until.iter().copied().fold(1.0, f64::min);
        (least * steps as f64).ceil() as usize
    }
}

/// `latents`, with the cells that are kept replaced by those of `frozen`; both `[1, channels, rows, columns]`.
fn blended(latents: &Tensor, frozen: &Tensor, kept: &[bool]) -> Result<Tensor> {
    let (_, channels, rows, columns) = latents.dims4()?;
    let mask: Vec<u8> = kept.iter().map(|kept| u8::from(*kept)).collect();
    let mask = Tensor::from_vec(mask, (1, 1, rows, columns), &Device::Cpu)?.to_device(latents.device())?;
    Ok(mask.broadcast_as((1, channels, rows, columns))?.contiguous()?.where_cond(&frozen.contiguous()?, &latents.contiguous()?)?)
}

/// The cells that belong to an item which is drawn anew, in whole or in part, and to none that is moved.
pub(super) fn ground_cells(plan: &EditPlan, rect: Rect, latent: Size) -> Result<Vec<bool>> {
    let [drawn, moved] = [plan.drawn(), plan.moved()].map(|mask| mask.crop(rect).map(|mask| mask.on_grid(latent)));
    let (drawn, moved) = (drawn.map_err(from_edit)?, moved.map_err(from_edit)?);
    Ok(drawn.values().iter().zip(moved.values()).map(|(drawn, moved)| *drawn > 0.0 && *moved <= 0.0).collect())
}

/// For each latent cell of `rect` the share of the steps in which it is kept. `plate` is the share in which pixels that show what is behind the items keep the
/// latents of a clean plate.
pub(super) fn kept_until(plan: &EditPlan, rect: Rect, latent: Size, settings: &EditSettings, plate: Option<f64>) -> Result<Vec<f64>> {
    let change = plan.change().crop(rect).map_err(from_edit)?;
    let strength = settings.strength;
    let of_ring = |value: f32| match settings.ring {
        RingRelease::AtOnce => strength,
        RingRelease::Gradual => strength + (1.0 - strength) * (1.0 - f64::from(value)),
    };
    let until = |value: f32| match value {
        0.0 => ALWAYS,
        1.0 => 0.0,
        value => of_ring(value),
    };
    let cells = match settings.downsampling() {
        // A cell may change if one of its pixels may; the other pixels are restored by compositing.
        Downsampling::AreaMajority => change.largest_on_grid(latent),
        Downsampling::Nearest => change.nearest_on_grid(latent),
    };
    let mut cells: Vec<f64> = cells.values().iter().copied().map(until).collect();
    if let Some(anchor) = settings.anchor {
        let moved = plan.moved().crop(rect).map_err(from_edit)?.on_grid(latent);
        for (cell, _) in cells.iter_mut().zip(moved.values()).filter(|(_, moved)| **moved >= 0.5) {
            *cell = cell.max(anchor);
        }
    }
    if let Some(share) = plate {
        // However few the steps are, something is generated in the last one, unless nothing is to be. Half a step less stands clear of rounding.
        let share = if share < 1.0 { share.min((settings.steps as f64 - 1.5) / settings.steps as f64) } else { share };
        let drawn = plan.drawn().crop(rect).map_err(from_edit)?.on_grid(latent);
        for (cell, _) in cells.iter_mut().zip(drawn.values()).filter(|(_, drawn)| **drawn < 0.5) {
            *cell = cell.max(share);
        }
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use dedit_diffusion::scheduler::{PredictionType, SchedulerConfig, SchedulerKind};

    use super::*;

    const STEPS: usize = 10;
    /// Cells in a row.
    const CELLS: usize = 4;

    fn row(values: [f32; CELLS]) -> Tensor {
        Tensor::from_vec(values.to_vec(), (1, 1, 1, CELLS), &Device::Cpu).unwrap()
    }

    fn numbers(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn scheduler() -> Box<dyn Scheduler> {
        SchedulerConfig::stable_diffusion(SchedulerKind::DpmPlusPlus2M, PredictionType::Epsilon).build(STEPS).unwrap()
    }

    /// An original of ones, kept for these shares of the steps.
    fn kept(until: [f64; CELLS], ground: Option<Ground>) -> Kept {
        Kept { original: row([1.0; CELLS]), noise: row([0.5; CELLS]), until: until.to_vec(), level: FrozenLevel::Next, ground }
    }

    #[test]
    fn steps_in_which_every_cell_is_kept_are_left_out() {
        for (until, first) in [
            ([0.0, 0.7, ALWAYS, 0.5], 0),
            ([0.7, 0.8, ALWAYS, 0.9], 7),
            ([0.75, 0.8, ALWAYS, 0.9], 8),
            ([1.0, 1.0, ALWAYS, 1.0], STEPS),
            ([ALWAYS; CELLS], STEPS),
        ] {
            let kept = kept(until, None);
            assert_eq!(kept.first_step(STEPS), first, "{until:?}");
            // What is kept before the first step is the noised original there, and nothing else is.
            let (scheduler, latents) = (scheduler(), row([9.0; CELLS]));
            let frozen = numbers(&scheduler.add_noise(&kept.original, &kept.noise, first).unwrap());
            let start = numbers(&kept.restore_initial(&latents, scheduler.as_ref(), first).unwrap());
            for (cell, until) in until.into_iter().enumerate() {
                assert_eq!(start[cell].to_bits(), if until > 0.0 { frozen[cell] } else { 9.0_f32 }.to_bits(), "{until:?}");
            }
        }
    }

    #[test]
    fn cells_of_a_new_thing_that_are_like_the_ground_become_the_ground() {
        let usage = GroundUse { from: 0.4, distance: 1.0 };
        // Like the original and a ground cell; like it but none; a ground cell unlike it; always kept.
        let (until, cells, clean) = ([0.0, 0.0, 0.0, ALWAYS], vec![true, false, true, false], row([1.9, 1.0, 2.1, 5.0]));
        for (index, expected) in [(3, [false, false, false, true]), (4, [true, false, false, true]), (9, [true, false, false, true])] {
            let kept = kept(until, Some(Ground { cells: cells.clone(), usage }));
            let (scheduler, latents) = (scheduler(), row([9.0; CELLS]));
            let frozen = numbers(&scheduler.add_noise(&kept.original, &kept.noise, index + 1).unwrap());
            let after = numbers(&kept.restore(&latents, &clean, scheduler.as_ref(), index).unwrap());
            for cell in 0..CELLS {
                let wanted = if expected[cell] { frozen[cell] } else { 9.0 };
                assert_eq!(after[cell].to_bits(), wanted.to_bits(), "step {index}, cell {cell}");
            }
        }
    }
}
