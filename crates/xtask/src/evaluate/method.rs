//! Four ways to carry out an edit, all on the same model.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use dedit_diffusion::scheduler::SchedulerKind;
use dedit_edit::{EditPlan, Fit, Image, ItemMask, ItemPrompt, ItemWords, PlanSettings, Ring, Samples, Segmentation, Subject};
use dedit_engine::learning::LearnSettings;
use dedit_engine::sampling::EditSettings;
use dedit_engine::{Engine, Learned};
use image::RgbImage;
use image::imageops::replace;

use super::case::{Asked, Case, SIDE};

/// A way to edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Method {
    /// The default preset
    Default,
    /// The published algorithm: the preset `reference`
    Reference,
    /// Nothing is learned: the region is made anew from a caption of the whole picture, the rest is kept
    Inpaint,
    /// The whole picture anew from a caption
    Prompt,
}

impl Method {
    pub(super) const ALL: [Self; 4] = [Self::Default, Self::Reference, Self::Inpaint, Self::Prompt];

    /// As the report has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Reference => "reference",
            Self::Inpaint => "inpaint",
            Self::Prompt => "prompt",
        }
    }

    /// Does all edits of a case.
    pub(super) fn edit(self, engine: &mut Engine, case: &Case, accumulation: usize) -> Result<Results> {
        let (picture, items) = (case.drawing.image()?, case.drawing.items(&case.scene)?);
        let learned = self.learn(engine, case, &picture, &items, accumulation)?;
        let mut pictures = Vec::new();
        for asked in Asked::ALL {
            pictures.push(match &learned {
                Some(learned) => self.by_items(engine, learned, case, asked, &picture, &items)?,
                None if self == Self::Inpaint => inpaint(engine, case, asked, &picture, &items)?,
                None => from_caption(engine, case, asked)?,
            });
        }
        let ceiling = through_autoencoder(engine, &picture).context("the picture does not come through the autoencoder")?;
        Ok(Results::new(ceiling, pictures))
    }

    fn learn(
        self,
        engine: &mut Engine,
        case: &Case,
        picture: &Image,
        items: &Segmentation,
        accumulation: usize,
    ) -> Result<Option<Learned>> {
        let settings = match self {
            Self::Default => LearnSettings { save_every: 0, ..LearnSettings::default() },
            Self::Reference => LearnSettings { accumulation, save_every: 0, ..LearnSettings::reference(engine.pipeline().family(), 1) },
            Self::Inpaint | Self::Prompt => return Ok(None),
        };
        let start = |(name, words)| (name, ItemWords { start: Some(words), template: None });
        let words = match self {
            // As published, an item's tokens start from noise.
            Self::Reference => BTreeMap::new(),
            _ => case.scene.item_words().into_iter().map(start).collect(),
        };
        let subject = Subject { picture, items, words };
        Ok(Some(engine.learn(&subject, None, &settings, None, &mut |_| Ok(ControlFlow::Continue(())))?))
    }

    fn by_items(
        self,
        engine: &mut Engine,
        learned: &Learned,
        case: &Case,
        asked: Asked,
        picture: &Image,
        items: &Segmentation,
    ) -> Result<RgbImage> {
        let edits = [case.edit(asked)];
        let fit = if asked == Asked::Replace && self == Self::Default { Fit::Box } else { Fit::Exact };
        let usual = PlanSettings { fit, ..PlanSettings::for_size(items.size()) };
        let (plan, settings) = if self == Self::Reference {
            let ring = Ring::ShiftedCopies(usual.ring.width() as usize);
            (PlanSettings { ring, ..PlanSettings::default() }, EditSettings::reference(engine.pipeline().family(), &edits))
        } else {
            (usual, EditSettings::for_edits(&edits))
        };
        let plan = EditPlan::new(items, None, &edits, &plan)?;
        let settings = EditSettings { seed: case.seed, ..settings };
        let edited = engine.edit(learned, picture, &plan, &settings, &mut |_| Ok(ControlFlow::Continue(())))?;
        rgb(edited.picture)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Latents outside the region are kept at every step; the whole picture has one prompt, and nothing was learned.
fn inpaint(engine: &mut Engine, case: &Case, asked: Asked, picture: &Image, items: &Segmentation) -> Result<RgbImage> {
    let fit = if asked == Asked::Replace { Fit::Box } else { Fit::Exact };
    let settings = PlanSettings { fit, ..PlanSettings::for_size(items.size()) };
    let change = EditPlan::new(items, None, &[case.edit(asked)], &settings)?.change().clone();
    let whole = Segmentation::from_masks(items.size(), &[("picture".to_owned(), ItemMask::full(items.size()))], "background")?;
    let prompts = vec![ItemPrompt::words(&case.wanted(asked).caption())?];
    let plan = EditPlan::from_parts(whole.clone(), whole.clone(), prompts, change)?;
    let subject = Subject { picture, items: &whole, words: BTreeMap::new() };
    let draft = engine.draft(&subject, None, &LearnSettings::default())?;
    // Words lead, so guidance is as strong as for the edits with words.
    let settings =
        EditSettings { seed: case.seed, anchor: None, separate_vacated: false, ..EditSettings::for_edits(&[case.edit(Asked::Replace)]) };
    rgb(engine.edit(&draft, picture, &plan, &settings, &mut |_| Ok(ControlFlow::Continue(())))?.picture)
}

fn from_caption(engine: &Engine, case: &Case, asked: Asked) -> Result<RgbImage> {
    let mut request = engine.pipeline().request(case.wanted(asked).caption());
    let usual = EditSettings::for_edits(&[case.edit(Asked::Replace)]);
    request.scheduler = Some(engine.pipeline().scheduler().with_kind(SchedulerKind::DpmPlusPlus2M));
    (request.steps, request.guidance, request.seed) = (usual.steps, usual.guidance, case.seed);
    let made = engine.pipeline().generate(&request, &mut |_| ControlFlow::Continue(()))?;
    from_tensor(&made.pictures)
}

/// The best that any edit of latents could give back.
fn through_autoencoder(engine: &Engine, picture: &Image) -> Result<RgbImage> {
    let bytes = rgb(picture.clone())?;
    let values: Vec<f32> = bytes.as_raw().iter().map(|byte| f32::from(*byte) / 127.5 - 1.0).collect();
    let side = SIDE as usize;
    let tensor =
        candle_core::Tensor::from_vec(values, (1, side, side, 3), &candle_core::Device::Cpu)?.permute((0, 3, 1, 2))?.contiguous()?;
    let pipeline = engine.pipeline();
    let latents = (&pipeline.encode_picture(&tensor)?.mean * pipeline.vae().config().scaling_factor)?;
    from_tensor(&((pipeline.decode_latents(&latents)? + 1.0)? * 0.5)?)
}

/// `[1, 3, height, width]` in 0..=1.
fn from_tensor(picture: &candle_core::Tensor) -> Result<RgbImage> {
    let (_, _, height, width) = picture.dims4()?;
    let values: Vec<f32> = picture.permute((0, 2, 3, 1))?.flatten_all()?.to_vec1()?;
    let bytes = values.into_iter().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    RgbImage::from_raw(width as u32, height as u32, bytes).context("a picture has another number of pixels than its sides say")
}

fn rgb(picture: Image) -> Result<RgbImage> {
    let size = picture.size();
    let Samples::U8(samples) = picture.into_samples() else { anyhow::bail!("a result has another depth than the picture") };
    RgbImage::from_raw(size.width() as u32, size.height() as u32, samples).context("a result has another size than the picture")
}

/// What came of a case.
pub(super) struct Results {
    /// The picture through the autoencoder alone.
    pub(super) ceiling: RgbImage,
    pictures: Vec<(Asked, RgbImage)>,
}

impl Results {
    /// Pictures in the order of [`Asked::ALL`].
    pub(super) fn new(ceiling: RgbImage, pictures: Vec<RgbImage>) -> Self {
        Self { ceiling, pictures: Asked::ALL.into_iter().zip(pictures).collect() }
    }

    /// What came of an edit; the ceiling where that was not asked for.
    pub(super) fn of(&self, asked: Asked) -> &RgbImage {
        self.pictures.iter().find(|(other, _)| *other == asked).map_or(&self.ceiling, |(_, picture)| picture)
    }

    /// The picture and the results, over the truths.
    pub(super) fn strip(&self, case: &Case) -> RgbImage {
        let mut strip = RgbImage::new(SIDE * (Asked::ALL.len() as u32 + 1), SIDE * 2);
        let mut put =
            |picture: &RgbImage, column: u32, row: u32| replace(&mut strip, picture, i64::from(column * SIDE), i64::from(row * SIDE));
        put(&case.drawing.picture, 0, 0);
        put(&self.ceiling, 0, 1);
        for (column, asked) in (1..).zip(Asked::ALL) {
            put(self.of(asked), column, 0);
            put(&dedit_toys::draw(&case.wanted(asked), SIDE).picture, column, 1);
        }
        strip
    }
}
