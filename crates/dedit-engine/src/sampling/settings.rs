//! The settings of an edit, with a switch for each deviation from the published implementation.

use dedit_diffusion::scheduler::SchedulerKind;
use dedit_diffusion::{Error, Family, Result};
use dedit_edit::{Downsampling, Edit};
use dedit_schema::defaults;
use serde::{Deserialize, Serialize};

use crate::text::Brackets;

/// The unconditional context of guidance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unconditional {
    /// The encoded empty prompt, as in the model's training.
    EmptyPrompt,
    /// 77 all-zero tokens, as published.
    Zeros,
}

/// The noise level of the kept part after step i, a step from level i to level i + 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrozenLevel {
    /// Level i + 1, that of the generated part; without noise at the end.
    Next,
    /// Level i, as published: one level too high, with noise left at the end.
    Present,
}

/// When the pixels of the soft ring are no longer kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RingRelease {
    /// A pixel with change v after the share strength + (1 − strength) · (1 − v) of the steps, from the inside outwards (differential diffusion, arXiv
    /// 2306.00950).
    Gradual,
    /// All pixels after the share `strength` of the steps, as published.
    AtOnce,
}

/// How the result is composed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// Bitwise the original's pixels where the plan changes nothing; generated ones elsewhere, blended across the soft ring.
    Composited {
        /// Whether the generated colours are matched to the original's in the ring.
        colour_match: bool,
    },
    /// The whole decoded picture, as published: all pixels are changed by the autoencoder.
    Decoded,
}

/// The initial latents of denoising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Noise of the seed.
    Noise,
    /// The DDIM inversion of the picture with its items' prompts (arXiv 2105.05233). Takes one more prediction per step.
    Inverted,
}

/// The items whose text is in SDXL's pooled vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PooledItems {
    /// Those that are generated.
    Generated,
    /// All items, including removed ones, as published.
    All,
}

/// How a clean plate is used: the picture without the items that leave their pixels or are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PlateUse {
    /// Share of the steps, from the first one, in which pixels that show what is behind the items keep the plate's latents, in `[0, 1]`: 1 − share is the
    /// strength of image-to-image (`SDEdit`, arXiv 2108.01073) there. Steps before any pixel is generated are left out.
    pub share: f64,
    /// Whether only pixels are active in which the plate differs from the picture, an item is drawn, or one left, instead of all within the plan's margin.
    pub narrow: bool,
    /// The colour distance, of colours in `[0, 1]`, at which details that the autoencoder loses are restored by 1 / e: fully where a pixel was not changed by
    /// the denoising, less the more it was. `None` restores none.
    pub details: Option<f32>,
    /// In the room of an item that is replaced, from when on cells that are like the plate become the plate's.
    pub ground: Option<GroundUse>,
    /// Whether pixels around a new thing, in the room that it was given, become the plate's after decoding.
    pub cut_out: bool,
}

impl Default for PlateUse {
    /// What was best on drawn scenes (`cargo xtask evaluate`).
    fn default() -> Self {
        let ground = Some(GroundUse { from: 0.4, distance: 0.6 });
        Self { share: defaults::PLATE, narrow: true, details: Some(0.2), ground, cut_out: true }
    }
}

/// Cells in the room of an item that is replaced which are like the plate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GroundUse {
    /// Share of the steps, from the first one, before which all of these cells are generated freely, in `[0, 1]`.
    pub from: f64,
    /// The largest difference of the predicted clean latents from the plate's, root mean square over the channels, at which a cell is like the plate; above 0.
    pub distance: f32,
}

/// All settings of an edit besides the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other, each with its name")]
pub struct EditSettings {
    /// Denoising steps, from 1.
    pub steps: usize,
    /// The [`SchedulerKind::name`] of the scheduler; `None` for the model's own.
    pub scheduler: Option<String>,
    /// Whether DDIM uses timesteps from 0 on and ends without noise, as published, whatever the model's settings are.
    pub plain_ddim: bool,
    /// Scale of classifier-free guidance (arXiv 2207.12598); 1 for the conditional prediction alone.
    pub guidance: f64,
    /// Share of the steps, from the first one, with guidance, in `[0, 1]`; the others take half the time.
    pub guidance_share: f64,
    /// Share of the steps, from the first one, in which the ring is kept, in `[0, 1]`.
    pub strength: f64,
    /// Seed of the noise.
    pub seed: u64,
    /// The unconditional context of guidance.
    pub unconditional: Unconditional,
    /// The noise level of the kept part.
    pub frozen: FrozenLevel,
    /// When the ring is no longer kept.
    pub ring: RingRelease,
    /// How the result is composed.
    pub output: Output,
    /// The initial latents of denoising.
    pub start: Start,
    /// Whether to work on the region with a margin, at the model's own size, instead of the whole picture.
    pub context_crop: bool,
    /// For films: noise that is attached to positions of the picture and moves with moved items, on a canvas with few scales and positions, so that consecutive
    /// frames look alike. The canvas is up to 1.7 times coarser than the one that fits the region best.
    #[serde(default)]
    pub steady: bool,
    /// The share of the steps, from the first one, in which moved items keep their own pixels; `None` generates them from their tokens only.
    pub anchor: Option<f64>,
    /// How a clean plate is used where there is one; `None` uses none, as published.
    #[serde(default)]
    pub plate: Option<PlateUse>,
    /// Whether the pixels that removed or moved items leave do not attend to each other, so that the item does not reappear there.
    pub separate_vacated: bool,
    /// The items whose text is in SDXL's pooled vector.
    pub pooled: PooledItems,
    /// Whether SDXL's size conditioning is always 1024 × 1024, as published, instead of the actual size.
    pub fixed_time_ids: bool,
    /// Whether each item keeps a cell at every resolution of the attention; otherwise masks are resized by nearest neighbour, as published.
    pub small_items_kept: bool,
    /// Whether latents are sampled from the autoencoder's posterior, as published, instead of its mean.
    pub sampled_latents: bool,
    /// How brackets in prompts are read.
    #[serde(default)]
    pub brackets: Brackets,
}

