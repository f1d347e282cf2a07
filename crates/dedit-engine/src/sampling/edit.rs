//! Carrying out a plan.

use candle_core::{Device, Tensor};
use dedit_diffusion::pipeline::{EncodedPrompts, Noise, Pipeline, SeededNoise};
use dedit_diffusion::scheduler::{SchedulerConfig, SchedulerKind};
use dedit_diffusion::unet::{Inpainting, Separation};
use dedit_diffusion::vae::Posterior;
use dedit_diffusion::{Error, ErrorKind, Result};
use dedit_edit::{
    ColourMatch, EditPlan, Image, ItemMask, ItemPrompt, ItemRef, Planes, Rect, Segmentation, Size, changed_outside, composite,
};
use dedit_nn::autograd::no_grad;

use super::denoise::Denoising;
use super::freeze::{Ground, Kept, ground_cells, kept_until};
use super::guided::Guided;
use super::invert::invert;
use super::plate::Plate;
use super::settings::{EditSettings, FrozenLevel, Output, PooledItems, Start};
use super::steady::SteadyNoise;
use super::{EditEvent, EditInput, EditListener, continue_or_cancel};
use crate::canvas::Canvas;
use crate::conditioning::{latents, time_ids};
use crate::engine::Engine;
use crate::error::from_edit;
use crate::learned::Learned;
use crate::preview::LatentColours;
use crate::regional::{cells_inside, item_masks};
use crate::text::{ItemTokens, encode};

/// The result of an edit.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The whole picture, with the original's size, channels and depth.
    pub picture: Image,
    /// The bounding box, in image pixels, of all pixels that may have changed; with [`Output::Decoded`] the whole decoded rectangle.
    pub region: Rect,
    /// Number of pixels outside of the plan's region that differ from the original in any bit.
    pub changed_pixels_outside: usize,
    /// Number of denoising steps of the schedule, also where the first ones were left out because everything is kept in them.
    pub steps: usize,
    /// Whether a clean plate was used.
    pub used_plate: bool,
    /// The scaled latents of the edited part, `[1, channels, rows, columns]`.
    pub latents: Tensor,
}

impl Engine {
    /// Carries out a plan on the picture that it was made for.
    ///
    /// # Errors
    /// `Model` where `learned` belongs to another model, or a network gives an infinity or NaN; `Usage` and `Input` for invalid settings and pictures;
    /// `Cancelled` where `listener` returned `Break`; errors of `listener`.
    pub fn edit(
        &mut self,
        learned: &Learned,
        input: &EditInput<'_>,
        settings: &EditSettings,
        listener: &mut EditListener<'_>,
    ) -> Result<Edited> {
        if settings.steady {
            let plate = Plate::of(input, settings)?;
            let plan = plate.as_ref().map_or(input.plan, |plate| &plate.plan);
            let canvas = canvas(plan, settings, self.pipeline())?;
            let mut noise = SteadyNoise::new(settings.seed, &canvas, plan)?;
            return self.edit_with(learned, input, settings, &mut noise, listener);
        }
        self.edit_with(learned, input, settings, &mut SeededNoise::new(settings.seed, 1), listener)
    }

    /// [`edit`](Self::edit) with given noise. Order of the draws: the starting noise; the posterior, if latents are sampled; the noise of the kept part with
    /// [`FrozenLevel::Present`] (otherwise it has the starting noise); the draws of the scheduler.
    pub fn edit_with(
        &mut self,
        learned: &Learned,
        input: &EditInput<'_>,
        settings: &EditSettings,
        noise: &mut dyn Noise,
        listener: &mut EditListener<'_>,
    ) -> Result<Edited> {
        settings.check()?;
        let picture = input.picture;
        input.plan.before().check_picture(picture).map_err(from_edit)?;
        check_visible(picture, input.plan)?;
        let plate = Plate::of(input, settings)?;
        let plan = plate.as_ref().map_or(input.plan, |plate| &plate.plan);
        self.with_learned(learned, |pipeline| {
            let job = Job { pipeline, picture, plan, plate: plate.as_ref(), settings };
            no_grad(|| job.run(&learned.tokens(pipeline)?, noise, listener))
        })
    }
}

