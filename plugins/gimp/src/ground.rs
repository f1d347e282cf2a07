//! The picture as it stands: a layer with the results of earlier edits that are visible on it.
//!
//! The document is the truth. Where it shows exactly what the daemon made, down to the bit, an edit goes on from there, with all that was learned; where
//! the user painted, hid or deleted something, what is seen is a picture of its own.

use dedit_protocol::Pixels;
use dedit_protocol::answer::Region;
use gimp_host::{Format, Host, Item, Rect, Samples};

use crate::failure::Failure;
use crate::pixels::{self, Sample};
use crate::result::{Made, Note};
use crate::source::{Source, all_layers, is_shown};

/// The picture as it stands.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) pixels: Pixels,
    pub(crate) digest: String,
    /// The result that the picture is exactly as it was made.
    pub(crate) made: Option<Note>,
    /// The topmost result that is visible.
    pub(crate) topmost: Option<Item>,
}

impl Ground {
    /// Reads it, as if one of its results was hidden; of all that is visible nothing can be left out.
    pub(crate) fn read(host: &dyn Host, source: &Source, without: Option<Item>) -> Result<Self, Failure> {
        let (samples, results) = match source.layer {
            Some(layer) => {
                let mut samples = host.read(layer, whole(source), source.format)?;
                let results = shown_results(host, source, without)?;
                // From the lowest up.
                results.iter().rev().try_for_each(|(result, note)| lay_over(host, source, &mut samples, *result, note.clipped))?;
                (samples, results)
            }
            None => (visible(host, source)?, shown_results(host, source, without)?),
        };
        let pixels = pixels::sent(samples, source.size, source.format.channels)?;
        let digest = pixels.digest();
        let made = results.iter().map(|(_, note)| note).find(|note| note.digest == digest).cloned();
        Ok(Self { pixels, digest, made, topmost: results.first().map(|(result, _)| *result) })
    }

    /// The digest of the picture with a result on it, as the document keeps that: where it keeps every sample it need not be asked.
    pub(crate) fn digest_with(&self, host: &dyn Host, source: &Source, made: &Made, result: (Item, bool)) -> Result<String, Failure> {
        let mut samples = pixels::received(self.pixels.samples().clone());
        if pixels::is_kept(host, source.image, source.format)? {
            let Region { x, y, width, height } = made.edited.region;
            let rows = made.changes.chunks_exact(source.size.0 as usize).skip(y).take(height);
            let covers: Vec<f32> = rows.flat_map(|row| &row[x..x + width]).map(|change| f32::from(u8::from(*change > 0.0))).collect();
            let channels = source.format.channels.count();
            let laid = channels - usize::from(result.1);
            let place = Place { at: (x, y), width, ground: source.size, channels, read: channels, laid };
            place.lay_any(&mut samples, &pixels::received(made.pixels.samples().clone()), &covers);
        } else {
            lay_over(host, source, &mut samples, result.0, result.1)?;
        }
        Ok(pixels::sent(samples, source.size, source.format.channels)?.digest())
    }
}

fn whole(source: &Source) -> Rect {
    Rect { x: 0, y: 0, width: source.size.0, height: source.size.1 }
}

fn visible(host: &dyn Host, source: &Source) -> Result<Samples, Failure> {
    let layer = host.new_layer_from_visible(source.image)?;
    let read = host.offsets(layer).and_then(|(x, y)| host.read(layer, Rect { x: -x, y: -y, ..whole(source) }, source.format));
    host.delete(layer)?;
    Ok(read?)
}

/// The results of a source that are visible, from the top.
fn shown_results(host: &dyn Host, source: &Source, without: Option<Item>) -> Result<Vec<(Item, Note)>, Failure> {
    let mut found = Vec::new();
    for layer in all_layers(host, source.image)? {
        if let Some(note) = Note::of(host, layer)
            && note.source == source.tattoo
            && Some(layer) != without
            && is_shown(host, layer)?
        {
            found.push((layer, note));
        }
    }
    Ok(found)
}

/// Lays a result over the picture, as its mask, opacity and, where the picture has none of its own, alpha have it; a clipped one leaves alpha as it is.
fn lay_over(host: &dyn Host, source: &Source, samples: &mut Samples, result: Item, clipped: bool) -> Result<(), Failure> {
    let ((x, y), (width, height)) = (host.offsets(result)?, host.size(result)?);
    let at = (i64::from(x) - i64::from(source.offsets.0), i64::from(y) - i64::from(source.offsets.1));
    // What lies outside of the picture is not even read.
    let Some((area, at)) = seen(at, (width, height), source.size) else { return Ok(()) };
    let opacity = host.opacity(result)? as f32;
    let mut covers = match host.layer_mask(result)? {
        Some(mask) if host.applies_mask(result)? => pixels::shares(&host.read(mask, area, pixels::of_mask(source.format))?),
        _ => vec![1.0; area.width as usize * area.height as usize],
    };
    // Read with alpha in any case: a result has it, and where the picture has none, it says how much is seen.
    let format = pixels::with_alpha(source.format);
    let over = host.read(result, area, format)?;
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
    let laid = channels - usize::from(clipped && has_alpha);
    Place { at, width: area.width as usize, ground: source.size, channels, read, laid }.lay_any(samples, &over, &covers);
    Ok(())
}

/// The part of a layer that lies on a picture, in the layer's coordinates, and where it lies on the picture.
fn seen(at: (i64, i64), size: (u32, u32), ground: (u32, u32)) -> Option<(Rect, (usize, usize))> {
    let along = |at: i64, size: u32, ground: u32| {
        let (first, last) = (at.max(0), (at + i64::from(size)).min(i64::from(ground)));
        (first < last).then(|| ((first - at) as i32, (last - first) as u32, first as usize))
    };
    let ((x, width, left), (y, height, top)) = (along(at.0, size.0, ground.0)?, along(at.1, size.1, ground.1)?);
    Some((Rect { x, y, width, height }, (left, top)))
}

/// Where something is laid over a picture, within its borders.
struct Place {
    at: (usize, usize),
    width: usize,
    ground: (u32, u32),
    channels: usize,
    /// Channels of what is laid over.
    read: usize,
    /// Channels that are laid over, the first ones.
    laid: usize,
}

impl Place {
    fn lay_any(&self, ground: &mut Samples, over: &Samples, covers: &[f32]) {
        match (ground, over) {
            (Samples::U8(ground), Samples::U8(over)) => self.lay(ground, over, covers),
            (Samples::U16(ground), Samples::U16(over)) => self.lay(ground, over, covers),
            (Samples::F32(ground), Samples::F32(over)) => self.lay(ground, over, covers),
            // Both were read in the source's format.
            _ => {}
        }
    }

    /// Where the mask is full the sample is the upper one, bit for bit.
    fn lay<T: Sample>(&self, ground: &mut [T], over: &[T], covers: &[f32]) {
        for (i, cover) in covers.iter().enumerate().filter(|(_, cover)| **cover > 0.0) {
            let (x, y) = (self.at.0 + i % self.width, self.at.1 + i / self.width);
            let to = (y * self.ground.0 as usize + x) * self.channels;
            let from = &over[i * self.read..][..self.laid];
            for (below, above) in ground[to..][..self.laid].iter_mut().zip(from) {
                *below = if *cover >= 1.0 { *above } else { T::of(below.share() + (above.share() - below.share()) * cover) };
            }
        }
    }
}

/// How a source's pixels are read without the alpha that only its results have.
pub(crate) fn format_of_results(source: &Source) -> Format {
    pixels::with_alpha(source.format)
}
