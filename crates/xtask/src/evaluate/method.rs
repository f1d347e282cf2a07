//! The ways to carry out an edit: all but one on the same model.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use dedit_diffusion::scheduler::SchedulerKind;
use dedit_edit::{EditPlan, Fit, Image, ItemMask, ItemPrompt, ItemWords, PlanSettings, Ring, Samples, Segmentation, Subject};
use dedit_engine::learning::LearnSettings;
use dedit_engine::sampling::{EditInput, EditSettings};
use dedit_engine::{Engine, Learned};
use image::RgbImage;
use image::imageops::replace;

use super::case::{Asked, Case, SIDE};
use super::clock::Clock;
use super::plate;

/// A way to edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Method {
    /// The default preset
    Default,
    /// The default preset without learning: every item starts from its words
    Draft,
    /// Without weights, by what the picture itself shows: no edits with words
    Patches,
    /// The published algorithm: the preset `reference`
    Reference,
    /// Nothing is learned: the region is made anew from a caption of the whole picture, the rest is kept
    Inpaint,
    /// The whole picture anew from a caption
    Prompt,
}

/// What holds for all edits of an evaluation.
pub(super) struct Setup<'a> {
    /// The edits that are measured.
    pub(super) asked: &'a [Asked],
    /// Passes to an update of the published learning.
    pub(super) accumulation: usize,
    /// Values in place of the usual settings of edits by items.
    pub(super) settings: Option<&'a serde_json::Map<String, serde_json::Value>>,
    /// A folder in which what was learned is kept.
    pub(super) learned: Option<&'a Path>,
}

/// A case with what the engine gets to see.
struct Inputs<'a> {
    case: &'a Case,
    picture: Image,
    items: Segmentation,
    setup: &'a Setup<'a>,
}

impl Method {
    pub(super) const ALL: [Self; 6] = [Self::Default, Self::Draft, Self::Patches, Self::Reference, Self::Inpaint, Self::Prompt];

    /// As the report has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Draft => "draft",
            Self::Patches => "patches",
            Self::Reference => "reference",
            Self::Inpaint => "inpaint",
            Self::Prompt => "prompt",
        }
    }

    /// Does all edits of a case.
    pub(super) fn edit(self, engine: &mut Engine, case: &Case, setup: &Setup<'_>) -> Result<Results> {
        let inputs = Inputs { case, picture: case.drawing.image()?, items: case.drawing.items(&case.scene)?, setup };
        let learned = self.learned(engine, &inputs)?;
        let ceiling = through_autoencoder(engine, &inputs.picture).context("the picture does not come through the autoencoder")?;
        let begun = Clock::start();
        let mut pictures = Vec::new();
        for asked in setup.asked.iter().copied().filter(|asked| self.does(*asked)) {
            let picture = match (self, &learned) {
                (Self::Patches, _) => plate::by_patches(&inputs.picture, &inputs.items, &case.edit(asked), case.seed).and_then(rgb)?,
                (_, Some(learned)) => self.by_items(engine, learned, &inputs, asked)?,
                (Self::Inpaint, None) => inpaint(engine, &inputs, asked)?,
                (_, None) => from_caption(engine, case, asked)?,
            };
            pictures.push((asked, picture));
        }
        Ok(Results { ceiling, pictures, seconds: begun.seconds() })
    }

    /// Whether it can do an edit.
    fn does(self, asked: Asked) -> bool {
        self != Self::Patches || !matches!(asked, Asked::Reconstruct | Asked::Replace | Asked::Augment)
    }

    /// What it learns of a case, or has learned of it before.
    fn learned(self, engine: &mut Engine, inputs: &Inputs<'_>) -> Result<Option<Learned>> {
        let file = inputs.setup.learned.map(|folder| folder.join(format!("{}-{self}.safetensors", inputs.case.seed)));
        let kept = file.as_deref().filter(|_| matches!(self, Self::Default | Self::Reference));
        if let Some(file) = kept.filter(|file| file.exists()) {
            let learned = Learned::from_bytes(&std::fs::read(file)?).with_context(|| format!("{} cannot be used", file.display()))?;
            learned.check_picture(&inputs.picture, &inputs.items, false)?;
            return Ok(Some(learned));
        }
        let learned = self.learn(engine, inputs)?;
        if let (Some(learned), Some(file)) = (&learned, kept) {
            std::fs::write(file, learned.to_bytes()?).with_context(|| format!("{} cannot be written", file.display()))?;
        }
        Ok(learned)
    }

    fn learn(self, engine: &mut Engine, inputs: &Inputs<'_>) -> Result<Option<Learned>> {
        let settings = match self {
            Self::Default | Self::Draft => LearnSettings { save_every: 0, ..LearnSettings::default() },
            Self::Reference => {
                let usual = LearnSettings::reference(engine.pipeline().family(), 1);
                LearnSettings { accumulation: inputs.setup.accumulation, save_every: 0, ..usual }
            }
            Self::Patches | Self::Inpaint | Self::Prompt => return Ok(None),
        };
        let start = |(name, words)| (name, ItemWords { start: Some(words), template: None });
        let words = match self {
            // As published, an item's tokens start from noise.
            Self::Reference => BTreeMap::new(),
            _ => inputs.case.scene.item_words().into_iter().map(start).collect(),
        };
        let subject = Subject { picture: &inputs.picture, items: &inputs.items, words };
        if self == Self::Draft {
            return Ok(Some(engine.draft(&subject, None, &settings)?));
        }
        Ok(Some(engine.learn(&subject, None, &settings, None, &mut |_| Ok(ControlFlow::Continue(())))?))
    }

    fn by_items(self, engine: &mut Engine, learned: &Learned, inputs: &Inputs<'_>, asked: Asked) -> Result<RgbImage> {
        let Inputs { case, picture, items, setup } = inputs;
        let edits = [case.edit(asked)];
        let fit = if asked == Asked::Replace && self != Self::Reference { Fit::Box } else { Fit::Exact };
        let usual = PlanSettings { fit, ..PlanSettings::for_size(items.size()) };
        let (plan, settings) = if self == Self::Reference {
            let ring = Ring::ShiftedCopies(usual.ring.width() as usize);
            (PlanSettings { ring, ..PlanSettings::default() }, EditSettings::reference(engine.pipeline().family(), &edits))
        } else {
            (usual, EditSettings::for_edits(&edits))
        };
        let plan = EditPlan::new(items, None, &edits, &plan)?;
        let settings = changed(EditSettings { seed: case.seed, ..settings }, setup.settings)?;
        let plate = match case.leaving(asked) {
            leaving if settings.plate.is_some() && !leaving.is_empty() => Some(plate::plate(picture, items, leaving, case.seed)?),
            _ => None,
        };
        let input = EditInput { picture, plan: &plan, plate: plate.as_ref() };
        rgb(engine.edit(learned, &input, &settings, &mut |_| Ok(ControlFlow::Continue(())))?.picture)
    }
}

