//! Masks of the document, seen from the layer that is edited.

use std::collections::BTreeSet;

use dedit_protocol::Pixels;
use gimp_host::{Channels, Host, Image, Item, ItemKind, Rect};

use crate::failure::Failure;
use crate::pixels;
use crate::record::ResultRecord;
use crate::source::{Source, all_layers};

/// A mask and the name of the item that it shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mask {
    pub(crate) name: String,
    pub(crate) pixels: Pixels,
}

/// What a document has in the way of masks.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Masks {
    /// The first lies in front.
    pub(crate) masks: Vec<Mask>,
    /// Names of those that show nothing of the layer.
    pub(crate) empty: Vec<String>,
}

/// Where a picture lies in an image: its left upper corner and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) offsets: (i32, i32),
    pub(crate) size: (u32, u32),
}

impl From<&Source> for Frame {
    fn from(source: &Source) -> Self {
        Self { offsets: source.offsets, size: source.size }
    }
}

impl Frame {
    /// The same pixels as a rectangle of something that lies elsewhere.
    fn within(&self, offsets: (i32, i32)) -> Rect {
        let (width, height) = self.size;
        Rect { x: self.offsets.0.saturating_sub(offsets.0), y: self.offsets.1.saturating_sub(offsets.1), width, height }
    }
}

impl Masks {
    fn add(&mut self, name: &str, pixels: Pixels) {
        let name = unique(name, self.masks.iter().map(|mask| mask.name.as_str()));
        if is_empty(&pixels) { self.empty.push(name) } else { self.masks.push(Mask { name, pixels }) }
    }

    /// The masks of layers, each named as its layer.
    pub(crate) fn of_layers(host: &dyn Host, source: &Source) -> Result<Self, Failure> {
        let mut found = Self::default();
        for layer in document_layers(host, source.image)? {
            if let Some(mask) = host.layer_mask(layer)? {
                found.add(&host.name(layer)?, read(host, mask, host.offsets(layer)?, source)?);
            }
        }
        Ok(found)
    }

    /// What is opaque in the layers that have alpha, other than the source itself.
    pub(crate) fn of_alpha(host: &dyn Host, source: &Source) -> Result<Self, Failure> {
        let mut found = Self::default();
        for layer in document_layers(host, source.image)? {
            if Some(layer) != source.layer && host.kind(layer)? == ItemKind::Layer && host.has_alpha(layer)? {
                found.add(&host.name(layer)?, alpha(host, layer, source.into(), source)?);
            }
        }
        Ok(found)
    }

    /// The saved channels.
    pub(crate) fn of_channels(host: &dyn Host, source: &Source) -> Result<Self, Failure> {
        let mut found = Self::default();
        for channel in host.channels(source.image)? {
            found.add(&host.name(channel)?, read(host, channel, (0, 0), source)?);
        }
        Ok(found)
    }
}

