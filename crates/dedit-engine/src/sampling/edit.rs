//! A plan carried out on its picture.

use candle_core::Tensor;
use dedit_diffusion::pipeline::{Noise, Pipeline, SeededNoise};
use dedit_diffusion::scheduler::{SchedulerConfig, SchedulerKind};
use dedit_diffusion::unet::Separation;
use dedit_diffusion::vae::Posterior;
use dedit_diffusion::{Error, ErrorKind, Result};
use dedit_edit::{ColourMatch, EditPlan, Image, ItemMask, ItemPrompt, ItemRef, Planes, Rect, Segmentation, changed_outside, composite};
use dedit_nn::autograd::no_grad;

use super::denoise::Denoising;
use super::freeze::{Kept, kept_until};
use super::guided::Guided;
use super::invert::invert;
use super::settings::{EditSettings, FrozenLevel, Output, PooledItems, Start};
use super::steady::SteadyNoise;
use super::{EditEvent, EditListener, go_on};
use crate::canvas::Canvas;
use crate::conditioning::{latents, time_ids};
use crate::engine::Engine;
use crate::error::from_edit;
use crate::learned::Learned;
use crate::preview::LatentColours;
use crate::regional::{cells_inside, item_masks};
use crate::text::{EncodedItems, ItemTokens, encode};

/// An edited picture.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The whole picture, of the original's size, channels and depth.
    pub picture: Image,
    /// The smallest rectangle around every pixel that may have changed; all that was decoded where that comes back whole.
    pub region: Rect,
    /// Pixels outside the plan's region that differ from the original's, in any bit.
    pub changed_pixels_outside: usize,
    /// Denoising steps done.
    pub steps: usize,
    /// The latents of the part that was worked on, `[1, channels, rows, columns]`.
    pub latents: Tensor,
}

impl Engine {
    /// Carries out a plan on the picture it was made for.
    ///
    /// # Errors
    /// `Model` for something learned with another model, or networks that give something that is no number; `Usage` and `Input` for settings and pictures
    /// that make no sense; `Cancelled` where `listener` broke; errors of `listener`.
    pub fn edit(
        &mut self,
        learned: &Learned,
        picture: &Image,
        plan: &EditPlan,
        settings: &EditSettings,
        listener: &mut EditListener<'_>,
    ) -> Result<Edited> {
        if settings.steady {
            let canvas = canvas(plan, settings, self.pipeline())?;
            let mut noise = SteadyNoise::new(settings.seed, &canvas, plan)?;
            return self.edit_with(learned, picture, plan, settings, &mut noise, listener);
        }
        self.edit_with(learned, picture, plan, settings, &mut SeededNoise::new(settings.seed, 1), listener)
    }

    /// [`edit`](Self::edit) with given noise. The draws: where sampling starts; the posterior, where latents are sampled, and the noise of what is kept,
    /// where it is kept one level too high as published (else the first noise is taken); whatever the scheduler draws.
    pub fn edit_with(
        &mut self,
        learned: &Learned,
        picture: &Image,
        plan: &EditPlan,
        settings: &EditSettings,
        noise: &mut dyn Noise,
        listener: &mut EditListener<'_>,
    ) -> Result<Edited> {
        settings.check()?;
        plan.before().check_picture(picture).map_err(from_edit)?;
        check_visible(picture, plan)?;
        self.with_learned(learned, |pipeline| {
            no_grad(|| Job { pipeline, picture, plan, settings }.run(&learned.tokens(pipeline)?, noise, listener))
        })
    }
}

/// One edit.
struct Job<'a> {
    pipeline: &'a Pipeline,
    picture: &'a Image,
    plan: &'a EditPlan,
    settings: &'a EditSettings,
}

