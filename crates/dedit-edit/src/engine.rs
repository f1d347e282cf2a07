//! The interface of an engine, without networks and tensors: a learned picture and a plan go in, pixels come out.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::edit::Edit;
use crate::error::{Error, Result};
use crate::geometry::{Rect, Size};
use crate::image::Image;
use crate::neighbour::Neighbour;
use crate::plan::EditPlan;
use crate::segmentation::Segmentation;

/// A picture with its items.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The picture.
    pub picture: &'a Image,
    /// Its items.
    pub items: &'a Segmentation,
    /// Words for items, by item name.
    pub words: BTreeMap<String, ItemWords>,
}

/// Words for an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemWords {
    /// Words whose embeddings its tokens are initialized from; without any they start from Gaussian noise.
    pub start: Option<String>,
    /// A training prompt, with `[v]` for the item's tokens: `a photo of a [v] handbag`.
    pub template: Option<String>,
}

impl ItemWords {
    /// The default words of items: names that are words are what their tokens start from.
    pub fn by_name(items: &Segmentation) -> BTreeMap<String, Self> {
        let named = items.names().iter().filter(|name| names_a_thing(name));
        named.map(|name| (name.clone(), Self { start: Some(name.clone()), template: None })).collect()
    }
}

/// Whether a name consists of words that a person chose: letters and spaces, and not a default name of some program.
fn names_a_thing(name: &str) -> bool {
    const OF_PROGRAMS: [&str; 9] = ["background", "layer", "mask", "item", "image", "object", "region", "selection", "label"];
    let first = name.split_whitespace().next().unwrap_or_default().to_lowercase();
    name.chars().all(|letter| letter.is_alphabetic() || letter == ' ') && name.chars().count() > 2 && !OF_PROGRAMS.contains(&first.as_str())
}

/// Which set of defaults is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// Our tuned defaults.
    #[default]
    Default,
    /// The settings of the paper and its code.
    Reference,
}

/// Options of learning; `None` is the preset's value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LearnOptions {
    /// The set of defaults.
    pub preset: Preset,
    /// Tokens of each item, 1 to [`Self::MOST_TOKENS`].
    pub tokens: Option<usize>,
    /// Most updates of the two stages, tokens and attention.
    pub updates: Option<[usize; 2]>,
    /// Learning rates of the two stages, above 0.
    pub rates: Option<[f64; 2]>,
    /// What is trained of the attention.
    pub attention: Option<AttentionTraining>,
    /// Pairs of noise and timestep in one pass, from 1.
    pub batch: Option<usize>,
    /// Passes whose gradients are accumulated for one update, from 1.
    pub accumulation: Option<usize>,
    /// Does all updates, even if the loss has settled.
    pub no_early_stop: bool,
    /// Levels of the U-Net with gradient checkpointing: less memory, more time.
    pub checkpoint_levels: usize,
    /// Updates between previews; 0 for none.
    pub preview_every: usize,
    /// Seed of everything random.
    pub seed: u64,
}

/// What is trained of the attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttentionTraining {
    /// A LoRA of this rank.
    Lora(usize),
    /// The cross-attention weights themselves.
    CrossAttention,
}

/// Options of editing; `None` is the preset's value for that edit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EditOptions {
    /// The set of defaults.
    pub preset: Preset,
    /// Denoising steps, from 1.
    pub steps: Option<usize>,
    /// The scheduler's name, such as `dpmpp-2m`.
    pub scheduler: Option<String>,
    /// Guidance scale, from 0.
    pub guidance: Option<f64>,
    /// Share of the steps in which the soft ring keeps the original's latents, 0 … 1.
    pub strength: Option<f64>,
    /// Share of the steps in which moved items keep their own latents, 0 … 1; 0 generates them anew.
    pub anchor: Option<f64>,
    /// Whether denoising starts from the picture's inverted noise, or from noise of the seed.
    pub inverted: Option<bool>,
    /// Denoises the whole picture at the model's size, not a crop around the region.
    pub whole_picture: bool,
    /// Takes the noise from positions in the picture and moves it with the items, so that frames of a film get consistent results.
    pub steady: bool,
    /// Seed of the noise.
    pub seed: u64,
}

