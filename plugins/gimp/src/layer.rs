//! The layers of a result, one by one: the ground that takes the picture's place, masked to the pixels that it may have changed, and items over it.

use dedit_protocol::Pixels;
use dedit_protocol::answer::Region;
use gimp_host::{Channels, Colours, Host, Item, Rect, SampleType, Samples};

use crate::failure::Failure;
use crate::result::{EditResult, Ground, ItemPixels};
use crate::source::Source;
use crate::{masks, pixels};

/// An empty layer for the result's ground, of its size and at its place.
pub(crate) fn of_ground(host: &dyn Host, source: &Source, result: &EditResult) -> Result<Item, Failure> {
    let Ground { region, pixels, changes } = result.ground();
    if changes.len() != region.width * region.height {
        return Err(unfit());
    }
    let plate = if result.edited.draft { "clean plate (draft)" } else { "clean plate" };
    empty(host, source, if result.layers.is_some() { plate } else { &result.name }, (region, pixels))
}

/// An empty layer for an item, of its size and at its place. Its alpha mixes colours as the daemon computed it: in the curve of the picture's samples.
pub(crate) fn of_item(host: &dyn Host, source: &Source, item: &ItemPixels) -> Result<Item, Failure> {
    // What was only selected has no name of its own.
    let name = if item.name == masks::SELECTION { "item" } else { &item.name };
    let layer = empty(host, source, name, (item.region, &item.pixels))?;
    host.mix_in(layer, source.format.curve)?;
    Ok(layer)
}

fn empty(host: &dyn Host, source: &Source, name: &str, (region, pixels): (Region, &Pixels)) -> Result<Item, Failure> {
    let Region { x, y, width, height } = region;
    let fits = x + width <= source.size.0 as usize && y + height <= source.size.1 as usize;
    if !fits || width == 0 || height == 0 || (pixels.width() as usize, pixels.height() as usize) != (width, height) {
        return Err(unfit());
    }
    let layer = host.new_layer(source.image, name, (pixels.width(), pixels.height()), true)?;
    host.set_offsets(layer, source.offsets.0.saturating_add(x as i32), source.offsets.1.saturating_add(y as i32))?;
    Ok(layer)
}

fn unfit() -> Failure {
    Failure::internal("the result does not fit the picture")
}

/// Fills the layer of a result's ground, and masks it. Says whether it is clipped to the backdrop.
pub(crate) fn fill_ground(host: &dyn Host, source: &Source, result: &EditResult, layer: Item) -> Result<bool, Failure> {
    let area = all_of(result.ground().pixels);
    let (samples, clipped) = samples(host, source, result)?;
    host.write(layer, area, pixels::with_alpha(source.format), &samples)?;
    if clipped {
        host.clip_to_backdrop(layer)?;
    }
    let mask = host.add_mask(layer)?;
    host.write(mask, area, pixels::of_mask(source.format), &mask_of(result, source))?;
    Ok(clipped)
}

/// Fills the layer of an item.
pub(crate) fn fill_item(host: &dyn Host, source: &Source, item: &ItemPixels, layer: Item) -> Result<(), Failure> {
    let format = pixels::with_alpha(source.format);
    if usize::from(item.pixels.channels()) != format.channels.count() {
        return Err(unfit());
    }
    Ok(host.write(layer, all_of(&item.pixels), format, &pixels::received(item.pixels.samples().clone()))?)
}

fn all_of(pixels: &Pixels) -> Rect {
    Rect { x: 0, y: 0, width: pixels.width(), height: pixels.height() }
}

/// The layer's samples, and whether it is clipped to the backdrop.
///
/// A half-transparent pixel over the same pixel is less transparent than one. Where nothing lies below the picture, an opaque layer that is clipped
/// keeps the picture's alpha. One that expands the canvas is never clipped: nothing lies below its new pixels.
fn samples(host: &dyn Host, source: &Source, result: &EditResult) -> Result<(Samples, bool), Failure> {
    let samples = pixels::received(result.ground().pixels.samples().clone());
    let channels = source.format.channels.count();
    if matches!(source.format.channels, Channels::Rgb | Channels::Grey) {
        return Ok((pixels::opaque(samples, channels), false));
    }
    let shares = pixels::shares(&samples);
    let is_soft = shares.chunks_exact(channels).any(|pixel| pixel.last().is_some_and(|alpha| *alpha > 0.0 && *alpha < 1.0));
    if !is_soft || !result.sides.is_none() || !is_lowest(host, source)? {
        return Ok((samples, false));
    }
    let colours: Vec<f32> = shares.chunks_exact(channels).flat_map(|pixel| pixel[..channels - 1].iter().copied()).collect();
    Ok((pixels::opaque(pixels::from_shares(&colours, samples.sample_type()), channels - 1), true))
}

/// Whether nothing lies below the picture.
fn is_lowest(host: &dyn Host, source: &Source) -> Result<bool, Failure> {
    let lowest = host.layers(source.image)?.last().copied();
    Ok(source.layer.is_none() || (source.layer == lowest && host.colours(source.image)? != Colours::Indexed))
}

/// Full or empty and nothing between: the daemon has blended the soft border already.
fn mask_of(result: &EditResult, source: &Source) -> Samples {
    let full = result.ground().changes.iter().map(|change| *change > 0.0);
    match source.format.samples {
        SampleType::U8 => Samples::U8(full.map(|full| if full { u8::MAX } else { 0 }).collect()),
        SampleType::U16 => Samples::U16(full.map(|full| if full { u16::MAX } else { 0 }).collect()),
        SampleType::F32 => Samples::F32(full.map(|full| if full { 1.0 } else { 0.0 }).collect()),
    }
}
