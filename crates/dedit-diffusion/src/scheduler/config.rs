//! A checkpoint's `scheduler_config.json`, and what can be built from it.

use serde_json::{Map, Value};

use super::ddim::Ddim;
use super::ddpm::Ddpm;
use super::dpm_solver::DpmSolver;
use super::euler::Euler;
use super::keys::Keys;
use super::lcm::Lcm;
use super::unipc::UniPc;
use super::{NoiseSchedule, PredictionType, Scheduler, SchedulerKind};
use crate::{Error, Result};

/// A scheduler's settings as diffusers writes them. Keys that are absent take the default of the class they are used with, and keys that class does not
/// have are ignored, so that one checkpoint's settings serve any scheduler (diffusers' `from_config`).
#[derive(Debug, Clone)]
pub struct SchedulerConfig {
    class_name: String,
    keys: Keys,
}

impl SchedulerConfig {
    /// Reads the text of a `scheduler_config.json`. Values are checked by [`SchedulerConfig::build`], for the scheduler they are then used with.
    ///
    /// # Errors
    /// `Model` where the text is no JSON object with a `_class_name`.
    pub fn from_json(text: &str) -> Result<Self> {
        let keys = Keys::from_json(text)?;
        let class_name = keys.text("_class_name")?.map(str::to_owned);
        let class_name = class_name.ok_or_else(|| Error::model("the scheduler configuration has no _class_name"))?;
        Ok(Self { class_name, keys })
    }

    /// The settings of a diffusers class, given apart from its name.
    pub fn new(class_name: &str, keys: Map<String, Value>) -> Self {
        Self { class_name: class_name.to_owned(), keys: Keys::new(keys) }
    }

    /// The settings that Stable Diffusion 1, 2 and XL were trained with, for checkpoints that bring none.
    pub fn stable_diffusion(kind: SchedulerKind, prediction: PredictionType) -> Self {
        let mut keys = Keys::new(Map::new());
        keys.set("num_train_timesteps", 1000);
        keys.set("beta_start", 0.00085);
        keys.set("beta_end", 0.012);
        keys.set("beta_schedule", "scaled_linear");
        keys.set("clip_sample", false);
        keys.set("set_alpha_to_one", false);
        keys.set("steps_offset", 1);
        keys.set("timestep_spacing", "leading");
        keys.set("prediction_type", prediction.name());
        Self { class_name: SchedulerKind::Ddim.class_name().to_owned(), keys }.with_kind(kind)
    }

    /// The diffusers class these settings name.
    pub fn class_name(&self) -> &str {
        &self.class_name
    }

    /// The scheduler these settings name; `None` for a diffusers class that is not here: choose another with [`SchedulerConfig::with_kind`].
    pub fn kind(&self) -> Option<SchedulerKind> {
        let kind = SchedulerKind::ALL.into_iter().find(|kind| kind.class_name() == self.class_name)?;
        let karras = kind == SchedulerKind::DpmPlusPlus2M && self.keys.flag("use_karras_sigmas", false).unwrap_or(false);
        Some(if karras { SchedulerKind::DpmPlusPlus2MKarras } else { kind })
    }

    /// The same settings for another scheduler. What the kind's name says wins over the settings: `dpmpp-2m` is DPM-Solver++ of order 2, on Karras'
    /// noise levels only where it is `dpmpp-2m-karras`.
    #[must_use]
    pub fn with_kind(&self, kind: SchedulerKind) -> Self {
        let mut config = self.clone();
        if self.kind() == Some(kind) {
            return config;
        }
        kind.class_name().clone_into(&mut config.class_name);
        match kind {
            SchedulerKind::DpmPlusPlus2M | SchedulerKind::DpmPlusPlus2MKarras => {
                config.keys.set("algorithm_type", "dpmsolver++");
                config.keys.set("solver_order", 2);
                config.keys.set("use_karras_sigmas", kind == SchedulerKind::DpmPlusPlus2MKarras);
            }
            // UniPC's own files without this key mean "sigma_min" (see `UniPc`); settings of other classes mean today's default.
            SchedulerKind::UniPc if !self.keys.has("final_sigmas_type") => config.keys.set("final_sigmas_type", "zero"),
            _ => {}
        }
        config
    }

    /// DDIM on the same noise levels, from timestep 0 on, without clipping and with a clean end (`set_alpha_to_one`), whatever the settings say of these.
    #[must_use]
    pub fn plain_ddim(&self) -> Self {
        let mut config = self.with_kind(SchedulerKind::Ddim);
        config.keys.set("set_alpha_to_one", true);
        config.keys.set("steps_offset", 0);
        config.keys.set("clip_sample", false);
        config.keys.set("timestep_spacing", "leading");
        config
    }

    /// What the model predicts (diffusers' `prediction_type`).
    ///
    /// # Errors
    /// `Model` where it is none of those known.
    pub fn prediction_type(&self) -> Result<PredictionType> {
        PredictionType::read(&self.keys)
    }

    /// The same settings for a model that predicts something else.
    #[must_use]
    pub fn with_prediction_type(&self, prediction: PredictionType) -> Self {
        let mut config = self.clone();
        config.keys.set("prediction_type", prediction.name());
        config
    }

    /// The noise schedule the model was trained with.
    ///
    /// # Errors
    /// `Model` where a setting is not supported.
    pub fn noise_schedule(&self) -> Result<NoiseSchedule> {
        NoiseSchedule::read(&self.keys, self.kind() == Some(SchedulerKind::Lcm))
    }

    /// A scheduler for so many steps, from 1 to the number of timesteps the model was trained with.
    ///
    /// # Errors
    /// `Model` where the class or one of its settings is not supported; `Usage` for an impossible number of steps.
    pub fn build(&self, steps: usize) -> Result<Box<dyn Scheduler>> {
        let Some(kind) = self.kind() else {
            return Err(Error::model(format!(
                "the scheduler configuration has _class_name = \"{}\", which is not supported",
                self.class_name
            ))
            .hint(format!("choose one of {}", SchedulerKind::names())));
        };
        let schedule = self.noise_schedule()?;
        schedule.check_steps(steps)?;
        Ok(match kind {
            SchedulerKind::Ddim => Box::new(Ddim::new(&self.keys, &schedule, steps)?),
            SchedulerKind::Ddpm => Box::new(Ddpm::new(&self.keys, &schedule, steps)?),
            SchedulerKind::Euler => Box::new(Euler::new(&self.keys, &schedule, steps)?),
            SchedulerKind::EulerAncestral => Box::new(Euler::ancestral(&self.keys, &schedule, steps)?),
            SchedulerKind::DpmPlusPlus2M | SchedulerKind::DpmPlusPlus2MKarras => Box::new(DpmSolver::new(&self.keys, &schedule, steps)?),
            SchedulerKind::UniPc => Box::new(UniPc::new(&self.keys, &schedule, steps)?),
            SchedulerKind::Lcm => Box::new(Lcm::new(&self.keys, &schedule, steps)?),
        })
    }
}

#[cfg(test)]
mod tests;
