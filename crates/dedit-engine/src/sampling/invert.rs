//! DDIM inversion: from a picture's latents to the noise from which they would be generated.

use candle_core::Tensor;
use dedit_diffusion::Result;
use dedit_diffusion::scheduler::{NoiseLevel, PredictionType, Scheduler};

use super::guided::Guided;
use super::{EditEvent, EditListener, continue_or_cancel};

/// Deterministic inversion along the noise levels of the scheduler: the steps of DDIM (arXiv 2010.02502, equation 12 with η = 0) in reverse, without
/// guidance. The result is scaled like the sample of step 0.
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
        // The step needs the prediction for the latents at its noisier end, which are not known yet; those at its cleaner end approximate them.
        let at = scaled(&latents, from, to)?;
        let output = guided.predict(&scheduler.scale_model_input(&at, index)?, scheduler.timesteps()[index], false)?;
        let noise = prediction.noise(to, &output, &at)?;
        let original = ((&latents - (&noise * from.noise)?)? * (1.0 / from.signal))?;
        latents = ((original * to.signal)? + (noise * to.noise)?)?;
        continue_or_cancel(listener(EditEvent::Inverted { done: steps - index, of: steps })?)?;
    }
    Ok(latents)
}

/// Rescales latents from the magnitude of one level to that of another: in schedulers that keep the signal at 1, samples grow with the noise.
fn scaled(latents: &Tensor, from: NoiseLevel, to: NoiseLevel) -> Result<Tensor> {
    Ok((latents * (to.magnitude() / from.magnitude()))?)
}
