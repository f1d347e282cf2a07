//! A picture's items: names and masks that cover every pixel exactly once.

mod grid;
mod masks;
mod names;

use crate::error::{Error, Result};
use crate::geometry::{Rect, Size};
use crate::grid::cut;
use crate::image::Image;
use crate::mask::ItemMask;

/// The most items a picture can have; labels beyond are free for marks.
pub(crate) const MAX_ITEMS: usize = 1 << 12;

/// Named items that own every pixel exactly once: each pixel has one label, and each item at least one pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segmentation {
    size: Size,
    names: Vec<String>,
    labels: Vec<u16>,
}

impl Segmentation {
    /// A segmentation from a label map, row-major: a pixel of label `k` belongs to `names[k]`.
    pub fn from_labels(size: Size, names: Vec<String>, labels: Vec<u16>) -> Result<Self> {
        let segmentation = Self::labelled(size, names, labels)?;
        match segmentation.first_without_pixels() {
            None => Ok(segmentation),
            Some(item) => {
                let message = format!("item '{}' owns no pixel of the label map", segmentation.names[item]);
                Err(Error::input(message).hint("leave the item out or give it a pixel"))
            }
        }
    }

    /// The same for a label map in which some labels do not occur: their items are left out.
    pub fn from_labels_in_part(size: Size, names: Vec<String>, labels: Vec<u16>) -> Result<Self> {
        Ok(Self::labelled(size, names, labels)?.in_part())
    }

    /// Without the items that own no pixel.
    fn in_part(self) -> Self {
        let Self { size, names, mut labels } = self;
        let mut owns = vec![false; names.len()];
        for label in &labels {
            owns[usize::from(*label)] = true;
        }
        let mut kept = 0;
        let numbers: Vec<u16> = owns.iter().map(|owns| (kept, kept += u16::from(*owns)).0).collect();
        for label in &mut labels {
            *label = numbers[usize::from(*label)];
        }
        let names = names.into_iter().zip(owns).filter_map(|(name, owns)| owns.then_some(name)).collect();
        Self { size, names, labels }
    }

    /// Labels of which each has a name; an item may be without pixels still.
    fn labelled(size: Size, names: Vec<String>, labels: Vec<u16>) -> Result<Self> {
        names::check(&names)?;
        if labels.len() != size.pixels() {
            return Err(Error::input(format!("a label map of {size} needs {} labels, not {}", size.pixels(), labels.len())));
        }
        if let Some(index) = labels.iter().position(|label| usize::from(*label) >= names.len()) {
            let (x, y) = size.position(index);
            let message = format!("pixel ({x}, {y}) has label {}, and there are names for labels 0 to {}", labels[index], names.len() - 1);
            return Err(Error::input(message).hint("name every label, or give the pixel to an item"));
        }
        Ok(Self { size, names, labels })
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The items' names; an item's number is its place here.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The item of every pixel, row-major.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// An error unless the picture is of the same size.
    pub fn check_picture(&self, picture: &Image) -> Result<()> {
        if picture.size() == self.size {
            return Ok(());
        }
        let message = format!("the items are on a picture of {}, and this picture is {}", self.size, picture.size());
        Err(Error::input(message).hint("give masks of the picture's own size"))
    }

    /// The items of a rectangle, without those that own no pixel there.
    pub fn crop(&self, rect: Rect) -> Result<Self> {
        rect.check_within(self.size)?;
        Self::from_labels_in_part(rect.size()?, self.names.clone(), cut(&self.labels, self.size, 1, rect))
    }

    /// An item's number. An unknown name is an error that suggests the most similar one.
    pub fn item(&self, name: &str) -> Result<usize> {
        self.names.iter().position(|known| known == name).ok_or_else(|| names::unknown(name, &self.names))
    }

    /// Whether a pixel belongs to an item.
    pub fn owns(&self, item: usize, index: usize) -> bool {
        usize::from(self.labels[index]) == item
    }

    /// The number of the item that owns a pixel of a rectangle, by its row-major index there.
    pub fn label_in(&self, rect: Rect, index: usize) -> usize {
        usize::from(self.labels[(rect.y + index / rect.width) * self.size.width() + rect.x + index % rect.width])
    }

    /// An item's mask: one on its pixels, zero elsewhere.
    pub fn mask(&self, item: usize) -> ItemMask {
        ItemMask::generate(self.size, |index| f32::from(u8::from(self.owns(item, index))))
    }

    /// The smallest rectangle around each item.
    pub fn bounding_boxes(&self) -> Vec<Rect> {
        Rect::around_each(self.size, &self.labels, self.names.len()).into_iter().flatten().collect()
    }

    /// How many pixels each item owns.
    pub fn areas(&self) -> Vec<usize> {
        let mut areas = vec![0; self.names.len()];
        // Labels come in runs.
        for run in self.labels.chunk_by(|one, next| one == next) {
            areas[usize::from(run[0])] += run.len();
        }
        areas
    }

    fn first_without_pixels(&self) -> Option<usize> {
        self.areas().iter().position(|area| *area == 0)
    }
}

#[cfg(test)]
mod tests;
