//! The picture as it is seen: a layer with the visible results of earlier edits over it.
//!
//! Where it is bit for bit what the daemon made, the next edit is of that revision, with all that was learned. Where the user painted on a result, hid or
//! deleted one, it is a picture of its own.

use dedit_protocol::Pixels;
use dedit_protocol::answer::Region;
use gimp_host::{Host, Item, Rect, Samples};

use crate::failure::Failure;
use crate::pixels::{self, Sample};
use crate::record::ResultRecord;
use crate::result::{EditResult, Ground};
use crate::source::{Source, is_shown, items_of, visible_results};

/// The picture as it is seen.
#[derive(Debug)]
pub(crate) struct Composite {
    pub(crate) pixels: Pixels,
    pub(crate) digest: String,
    /// The result that the picture is, bit for bit.
    pub(crate) result: Option<ResultRecord>,
    /// The topmost visible result.
    pub(crate) topmost: Option<Item>,
}

/// A layer over the picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overlay {
    pub(crate) layer: Item,
    pub(crate) by: Mixing,
}

/// How a layer is mixed with the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mixing {
    /// It takes the picture's place, alpha too.
    Instead,
    /// The same, but the picture keeps its alpha.
    Clipped,
    /// It lies over the picture by its alpha.
    Over,
}

impl Composite {
    /// Reads it, without the result `without`; where the source is all that is visible, nothing is left out.
    pub(crate) fn read(host: &dyn Host, source: &Source, without: Option<Item>) -> Result<Self, Failure> {
        let results = visible_results(host, source, without)?;
        let samples = match source.layer {
            Some(layer) => {
                let (left, top) = source.added.corner();
                let mut samples = host.read(layer, Rect { x: -left, y: -top, ..whole(source) }, source.format)?;
                // From the lowest up.
                for (layer, record) in results.iter().rev() {
                    for overlay in overlays(host, source, *layer, record)? {
                        blend_layer(host, source, &mut samples, overlay)?;
                    }
                }
                samples
            }
            None => visible(host, source)?,
        };
        let pixels = pixels::sent(samples, source.size, source.format.channels)?;
        let digest = pixels.digest();
        let result = results.iter().map(|(_, record)| record).find(|record| record.digest == digest).cloned();
        Ok(Self { pixels, digest, result, topmost: results.first().map(|(layer, _)| *layer) })
    }

    /// The digest of the picture with a result over it: its ground, and the items that are in the picture, from the lowest up. `source` has grown by the
    /// result's sides already. Where the document keeps every sample as it was sent, the ground is not read back.
    pub(crate) fn digest_with(
        &self,
        host: &dyn Host,
        source: &Source,
        result: &EditResult,
        (ground, items): (Overlay, &[Item]),
    ) -> Result<String, Failure> {
        let mut samples = pixels::on_canvas(&self.pixels, result.sides);
        if pixels::is_kept(host, source.image, source.format)? {
            let Ground { region: Region { x, y, width, .. }, pixels, changes } = result.ground();
            let covers: Vec<f32> = changes.iter().map(|change| f32::from(u8::from(*change > 0.0))).collect();
            let channels = source.format.channels.count();
            let place = Place { at: (x, y), width, picture: source.size, channels, read: channels, by: ground.by };
            place.blend_any(&mut samples, &pixels::received(pixels.samples().clone()), &covers);
        } else {
            blend_layer(host, source, &mut samples, ground)?;
        }
        for layer in items {
            blend_layer(host, source, &mut samples, Overlay { layer: *layer, by: Mixing::Over })?;
        }
        Ok(pixels::sent(samples, source.size, source.format.channels)?.digest())
    }
}

/// The visible layers of a result that are in the picture, from the lowest up.
fn overlays(host: &dyn Host, source: &Source, layer: Item, record: &ResultRecord) -> Result<Vec<Overlay>, Failure> {
    let mut found = vec![Overlay { layer, by: if record.clipped { Mixing::Clipped } else { Mixing::Instead } }];
    if record.shows_items() {
        for layer in items_of(host, source.image, record).into_iter().rev() {
            if is_shown(host, layer)? {
                found.push(Overlay { layer, by: Mixing::Over });
            }
        }
    }
    Ok(found)
}

fn whole(source: &Source) -> Rect {
    Rect { x: 0, y: 0, width: source.size.0, height: source.size.1 }
}

fn visible(host: &dyn Host, source: &Source) -> Result<Samples, Failure> {
    let layer = host.new_layer_from_visible(source.image)?;
    let (left, top) = source.offsets;
    let read = host.offsets(layer).and_then(|(x, y)| host.read(layer, Rect { x: left - x, y: top - y, ..whole(source) }, source.format));
    host.delete(layer)?;
    Ok(read?)
}

