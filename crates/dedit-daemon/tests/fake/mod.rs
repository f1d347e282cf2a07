//! Models and an engine that compute next to nothing and always the same, so that what is round them can be looked at: daemons in tests, and the one of
//! `examples/stand_in.rs`.

#![allow(dead_code, reason = "not everybody who includes this needs all of it")]

mod engine;
mod learned;
mod segmenter;

use std::time::Duration;

use dedit_edit::{Engine, Error, ErrorKind, Result};
use dedit_segment::Segmenter;
use dedit_session::{Found, ModelChoice, Models};

use self::engine::FakeEngine;
use self::segmenter::FakeSegmenter;

/// How the engine behaves.
#[derive(Debug, Clone)]
pub(crate) struct Knobs {
    /// How long a step of learning or editing takes.
    pub(crate) step: Duration,
    /// How long a model takes to load.
    pub(crate) load: Duration,
    /// Updates of learning, where a request does not say.
    pub(crate) updates: usize,
    /// Updates between two states that are kept.
    pub(crate) save_every: usize,
    /// Steps of an edit, where a request does not say.
    pub(crate) steps: usize,
    /// A job with this seed panics at its second step.
    pub(crate) panic_seed: Option<u64>,
    /// Bytes of a model.
    pub(crate) model_bytes: u64,
    /// Tells in an edit's settings how long the engine took.
    pub(crate) timed: bool,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            step: Duration::from_millis(1),
            load: Duration::ZERO,
            updates: 20,
            save_every: 4,
            steps: 3,
            panic_seed: Some(666),
            model_bytes: 1000,
            timed: false,
        }
    }
}

/// The name of the engine that makes plates.
const PLATES: &str = "plates";

/// Models by name: `first` (where none is named), `second`, `large`, which has a thousand times the bytes, and `patches`, which is not listed.
/// Segment-anything models: `eyes`, `glasses`, and `large`.
pub(crate) struct FakeModels(pub(crate) Knobs);

impl FakeModels {
    fn found(&self, name: &str, choice: &ModelChoice) -> Found {
        let times = if name == "large" { 1000 } else { 1 };
        let device = Some(choice.device.clone().unwrap_or_else(|| "cpu".to_owned()));
        let choice = ModelChoice { model: Some(name.to_owned()), device, ..choice.clone() };
        Found { choice, name: name.to_owned(), bytes: self.0.model_bytes * times }
    }
}

impl Models for FakeModels {
    fn known(&self) -> Vec<Found> {
        ["first", "second", "large"].iter().map(|name| self.found(name, &ModelChoice::default())).collect()
    }

    fn find(&self, choice: &ModelChoice) -> Result<Found> {
        let name = choice.model.as_deref().unwrap_or("first");
        if ["first", "second", "large", "patches"].contains(&name) {
            return Ok(self.found(name, choice));
        }
        Err(Error::new(ErrorKind::Model, "there is no such model").at(name))
    }

    fn load(&self, found: &Found, _: &mut dyn FnMut(String)) -> Result<Box<dyn Engine>> {
        std::thread::sleep(self.0.load);
        Ok(Box::new(FakeEngine::new(&found.name, self.0.clone())))
    }

    fn plate_engine(&self) -> Box<dyn Engine> {
        Box::new(FakeEngine::new(PLATES, self.0.clone()))
    }

    fn find_segmenter(&self, name: Option<&str>) -> Result<Option<Found>> {
        match name {
            None | Some("patches") => Ok(None),
            Some(name @ ("eyes" | "glasses" | "large")) => Ok(Some(self.found(name, &ModelChoice::default()))),
            Some(name) => Err(Error::new(ErrorKind::Model, "there is no such model").at(name)),
        }
    }

    fn load_segmenter(&self, _: &Found) -> Result<Box<dyn Segmenter>> {
        Ok(Box::new(FakeSegmenter(self.0.step)))
    }

    fn remark(&self, _: &Found, prompt: &str) -> Option<String> {
        prompt.contains("unheard").then(|| "the model was never shown this".to_owned())
    }
}

/// A number that depends on every bit of what it is fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mix(pub(crate) u64);

impl Mix {
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    #[must_use]
    pub(crate) fn number(self, number: u64) -> Self {
        let mixed = (self.0 ^ number).wrapping_mul(0xff51_afd7_ed55_8ccd);
        Self((mixed ^ (mixed >> 32)).wrapping_mul(0xc4ce_b9fe_1a85_ec53).rotate_left(29))
    }

    #[must_use]
    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        let whole = bytes.chunks_exact(8);
        let rest = whole.remainder();
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        whole.fold(self.number(bytes.len() as u64), |mix, bytes| mix.number(number(bytes))).number(number(rest))
    }

    #[must_use]
    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }
}
