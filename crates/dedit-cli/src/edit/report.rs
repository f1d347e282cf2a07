//! What an edit came to: for people, for programs, and for the session's history.

use std::path::PathBuf;

use dedit_edit::{Edit, ItemRef, Picture, Rect, Transform, Vacated};
use dedit_engine::sampling::EditSettings;
use image::RgbImage;
use serde_json::{Value, json};

use crate::arguments::listed;
use crate::console::rounded;
use crate::memory;

/// A result.
pub(super) struct Made {
    pub(super) settings: EditSettings,
    pub(super) file: PathBuf,
    pub(super) region: Rect,
    pub(super) steps: usize,
    /// Pixels outside the region that are not as they were.
    pub(super) outside: usize,
    pub(super) seconds: f64,
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
        let titled = |made: &mut Made| Some((format!("{}, seed {}", self.verb, made.settings.seed), made.shrunk.take()?));
        self.made.iter_mut().filter_map(titled).collect()
    }

    /// In a line for people.
    pub(super) fn told(&self) -> String {
        let (verb, seconds, seed) = (self.verb, self.seconds, self.made[0].settings.seed);
        format!("{}: {verb}, seed {seed}, {seconds:.1} s", listed(self.made.iter().map(|made| made.file.display())))
    }

    /// For programs.
    pub(super) fn report(&self, revision: Option<u64>) -> Value {
        let Made { settings, region, steps, .. } = &self.made[0];
        let variation = |Made { file, settings, seconds, outside, .. }: &Made| json!({"file": file, "seed": settings.seed, "seconds": rounded(*seconds), "changed_pixels_outside": outside});
        json!({
            "verb": self.verb,
            "item": self.item,
            "seed": settings.seed,
            "seconds": rounded(self.seconds),
            "steps": steps,
            "peak_rss_bytes": memory::peak_rss_bytes(),
            "region": rectangle(*region),
            "changed_pixels_outside": self.made.iter().map(|made| made.outside).sum::<usize>(),
            "session_revision": revision,
            "files": self.made.iter().map(|made| &made.file).collect::<Vec<_>>(),
            "variations": self.made.iter().map(variation).collect::<Vec<_>>(),
        })
    }

    /// For the session's history: what was asked for, as it was written and as it was understood.
    pub(super) fn entry(&self, edits: &[Edit]) -> Value {
        let written: Vec<String> = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
        json!({
            "verb": self.verb,
            "item": self.item,
            "arguments": written,
            "edits": described(edits),
            "seed": self.made[0].settings.seed,
            "settings": self.made[0].settings,
            "files": self.made.iter().map(|made| &made.file).collect::<Vec<_>>(),
        })
    }
}

/// A rectangle for programs.
pub(crate) fn rectangle(rect: Rect) -> Value {
    json!({"x": rect.x, "y": rect.y, "width": rect.width, "height": rect.height})
}

/// Edits in words; masks are left out.
pub(super) fn described(edits: &[Edit]) -> Vec<Value> {
    edits.iter().map(one_described).collect()
}

fn one_described(edit: &Edit) -> Value {
    let mut told = match edit {
        Edit::Reconstruct | Edit::Refine { .. } => json!({}),
        Edit::Replace { item, prompt } | Edit::Augment { item, prompt } | Edit::Personalize { item, prompt } => {
            json!({"item": item, "prompt": prompt})
        }
        Edit::SwapIn { item, from } => json!({"item": item, "from": written(from)}),
        Edit::Move { item, transform: Transform { dx, dy, scale, degrees }, vacated } => {
            json!({"item": item, "dx": dx, "dy": dy, "scale": scale, "rotate": degrees, "into": taker(vacated)})
        }
        Edit::Reshape { item, vacated, .. } => json!({"item": item, "into": taker(vacated)}),
        Edit::Swap { item, with } => json!({"item": item, "with": with}),
        Edit::Remove { items, vacated } => json!({"item": items, "into": taker(vacated)}),
        Edit::Blend { item, with, amount } => json!({"item": item, "with": written(with), "amount": amount}),
    };
    told["verb"] = edit.verb().into();
    told
}

fn written(item: &ItemRef) -> String {
    match item.picture {
        Picture::Target => item.item.clone(),
        Picture::Reference => format!("reference:{}", item.item),
    }
}

fn taker(vacated: &Vacated) -> Option<&str> {
    match vacated {
        Vacated::Nearest => None,
        Vacated::To(name) => Some(name),
    }
}
