//! The way back: from a picture's latents to noise that leads to them.

use candle_core::Tensor;
use dedit_diffusion::Result;
use dedit_diffusion::scheduler::{NoiseLevel, PredictionType, Scheduler};

use super::guided::Guided;
use super::{EditEvent, EditListener, go_on};

/// Deterministic inversion along the scheduler's own noise levels: each step of DDIM (arXiv 2010.02502, equation 12 with η = 0) the other way round,
/// predicted without guidance, which would lead away from the picture. The result is on the scale of the sample of step 0.
pub(super) fn invert(
    guided: &Guided<'_>,
    scheduler: &dyn Scheduler,
    prediction: PredictionType,
    clean: &Tensor,
    listener: &mut EditListener<'_>,
) -> Result<Tensor> {
    let steps = scheduler.steps();
    let mut latents = clean.clone();
    for index in (0..steps).rev() {
        let (from, to) = (scheduler.level(index + 1)?, scheduler.level(index)?);
        // The prediction belongs to the noisier side of the step; it is taken to be the same on the cleaner side.
        let at = scaled(&latents, from, to)?;
        let output = guided.predict(&scheduler.scale_model_input(&at, index)?, scheduler.timesteps()[index], false)?;
        let noise = prediction.noise(to, &output, &at)?;
        let original = ((&latents - (&noise * from.noise)?)? * (1.0 / from.signal))?;
        latents = ((original * to.signal)? + (noise * to.noise)?)?;
        go_on(listener(EditEvent::Inverted { done: steps - index, of: steps })?)?;
    }
    Ok(latents)
}

/// Latents of one level's magnitude at another's: schedulers that keep the signal at 1 have samples that grow with their noise.
fn scaled(latents: &Tensor, from: NoiseLevel, to: NoiseLevel) -> Result<Tensor> {
    Ok((latents * (to.magnitude() / from.magnitude()))?)
}