/// The inputs of an edit.
struct Job<'a> {
    pipeline: &'a Pipeline,
    picture: &'a Image,
    plan: &'a EditPlan,
    plate: Option<&'a Plate<'a>>,
    settings: &'a EditSettings,
}

impl Job<'_> {
    fn run(&self, tokens: &ItemTokens, noise: &mut dyn Noise, listener: &mut EditListener<'_>) -> Result<Edited> {
        let (pipeline, settings) = (self.pipeline, self.settings);
        let canvas = canvas(self.plan, settings, pipeline)?;
        let picture = canvas.tensor(self.picture)?;
        let inpainting = self.inpainting(canvas, &picture)?;
        let guided = self.guided(canvas, tokens, listener)?.seeing(inpainting.as_ref());
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
            let original_prompts = self.guided_by_original(canvas, tokens)?.seeing(inpainting.as_ref());
            start = invert(&original_prompts, scheduler.as_ref(), prediction, &clean, listener)?;
            let level = scheduler.level(0)?;
            kept_noise = ((&start - (&clean * level.signal)?)? * (1.0 / level.noise))?;
        }
        let kept = self.kept(canvas, original, kept_noise)?;
        let mut first = 0;
        if let (Some(kept), FrozenLevel::Next) = (&kept, settings.frozen) {
            if self.plate.is_some() {
                first = kept.first_step(scheduler.steps());
            }
            start = kept.restore_initial(&start, scheduler.as_ref(), first)?;
        }
        let colours = LatentColours::fit(&clean, &picture)?;
        let denoising = Denoising { pipeline, guided: &guided, kept: kept.as_ref(), settings, colours: &colours };
        let result = denoising.run(scheduler.as_mut(), first, start, noise, listener)?;
        let edited = self.compose(canvas, &result, kept.as_ref().map(|kept| &kept.original))?;
        let change = self.plan.change();
        Ok(Edited {
            changed_pixels_outside: changed_outside(self.picture, &edited, change).map_err(from_edit)?,
            region: match (settings.output, self.plan.region()) {
                (Output::Composited { .. }, Some(region)) => region,
                _ => canvas.rect,
            },
            picture: edited,
            steps: settings.steps,
            used_plate: self.plate.is_some(),
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

    /// Predictions with the prompts of the plan.
    fn guided(&self, canvas: Canvas, tokens: &ItemTokens, listener: &mut EditListener<'_>) -> Result<Guided<'_>> {
        let after = self.plan.after();
        let prompts = prompts_of(after.names(), self.plan.prompts(), after.crop(canvas.rect).map_err(from_edit)?.names());
        let mut prompts_of_all = prompts.clone();
        if self.settings.pooled == PooledItems::All {
            let removed = self.plan.before().names().iter().filter(|name| !after.names().contains(name));
            prompts_of_all.extend(removed.map(|name| ItemPrompt::tokens(ItemRef::target(name))));
        }
        let mut text = encode(self.pipeline, tokens, &prompts_of_all, self.settings.brackets)?;
        text.contexts.truncate(prompts.len());
        for end in &text.cut {
            continue_or_cancel(listener(EditEvent::Cut(end))?)?;
        }
        self.guided_by(canvas, &text, after, self.separation(canvas)?)
    }

    /// Predictions with the prompts of the original items.
    fn guided_by_original(&self, canvas: Canvas, tokens: &ItemTokens) -> Result<Guided<'_>> {
        let before = self.plan.before().crop(canvas.rect).map_err(from_edit)?;
        let prompts: Vec<ItemPrompt> = before.names().iter().map(|name| ItemPrompt::tokens(ItemRef::target(name))).collect();
        let text = encode(self.pipeline, tokens, &prompts, self.settings.brackets)?;
        self.guided_by(canvas, &text, self.plan.before(), None)
    }

    fn guided_by(&self, canvas: Canvas, text: &EncodedPrompts, items: &Segmentation, separation: Option<Separation>) -> Result<Guided<'_>> {
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

    /// What a denoiser for inpainting sees of the picture: whatever stays as it is. `None` for other denoisers. `picture` is the canvas's.
    fn inpainting(&self, canvas: Canvas, picture: &Tensor) -> Result<Option<Inpainting>> {
        if !self.pipeline.is_inpainting() {
            return Ok(None);
        }
        let change = self.plan.change().crop(canvas.rect).map_err(from_edit)?;
        // Whole cells: one of which any pixel is generated is generated as a whole. The soft ring around them is seen, unless there is nothing else.
        let cells = change.largest_on_grid(canvas.latent_size()?);
        let least = if cells.values().iter().any(|value| *value >= 1.0) { 1.0 } else { f32::MIN_POSITIVE };
        let unit = self.pipeline.pixels_per_latent();
        let (width, height) = (canvas.size.width(), canvas.size.height());
        let is_generated = |x: usize, y: usize| f32::from(cells.values()[y / unit * (width / unit) + x / unit] >= least);
        let mask: Vec<f32> = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| is_generated(x, y)).collect();
        self.pipeline.inpainting(picture, &Tensor::from_vec(mask, (1, 1, height, width), &Device::Cpu)?)
    }

    /// The pixels that removed or moved items leave, which must not attend to each other.
    fn separation(&self, canvas: Canvas) -> Result<Option<Separation>> {
        let vacated = self.plan.vacated().crop(canvas.rect).map_err(from_edit)?;
        if !self.settings.separate_vacated || vacated.is_empty() {
            return Ok(None);
        }
        Ok(Some(Separation { pixels: cells_inside(self.pipeline.unet(), &vacated, canvas.latent_size()?)? }))
    }

    /// The latents of the kept part, in which moved items are already at their destination, and the noise that is added to them.
    fn original(
        &self,
        canvas: Canvas,
        posterior: &Posterior,
        unit_noise: &Tensor,
        shape: &[usize],
        noise: &mut dyn Noise,
    ) -> Result<(Option<Tensor>, Tensor)> {
        let is_own = self.is_anchored() || self.plate.is_some();
        if self.everything_changes() && !is_own {
            return Ok((None, unit_noise.clone()));
        }
        let device = self.pipeline.device();
        let drawn = if self.settings.sampled_latents { Some(noise.draw(shape, device)?) } else { None };
        let own_noise = match self.settings.frozen {
            FrozenLevel::Present => noise.draw(shape, device)?,
            FrozenLevel::Next => unit_noise.clone(),
        };
        let own = if is_own {
            let part = canvas.tensor_of(&self.start_part(canvas.rect)?)?;
            Some(self.pipeline.encode_picture(&part)?)
        } else {
            None
        };
        let posterior = own.as_ref().unwrap_or(posterior);
        Ok((Some(latents(self.pipeline, posterior, drawn.as_ref())?), own_noise))
    }

    /// Whether moved items start from their own pixels.
    fn is_anchored(&self) -> bool {
        self.settings.anchor.is_some() && !self.plan.moved().is_empty()
    }

    /// The part of the picture that the kept part and the start come from: of the plate, if there is one, with moved items where they go.
    fn start_part(&self, rect: Rect) -> Result<Planes> {
        let ground = self.plate.map_or(self.picture, |plate| plate.picture);
        let part = if self.is_anchored() {
            let (picture, ground) = (self.picture.planes().map_err(from_edit)?, ground.planes().map_err(from_edit)?);
            self.plan.transported(&picture, &ground).and_then(|whole| whole.crop(rect))
        } else {
            ground.crop(rect).and_then(|part| part.planes())
        };
        part.map_err(from_edit)
    }

    fn everything_changes(&self) -> bool {
        self.plan.change().values().iter().all(|value| *value >= 1.0)
    }

    fn kept(&self, canvas: Canvas, original: Option<Tensor>, noise: Tensor) -> Result<Option<Kept>> {
        let Some(original) = original else { return Ok(None) };
        let until = kept_until(self.plan, canvas.rect, canvas.latent_size()?, self.settings, self.plate.map(|plate| plate.usage.share))?;
        let usage = self.plate.and_then(|plate| plate.usage.ground);
        let ground = match usage {
            Some(usage) => Some(Ground { cells: ground_cells(self.plan, canvas.rect, canvas.latent_size()?)?, usage }),
            None => None,
        };
        Ok(Some(Kept { original, noise, until, level: self.settings.frozen, ground }))
    }

    /// The edited picture from scaled latents; `original` are those of the kept part.
    fn compose(&self, canvas: Canvas, latents: &Tensor, original: Option<&Tensor>) -> Result<Image> {
        let mut generated = canvas.planes(&self.pipeline.decode_latents(latents)?)?;
        if let (Some(plate), Some(original)) = (self.plate.filter(|plate| plate.usage.details.is_some()), original) {
            let decoded = canvas.planes(&self.pipeline.decode_latents(original)?)?;
            let own = self.start_part(canvas.rect)?.with_colours(3);
            plate.restore_details(&mut generated, &decoded, &own, canvas.rect)?;
        }
        let at = (canvas.rect.x, canvas.rect.y);
        let change = match self.settings.output {
            Output::Decoded => &ItemMask::from_fn(self.picture.size(), |x, y| canvas.rect.contains(x, y)),
            Output::Composited { colour_match } => {
                if colour_match {
                    let part = self.picture.crop(canvas.rect).and_then(|part| part.planes());
                    let original = part.and_then(|part| clipped(&part)).map_err(from_edit)?;
                    let ring = ring_weights(&self.plan.soft().crop(canvas.rect).map_err(from_edit)?)?;
                    generated = ColourMatch::measure(&original, &generated, &ring).map_err(from_edit)?.apply(generated);
                }
                self.plan.change()
            }
        };
        let Some(plate) = self.plate else { return composite(self.picture, &generated, at, change).map_err(from_edit) };
        let ground = plate.ground(self.picture)?;
        plate.cut_out(composite(&ground, &generated, at, change).map_err(from_edit)?, &ground)
    }
}

