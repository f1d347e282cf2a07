//! What the demo tells: for people a table, for programs JSON.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dedit_edit::Rect;
use dedit_protocol::answer::Edited;
use image::RgbImage;
use serde_json::{Value, json};

use crate::format::{rect, rectangle, rounded, size_of};
use crate::output::as_text;
use crate::sheet;

/// Pictures with titles.
pub(super) type Titled = Vec<(String, RgbImage)>;

/// All about one picture.
pub(super) struct Page {
    pub(super) learned: LearnedPage,
    pub(super) done: Vec<Done>,
    /// What comes before the results on the contact sheet.
    pub(super) shown: Titled,
    /// How high pictures may be there.
    pub(super) most: u32,
}

/// How it was learned.
pub(super) struct LearnedPage {
    pub(super) file: PathBuf,
    pub(super) items: Vec<String>,
    /// Updates of the two stages.
    pub(super) updates: [usize; 2],
    pub(super) seconds: f64,
}

/// An edit.
pub(super) struct Done {
    pub(super) title: String,
    pub(super) verb: &'static str,
    pub(super) file: PathBuf,
    pub(super) figures: Figures,
    /// The model's name.
    pub(super) model: String,
    pub(super) shown: Option<RgbImage>,
}

/// Its figures.
pub(super) struct Figures {
    region: Rect,
    changed_pixels_outside: usize,
    steps: usize,
    seconds: f64,
    peak_rss_bytes: Option<u64>,
}

impl Figures {
    pub(super) fn of(edited: &Edited) -> Self {
        let Edited { region, changed_pixels_outside, steps, seconds, peak_rss_bytes, .. } = *edited;
        Self { region: rect(region), changed_pixels_outside, steps, seconds, peak_rss_bytes }
    }
}

/// The most memory that the engine's process has held.
fn peak(pages: &[Page]) -> Option<u64> {
    pages.iter().flat_map(|page| &page.done).filter_map(|done| done.figures.peak_rss_bytes).max()
}

impl Page {
    /// Its row of the contact sheet; the pictures go there.
    pub(super) fn row(&mut self) -> Titled {
        let mut row = std::mem::take(&mut self.shown);
        row.extend(self.done.iter_mut().filter_map(|done| Some((done.title.clone(), done.shown.take()?))));
        row.into_iter().map(|(title, picture)| (title, sheet::lowered(&picture, self.most))).collect()
    }
}

/// The model that was used last: the one that learns, where pictures were learned.
pub(super) fn model(pages: &[Page]) -> Option<String> {
    pages.last().and_then(model_of)
}

fn model_of(page: &Page) -> Option<String> {
    page.done.first().map(|done| done.model.clone())
}

/// For programs.
pub(super) fn json(pages: &[Page], description: &str, seed: u64, seconds: f64) -> Value {
    let edit = |Done { title, verb, file, figures, .. }: &Done| {
        json!({
            "title": title,
            "verb": verb,
            "file": as_text(file),
            "seconds": rounded(figures.seconds),
            "steps": figures.steps,
            "region": rectangle(figures.region),
            "changed_pixels_outside": figures.changed_pixels_outside,
        })
    };
    let page = |page: &Page| {
        let Page { learned: LearnedPage { file, items, updates, seconds }, done, .. } = page;
        json!({
            "picture": as_text(file),
            "model": model_of(page),
            "items": items,
            "learned": {"updates": updates, "seconds": rounded(*seconds)},
            "edits": done.iter().map(edit).collect::<Vec<_>>(),
        })
    };
    json!({
        "pictures": pages.iter().map(page).collect::<Vec<_>>(),
        "model": model(pages),
        "model_description": description,
        "seed": seed,
        "seconds": rounded(seconds),
        "peak_rss_bytes": peak(pages),
    })
}

/// For people.
pub(super) fn table(pages: &[Page], out: &Path, seconds: f64) -> String {
    let mut table = format!("{:<12} {:<26} {:>8} {:>10} {:>9}  {}\n", "picture", "edit", "seconds", "region", "outside", "file");
    for Page { learned, done, .. } in pages {
        let name = learned.file.file_stem().unwrap_or_default().to_string_lossy();
        let [tokens, attention] = learned.updates;
        let how = if tokens + attention == 0 { "nothing to learn".to_owned() } else { format!("learned, {tokens} + {attention} updates") };
        let _ = writeln!(table, "{name:<12} {how:<26} {:>8.1} {:>10} {:>9}  {}", learned.seconds, "", "", learned.file.display());
        for Done { title, file, figures: Figures { region, changed_pixels_outside, seconds, .. }, .. } in done {
            let size = format!("{}×{}", region.width, region.height);
            let _ = writeln!(table, "{:<12} {title:<26} {seconds:>8.1} {size:>10} {changed_pixels_outside:>9}  {}", "", file.display());
        }
    }
    let memory = peak(pages).map_or_else(String::new, |bytes| format!(", {} of memory", size_of(bytes)));
    let _ = write!(
        table,
        "{}: {seconds:.0} s{memory}; outside: pixels that changed outside the edit's region",
        out.join("contact-sheet.png").display()
    );
    table
}
