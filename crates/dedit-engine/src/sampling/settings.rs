//! How an edit is carried out: every switch between the published implementation and what is better.

use dedit_diffusion::scheduler::SchedulerKind;
use dedit_diffusion::{Error, Family, Result};
use dedit_edit::{Downsampling, Edit};
use dedit_schema::defaults;
use serde::{Deserialize, Serialize};

/// What guidance leads away from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unconditional {
    /// The encoded empty prompt, which the model was trained with.
    EmptyPrompt,
    /// A context of 77 zeros, as published.
    Zeros,
}

/// The noise level of the kept part after step i, which leads from the level of timestep i to that of i + 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrozenLevel {
    /// That of i + 1, as the generated part has it; none at the end.
    Next,
    /// That of i, as published: one level too high, and noisy at the end.
    Present,
}

/// How the soft ring becomes free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RingRelease {
    /// A pixel whose change is v after the share strength + (1 − strength) · (1 − v) of the steps: from the inside out (differential diffusion, arXiv
    /// 2306.00950).
    Gradual,
    /// All at once after the share `strength` of the steps, as published.
    AtOnce,
}

/// What comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// The original's own pixels where the plan changes nothing, bit for bit; generated ones elsewhere, brought to the colours around them and blended
    /// across the ring.
    Composited {
        /// Whether colours are brought to those around.
        colour_match: bool,
    },
    /// The whole decoded picture, as published: every pixel comes through the autoencoder.
    Decoded,
}

/// Where denoising starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// From noise of the seed.
    Noise,
    /// From the noise that leads back to the picture under its items' prompts (DDIM inversion, arXiv 2105.05233): costs as many predictions as steps.
    Inverted,
}

/// Whose text is in SDXL's pooled vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PooledItems {
    /// Of the items that are generated.
    Generated,
    /// Of every item, those that are removed too, as published.
    All,
}

/// Everything that decides how an edit comes out, besides the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other, each with its name")]
pub struct EditSettings {
    /// Denoising steps, from 1.
    pub steps: usize,
    /// The scheduler's [`SchedulerKind::name`]; `None` for the model's own settings.
    pub scheduler: Option<String>,
    /// Whether DDIM goes from timestep 0 on and to a clean end, as published, whatever the model's settings say.
    pub plain_ddim: bool,
    /// Classifier-free guidance: how far predictions go from the unconditional one to the conditional one.
    pub guidance: f64,
    /// Share of the steps, from the start, that guidance is applied in; after it a step costs half. 1 for all.
    pub guidance_share: f64,
    /// Share of the steps in which the ring is kept, 0 … 1.
    pub strength: f64,
    /// Seed of the noise.
    pub seed: u64,
    /// What guidance leads away from.
    pub unconditional: Unconditional,
    /// The noise level of the kept part.
    pub frozen: FrozenLevel,
    /// How the ring becomes free.
    pub ring: RingRelease,
    /// What comes back.
    pub output: Output,
    /// Where denoising starts.
    pub start: Start,
    /// Works on the region with its surroundings at the model's own size, not on the whole picture.
    pub context_crop: bool,
    /// Ties the noise to places of the picture and to what moves, on a canvas of few scales and places: the frames of a film that are edited alike come out
    /// alike. The canvas is up to 1.7 times coarser than the one that fits the region best.
    #[serde(default)]
    pub steady: bool,
    /// Moved items start from their own pixels: the share of the steps in which these are kept. `None` re-imagines them from their tokens.
    pub anchor: Option<f64>,
    /// Keeps pixels that removed or moved items leave from attending to each other, so that nothing grows back.
    pub separate_vacated: bool,
    /// Whose text is in SDXL's pooled vector.
    pub pooled: PooledItems,
    /// SDXL's picture size as published, 1024 × 1024 whatever it is, instead of the true one.
    pub fixed_time_ids: bool,
    /// Small items keep a cell at every resolution of the attention.
    pub small_items_kept: bool,
    /// Latents are drawn from the autoencoder's posterior, as published, or are its mean.
    pub sampled_latents: bool,
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
            separate_vacated: true,
            pooled: PooledItems::Generated,
            fixed_time_ids: false,
            small_items_kept: true,
            sampled_latents: false,
        }
    }
}

impl EditSettings {
    /// What suits the edits: guidance as the paper has it, 7 for words and 3 for tokens. A reconstruction starts from the picture's own noise, which leads
    /// back to it without guidance.
    pub fn for_edits(edits: &[Edit]) -> Self {
        let says = |edit: &Edit| matches!(edit, Edit::Replace { .. } | Edit::Augment { .. } | Edit::Personalize { .. });
        let usual = Self::default();
        let (start, guidance, steps) = match edits {
            // On the way back to noise every step adds its error, the more the fewer there are.
            [Edit::Reconstruct] => (Start::Inverted, defaults::GUIDANCE_RECONSTRUCT, defaults::STEPS_RECONSTRUCT),
            edits if edits.iter().any(says) => (Start::Noise, defaults::GUIDANCE_WORDS, usual.steps),
            _ => (Start::Noise, defaults::GUIDANCE_TOKENS, usual.steps),
        };
        Self { steps, guidance, start, ..usual }
    }

    /// The published implementation's way, with its guidance and steps.
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
            separate_vacated: false,
            pooled: PooledItems::All,
            fixed_time_ids: true,
            small_items_kept: false,
            sampled_latents: true,
            guidance: if let [Edit::Reconstruct] = edits { 3.0 } else { Self::for_edits(edits).guidance },
            ..Self::default()
        }
    }

    pub(crate) fn downsampling(&self) -> Downsampling {
        if self.small_items_kept { Downsampling::AreaMajority } else { Downsampling::Nearest }
    }

    /// Says what makes no sense before any work is done.
    pub(crate) fn check(&self) -> Result<()> {
        if !self.guidance.is_finite() || self.guidance < 0.0 {
            return Err(Error::usage(format!("the guidance {} makes no sense", self.guidance)).hint("give a number from 0, such as 5"));
        }
        let shares = [("strength", Some(self.strength)), ("guidance share", Some(self.guidance_share)), ("anchor", self.anchor)];
        for (what, share) in shares {
            if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
                return Err(Error::usage(format!("the {what} {share} is outside 0 to 1")).hint("give a share of the steps, such as 0.5"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use dedit_schema::{Action, Host, Id, Verb};

    use super::*;

    #[test]
    fn the_table_of_parameters_has_every_scheduler() {
        let rows = Action::Edit(Verb::Replace).parameters(Host::Cli);
        let row = rows.into_iter().find(|row| row.id == Id::Scheduler).unwrap();
        let words: Vec<_> = row.choices(Host::Cli).into_iter().map(|choice| choice.word).collect();
        assert_eq!(words, SchedulerKind::ALL.map(SchedulerKind::name));
    }
}