impl Job<'_> {
    fn run(&self, tokens: &ItemTokens, noise: &mut dyn Noise, listener: &mut EditListener<'_>) -> Result<Edited> {
        let (pipeline, settings) = (self.pipeline, self.settings);
        let canvas = canvas(self.plan, settings, pipeline)?;
        let guided = self.guided(canvas, tokens, listener)?;
        let picture = canvas.tensor(self.picture)?;
        let mut scheduler = self.scheduler()?.build(settings.steps)?;
        let shape = canvas.latent_shape(1, pipeline.vae().config().latent_channels);
        let unit_noise = noise.draw(&shape, pipeline.device())?;
        let posterior = pipeline.encode_picture(&picture)?;
        let clean = latents(pipeline, &posterior, None)?;
        let (original, frozen_noise) = self.original(canvas, &posterior, &unit_noise, &shape, noise)?;
        let mut start = (&unit_noise * scheduler.init_noise_sigma())?;
        let mut kept_noise = frozen_noise;
        if settings.start == Start::Inverted {
            let prediction = pipeline.scheduler().prediction_type()?;
            let own = self.guided_as_was(canvas, tokens)?;
            start = invert(&own, scheduler.as_ref(), prediction, &clean, listener)?;
            let level = scheduler.level(0)?;
            kept_noise = ((&start - (&clean * level.signal)?)? * (1.0 / level.noise))?;
        }
        let kept = self.kept(canvas, original, kept_noise)?;
        if let (Some(kept), FrozenLevel::Next) = (&kept, settings.frozen) {
            start = kept.put_under(&start, scheduler.as_ref())?;
        }
        let colours = LatentColours::fit(&clean, &picture)?;
        let denoising = Denoising { pipeline, guided: &guided, kept: kept.as_ref(), settings, colours: &colours };
        let result = denoising.run(scheduler.as_mut(), start, noise, listener)?;
        let edited = self.put_back(canvas, &result)?;
        let change = self.plan.change();
        Ok(Edited {
            changed_pixels_outside: changed_outside(self.picture, &edited, change).map_err(from_edit)?,
            region: match (settings.output, self.plan.region()) {
                (Output::Composited { .. }, Some(region)) => region,
                _ => canvas.rect,
            },
            picture: edited,
            steps: settings.steps,
            latents: result,
        })
    }

    fn scheduler(&self) -> Result<SchedulerConfig> {
        let own = self.pipeline.scheduler();
        match &self.settings.scheduler {
            Some(name) => {
                let kind = name.parse::<SchedulerKind>()?;
                Ok(if self.settings.plain_ddim && kind == SchedulerKind::Ddim { own.plain_ddim() } else { own.with_kind(kind) })
            }
            None => Ok(own.clone()),
        }
    }

    /// Predictions under the prompts of the plan.
    fn guided(&self, canvas: Canvas, tokens: &ItemTokens, listener: &mut EditListener<'_>) -> Result<Guided<'_>> {
        let after = self.plan.after();
        let prompts = of_names(after.names(), self.plan.prompts(), after.crop(canvas.rect).map_err(from_edit)?.names());
        let mut prompts_of_all = prompts.clone();
        if self.settings.pooled == PooledItems::All {
            let removed = self.plan.before().names().iter().filter(|name| !after.names().contains(name));
            prompts_of_all.extend(removed.map(|name| ItemPrompt::tokens(ItemRef::target(name))));
        }
        let mut text = encode(self.pipeline, tokens, &prompts_of_all)?;
        text.contexts.truncate(prompts.len());
        for end in &text.cut {
            go_on(listener(EditEvent::Cut(end))?)?;
        }
        self.guided_by(canvas, &text, after, self.separation(canvas)?)
    }

    /// Predictions for the picture as it was.
    fn guided_as_was(&self, canvas: Canvas, tokens: &ItemTokens) -> Result<Guided<'_>> {
        let before = self.plan.before().crop(canvas.rect).map_err(from_edit)?;
        let prompts: Vec<ItemPrompt> = before.names().iter().map(|name| ItemPrompt::tokens(ItemRef::target(name))).collect();
        let text = encode(self.pipeline, tokens, &prompts)?;
        self.guided_by(canvas, &text, self.plan.before(), None)
    }

    fn guided_by(&self, canvas: Canvas, text: &EncodedItems, items: &Segmentation, separation: Option<Separation>) -> Result<Guided<'_>> {
        let items = items.crop(canvas.rect).map_err(from_edit)?;
        let change = self.plan.change().crop(canvas.rect).map_err(from_edit)?;
        let mut generated = vec![false; items.names().len()];
        for (label, change) in items.labels().iter().zip(change.values()) {
            generated[usize::from(*label)] |= *change >= 1.0;
        }
        if !generated.contains(&true) {
            generated.fill(true);
        }
        let masks = item_masks(self.pipeline.unet(), &items, canvas.latent_size()?, self.settings.downsampling())?;
        Guided::new(self.pipeline, text, &masks, &generated, time_ids(canvas.size, self.settings.fixed_time_ids), separation, self.settings)
    }

    /// The vacated pixels, which must not attend to each other.
    fn separation(&self, canvas: Canvas) -> Result<Option<Separation>> {
        let vacated = self.plan.vacated().crop(canvas.rect).map_err(from_edit)?;
        if !self.settings.separate_vacated || vacated.is_empty() {
            return Ok(None);
        }
        Ok(Some(Separation { pixels: cells_inside(self.pipeline.unet(), &vacated, canvas.latent_size()?)? }))
    }

    /// The latents that are kept, with the noise that is put on them. Moved items are where they go.
    fn original(
        &self,
        canvas: Canvas,
        posterior: &Posterior,
        unit_noise: &Tensor,
        shape: &[usize],
        noise: &mut dyn Noise,
    ) -> Result<(Option<Tensor>, Tensor)> {
        let moved = self.settings.anchor.is_some() && !self.plan.moved().is_empty();
        if self.everything_changes() && !moved {
            return Ok((None, unit_noise.clone()));
        }
        let device = self.pipeline.device();
        let drawn = if self.settings.sampled_latents { Some(noise.draw(shape, device)?) } else { None };
        let own_noise = match self.settings.frozen {
            FrozenLevel::Present => noise.draw(shape, device)?,
            FrozenLevel::Next => unit_noise.clone(),
        };
        let transported = if moved {
            let planes = self.picture.planes().and_then(|planes| self.plan.transported(&planes)).map_err(from_edit)?;
            let part = canvas.tensor_of(&planes.crop(canvas.rect).map_err(from_edit)?)?;
            Some(self.pipeline.encode_picture(&part)?)
        } else {
            None
        };
        let posterior = transported.as_ref().unwrap_or(posterior);
        Ok((Some(latents(self.pipeline, posterior, drawn.as_ref())?), own_noise))
    }

    fn everything_changes(&self) -> bool {
        self.plan.change().values().iter().all(|value| *value >= 1.0)
    }

    fn kept(&self, canvas: Canvas, original: Option<Tensor>, noise: Tensor) -> Result<Option<Kept>> {
        let Some(original) = original else { return Ok(None) };
        let until = kept_until(self.plan, canvas.rect, canvas.latent_size()?, self.settings)?;
        Ok(Some(Kept { original, noise, until, level: self.settings.frozen }))
    }

    fn put_back(&self, canvas: Canvas, latents: &Tensor) -> Result<Image> {
        let mut generated = canvas.planes(&self.pipeline.decode_latents(latents)?)?;
        let at = (canvas.rect.x, canvas.rect.y);
        let change = match self.settings.output {
            Output::Decoded => &ItemMask::from_fn(self.picture.size(), |x, y| canvas.rect.contains(x, y)),
            Output::Composited { colour_match } => {
                if colour_match {
                    let part = self.picture.crop(canvas.rect).and_then(|part| part.planes());
                    let original = part.and_then(|part| shown(&part)).map_err(from_edit)?;
                    let ring = outer(&self.plan.soft().crop(canvas.rect).map_err(from_edit)?)?;
                    generated = ColourMatch::measure(&original, &generated, &ring).map_err(from_edit)?.apply(generated);
                }
                self.plan.change()
            }
        };
        composite(self.picture, &generated, at, change).map_err(from_edit)
    }
}

