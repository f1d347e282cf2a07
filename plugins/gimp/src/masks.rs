//! Masks of the document, seen from the layer that is edited.

use std::collections::BTreeSet;

use dedit_protocol::{Pixels, Samples};
use gimp_host::{Channels, Host, Item, ItemKind, Rect};

use crate::failure::Failure;
use crate::pixels;
use crate::source::{Source, document_layers};

/// A mask and the name of the item that it shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mask {
    pub(crate) name: String,
    pub(crate) pixels: Pixels,
}

/// Reads masks of one kind, the first in front. Names may be there several times, and masks may be empty.
pub(crate) type Gather = fn(&dyn Host, &Source) -> Result<Vec<Mask>, Failure>;

/// The source's pixels as a rectangle of an item that lies at `offsets` in the image.
fn within(source: &Source, offsets: (i32, i32)) -> Rect {
    let ((x, y), (width, height)) = (source.offsets, source.size);
    Rect { x: x.saturating_sub(offsets.0), y: y.saturating_sub(offsets.1), width, height }
}

/// The masks of layers, each named as its layer.
pub(crate) fn of_layers(host: &dyn Host, source: &Source) -> Result<Vec<Mask>, Failure> {
    let mut found = Vec::new();
    for layer in document_layers(host, source.image)? {
        if let Some(mask) = host.layer_mask(layer)? {
            found.push(Mask { name: host.name(layer)?, pixels: read(host, mask, host.offsets(layer)?, source)? });
        }
    }
    Ok(found)
}

/// The opaque parts of the layers that have alpha, other than the source itself.
pub(crate) fn of_alpha(host: &dyn Host, source: &Source) -> Result<Vec<Mask>, Failure> {
    let mut found = Vec::new();
    for layer in document_layers(host, source.image)? {
        if Some(layer) != source.layer && host.kind(layer)? == ItemKind::Layer && host.has_alpha(layer)? {
            found.push(Mask { name: host.name(layer)?, pixels: alpha(host, layer, source)? });
        }
    }
    Ok(found)
}

/// The saved channels.
pub(crate) fn of_channels(host: &dyn Host, source: &Source) -> Result<Vec<Mask>, Failure> {
    let mask = |channel| Ok(Mask { name: host.name(channel)?, pixels: read(host, channel, (0, 0), source)? });
    host.channels(source.image)?.into_iter().map(mask).collect()
}

/// The selection; `None` where nothing is selected.
///
/// # Errors
/// Where it lies outside of the layer.
pub(crate) fn selection(host: &dyn Host, source: &Source) -> Result<Option<Pixels>, Failure> {
    let Some(selection) = host.selection(source.image)? else { return Ok(None) };
    let pixels = read(host, selection, (0, 0), source)?;
    if is_empty(&pixels) {
        return Err(Failure::input(
            format!("the selection lies outside of the layer '{}'", source.name),
            "select a part of it, or click the layer that is meant",
        ));
    }
    Ok(Some(pixels))
}

/// A mask, channel or selection that lies at `offsets` in the image.
fn read(host: &dyn Host, mask: Item, offsets: (i32, i32), source: &Source) -> Result<Pixels, Failure> {
    let samples = host.read(mask, within(source, offsets), pixels::of_mask(source.format))?;
    pixels::sent(samples, source.size, Channels::Mask)
}

/// The alpha of a layer as a mask.
pub(crate) fn alpha(host: &dyn Host, layer: Item, source: &Source) -> Result<Pixels, Failure> {
    let format = pixels::with_alpha(source.format);
    let samples = host.read(layer, within(source, host.offsets(layer)?), format)?;
    let shares = pixels::last_shares(&samples, format.channels.count());
    pixels::sent(pixels::from_shares(&shares, format.samples), source.size, Channels::Mask)
}

/// Every sample of a mask as a share.
pub(crate) fn shares(mask: &Pixels) -> Vec<f32> {
    pixels::shares(&pixels::received(mask.samples().clone()))
}

/// Whether no pixel is in a mask, not even partly.
pub(crate) fn is_empty(mask: &Pixels) -> bool {
    match mask.samples() {
        Samples::U8(samples) => samples.iter().all(|sample| *sample == 0),
        Samples::U16(samples) => samples.iter().all(|sample| *sample == 0),
        Samples::F32(samples) => samples.iter().all(|sample| *sample == 0.0),
    }
}

/// A name that none has yet: with a number behind it where need be.
pub(crate) fn unique<'a>(name: &str, taken: impl Iterator<Item = &'a str>) -> String {
    let taken: BTreeSet<&str> = taken.collect();
    let name = if name.trim().is_empty() { "item" } else { name.trim() };
    let is_taken = |name: &str| [BACKGROUND, SELECTION].contains(&name) || taken.contains(name);
    let numbered = (2..).map(|number| format!("{name} {number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}

/// The daemon's name for an item that was only selected.
pub(crate) const SELECTION: &str = "selection";
/// The daemon's name for what no mask covers.
pub(crate) const BACKGROUND: &str = "background";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::source::of_layer;

    #[test]
    fn names_are_given_once() {
        for (name, taken, expected) in [
            ("bag", &[][..], "bag"),
            (" bag ", &["bag"], "bag 2"),
            ("bag", &["bag", "bag 2"], "bag 3"),
            ("", &[], "item"),
            ("background", &[], "background 2"),
            ("selection", &[], "selection 2"),
        ] {
            assert_eq!(unique(name, taken.iter().copied()), expected);
        }
    }

    fn rectangle(x: i32, y: i32, width: u32, height: u32) -> Rect {
        Rect { x, y, width, height }
    }

    fn covered(mask: &Pixels) -> Vec<usize> {
        shares(mask).iter().enumerate().filter(|(_, share)| **share > 0.5).map(|(i, _)| i).collect()
    }

    /// The picture lies at 10, 20 in the image; everything else is seen from there.
    #[test]
    fn masks_lie_where_they_lie_in_the_image() {
        let (fake, _) = Fake::picture(40, 40);
        let picture = fake.layer("picture", (10, 20), (4, 3), false);
        let object = fake.layer("bag", (8, 19), (5, 4), true);
        fake.mask(object, rectangle(2, 1, 1, 1));
        fake.channel("cup", rectangle(13, 22, 9, 9));
        fake.channel("far", rectangle(0, 0, 5, 5));
        fake.select(rectangle(0, 0, 11, 21));
        let source = of_layer(&fake, picture);
        let layers = of_layers(&fake, &source).unwrap();
        assert_eq!((layers[0].name.as_str(), covered(&layers[0].pixels)), ("bag", vec![0]));
        let channels = of_channels(&fake, &source).unwrap();
        assert_eq!((channels[0].name.as_str(), covered(&channels[0].pixels)), ("cup", vec![11]));
        assert_eq!((channels[1].name.as_str(), is_empty(&channels[1].pixels)), ("far", true));
        let alpha = of_alpha(&fake, &source).unwrap();
        // The fake's layers are opaque: the object's layer covers three columns and three rows of the picture.
        assert_eq!((alpha.len(), covered(&alpha[0].pixels)), (1, vec![0, 1, 2, 4, 5, 6, 8, 9, 10]));
        assert_eq!(covered(&selection(&fake, &source).unwrap().unwrap()), [0]);
        fake.select(rectangle(0, 0, 5, 5));
        assert!(selection(&fake, &source).unwrap_err().message.contains("outside of the layer 'picture'"));
    }
}
