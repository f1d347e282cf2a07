//! What carries out edits, as those see it who hold pictures and not networks: a learned picture and a plan go in, pixels come out.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::edit::Edit;
use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::image::Image;
use crate::plan::EditPlan;
use crate::segmentation::Segmentation;

/// A picture with its items.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The picture.
    pub picture: &'a Image,
    /// Its items.
    pub items: &'a Segmentation,
    /// What is said of items, by name.
    pub words: BTreeMap<String, ItemWords>,
}

/// What is said of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemWords {
    /// Words its tokens start from; without any they start from Gaussian noise.
    pub start: Option<String>,
    /// Words round its tokens, with `[v]` for them: `a photo of a [v] handbag`.
    pub template: Option<String>,
}

impl ItemWords {
    /// What is known of items about which nothing is said: names that are words.
    pub fn by_name(items: &Segmentation) -> BTreeMap<String, Self> {
        let named = items.names().iter().filter(|name| names_a_thing(name));
        named.map(|name| (name.clone(), Self { start: Some(name.clone()), template: None })).collect()
    }
}

/// Whether a name is words that somebody chose: letters and spaces, and not what programs call things.
fn names_a_thing(name: &str) -> bool {
    const OF_PROGRAMS: [&str; 9] = ["background", "layer", "mask", "item", "image", "object", "region", "selection", "label"];
    let first = name.split_whitespace().next().unwrap_or_default().to_lowercase();
    name.chars().all(|letter| letter.is_alphabetic() || letter == ' ') && name.chars().count() > 2 && !OF_PROGRAMS.contains(&first.as_str())
}

/// The published way of doing something, or a better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// Better.
    #[default]
    Default,
    /// As published.
    Reference,
}

/// How a picture is learned; what is `None` is as the preset has it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LearnOptions {
    /// The published way, or a better one.
    pub preset: Preset,
    /// Tokens of each item, from 1.
    pub tokens: Option<usize>,
    /// Updates of the two stages at most: for the tokens and for the attention.
    pub updates: Option<[usize; 2]>,
    /// Learning rates of the two stages.
    pub rates: Option<[f64; 2]>,
    /// What is trained of the attention.
    pub attention: Option<AttentionTraining>,
    /// Noised copies in one pass.
    pub batch: Option<usize>,
    /// Passes to an update.
    pub accumulation: Option<usize>,
    /// Goes through all updates, also when the loss has settled.
    pub no_early_stop: bool,
    /// Levels of the denoiser that are computed again in the backward pass: less memory for more time.
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

/// How an edit is made; what is `None` is as the preset has it for that edit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EditOptions {
    /// The published way, or a better one.
    pub preset: Preset,
    /// Denoising steps, from 1.
    pub steps: Option<usize>,
    /// The scheduler's name, such as `dpmpp-2m`.
    pub scheduler: Option<String>,
    /// How strongly the prompts lead, from 0.
    pub guidance: Option<f64>,
    /// Share of the steps in which the soft ring stays as it was, 0 … 1.
    pub strength: Option<f64>,
    /// Share of the steps in which moved items keep their own pixels, 0 … 1; 0 re-imagines them.
    pub anchor: Option<f64>,
    /// Whether denoising starts from noise that leads back to the picture, or from noise of the seed.
    pub inverted: Option<bool>,
    /// Works on the whole picture at the model's size, not on the region with its surroundings.
    pub whole_picture: bool,
    /// Ties the noise to places of the picture, and lets it go with what moves: frames of a film that are edited alike come out alike.
    pub steady: bool,
    /// Seed of the noise.
    pub seed: u64,
}

/// What is heard while something is learned or edited.
pub enum EngineEvent<'a> {
    /// Something is under way.
    Step {
        /// What: `learning tokens`, `learning attention`, `inverting`, `denoising`.
        stage: &'static str,
        /// Steps of the stage that are done.
        step: usize,
        /// Steps of the stage in all, or at most.
        of: usize,
        /// The loss of this step, where something is learned.
        loss: Option<f32>,
        /// Seconds that the rest takes at this pace.
        seconds_left: Option<f64>,
    },
    /// How it looks now, a pixel per latent.
    Preview(&'a Image),
    /// Something that was not asked for and should be known.
    Note(String),
    /// A state that learning can go on from; it is worth saving.
    State(&'a [u8]),
}

/// Hears of everything and decides whether to go on; an error of its own ends the work too.
pub type Listener<'a> = dyn FnMut(EngineEvent<'_>) -> Result<ControlFlow<()>> + 'a;

/// What learning a picture came to; of use only with the engine that made or read it.
pub trait Learned: Send + Sync {
    /// As a file.
    fn to_bytes(&self) -> Result<Vec<u8>>;
    /// The losses of every update of the two stages; none where nothing was learned yet.
    fn losses(&self) -> [Vec<f32>; 2];
    /// The names of the items that have tokens: the picture's, then the reference picture's.
    fn items(&self) -> [Vec<String>; 2];
    /// An error unless it was learned of that picture with those items; `of_reference` asks for the reference picture.
    fn check_picture(&self, picture: &Image, items: &Segmentation, of_reference: bool) -> Result<()>;
    /// For the engine, which knows its own.
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
    /// Denoising steps done.
    pub steps: usize,
    /// Everything that decided how it came out, besides the plan, as JSON.
    pub settings: String,
}

/// A loaded model that learns pictures and edits them, one thing at a time.
pub trait Engine: Send {
    /// The model in words, such as `Stable Diffusion 1`.
    fn description(&self) -> &str;

    /// Identifies the model: what was learned with another one is refused.
    fn fingerprint(&self) -> &str;

    /// What pictures are before anything is learned of them. Edits made with it are drafts.
    fn draft(&self, pictures: &[Subject<'_>], options: &LearnOptions) -> Result<Arc<dyn Learned>>;

    /// Says whether learning of these pictures can go on from a state.
    fn check_state(&self, pictures: &[Subject<'_>], options: &LearnOptions, state: &[u8]) -> Result<()>;

    /// Learns a picture, or a picture and a reference picture. From `state` it goes on where that was, to the same numbers as in one go. `Cancelled`
    /// where the listener broke; the last state that it heard of is then that of the break.
    fn learn(
        &mut self,
        pictures: &[Subject<'_>],
        options: &LearnOptions,
        state: Option<&[u8]>,
        listener: &mut Listener<'_>,
    ) -> Result<Arc<dyn Learned>>;

    /// Reads what [`Learned::to_bytes`] gave.
    fn read_learned(&self, bytes: &[u8]) -> Result<Arc<dyn Learned>>;

    /// Whether two come to the same: the same model, pictures, items and settings.
    fn same_inputs(&self, one: &dyn Learned, other: &dyn Learned) -> bool;

    /// Carries out a plan of these edits on the picture it was made for.
    fn edit(
        &mut self,
        learned: &dyn Learned,
        picture: &Image,
        plan: &EditPlan,
        edits: &[Edit],
        options: &EditOptions,
        listener: &mut Listener<'_>,
    ) -> Result<Edited>;

    /// The least memory that an edit of a region takes, in bytes, beyond what is in use; for learning, of the whole picture.
    fn least_memory(&self, size: crate::geometry::Size) -> u64;
}

impl LearnOptions {
    /// The most tokens of an item.
    pub const MOST_TOKENS: usize = 32;

    /// Says what makes no sense before any work is done.
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
    /// An error where something is said of an item that is not there, words round tokens lack these, or the picture is not the items' own or has a
    /// value that cannot be computed with.
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
