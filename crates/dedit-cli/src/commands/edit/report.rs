//! What an edit came to: for people, for programs, and for the session's history.

use std::path::PathBuf;

use dedit_protocol::answer::Edited;
use image::RgbImage;
use serde_json::{Value, json};

use crate::format::{listed, rect, rectangle, rounded};

/// A result.
pub(super) struct Made {
    pub(super) file: PathBuf,
    pub(super) edited: Edited,
    /// For the contact sheet, if there is one: large pictures are not all kept.
    pub(super) shrunk: Option<RgbImage>,
}

/// All results of an edit.
pub(super) struct Done<'a> {
    pub(super) verb: &'static str,
    pub(super) item: Option<&'a str>,
    /// At least one.
    pub(super) made: Vec<Made>,
    pub(super) seconds: f64,
}

impl Done<'_> {
    /// The results, each with a title that tells it from the others.
    pub(super) fn titled(&mut self) -> Vec<(String, RgbImage)> {
        let titled = |made: &mut Made| Some((format!("{}, seed {}", self.verb, made.edited.seed), made.shrunk.take()?));
        self.made.iter_mut().filter_map(titled).collect()
    }

    /// In a line for people.
    pub(super) fn told(&self) -> String {
        let (verb, seconds, seed) = (self.verb, self.seconds, self.made[0].edited.seed);
        format!("{}: {verb}, seed {seed}, {seconds:.1} s", listed(self.made.iter().map(|made| made.file.display())))
    }

    /// For programs.
    pub(super) fn report(&self) -> Value {
        let Edited { seed, steps, region, draft, .. } = &self.made[0].edited;
        let variation = |Made { file, edited, .. }: &Made| {
            json!({
                "file": file,
                "seed": edited.seed,
                "seconds": rounded(edited.seconds),
                "changed_pixels_outside": edited.changed_pixels_outside,
                "session_revision": edited.revision,
            })
        };
        json!({
            "verb": self.verb,
            "item": self.item,
            "seed": seed,
            "seconds": rounded(self.seconds),
            "steps": steps,
            "peak_rss_bytes": self.made.iter().filter_map(|made| made.edited.peak_rss_bytes).max(),
            "region": rectangle(rect(*region)),
            "changed_pixels_outside": self.made.iter().map(|made| made.edited.changed_pixels_outside).sum::<usize>(),
            "session_revision": self.made.last().and_then(|made| made.edited.revision),
            "draft": draft,
            "files": self.made.iter().map(|made| &made.file).collect::<Vec<_>>(),
            "variations": self.made.iter().map(variation).collect::<Vec<_>>(),
        })
    }
}
