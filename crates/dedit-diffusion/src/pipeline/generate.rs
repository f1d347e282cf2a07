//! Text to image and image to image.

use std::ops::ControlFlow;

use candle_core::Tensor;
use dedit_nn::autograd::no_grad;

use super::guidance::Guided;
use super::progress::Pace;
use super::prompt::{all_finite, repeat};
use super::{GenerateRequest, InitPicture, Noise, Pipeline, Progress, SeededNoise};
use crate::scheduler::{self, Scheduler};
use crate::{Error, ErrorKind, Result};

/// The result of [`Pipeline::generate`].
#[derive(Debug, Clone)]
pub struct Generated {
    /// `[batch, 3, height, width]`, f32 in 0..=1, on the CPU.
    pub pictures: Tensor,
    /// The scaled latents that they were decoded from, `[batch, channels, height / 8, width / 8]`, f32.
    pub latents: Tensor,
    /// Number of denoising steps; less than the request's where it started from a picture.
    pub steps: usize,
}

/// Called after every step; `Break` stops the generation.
type Listener<'a> = dyn FnMut(Progress<'_>) -> ControlFlow<()> + 'a;

impl Pipeline {
    /// Generates pictures from the request's seed. Picture `i` has the seed `request.seed + i` and can be reproduced alone.
    ///
    /// `progress` is called after every step; when it returns `Break`, the generation stops.
    ///
    /// # Errors
    /// `Usage` for an invalid request, `Cancelled` where `progress` returned `Break`, `Model` where a network gives an infinity or NaN.
    pub fn generate(&self, request: &GenerateRequest, progress: &mut Listener<'_>) -> Result<Generated> {
        self.generate_from(request, &mut SeededNoise::new(request.seed, request.batch), progress)
    }

    /// Generates pictures from the given noise; the request's seed is not used.
    ///
    /// # Errors
    /// As [`Self::generate`], and errors of `noise`.
    pub fn generate_from(&self, request: &GenerateRequest, noise: &mut dyn Noise, progress: &mut Listener<'_>) -> Result<Generated> {
        self.check(request)?;
        no_grad(|| self.run(request, noise, progress))
    }

    fn run(&self, request: &GenerateRequest, noise: &mut dyn Noise, progress: &mut Listener<'_>) -> Result<Generated> {
        let scheduler = request.scheduler.as_ref().unwrap_or(&self.scheduler).build(request.steps);
        let place = |error: Error| if error.kind() == ErrorKind::Model { error.at(&self.scheduler_place) } else { error };
        let mut scheduler = scheduler.map_err(place)?;
        let first = first_step(scheduler.steps(), request.init.as_ref())?;
        let prompt = self.encode_prompt(&request.prompt)?;
        let negative = if self.uses_negative_prompt(request) { Some(self.encode_negative_prompt(&request.negative_prompt)?) } else { None };
        tell(
            progress,
            Progress::Text { cut: prompt.cut.as_deref(), negative_cut: negative.as_ref().and_then(|text| text.cut.as_deref()) },
        )?;
        let guided = Guided::new(self, request, &prompt, negative.as_ref())?;
        let mut latents = self.start(request, scheduler.as_ref(), first, noise, progress)?;
        let steps = scheduler.steps() - first;
        let mut pace = Pace::start();
        for index in first..scheduler.steps() {
            let output = guided.predict(&scheduler.scale_model_input(&latents, index)?, scheduler.timesteps()[index])?;
            let step = scheduler.step(&output, index, &latents, &mut |shape| noise.draw(shape, &self.device))?;
            latents = step.prev_sample;
            let done = index + 1 - first;
            if !all_finite(&latents)? {
                return Err(not_finite(&format!("the latents of step {done} of {steps}")));
            }
            let seconds_left = pace.seconds_left(done, steps);
            tell(progress, Progress::Step { done, steps, seconds_left, denoised: &step.pred_original_sample })?;
        }
        Ok(Generated { pictures: self.decode(&latents, progress)?, latents, steps })
    }

    /// The latents that step `first` starts from.
    fn start(
        &self,
        request: &GenerateRequest,
        scheduler: &dyn Scheduler,
        first: usize,
        noise: &mut dyn Noise,
        progress: &mut Listener<'_>,
    ) -> Result<Tensor> {
        let factor = self.pixels_per_latent();
        let shape = [request.batch, self.vae.config().latent_channels, request.height / factor, request.width / factor];
        let Some(init) = &request.init else {
            return Ok((noise.draw(&shape, &self.device)? * scheduler.init_noise_sigma())?);
        };
        let mut posterior = self.encode_picture(&((&init.picture * 2.0)? - 1.0)?)?;
        posterior.mean = repeat(&posterior.mean, request.batch)?;
        posterior.std = repeat(&posterior.std, request.batch)?;
        let latents = self.vae.scale_latents(&posterior.sample(&noise.draw(&shape, &self.device)?)?)?;
        tell(progress, Progress::Encoded)?;
        scheduler.add_noise(&latents, &noise.draw(&shape, &self.device)?, first)
    }

    /// Decodes the pictures one by one, so that a batch needs no more memory than one picture.
    fn decode(&self, latents: &Tensor, progress: &mut Listener<'_>) -> Result<Tensor> {
        let count = latents.dim(0)?;
        let mut pictures = Vec::with_capacity(count);
        for i in 0..count {
            let picture = self.decode_latents(&latents.narrow(0, i, 1)?.contiguous()?)?;
            pictures.push(((picture + 1.0)? * 0.5)?.clamp(0.0, 1.0)?);
            tell(progress, Progress::Decoded { done: i + 1, pictures: count })?;
        }
        Ok(Tensor::cat(&pictures, 0)?)
    }
}

fn tell(progress: &mut Listener<'_>, what: Progress<'_>) -> Result<()> {
    if progress(what).is_break() { Err(Error::cancelled()) } else { Ok(()) }
}

/// The first step for a request that starts from a picture.
fn first_step(steps: usize, init: Option<&InitPicture>) -> Result<usize> {
    let Some(init) = init else { return Ok(0) };
    let first = scheduler::first_step(steps, init.strength)?;
    if first == steps {
        let least = 1.0 / steps as f64;
        return Err(Error::usage(format!("a strength of {} leaves none of {steps} steps", init.strength))
            .hint(format!("give at least {least:.3}, or more steps")));
    }
    Ok(first)
}

pub(super) fn not_finite(what: &str) -> Error {
    Error::model(format!("{what} hold values that are not numbers (NaN or infinity)"))
        .hint("the weights are damaged or overflow in half precision; try a float32 checkpoint or another scheduler")
}