/// All layers but results.
fn document_layers(host: &dyn Host, image: Image) -> Result<Vec<Item>, Failure> {
    let mut layers = all_layers(host, image)?;
    layers.retain(|layer| ResultRecord::of(host, *layer).is_none());
    Ok(layers)
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

/// A mask, channel or selection that lies at a place in the image.
pub(crate) fn read(host: &dyn Host, mask: Item, offsets: (i32, i32), source: &Source) -> Result<Pixels, Failure> {
    let frame = Frame::from(source);
    let samples = host.read(mask, frame.within(offsets), pixels::of_mask(source.format))?;
    pixels::sent(samples, frame.size, Channels::Mask)
}

/// What is opaque in a layer, within a frame.
pub(crate) fn alpha(host: &dyn Host, layer: Item, frame: Frame, source: &Source) -> Result<Pixels, Failure> {
    let format = pixels::with_alpha(source.format);
    let samples = host.read(layer, frame.within(host.offsets(layer)?), format)?;
    let shares: Vec<f32> =
        pixels::shares(&samples).chunks_exact(format.channels.count()).filter_map(|pixel| pixel.last().copied()).collect();
    pixels::sent(pixels::from_shares(&shares, format.samples), frame.size, Channels::Mask)
}

/// Every sample of a mask as a share.
pub(crate) fn shares(mask: &Pixels) -> Vec<f32> {
    pixels::shares(&pixels::received(mask.samples().clone()))
}

fn is_empty(mask: &Pixels) -> bool {
    use dedit_protocol::Samples;
    match mask.samples() {
        Samples::U8(samples) => samples.iter().all(|sample| *sample == 0),
        Samples::U16(samples) => samples.iter().all(|sample| *sample == 0),
        Samples::F32(samples) => samples.iter().all(|sample| *sample == 0.0),
    }
}

/// Which mask is seen where, the first one in front: its place in the list, and their number for none.
pub(crate) fn stacked(masks: &[Mask], pixels: usize) -> Vec<u16> {
    let mut numbers = vec![masks.len() as u16; pixels];
    for (number, mask) in masks.iter().enumerate().rev() {
        let covered = shares(&mask.pixels);
        numbers.iter_mut().zip(&covered).filter(|(_, share)| **share >= 0.5).for_each(|(at, _)| *at = number as u16);
    }
    numbers
}

/// How much of two masks is the same: their intersection by their union, where more than half counts.
pub(crate) fn agreement(mask: &[f32], is_other: impl Fn(usize) -> bool) -> f64 {
    let (mut both, mut either) = (0u64, 0u64);
    for (i, share) in mask.iter().enumerate() {
        let (one, other) = (*share >= 0.5, is_other(i));
        both += u64::from(one && other);
        either += u64::from(one || other);
    }
    if either == 0 { 0.0 } else { both as f64 / either as f64 }
}

/// A name that none has yet: with a number behind it where need be.
pub(crate) fn unique<'a>(name: &str, taken: impl Iterator<Item = &'a str>) -> String {
    let taken: BTreeSet<&str> = taken.collect();
    let name = if name.trim().is_empty() { "item" } else { name.trim() };
    let is_taken = |name: &str| [BACKGROUND, SELECTION].contains(&name) || taken.contains(name);
    let numbered = (2..).map(|number| format!("{name} {number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}

/// The name of an item that was only selected.
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

    #[test]
    fn masks_agree_as_far_as_they_cover_the_same() {
        let mask = [1.0, 0.6, 0.4, 0.0];
        for (other, expected) in [([true, true, false, false], 1.0), ([true, false, true, false], 1.0 / 3.0), ([false; 4], 0.0)] {
            assert!((agreement(&mask, |i| other[i]) - expected).abs() < 1e-9);
        }
        assert!(agreement(&[0.0], |_| false).abs() < 1e-9);
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
        let layers = Masks::of_layers(&fake, &source).unwrap();
        assert_eq!((layers.masks[0].name.as_str(), covered(&layers.masks[0].pixels)), ("bag", vec![0]));
        let channels = Masks::of_channels(&fake, &source).unwrap();
        assert_eq!((channels.masks[0].name.as_str(), covered(&channels.masks[0].pixels)), ("cup", vec![11]));
        assert_eq!(channels.empty, ["far"]);
        let alpha = Masks::of_alpha(&fake, &source).unwrap();
        // The fake's layers are opaque: the object's layer covers three columns and three rows of the picture.
        assert_eq!((alpha.masks.len(), covered(&alpha.masks[0].pixels)), (1, vec![0, 1, 2, 4, 5, 6, 8, 9, 10]));
        assert_eq!(covered(&selection(&fake, &source).unwrap().unwrap()), [0]);
        fake.select(rectangle(0, 0, 5, 5));
        assert!(selection(&fake, &source).unwrap_err().message.contains("outside of the layer 'picture'"));
    }
}