impl Default for EditSettings {
    fn default() -> Self {
        Self {
            steps: defaults::STEPS,
            scheduler: Some(SchedulerKind::DpmPlusPlus2M.name().to_owned()),
            plain_ddim: false,
            guidance: 5.0,
            guidance_share: 1.0,
            strength: defaults::STRENGTH,
            seed: 0,
            unconditional: Unconditional::EmptyPrompt,
            frozen: FrozenLevel::Next,
            ring: RingRelease::Gradual,
            output: Output::Composited { colour_match: true },
            start: Start::Noise,
            context_crop: true,
            steady: false,
            anchor: Some(defaults::ANCHOR),
            plate: Some(PlateUse::default()),
            separate_vacated: true,
            pooled: PooledItems::Generated,
            fixed_time_ids: false,
            small_items_kept: true,
            sampled_latents: false,
            brackets: Brackets::Weights,
        }
    }
}

impl EditSettings {
    /// Our tuned defaults for these edits, with the paper's guidance of 7 for words and 3 for tokens. A reconstruction starts from the inverted picture and has
    /// no guidance.
    pub fn for_edits(edits: &[Edit]) -> Self {
        let says = |edit: &Edit| matches!(edit, Edit::Replace { .. } | Edit::Augment { .. } | Edit::Personalize { .. });
        let usual = Self::default();
        let (start, guidance, steps) = match edits {
            // The error of the inversion is larger with fewer steps.
            [Edit::Reconstruct] => (Start::Inverted, defaults::GUIDANCE_RECONSTRUCT, defaults::STEPS_RECONSTRUCT),
            edits if edits.iter().any(says) => (Start::Noise, defaults::GUIDANCE_WORDS, usual.steps),
            _ => (Start::Noise, defaults::GUIDANCE_TOKENS, usual.steps),
        };
        Self { steps, guidance, start, ..usual }
    }

    /// The settings of the published implementation.
    pub fn reference(family: Family, edits: &[Edit]) -> Self {
        let scheduler = match family {
            Family::Sd1 | Family::Sd2 => Some(SchedulerKind::Ddim.name().to_owned()),
            Family::Sdxl => Some(SchedulerKind::Ddpm.name().to_owned()),
        };
        Self {
            steps: defaults::STEPS_RECONSTRUCT,
            scheduler,
            plain_ddim: true,
            strength: 0.6,
            unconditional: Unconditional::Zeros,
            frozen: FrozenLevel::Present,
            ring: RingRelease::AtOnce,
            output: Output::Decoded,
            start: Start::Noise,
            context_crop: false,
            anchor: None,
            plate: None,
            separate_vacated: false,
            pooled: PooledItems::All,
            fixed_time_ids: true,
            small_items_kept: false,
            sampled_latents: true,
            brackets: Brackets::Characters,
            guidance: if let [Edit::Reconstruct] = edits { 3.0 } else { Self::for_edits(edits).guidance },
            ..Self::default()
        }
    }

    pub(crate) fn downsampling(&self) -> Downsampling {
        if self.small_items_kept { Downsampling::AreaMajority } else { Downsampling::Nearest }
    }

    /// Validates the settings before any work is done.
    pub(crate) fn check(&self) -> Result<()> {
        if !self.guidance.is_finite() || self.guidance < 0.0 {
            return Err(Error::usage(format!("the guidance {} makes no sense", self.guidance)).hint("give a number from 0, such as 5"));
        }
        let shares = [
            ("strength", Some(self.strength)),
            ("guidance share", Some(self.guidance_share)),
            ("anchor", self.anchor),
            ("share of the plate", self.plate.map(|plate| plate.share)),
            ("share before the ground", self.plate.and_then(|plate| plate.ground).map(|ground| ground.from)),
        ];
        for (what, share) in shares {
            if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
                return Err(Error::usage(format!("the {what} {share} is outside 0 to 1")).hint("give a share of the steps, such as 0.5"));
            }
        }
        let distances = self.plate.map(|plate| [plate.details, plate.ground.map(|ground| ground.distance)]);
        if let Some(distance) = distances.into_iter().flatten().flatten().find(|distance| !(distance.is_finite() && *distance > 0.0)) {
            return Err(Error::usage(format!("a distance of {distance} from the plate makes no sense")).hint("give a number above 0"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use dedit_schema::{Action, Host, Id, Verb};

    use super::*;

    #[test]
    fn settings_that_were_saved_before_there_were_plates_use_none() {
        let mut saved = serde_json::to_value(EditSettings::default()).unwrap();
        assert!(saved.as_object_mut().unwrap().remove("plate").is_some_and(|plate| plate.is_object()));
        let read: EditSettings = serde_json::from_value(saved).unwrap();
        assert_eq!(read, EditSettings { plate: None, ..EditSettings::default() });
    }

    #[test]
    fn the_table_of_parameters_has_every_scheduler() {
        let rows = Action::Edit(Verb::Replace).parameters(Host::Cli);
        let row = rows.into_iter().find(|row| row.id == Id::Scheduler).unwrap();
        let words: Vec<_> = row.choices(Host::Cli).into_iter().map(|choice| choice.word).collect();
        assert_eq!(words, SchedulerKind::ALL.map(SchedulerKind::name));
    }
}
