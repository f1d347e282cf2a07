//! Keeping the rest of the picture in place while a region is generated.

use candle_core::{Device, Tensor};
use dedit_diffusion::Result;
use dedit_diffusion::scheduler::Scheduler;
use dedit_edit::{Downsampling, EditPlan, Rect, Size};

use super::settings::{EditSettings, FrozenLevel, RingRelease};
use crate::error::from_edit;

/// What is kept, and for how long.
pub(super) struct Kept {
    /// The latents that are kept, `[1, channels, rows, columns]`.
    pub(super) original: Tensor,
    /// The noise they are given.
    pub(super) noise: Tensor,
    /// For each latent cell the share of the steps in which it is kept: 0 for what is generated from the start, above 1 for what never changes.
    pub(super) until: Vec<f64>,
    pub(super) level: FrozenLevel,
}

/// More than all steps.
const ALWAYS: f64 = 2.0;

impl Kept {
    /// The latents after step `index`, with what is kept at that step in its place.
    pub(super) fn put_back(&self, latents: &Tensor, scheduler: &dyn Scheduler, index: usize) -> Result<Tensor> {
        let level = match self.level {
            FrozenLevel::Next => index + 1,
            FrozenLevel::Present => index,
        };
        let kept = |until: &f64| (index as f64) < until * scheduler.steps() as f64;
        self.blended(latents, &scheduler.add_noise(&self.original, &self.noise, level)?, kept)
    }

    /// What sampling starts from: noise, and what is kept at the first step at its noise level.
    pub(super) fn put_under(&self, latents: &Tensor, scheduler: &dyn Scheduler) -> Result<Tensor> {
        self.blended(latents, &scheduler.add_noise(&self.original, &self.noise, 0)?, |until| *until > 0.0)
    }

    fn blended(&self, latents: &Tensor, frozen: &Tensor, kept: impl Fn(&f64) -> bool) -> Result<Tensor> {
        let (_, channels, rows, columns) = latents.dims4()?;
        let mask: Vec<u8> = self.until.iter().map(|until| u8::from(kept(until))).collect();
        let mask = Tensor::from_vec(mask, (1, 1, rows, columns), &Device::Cpu)?.to_device(latents.device())?;
        Ok(mask.broadcast_as((1, channels, rows, columns))?.contiguous()?.where_cond(&frozen.contiguous()?, &latents.contiguous()?)?)
    }
}

/// For each latent cell of the plan's rectangle the share of the steps in which it is kept.
pub(super) fn kept_until(plan: &EditPlan, rect: Rect, latent: Size, settings: &EditSettings) -> Result<Vec<f64>> {
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
        // A cell may change as soon as one of its pixels may: the rest is put back in pixel space.
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
    Ok(cells)
}
