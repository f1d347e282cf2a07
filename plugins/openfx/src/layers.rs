//! An edit of a frame as it is cached, and its items alone as the host's image.

use dedit_protocol::{Pixels, Samples};
use ofx_host::{Alpha, Components, Frame, Image};

use crate::pixels::{EditedRegion, Encoding, Format, InputFrame};

/// What an edit makes of a frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EditedFrame {
    /// What it changes; of an edit as layers, what the clean plate changes.
    pub(crate) region: EditedRegion,
    /// The edited items of an edit as layers, with straight alpha, the first in front.
    pub(crate) items: Vec<EditedRegion>,
}

impl EditedFrame {
    /// Whether all of it lies within `frame` and has its sample type, and items have alpha too.
    pub(crate) fn fits(&self, frame: &Pixels) -> bool {
        let with_alpha = if frame.channels() < 3 { 2 } else { 4 };
        self.region.fits(frame, frame.channels()) && self.items.iter().all(|item| item.fits(frame, with_alpha))
    }

    /// Its pixels, of every layer.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &EditedRegion> {
        std::iter::once(&self.region).chain(&self.items)
    }

    /// The items over each other at a place of the frame: sRGB with straight alpha.
    fn item_at(&self, x: usize, y: usize) -> [f32; 4] {
        self.items.iter().rev().filter_map(|item| pixel_at(item, x, y)).fold([0.0; 4], over)
    }
}

/// Fills the window of the output with the items alone, transparent elsewhere. An output of alpha alone gets their alpha, and one without alpha shows them
/// over black.
pub(crate) fn write_items(output: &mut Image<'_>, input: &InputFrame, edited: &EditedFrame, frame: &Frame, encoding: Encoding) {
    let to = Format::of(output, encoding);
    let alpha = if to.components == Components::Rgba && output.alpha() == Alpha::Straight { Alpha::Straight } else { Alpha::Premultiplied };
    let whole = Format { components: Components::Rgba, alpha, ..to };
    let (asked, there, sample) = (frame.window, output.bounds(), to.depth.bytes());
    let columns = asked.x1.max(there.x1)..asked.x2.min(there.x2);
    for y in (asked.y1.max(there.y1)..asked.y2.min(there.y2)).filter(|y| frame.field.has(*y)) {
        let down = usize::try_from(i64::from(input.bounds.y2) - 1 - i64::from(y)).ok();
        let Some(row) = output.row_mut(y) else { continue };
        for x in columns.clone() {
            let across = usize::try_from(i64::from(x) - i64::from(input.bounds.x1)).ok();
            let pixel = across.zip(down).map_or([0.0; 4], |(across, down)| edited.item_at(across, down));
            let mut stored = [0; 16];
            whole.write(pixel, &mut stored[..4 * sample]);
            let from = if to.components == Components::Alpha { 3 * sample } else { 0 };
            let at = usize::try_from(x - there.x1).unwrap_or_default() * to.bytes();
            if let (Some(into), Some(stored)) = (row.get_mut(at..at + to.bytes()), stored.get(from..from + to.bytes())) {
                into.copy_from_slice(stored);
            }
        }
    }
}

/// A pixel of a layer as sRGB with straight alpha, by its place in the frame.
fn pixel_at(layer: &EditedRegion, x: usize, y: usize) -> Option<[f32; 4]> {
    let (across, down) = (x.checked_sub(layer.region.x)?, y.checked_sub(layer.region.y)?);
    if across >= layer.region.width || down >= layer.region.height {
        return None;
    }
    let channels = usize::from(layer.pixels.channels());
    let at = (down * layer.region.width + across) * channels;
    let sample = |channel: usize| match layer.pixels.samples() {
        Samples::U8(samples) => samples.get(at + channel).map(|value| f32::from(*value) / 255.0),
        Samples::U16(samples) => samples.get(at + channel).map(|value| f32::from(*value) / 65535.0),
        Samples::F32(samples) => samples.get(at + channel).copied(),
    };
    let colour = |channel: usize| sample(if channels < 3 { 0 } else { channel });
    Some([colour(0)?, colour(1)?, colour(2)?, sample(channels - 1)?])
}

/// Straight alpha over straight alpha.
fn over(below: [f32; 4], above: [f32; 4]) -> [f32; 4] {
    let (share, rest) = (above[3], below[3] * (1.0 - above[3]));
    let alpha = share + rest;
    if alpha <= 0.0 {
        return [0.0; 4];
    }
    let mixed = |channel: usize| (above[channel] * share + below[channel] * rest) / alpha;
    [mixed(0), mixed(1), mixed(2), alpha]
}

#[cfg(test)]
mod tests {
    use dedit_protocol::answer::Region;

    use super::*;

    fn layer(x: usize, channels: u8, samples: &[u8]) -> EditedRegion {
        let width = samples.len() / usize::from(channels);
        let pixels = Pixels::new(width as u32, 1, channels, Samples::U8(samples.to_vec())).unwrap();
        EditedRegion { region: Region { x, y: 2, width, height: 1 }, pixels }
    }

    #[test]
    fn items_lie_over_each_other() {
        let plate = layer(0, 3, &[9; 12]);
        let front = layer(1, 4, &[255, 0, 0, 51, 0, 255, 0, 0]);
        let behind = layer(0, 4, &[0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255]);
        let edited = EditedFrame { region: plate, items: vec![front, behind] };
        for ((x, y), expected) in [
            ((0, 2), [0.0, 0.0, 1.0, 1.0]),
            ((1, 2), [0.2, 0.0, 0.8, 1.0]),
            ((2, 2), [0.0, 0.0, 1.0, 1.0]),
            ((3, 2), [0.0; 4]),
            ((1, 1), [0.0; 4]),
        ] {
            let found = edited.item_at(x, y);
            assert!(found.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-6), "{x} {y}: {found:?}");
        }
        let grey = EditedFrame { region: layer(0, 1, &[9]), items: vec![layer(0, 2, &[255, 51])] };
        assert_eq!(grey.item_at(0, 2).map(|value| (value * 100.0).round() as u8), [100, 100, 100, 20]);
    }

    #[test]
    fn items_have_one_channel_more_than_a_frame_without_alpha() {
        let frame = |channels: u8| Pixels::new(4, 4, channels, Samples::U8(vec![0; 16 * usize::from(channels)])).unwrap();
        for (channels, item, fits) in [(3, 4, true), (3, 3, false), (4, 4, true), (1, 2, true), (1, 4, false)] {
            let plate = layer(0, channels, &vec![0; 2 * usize::from(channels)]);
            let edited = EditedFrame { region: plate, items: vec![layer(1, item, &vec![0; 2 * usize::from(item)])] };
            assert_eq!(edited.fits(&frame(channels)), fits, "{channels} {item}");
        }
    }
}
