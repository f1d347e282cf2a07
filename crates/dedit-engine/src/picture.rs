//! The pictures that are learned.

use std::collections::BTreeMap;

use dedit_diffusion::Result;
use dedit_edit::{Image, Samples, Segmentation};
use sha2::{Digest as _, Sha256};

use crate::error::from_edit;
use crate::text::Item;

/// A picture with its items.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The picture.
    pub picture: &'a Image,
    /// Its items.
    pub items: &'a Segmentation,
    /// What is said of items, by name.
    pub words: BTreeMap<String, ItemWords>,
}

/// What is said of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemWords {
    /// Words its tokens start from; without any they start from Gaussian noise.
    pub start: Option<String>,
    /// Words round its tokens, with `[v]` for them: `a photo of a [v] handbag`.
    pub template: Option<String>,
}

impl Subject<'_> {
    /// Its items with what is said of them.
    ///
    /// # Errors
    /// `Usage` for words about an item that is not there, or a template without `[v]`; `Input` where picture and items differ in size.
    pub(crate) fn learned_items(&self, of_reference: bool) -> Result<Vec<Item>> {
        self.items.check_picture(self.picture).map_err(from_edit)?;
        for name in self.words.keys() {
            self.items.item(name).map_err(from_edit)?;
        }
        let item = |name: &String| {
            let ItemWords { start, template } = self.words.get(name).cloned().unwrap_or_default();
            let item = Item { of_reference, name: name.clone(), words: start, template };
            item.prompt().map(|_| item)
        };
        self.items.names().iter().map(item).collect()
    }
}

/// Identifies a picture and its items: what was learned of one is no good for another.
pub fn digest(picture: &Image, items: &Segmentation) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{} {:?} {:?} {:?}", picture.size(), picture.channels(), picture.depth(), items.names()));
    match picture.samples() {
        Samples::U8(samples) => hash.update(samples),
        Samples::U16(samples) => samples.iter().for_each(|sample| hash.update(sample.to_le_bytes())),
        Samples::F32(samples) => samples.iter().for_each(|sample| hash.update(sample.to_bits().to_le_bytes())),
    }
    items.labels().iter().for_each(|label| hash.update(label.to_le_bytes()));
    hex(&hash.finalize())
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
