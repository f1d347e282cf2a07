//! Pictures and items as inputs of learning.

use dedit_diffusion::Result;
use dedit_edit::{Image, ItemWords, Samples, Segmentation, Subject};
use sha2::{Digest as _, Sha256};

use crate::error::from_edit;
use crate::text::Item;

/// The items of a picture with their words.
///
/// # Errors
/// `Usage` for words of an item that does not exist, or a template without `[v]`; `Input` where picture and items differ in size.
pub(crate) fn learned_items(subject: &Subject<'_>, of_reference: bool) -> Result<Vec<Item>> {
    subject.items.check_picture(subject.picture).map_err(from_edit)?;
    for name in subject.words.keys() {
        subject.items.item(name).map_err(from_edit)?;
    }
    let item = |name: &String| {
        let ItemWords { start, template } = subject.words.get(name).cloned().unwrap_or_default();
        let item = Item { of_reference, name: name.clone(), words: start, template };
        item.prompt().map(|_| item)
    };
    subject.items.names().iter().map(item).collect()
}

/// A hash of a picture and its items. A [`Learned`](crate::Learned) is valid only for the picture with its digest.
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
