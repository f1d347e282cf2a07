//! Empty tensors whose names say how a U-Net was trained. Trainers write them into single files and U-Nets because safetensors has no settings.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::{Error, Result};

/// What the U-Net predicts is the velocity.
const VELOCITY: &str = "v_pred";
/// The noise schedule ends without signal (zero terminal SNR, arXiv 2305.08891).
const ZERO_SNR: &str = "ztsnr";

/// Whether this name is a marker's and not a weight's.
pub(super) fn is_marker(name: &str) -> bool {
    [VELOCITY, ZERO_SNR].contains(&name)
}

/// The markers of a U-Net.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Markers {
    velocity: bool,
    zero_snr: bool,
}

impl Markers {
    /// The markers among the names of a file's tensors.
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        names.fold(Self::default(), |found, name| Self {
            velocity: found.velocity || name == VELOCITY,
            zero_snr: found.zero_snr || name == ZERO_SNR,
        })
    }

    /// The text of a `scheduler_config.json` with the settings that the markers ask for; without markers unchanged. Errors name `place`.
    pub(super) fn apply(self, scheduler: String, place: &Path) -> Result<String> {
        if self == Self::default() {
            return Ok(scheduler);
        }
        let mut keys: Map<String, Value> = serde_json::from_str(&scheduler)
            .map_err(|error| Error::model(format!("the scheduler configuration is no JSON object ({error})")).at(place))?;
        if self.velocity {
            keys.insert("prediction_type".to_owned(), json!("v_prediction"));
        }
        // At the last timestep there is no signal, from which a predicted noise says nothing: only a velocity does.
        if self.zero_snr && keys.get("prediction_type") == Some(&json!("v_prediction")) {
            keys.insert("rescale_betas_zero_snr".to_owned(), json!(true));
            // "leading" would never begin at the last timestep.
            keys.insert("timestep_spacing".to_owned(), json!("trailing"));
        }
        Ok(Value::Object(keys).to_string())
    }
}