/// The part of the picture to work on.
fn canvas(plan: &EditPlan, settings: &EditSettings, pipeline: &Pipeline) -> Result<Canvas> {
    let picture = plan.before().size();
    match plan.region() {
        Some(region) if settings.context_crop => canvas_around(region, picture, settings, pipeline),
        _ => Canvas::whole(picture, pipeline),
    }
}

/// The part of a picture that an edit of a region works on.
pub(crate) fn canvas_around(region: Rect, picture: Size, settings: &EditSettings, pipeline: &Pipeline) -> Result<Canvas> {
    if settings.steady { Canvas::steady(region, picture, pipeline) } else { Canvas::around(region, picture, pipeline) }
}

/// The colours clipped to `[0, 1]`, as in the input of the model.
fn clipped(part: &Planes) -> dedit_edit::Result<Planes> {
    let cut = |plane: &Vec<f32>| plane.iter().map(|value| value.clamp(0.0, 1.0)).collect();
    Planes::new(part.size(), part.colour().iter().map(cut).collect(), None)
}

/// Weights of the colour match: those of the soft ring, larger outwards, where generated and original picture have the same content.
fn ring_weights(ring: &ItemMask) -> Result<ItemMask> {
    let weights = ring.values().iter().map(|value| if *value > 0.0 { 1.0 - value } else { 0.0 }).collect();
    ItemMask::new(ring.size(), weights).map_err(from_edit)
}

/// The prompts of the items named in `some`.
fn prompts_of(all: &[String], prompts: &[ItemPrompt], some: &[String]) -> Vec<ItemPrompt> {
    all.iter().zip(prompts).filter(|(name, _)| some.contains(name)).map(|(_, prompt)| prompt.clone()).collect()
}

/// Fails where the whole region is fully transparent: the edit would not be visible.
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