/// Settings with some values in place of their own.
fn changed(settings: EditSettings, values: Option<&serde_json::Map<String, serde_json::Value>>) -> Result<EditSettings> {
    let Some(values) = values else { return Ok(settings) };
    let mut all = serde_json::to_value(settings)?;
    for (name, value) in values {
        let known = all.get_mut(name).with_context(|| format!("edits have no setting {name:?}"))?;
        *known = value.clone();
    }
    serde_json::from_value(all).context("the settings of edits cannot have these values")
}

impl fmt::Display for Method {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Latents outside the region are kept at every step; the whole picture has one prompt, and nothing was learned.
fn inpaint(engine: &mut Engine, inputs: &Inputs<'_>, asked: Asked) -> Result<RgbImage> {
    let Inputs { case, picture, items, .. } = inputs;
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
    let input = EditInput::new(picture, &plan);
    rgb(engine.edit(&draft, &input, &settings, &mut |_| Ok(ControlFlow::Continue(())))?.picture)
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
    pub(super) pictures: Vec<(Asked, RgbImage)>,
    /// Seconds that this thread computed for the edits.
    pub(super) seconds: f64,
}

impl Results {
    /// What came of an edit, if it was done.
    pub(super) fn of(&self, asked: Asked) -> Option<&RgbImage> {
        self.pictures.iter().find(|(other, _)| *other == asked).map(|(_, picture)| picture)
    }

    /// The picture and the results, over the truths.
    pub(super) fn strip(&self, case: &Case) -> RgbImage {
        let mut strip = RgbImage::new(SIDE * (self.pictures.len() as u32 + 1), SIDE * 2);
        let mut put =
            |picture: &RgbImage, column: u32, row: u32| replace(&mut strip, picture, i64::from(column * SIDE), i64::from(row * SIDE));
        put(&case.drawing.picture, 0, 0);
        put(&self.ceiling, 0, 1);
        for (column, (asked, picture)) in (1..).zip(&self.pictures) {
            put(picture, column, 0);
            put(&dedit_toys::draw(&case.wanted(*asked), SIDE).picture, column, 1);
        }
        strip
    }
}
