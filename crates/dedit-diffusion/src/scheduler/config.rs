//! A checkpoint's `scheduler_config.json`, and the schedulers built from it.

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

/// A scheduler's settings in diffusers' format. Missing keys take the default of the scheduler's class, and keys that the class does not have are ignored,
/// so that the settings of a checkpoint can be used with any scheduler (diffusers' `from_config`).
#[derive(Debug, Clone)]
pub struct SchedulerConfig {
    class_name: String,
    keys: Keys,
}

impl SchedulerConfig {
    /// Reads the text of a `scheduler_config.json`. Values are checked by [`SchedulerConfig::build`], for the scheduler that they are used with.
    ///
    /// # Errors
    /// `Model` where the text is not a JSON object with a `_class_name`.
    pub fn from_json(text: &str) -> Result<Self> {
        let keys = Keys::from_json(text)?;
        let class_name = keys.text("_class_name")?.map(str::to_owned);
        let class_name = class_name.ok_or_else(|| Error::model("the scheduler configuration has no _class_name"))?;
        Ok(Self { class_name, keys })
    }

    /// Settings from the name of a diffusers class and its keys.
    pub fn new(class_name: &str, keys: Map<String, Value>) -> Self {
        Self { class_name: class_name.to_owned(), keys: Keys::new(keys) }
    }

    /// The settings that Stable Diffusion 1, 2 and XL were trained with, for checkpoints without settings.
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

    /// The diffusers class of these settings.
    pub fn class_name(&self) -> &str {
        &self.class_name
    }

    /// The scheduler of these settings; `None` for a diffusers class that is not supported: choose another one with [`SchedulerConfig::with_kind`].
    pub fn kind(&self) -> Option<SchedulerKind> {
        let kind = SchedulerKind::ALL.into_iter().find(|kind| kind.class_name() == self.class_name)?;
        let karras = kind == SchedulerKind::DpmPlusPlus2M && self.keys.flag("use_karras_sigmas", false).unwrap_or(false);
        Some(if karras { SchedulerKind::DpmPlusPlus2MKarras } else { kind })
    }

    /// The same settings for another scheduler. The kind overrides settings that its name fixes: `dpmpp-2m` is DPM-Solver++ of order 2 without Karras' noise
    /// levels, `dpmpp-2m-karras` the same with them.
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
            // In UniPC's own files a missing key means "sigma_min" (see `UniPc`); in those of other classes it means the present default.
            SchedulerKind::UniPc if !self.keys.has("final_sigmas_type") => config.keys.set("final_sigmas_type", "zero"),
            _ => {}
        }
        config
    }

    /// DDIM on the same noise levels, with timesteps from 0 on, without clipping and with a noise-free end (`set_alpha_to_one`), whatever the settings have.
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
    /// `Model` for an unknown one.
    pub fn prediction_type(&self) -> Result<PredictionType> {
        PredictionType::read(&self.keys)
    }

    /// Whether the noise schedule ends without signal (arXiv 2305.08891).
    pub fn has_zero_terminal_snr(&self) -> bool {
        self.keys.flag("rescale_betas_zero_snr", false).unwrap_or(false)
    }

    /// The same settings for a model with another prediction type.
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

    /// A scheduler with `steps` steps, from 1 to the number of timesteps of the training.
    ///
    /// # Errors
    /// `Model` where the class or one of its settings is not supported; `Usage` where `steps` is out of range.
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
