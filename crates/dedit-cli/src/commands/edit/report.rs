//! The report of `dedit edit`.

use std::path::PathBuf;

use dedit_protocol::answer::Edited;
use image::RgbImage;
use serde_json::{Value, json};

use crate::format::{distant_regions, listed, rect, rectangle, rounded};
use crate::output::as_text;

/// One result, of one seed.
pub(super) struct Variation {
    pub(super) file: PathBuf,
    /// The files of its layers.
    pub(super) layers: Vec<PathBuf>,
    pub(super) edited: Edited,
    /// Shrunk for the contact sheet, if there is one: full size pictures of all variations could exceed memory.
    pub(super) shrunk: Option<RgbImage>,
}

/// All results of an edit.
pub(super) struct EditReport<'a> {
    pub(super) verb: &'static str,
    pub(super) item: Option<&'a str>,
    /// At least one.
    pub(super) variations: Vec<Variation>,
    pub(super) seconds: f64,
}

impl EditReport<'_> {
    /// Takes the shrunk results, each with a title for the contact sheet.
    pub(super) fn titled(&mut self) -> Vec<(String, RgbImage)> {
        let titled = |variation: &mut Variation| Some((format!("{}, seed {}", self.verb, variation.edited.seed), variation.shrunk.take()?));
        self.variations.iter_mut().filter_map(titled).collect()
    }

    /// One line for people.
    pub(super) fn summary(&self) -> String {
        let (verb, seconds) = (self.verb, self.seconds);
        let Edited { seed, regions, .. } = &self.variations[0].edited;
        let regions = distant_regions(regions).map_or_else(String::new, |regions| format!(", {regions}"));
        let files = listed(self.variations.iter().map(|variation| variation.file.display()));
        format!("{files}: {verb}, seed {seed}, {seconds:.1} s{regions}")
    }

    /// The JSON report.
    pub(super) fn json(&self) -> Value {
        let Edited { seed, steps, region, regions, draft, .. } = &self.variations[0].edited;
        let entry = |Variation { file, layers, edited, .. }: &Variation| {
            json!({
                "file": as_text(file),
                "layers": layers.iter().map(|file| as_text(file)).collect::<Vec<_>>(),
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
            "peak_rss_bytes": self.variations.iter().filter_map(|variation| variation.edited.peak_rss_bytes).max(),
            "region": rectangle(rect(*region)),
            "regions": regions,
            "changed_pixels_outside": self.variations.iter().map(|variation| variation.edited.changed_pixels_outside).sum::<usize>(),
            "session_revision": self.variations.last().and_then(|variation| variation.edited.revision),
            "draft": draft,
            "files": self.variations.iter().map(|variation| as_text(&variation.file)).collect::<Vec<_>>(),
            "variations": self.variations.iter().map(entry).collect::<Vec<_>>(),
        })
    }
}