/// Blends a layer over the picture by its mask and opacity, and where the picture has no alpha by the layer's alpha.
fn blend_layer(host: &dyn Host, source: &Source, samples: &mut Samples, overlay: Overlay) -> Result<(), Failure> {
    let Overlay { layer, by } = overlay;
    let ((x, y), (width, height)) = (host.offsets(layer)?, host.size(layer)?);
    let at = (i64::from(x) - i64::from(source.offsets.0), i64::from(y) - i64::from(source.offsets.1));
    let Some((area, at)) = overlap(at, (width, height), source.size) else { return Ok(()) };
    let opacity = host.opacity(layer)? as f32;
    let mut covers = match host.layer_mask(layer)? {
        Some(mask) if host.applies_mask(layer)? => pixels::shares(&host.read(mask, area, pixels::of_mask(source.format))?),
        _ => vec![1.0; area.width as usize * area.height as usize],
    };
    // Results have alpha even where the picture has none.
    let format = pixels::with_alpha(source.format);
    let over = host.read(layer, area, format)?;
    let (channels, read) = (source.format.channels.count(), format.channels.count());
    let has_alpha = channels == read;
    if !has_alpha {
        covers.iter_mut().zip(pixels::last_shares(&over, read)).for_each(|(cover, alpha)| *cover *= alpha);
    }
    if opacity < 1.0 {
        for cover in &mut covers {
            *cover *= opacity;
        }
    }
    // Without alpha a picture has nothing to keep, and what lies over it was weighed by its alpha above.
    let by = if has_alpha { by } else { Mixing::Instead };
    Place { at, width: area.width as usize, picture: source.size, channels, read, by }.blend_any(samples, &over, &covers);
    Ok(())
}

/// The part of a layer at `at` that lies within a picture, in the layer's coordinates, and its corner in the picture. `None` where they do not overlap.
fn overlap(at: (i64, i64), size: (u32, u32), picture: (u32, u32)) -> Option<(Rect, (usize, usize))> {
    let along = |at: i64, size: u32, picture: u32| {
        let (first, last) = (at.max(0), (at + i64::from(size)).min(i64::from(picture)));
        (first < last).then(|| ((first - at) as i32, (last - first) as u32, first as usize))
    };
    let ((x, width, left), (y, height, top)) = (along(at.0, size.0, picture.0)?, along(at.1, size.1, picture.1)?);
    Some((Rect { x, y, width, height }, (left, top)))
}

/// Where samples are blended over a picture: all of them lie within it.
struct Place {
    at: (usize, usize),
    width: usize,
    /// Width and height of the picture.
    picture: (u32, u32),
    /// Channels of the picture.
    channels: usize,
    /// Channels of the samples above.
    read: usize,
    by: Mixing,
}

impl Place {
    fn blend_any(&self, picture: &mut Samples, over: &Samples, covers: &[f32]) {
        match (picture, over) {
            (Samples::U8(picture), Samples::U8(over)) => self.blend(picture, over, covers),
            (Samples::U16(picture), Samples::U16(over)) => self.blend(picture, over, covers),
            (Samples::F32(picture), Samples::F32(over)) => self.blend(picture, over, covers),
            // Both were read in the source's format.
            _ => {}
        }
    }

    /// Where `covers` (0 … 1, one for each pixel) is full the sample is the upper one, bit for bit.
    fn blend<T: Sample>(&self, picture: &mut [T], over: &[T], covers: &[f32]) {
        for (i, cover) in covers.iter().enumerate().filter(|(_, cover)| **cover > 0.0) {
            let (x, y) = (self.at.0 + i % self.width, self.at.1 + i / self.width);
            let to = (y * self.picture.0 as usize + x) * self.channels;
            let (below, above) = (&mut picture[to..][..self.channels], &over[i * self.read..][..self.channels]);
            match self.by {
                Mixing::Instead => mix(below, above, *cover),
                Mixing::Clipped => mix(&mut below[..self.channels - 1], above, *cover),
                Mixing::Over => lay_over(below, above, *cover),
            }
        }
    }
}

fn mix<T: Sample>(below: &mut [T], above: &[T], cover: f32) {
    for (below, above) in below.iter_mut().zip(above) {
        *below = if cover >= 1.0 { *above } else { T::of(below.share() + (above.share() - below.share()) * cover) };
    }
}

/// The usual "over" of straight alpha, which is the last sample of both pixels.
fn lay_over<T: Sample>(below: &mut [T], above: &[T], cover: f32) {
    let alpha_at = below.len() - 1;
    let (own, behind) = (above[alpha_at].share() * cover, below[alpha_at].share());
    let alpha = own + behind * (1.0 - own);
    if own <= 0.0 {
        return;
    }
    mix(&mut below[..alpha_at], above, own / alpha);
    below[alpha_at] = if own >= 1.0 { above[alpha_at] } else { T::of(alpha) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_mixed_with_pixels_below_them() {
        for (by, cover, below, above, expected) in [
            (Mixing::Instead, 1.0, [10, 20, 200], [90, 80, 100], [90, 80, 100]),
            (Mixing::Instead, 0.5, [10, 20, 200], [90, 80, 100], [50, 50, 150]),
            (Mixing::Clipped, 1.0, [10, 20, 200], [90, 80, 100], [90, 80, 200]),
            (Mixing::Over, 1.0, [10, 20, 200], [90, 80, 0], [10, 20, 200]),
            (Mixing::Over, 1.0, [10, 20, 200], [90, 80, 255], [90, 80, 255]),
            (Mixing::Over, 0.0, [10, 20, 200], [90, 80, 255], [10, 20, 200]),
            (Mixing::Over, 1.0, [10, 20, 255], [90, 80, 51], [26, 32, 255]),
            // Over nothing it is as it is; half over half covers three quarters, two thirds of which it gives.
            (Mixing::Over, 1.0, [10, 20, 0], [90, 80, 102], [90, 80, 102]),
            (Mixing::Over, 0.5, [0, 30, 127], [90, 0, 255], [60, 10, 191]),
        ] {
            let mut picture = below;
            let place = Place { at: (0, 0), width: 1, picture: (1, 1), channels: 3, read: 3, by };
            place.blend::<u8>(&mut picture, &above, &[cover]);
            assert_eq!(picture, expected, "{by:?} {cover} {below:?} {above:?}");
        }
    }
}
