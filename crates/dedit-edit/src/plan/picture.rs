//! A plan as a picture, to look at before anything is computed.

use crate::error::Result;
use crate::geometry::Size;
use crate::image::{Channels, Image, Samples};
use crate::plan::EditPlan;

const OUTLINE_OF_ITEMS: [u8; 3] = [0, 0, 0];
const OUTLINE_OF_REGION: [u8; 3] = [255, 255, 255];
/// What the hard region fades to.
const FADED: f32 = 96.0;

impl EditPlan {
    /// The plan as an 8-bit RGB picture of the picture's size: each item of [`after`](Self::after) in its colour, full where the plan changes pixels and
    /// faded where it keeps them, with the ring in between; black lines between items, a white line round the region.
    pub fn picture(&self) -> Result<Image> {
        let size = self.after.size();
        let (labels, change) = (self.after.labels(), self.change.values());
        // The colours that the items had before: what stays looks the same though others go.
        let place = |name: &String| self.before.names().iter().position(|before| before == name).unwrap_or(0);
        let colours: Vec<[f32; 3]> = self.after.names().iter().map(|name| item_colour(place(name)).map(f32::from)).collect();
        let pixel = |index: usize| {
            if differs(size, index, |a, b| change[a] > 0.0 && change[b] == 0.0) {
                return OUTLINE_OF_REGION;
            }
            if differs(size, index, |a, b| labels[a] < labels[b]) {
                return OUTLINE_OF_ITEMS;
            }
            let kept = 0.65 * (1.0 - change[index]);
            colours[usize::from(labels[index])].map(|value| (value + (FADED - value) * kept).round() as u8)
        };
        Image::new(size, Channels::Rgb, Samples::U8((0..size.pixels()).flat_map(pixel).collect()))
    }
}

/// Whether `differ(index, neighbour)` holds for one of the four neighbours.
fn differs(size: Size, index: usize, differ: impl Fn(usize, usize) -> bool) -> bool {
    let (x, y) = size.position(index);
    let width = size.width();
    (x > 0 && differ(index, index - 1))
        || (x + 1 < width && differ(index, index + 1))
        || (y > 0 && differ(index, index - width))
        || (y + 1 < size.height() && differ(index, index + width))
}

/// A colour of its own for each item, RGB: hues a golden angle apart, so that neighbours in the list look unlike however many there are.
pub fn item_colour(item: usize) -> [u8; 3] {
    let hue = item as f32 * 137.508 / 60.0;
    [5.0, 3.0, 1.0].map(|offset: f32| {
        let k = (offset + hue) % 6.0;
        // The formula for a colour of value 230 and saturation 0.7 in the HSV model.
        (230.0 * (1.0 - 0.7 * k.min(4.0 - k).clamp(0.0, 1.0))).round() as u8
    })
}
