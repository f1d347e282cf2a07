//! The denoising loop.

use std::time::Instant;

use candle_core::Tensor;
use dedit_diffusion::pipeline::{Noise, Pipeline};
use dedit_diffusion::scheduler::Scheduler;
use dedit_diffusion::{Error, Result};

use super::freeze::Kept;
use super::guided::Guided;
use super::settings::EditSettings;
use super::{EditEvent, EditListener, continue_or_cancel};
use crate::preview::LatentColours;

/// The inputs that are the same for all steps.
pub(super) struct Denoising<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) guided: &'a Guided<'a>,
    pub(super) kept: Option<&'a Kept>,
    pub(super) settings: &'a EditSettings,
    pub(super) colours: &'a LatentColours,
}

impl Denoising<'_> {
    /// Denoises `latents`, scaled like the sample of step `first`, from that step on, and restores the kept part after each step.
    pub(super) fn run(
        &self,
        scheduler: &mut dyn Scheduler,
        first: usize,
        mut latents: Tensor,
        noise: &mut dyn Noise,
        listener: &mut EditListener<'_>,
    ) -> Result<Tensor> {
        let of = scheduler.steps();
        let begun = Instant::now();
        for index in first..of {
            let leads = (index as f64) < self.settings.guidance_share * of as f64;
            let output = self.guided.predict(&scheduler.scale_model_input(&latents, index)?, scheduler.timesteps()[index], leads)?;
            let step = scheduler.step(&output, index, &latents, &mut |shape| noise.draw(shape, self.pipeline.device()))?;
            latents = match self.kept {
                Some(kept) => kept.restore(&step.prev_sample, &step.pred_original_sample, scheduler, index)?,
                None => step.prev_sample,
            };
            let done = index + 1;
            if !latents.abs()?.sum_all()?.to_scalar::<f32>()?.is_finite() {
                let message = format!("the latents of step {done} of {of} hold values that are not numbers (NaN or infinity)");
                return Err(Error::model(message).hint("try a lower guidance, another scheduler or a float32 checkpoint"));
            }
            let preview = self.colours.picture(&step.pred_original_sample)?;
            let seconds_left = begun.elapsed().as_secs_f64() / (done - first) as f64 * (of - done) as f64;
            continue_or_cancel(listener(EditEvent::Step { done, of, seconds_left, preview: &preview })?)?;
        }
        Ok(latents)
    }
}
