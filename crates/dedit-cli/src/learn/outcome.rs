//! What learning came to, in figures.

use std::path::Path;
use std::time::Duration;

use dedit_diffusion::Result;
use dedit_engine::Learned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::console::{Console, rounded};
use crate::memory;

/// Updates whose losses are averaged to one that says something: each is of another timestep.
const AVERAGED: usize = 10;

/// Figures of a picture that was learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Updates of the two stages.
    pub(crate) steps: [usize; 2],
    pub(crate) loss_first: f64,
    pub(crate) loss_last: f64,
    pub(crate) seconds: f64,
    /// Size of what was learned.
    pub(crate) session_bytes: usize,
}

impl Outcome {
    pub(crate) fn of(learned: &Learned, took: Duration) -> Result<Self> {
        let [tokens, attention] = learned.losses();
        let losses: Vec<f64> = tokens.iter().chain(attention).map(|loss| f64::from(*loss)).collect();
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len().max(1) as f64;
        let some = losses.len().min(AVERAGED);
        Ok(Self {
            steps: [tokens.len(), attention.len()],
            loss_first: mean(&losses[..some]),
            loss_last: mean(&losses[losses.len() - some..]),
            seconds: rounded(took.as_secs_f64()),
            session_bytes: learned.to_bytes()?.len(),
        })
    }

    /// Tells it; `resumed` are the updates that were there already.
    pub(crate) fn finish(&self, console: &Console, folder: &Path, learned: &Learned, resumed: [usize; 2]) {
        let Self { steps: [tokens, attention], loss_first, loss_last, seconds, session_bytes } = self;
        let told = format!(
            "{}: {} items in {tokens} + {attention} updates, loss {loss_first:.4} to {loss_last:.4}, {:.1} kB, {seconds:.1} s",
            folder.display(),
            learned.items().len(),
            *session_bytes as f64 / 1e3,
        );
        let names = |of_reference: bool| {
            let items = learned.items().iter().filter(|item| item.of_reference == of_reference);
            json!(items.map(|item| &item.name).collect::<Vec<_>>())
        };
        let mut report = json!(self);
        for (key, value) in [
            ("session", json!(folder)),
            ("items", names(false)),
            ("reference_items", names(true)),
            ("resumed_at", json!(resumed)),
            ("peak_rss_bytes", json!(memory::peak_rss_bytes())),
        ] {
            report[key] = value;
        }
        console.finish(&told, report);
    }
}
