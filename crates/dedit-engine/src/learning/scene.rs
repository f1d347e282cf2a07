//! The loss of one picture.

use candle_core::{DType, Tensor};
use dedit_diffusion::Result;
use dedit_diffusion::pipeline::{EncodedPrompts, Pipeline};
use dedit_diffusion::scheduler::NoiseSchedule;
use dedit_diffusion::unet::{Context, Inpainting, UnetInput};
use dedit_diffusion::vae::Posterior;
use dedit_edit::{Image, ItemPrompt, Subject};
use dedit_nn::autograd::{Value, no_grad};
use dedit_nn::ops;
use dedit_nn::rng::Generator;

use super::draws::TrainingDraws;
use super::loss::{balance, loss, min_snr_weight};
use super::settings::LearnSettings;
use crate::canvas::Canvas;
use crate::conditioning::{latents, mean, text_time, time_ids};
use crate::preview::LatentColours;
use crate::regional::{Pyramid, item_masks, regions};
use crate::text::{Brackets, Item, ItemTokens, encode};

/// A picture in training.
pub(crate) struct Scene {
    canvas: Canvas,
    posterior: Posterior,
    /// Scaled latents, `[1, channels, height, width]`.
    latents: Tensor,
    masks: Vec<Pyramid<f32>>,
    prompts: Vec<ItemPrompt>,
    brackets: Brackets,
    balance: Option<Tensor>,
    time_ids: [f32; 6],
    colours: LatentColours,
    /// For a denoiser for inpainting: it learns with everything masked, since from what it sees it would copy instead.
    inpainting: Option<Inpainting>,
}

impl Scene {
    pub(crate) fn new(pipeline: &Pipeline, subject: &Subject<'_>, items: &[Item], settings: &LearnSettings) -> Result<Self> {
        let canvas = Canvas::whole(subject.picture.size(), pipeline)?;
        let (latent, downsampling) = (canvas.latent_size()?, settings.downsampling());
        let picture = canvas.tensor(subject.picture)?;
        let posterior = pipeline.encode_picture(&picture)?;
        let latents = latents(pipeline, &posterior, None)?;
        let weights = || balance(subject.items, latent, downsampling, pipeline.device());
        Ok(Self {
            masks: item_masks(pipeline.unet(), subject.items, latent, downsampling)?,
            prompts: items.iter().map(Item::prompt).collect::<Result<_>>()?,
            brackets: settings.brackets,
            // With fewer cells than items some items have no cell; then all cells have the same weight.
            balance: if settings.balanced && latent.pixels() >= items.len() { Some(weights()?) } else { None },
            time_ids: time_ids(canvas.size, settings.fixed_time_ids),
            colours: LatentColours::fit(&latents, &picture)?,
            inpainting: pipeline.inpainting_of_all(canvas.size.height(), canvas.size.width())?,
            posterior,
            latents,
            canvas,
        })
    }

    /// The encoded prompts of its items; differentiable while the tokens are trainable.
    pub(super) fn encode(&self, pipeline: &Pipeline, tokens: &ItemTokens) -> Result<EncodedPrompts> {
        encode(pipeline, tokens, &self.prompts, self.brackets)
    }

    /// Draws the latents of a stage from the autoencoder's posterior, where the settings ask for it.
    pub(super) fn sample_latents(&mut self, pipeline: &Pipeline, draws: &mut dyn TrainingDraws) -> Result<()> {
        let shape = self.canvas.latent_shape(1, self.latents.dim(1)?);
        let noise = draws.noise(&shape, pipeline.device())?;
        self.latents = latents(pipeline, &self.posterior, Some(&noise))?;
        Ok(())
    }

    /// The loss of one pass, a scalar.
    pub(super) fn loss(
        &self,
        pipeline: &Pipeline,
        schedule: &NoiseSchedule,
        text: &EncodedPrompts,
        settings: &LearnSettings,
        draws: &mut dyn TrainingDraws,
    ) -> Result<Value> {
        let (batch, channels) = (settings.batch, self.latents.dim(1)?);
        let latents = self.latents.repeat((batch, 1, 1, 1))?;
        let noise = draws.noise(&self.canvas.latent_shape(batch, channels), pipeline.device())?;
        let timesteps = draws.timesteps(batch, schedule.num_train_timesteps())?;
        let noisy = schedule.add_noise(&latents, &noise, &timesteps)?;
        let predicted = self.predict(pipeline, text, &noisy, &timesteps, settings)?;
        let target = schedule.target(&latents, &noise, &timesteps)?;
        let weigh = |gamma| timesteps.iter().map(|timestep| min_snr_weight(schedule, *timestep, gamma)).collect::<Result<Vec<_>>>();
        let weights = settings.min_snr_gamma.map(weigh).transpose()?;
        loss(&predicted, &target, self.balance.as_ref(), weights.as_deref())
    }

    fn predict(
        &self,
        pipeline: &Pipeline,
        text: &EncodedPrompts,
        noisy: &Tensor,
        timesteps: &[usize],
        settings: &LearnSettings,
    ) -> Result<Value> {
        let samples = timesteps.len();
        let context = Context::PerSample(vec![regions(&text.contexts, &self.masks); samples]);
        let text_time = text_time(&vec![mean(&text.pooled)?; samples], self.time_ids)?;
        pipeline.unet().forward(&UnetInput {
            latents: &Value::constant(noisy.to_dtype(pipeline.unet_dtype())?),
            timesteps: &timesteps.iter().map(|timestep| *timestep as f32).collect::<Vec<_>>(),
            context: &context,
            separation: None,
            text_time: text_time.as_ref(),
            inpainting: self.inpainting.as_ref(),
            guidance: None,
            checkpoint_levels: settings.checkpoint_levels,
        })
    }

    /// The denoiser's estimate of the half-noised picture, always with the same noise, so that previews show the progress.
    pub(super) fn preview(
        &self,
        pipeline: &Pipeline,
        schedule: &NoiseSchedule,
        tokens: &ItemTokens,
        settings: &LearnSettings,
    ) -> Result<Image> {
        no_grad(|| {
            let timestep = schedule.num_train_timesteps() * 3 / 5;
            let noise = Generator::new(0).normal(self.latents.shape(), pipeline.device())?;
            let noisy = schedule.add_noise(&self.latents, &noise, &[timestep])?;
            let text = self.encode(pipeline, tokens)?;
            let predicted = self.predict(pipeline, &text, &noisy, &[timestep], settings)?.into_tensor().to_dtype(DType::F32)?;
            let clean = schedule.prediction_type().original(schedule.level(timestep)?, &predicted, &noisy)?;
            self.colours.picture(&clean)
        })
    }

    /// The encoded prompts without gradients, for all passes of the second stage.
    pub(super) fn fixed_text(&self, pipeline: &Pipeline, tokens: &ItemTokens) -> Result<EncodedPrompts> {
        let fixed = |values: Vec<Value>| values.iter().map(Value::detach).collect();
        let EncodedPrompts { contexts, pooled, cut } = no_grad(|| self.encode(pipeline, tokens))?;
        Ok(EncodedPrompts { contexts: fixed(contexts), pooled: fixed(pooled), cut })
    }
}

/// The value of a scalar loss.
pub(super) fn number(loss: &Value) -> Result<f32> {
    Ok(loss.tensor().to_dtype(DType::F32)?.to_scalar::<f32>()?)
}

/// The loss divided by the number of passes of an update.
pub(super) fn share(loss: &Value, passes: usize) -> Result<Value> {
    Ok(ops::scale(loss, 1.0 / passes as f64)?)
}