/// A stage of learning or editing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The model is read from disk, before an engine begins.
    LoadingModel,
    /// Learning, first stage: the items' token embeddings.
    LearningTokens,
    /// Learning, second stage: the attention.
    LearningAttention,
    /// Editing: the initial noise is computed from the picture.
    Inverting,
    /// Editing: the region is denoised.
    Denoising,
    /// Editing without weights: holes are filled from the picture itself.
    Filling,
    /// Finding items: the image encoder of a segment-anything model runs.
    Encoding,
    /// Finding all items: the model is asked at one place after the other.
    Searching,
}

impl Stage {
    /// Its name for people, which is also its name on the wire.
    pub const fn label(self) -> &'static str {
        match self {
            Self::LoadingModel => "loading the model",
            Self::LearningTokens => "learning tokens",
            Self::LearningAttention => "learning attention",
            Self::Inverting => "inverting",
            Self::Denoising => "denoising",
            Self::Filling => "filling",
            Self::Encoding => "encoding",
            Self::Searching => "looking for items",
        }
    }
}

/// What an engine reports while it learns or edits.
pub enum EngineEvent<'a> {
    /// A step is done.
    Step {
        /// The stage.
        stage: Stage,
        /// Steps of the stage that are done.
        step: usize,
        /// Steps of the stage in all, or at most.
        of: usize,
        /// The loss of this step, where something is learned.
        loss: Option<f32>,
        /// Estimated seconds until the stage ends.
        seconds_left: Option<f64>,
    },
    /// A preview of the result so far, one pixel per latent.
    Preview(&'a Image),
    /// Something the user should know.
    Note(String),
    /// A state to resume learning from; the caller keeps the last one.
    State(&'a [u8]),
    /// Nothing is new; asks whether to continue.
    Poll,
}

/// Receives every event and decides whether to continue; an error from it ends the work too.
pub type Listener<'a> = dyn FnMut(EngineEvent<'_>) -> Result<ControlFlow<()>> + 'a;

/// The result of learning; only of use with the engine that made or read it.
pub trait Learned: Send + Sync {
    /// The content of a file.
    fn to_bytes(&self) -> Result<Vec<u8>>;
    /// The loss of every update of the two stages; empty where nothing was learned yet.
    fn losses(&self) -> [Vec<f32>; 2];
    /// Names of the items that have tokens: of the picture, then of the reference picture.
    fn items(&self) -> [Vec<String>; 2];
    /// An error unless it was learned from that picture with those items; `of_reference` compares with the reference picture.
    fn check_picture(&self, picture: &Image, items: &Segmentation, of_reference: bool) -> Result<()>;
    /// For the engine, to get its own type back.
    fn as_any(&self) -> &dyn Any;
}

/// An edited picture.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The whole picture, of the original's size, channels and depth.
    pub picture: Image,
    /// The smallest rectangle around every pixel that may have changed.
    pub region: Rect,
    /// Pixels outside the plan's region that differ from the original's, in any bit.
    pub changed_pixels_outside: usize,
    /// Denoising steps of the schedule.
    pub steps: usize,
    /// All settings that determined the result, besides the plan, as JSON.
    pub settings: String,
}

/// An edit that an engine is asked to carry out.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The picture that the plan was made for, of the plan's size.
    pub picture: &'a Image,
    /// What the edits come to.
    pub plan: &'a EditPlan,
    /// The edits.
    pub edits: &'a [Edit],
    /// How they are carried out.
    pub options: &'a EditOptions,
    /// The clean plate: the picture without the [items that the plan places or removes](EditPlan::edited_items), where there is one.
    pub plate: Option<&'a Image>,
    /// Other frames of the film that the picture is a frame of; none where it is none.
    pub neighbours: &'a [Neighbour],
}

/// A loaded model that learns and edits pictures, one job at a time.
pub trait Engine: Send {
    /// A description for people, such as `Stable Diffusion 1`.
    fn description(&self) -> &str;

    /// Identifies the weights: what was learned with others is refused.
    fn fingerprint(&self) -> &str;

    /// Whether it learns pictures. One that does not is never asked to: its [drafts](Self::draft) are as good as it gets, and nothing of them is kept.
    fn learns(&self) -> bool {
        true
    }

