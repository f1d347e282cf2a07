//! A larger canvas: pixels added at the sides of a picture.

use crate::error::{Error, Result};
use crate::geometry::{Rect, Size};
use crate::image::{Channels, Image, Sample, Samples};
use crate::mask::ItemMask;
use crate::segmentation::Segmentation;

/// Pixels that a canvas gets at each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sides {
    /// At the left.
    pub left: usize,
    /// At the right.
    pub right: usize,
    /// At the top.
    pub top: usize,
    /// At the bottom.
    pub bottom: usize,
}

impl Sides {
    /// The size of the larger canvas.
    ///
    /// # Errors
    /// No side gets a pixel, or the canvas would be larger than pictures can be.
    pub fn grown(self, size: Size) -> Result<Size> {
        let Self { left, right, top, bottom } = self;
        if [left, right, top, bottom] == [0; 4] {
            return Err(Error::usage("the canvas gets no pixel at any side").hint("say how many at the left, right, top or bottom"));
        }
        let sum = |length: usize, one: usize, other: usize| length.saturating_add(one).saturating_add(other);
        Size::new(sum(size.width(), left, right), sum(size.height(), top, bottom))
    }

    /// Where the old pixels of a picture of this (old) size lie on the larger canvas.
    pub fn old(self, size: Size) -> Rect {
        Rect { x: self.left, y: self.top, width: size.width(), height: size.height() }
    }

    /// 1 on the new pixels of a larger canvas, which was `size` before.
    pub(crate) fn new_pixels(self, size: Size) -> Result<ItemMask> {
        let old = self.old(size);
        Ok(ItemMask::from_fn(self.grown(size)?, |x, y| !old.contains(x, y)))
    }

    /// For each pixel of the larger canvas, row by row, the nearest one of the old; and whether it is that one itself.
    fn nearest(self, size: Size) -> Result<impl Iterator<Item = (usize, bool)>> {
        let (grown, old) = (self.grown(size)?, self.old(size));
        let clamped = |at: usize, start: usize, length: usize| at.saturating_sub(start).min(length - 1);
        Ok((0..grown.height()).flat_map(move |y| {
            (0..grown.width()).map(move |x| {
                let (column, row) = (clamped(x, old.x, old.width), clamped(y, old.y, old.height));
                (row * old.width + column, old.contains(x, y))
            })
        }))
    }
}

impl Image {
    /// The picture on a larger canvas. New pixels repeat the colour of the nearest old one, and are opaque.
    ///
    /// # Errors
    /// As [`Sides::grown`].
    pub fn expanded(&self, sides: Sides) -> Result<Self> {
        let samples = match self.samples() {
            Samples::U8(samples) => Samples::U8(expanded(samples, self.channels(), self.size(), sides)?),
            Samples::U16(samples) => Samples::U16(expanded(samples, self.channels(), self.size(), sides)?),
            Samples::F32(samples) => Samples::F32(expanded(samples, self.channels(), self.size(), sides)?),
        };
        Self::new(sides.grown(self.size())?, self.channels(), samples)
    }
}

fn expanded<T: Sample>(samples: &[T], channels: Channels, size: Size, sides: Sides) -> Result<Vec<T>> {
    let count = channels.count();
    let mut grown = Vec::with_capacity(sides.grown(size)?.pixels() * count);
    for (nearest, is_old) in sides.nearest(size)? {
        grown.extend_from_slice(&samples[nearest * count..(nearest + 1) * count]);
        if let (false, true, Some(alpha)) = (is_old, channels.has_alpha(), grown.last_mut()) {
            *alpha = T::from_unit(1.0);
        }
    }
    Ok(grown)
}

impl Segmentation {
    /// The items on a larger canvas. New pixels belong to the item of the nearest old one, or all to the `taker`.
    ///
    /// # Errors
    /// As [`Sides::grown`]; an unknown name.
    pub fn expanded(&self, sides: Sides, taker: Option<&str>) -> Result<Self> {
        let named = taker.map(|name| self.item(name)).transpose()?.map(|item| item as u16);
        let label = |(nearest, is_old): (usize, bool)| match named {
            Some(item) if !is_old => item,
            _ => self.labels()[nearest],
        };
        let labels = sides.nearest(self.size())?.map(label).collect();
        Self::from_labels(sides.grown(self.size())?, self.names().to_vec(), labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDES: Sides = Sides { left: 1, right: 0, top: 0, bottom: 1 };

    fn size() -> Size {
        Size::new(2, 1).unwrap()
    }

    #[test]
    fn new_pixels_repeat_the_nearest_and_are_opaque() {
        let image = Image::new(size(), Channels::GreyAlpha, Samples::U8(vec![10, 0, 20, 7])).unwrap();
        let grown = image.expanded(SIDES).unwrap();
        assert_eq!(grown.samples(), &Samples::U8(vec![10, 255, 10, 0, 20, 7, 10, 255, 10, 255, 20, 255]));
        assert_eq!(grown.crop(SIDES.old(size())).unwrap(), image, "old pixels are what they were");
    }

    #[test]
    fn new_pixels_belong_to_the_nearest_item_or_to_a_named_one() {
        let items = Segmentation::from_labels(size(), vec!["bag".to_owned(), "table".to_owned()], vec![0, 1]).unwrap();
        let nearest = items.expanded(SIDES, None).unwrap();
        assert_eq!(nearest.labels(), [0, 0, 1, 0, 0, 1]);
        let table = items.expanded(SIDES, Some("table")).unwrap();
        assert_eq!(table.labels(), [1, 0, 1, 1, 1, 1]);
    }

    #[test]
    fn what_cannot_be_a_canvas_is_refused() {
        for (sides, expected) in [
            (Sides::default(), "no pixel at any side"),
            (Sides { left: usize::MAX, right: 5, ..Sides::default() }, "at most"),
            (Sides { top: 65_000, ..Sides::default() }, "at most"),
        ] {
            let error = sides.grown(size()).unwrap_err();
            assert!(format!("{} {}", error.message(), error.hint_text().unwrap_or_default()).contains(expected), "{error}");
        }
    }
}
