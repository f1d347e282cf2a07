//! Keeping the rest of the picture unchanged while a region is generated.

use candle_core::{Device, Tensor};
use dedit_diffusion::Result;
use dedit_diffusion::scheduler::Scheduler;
use dedit_edit::{Downsampling, EditPlan, Rect, Size};

use super::settings::{EditSettings, FrozenLevel, RingRelease};
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
}

/// A share above 1: all steps.
const ALWAYS: f64 = 2.0;

impl Kept {
    /// The latents after step `index`, with the cells that are kept at that step replaced by the noised original.
    pub(super) fn restore(&self, latents: &Tensor, scheduler: &dyn Scheduler, index: usize) -> Result<Tensor> {
        let level = match self.level {
            FrozenLevel::Next => index + 1,
            FrozenLevel::Present => index,
        };
        let kept = |until: &f64| (index as f64) < until * scheduler.steps() as f64;
        self.blended(latents, &scheduler.add_noise(&self.original, &self.noise, level)?, kept)
    }

    /// The initial latents, with the cells that are kept at the first step replaced by the noised original.
    pub(super) fn restore_initial(&self, latents: &Tensor, scheduler: &dyn Scheduler) -> Result<Tensor> {
        self.blended(latents, &scheduler.add_noise(&self.original, &self.noise, 0)?, |until| *until > 0.0)
    }

    fn blended(&self, latents: &Tensor, frozen: &Tensor, kept: impl Fn(&f64) -> bool) -> Result<Tensor> {
        let (_, channels, rows, columns) = latents.dims4()?;
        let mask: Vec<u8> = self.until.iter().map(|until| u8::from(kept(until))).collect();
        let mask = Tensor::from_vec(mask, (1, 1, rows, columns), &Device::Cpu)?.to_device(latents.device())?;
        Ok(mask.broadcast_as((1, channels, rows, columns))?.contiguous()?.where_cond(&frozen.contiguous()?, &latents.contiguous()?)?)
    }
}

/// For each latent cell of `rect` the share of the steps in which it is kept.
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
    Ok(cells)
}