    /// The initial tokens of pictures, before anything is learned. Edits made with them are drafts.
    fn draft(&self, pictures: &[Subject<'_>], options: &LearnOptions) -> Result<Arc<dyn Learned>>;

    /// An error unless learning of these pictures can be resumed from a state.
    fn check_state(&self, pictures: &[Subject<'_>], options: &LearnOptions, state: &[u8]) -> Result<()>;

    /// Learns a picture, or a picture and a reference picture. Resuming from `state` gives bit-identical results to an uninterrupted run. `Cancelled` where
    /// the listener broke; the last state reported before is then the one to resume from.
    fn learn(
        &mut self,
        pictures: &[Subject<'_>],
        options: &LearnOptions,
        state: Option<&[u8]>,
        listener: &mut Listener<'_>,
    ) -> Result<Arc<dyn Learned>>;

    /// Reads what [`Learned::to_bytes`] gave.
    fn read_learned(&self, bytes: &[u8]) -> Result<Arc<dyn Learned>>;

    /// Whether two have the same inputs: model, pictures, items and settings.
    fn same_inputs(&self, one: &dyn Learned, other: &dyn Learned) -> bool;

    /// The part of a picture of this size that an edit of a region works on; regions with nothing in common in these parts are edited one by one. The default
    /// is the whole picture: an engine that edits distant regions at once.
    fn canvas(&self, _region: Rect, picture: Size, _edits: &[Edit], _options: &EditOptions) -> Rect {
        picture.rect()
    }

    /// Whether these edits come out better with a [clean plate](Work::plate).
    fn wants_plate(&self, _edits: &[Edit], _options: &EditOptions) -> bool {
        false
    }

    /// Carries out an edit.
    fn edit(&mut self, learned: &dyn Learned, work: &Work<'_>, listener: &mut Listener<'_>) -> Result<Edited>;

    /// The least memory in bytes, beyond what is in use, that an edit of a region of this size takes, or learning a picture of this size.
    fn least_memory(&self, size: Size) -> u64;
}

impl LearnOptions {
    /// The most tokens of an item.
    pub const MOST_TOKENS: usize = 32;

    /// An error where an option is out of range.
    pub fn check(&self) -> Result<()> {
        if let Some(tokens) = self.tokens.filter(|tokens| !(1..=Self::MOST_TOKENS).contains(tokens)) {
            return Err(Error::usage(format!("{tokens} tokens per item")).hint(format!("give 1 to {}; 5 is usual", Self::MOST_TOKENS)));
        }
        for (what, rate) in ["a token", "an attention"].into_iter().zip(self.rates.into_iter().flatten()) {
            if !(rate.is_finite() && rate > 0.0) {
                return Err(Error::usage(format!("{what} learning rate of {rate}")).hint("give a rate above 0, such as 1e-4"));
            }
        }
        Ok(())
    }
}

impl Subject<'_> {
    /// An error where there are words for an unknown item, a template lacks `[v]`, the picture has another size than the items, or a sample is NaN or
    /// infinite.
    pub fn check(&self) -> Result<()> {
        self.items.check_picture(self.picture)?;
        self.picture.check_finite()?;
        for (name, words) in &self.words {
            self.items.item(name)?;
            if let Some(template) = &words.template {
                crate::prompt::ItemPrompt::around(template, &crate::prompt::ItemRef::target(name))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_choose_are_words() {
        for (name, words) in [
            ("bag", true),
            ("red bag", true),
            ("Büste", true),
            ("background", false),
            ("Layer", false),
            ("item 3", false),
            ("mask01", false),
            ("ab", false),
            ("selection mask", false),
        ] {
            assert_eq!(names_a_thing(name), words, "{name}");
        }
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        let options = LearnOptions::default;
        for (options, fragment) in [
            (LearnOptions { tokens: Some(0), ..options() }, "0 tokens per item"),
            (LearnOptions { tokens: Some(33), ..options() }, "33 tokens per item"),
            (LearnOptions { rates: Some([0.0, 1.0]), ..options() }, "a token learning rate of 0"),
            (LearnOptions { rates: Some([1.0, f64::NAN]), ..options() }, "an attention learning rate of NaN"),
        ] {
            assert!(options.check().unwrap_err().message().contains(fragment), "{fragment}");
        }
        options().check().unwrap();
    }
}