/// The part of the picture that is worked on.
fn canvas(plan: &EditPlan, settings: &EditSettings, pipeline: &Pipeline) -> Result<Canvas> {
    let picture = plan.before().size();
    match plan.region() {
        Some(region) if settings.context_crop && settings.steady => Canvas::steady(region, picture, pipeline),
        Some(region) if settings.context_crop => Canvas::around(region, picture, pipeline),
        _ => Canvas::whole(picture, pipeline),
    }
}

/// The colour as the model sees it: values beyond 0 … 1 are cut off.
fn shown(part: &Planes) -> dedit_edit::Result<Planes> {
    let cut = |plane: &Vec<f32>| plane.iter().map(|value| value.clamp(0.0, 1.0)).collect();
    Planes::new(part.size(), part.colour().iter().map(cut).collect(), None)
}

/// The ring weighted to its outside, which shows what the original shows.
fn outer(ring: &ItemMask) -> Result<ItemMask> {
    let weights = ring.values().iter().map(|value| if *value > 0.0 { 1.0 - value } else { 0.0 }).collect();
    ItemMask::new(ring.size(), weights).map_err(from_edit)
}

/// The prompts of some of the items.
fn of_names(all: &[String], prompts: &[ItemPrompt], some: &[String]) -> Vec<ItemPrompt> {
    all.iter().zip(prompts).filter(|(name, _)| some.contains(name)).map(|(_, prompt)| prompt.clone()).collect()
}

/// An error where everything that is to be generated is fully transparent: nobody would see it.
fn check_visible(picture: &Image, plan: &EditPlan) -> Result<()> {
    let Some(region) = plan.region().filter(|_| picture.channels().has_alpha()) else { return Ok(()) };
    let part = picture.crop(region).and_then(|part| part.planes()).map_err(from_edit)?;
    let change = plan.change().crop(region).map_err(from_edit)?;
    match part.alpha() {
        Some(alpha) if alpha.iter().zip(change.values()).all(|(alpha, change)| *alpha <= 0.0 || *change <= 0.0) => {
            let message = format!("the region to edit, {region}, is fully transparent, and alpha stays as it is");
            Err(Error::new(ErrorKind::Input, message).hint("make it visible first, or edit another region"))
        }
        _ => Ok(()),
    }
}
