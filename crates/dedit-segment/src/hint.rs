//! The user's hint about an item.

use dedit_edit::{Error, Rect, Result, Size};

/// A hint about the item to segment: at least a box or one pixel inside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hint {
    /// A box around the item, in pixels of the picture, as tight as possible. No pixel outside of it belongs to the item; it is extended to contain `inside`.
    pub region: Option<Rect>,
    /// Pixels of the item, as column and row.
    pub inside: Vec<(usize, usize)>,
    /// Pixels that do not belong to the item, as column and row.
    pub outside: Vec<(usize, usize)>,
}

impl Hint {
    /// Fails unless there is a box or a pixel inside, and all of them are within the picture.
    pub(crate) fn check(&self, size: Size) -> Result<()> {
        if self.region.is_none() && self.inside.is_empty() {
            return Err(Error::usage("nothing says where the item is").hint("give a box round it or a pixel of it"));
        }
        self.check_places(size)
    }

    /// Fails unless the box has an area, box and pixels are within the picture, and no pixel is both inside and outside.
    ///
    /// # Errors
    /// `Usage`.
    pub fn check_places(&self, size: Size) -> Result<()> {
        if let Some(region) = self.region.filter(|region| region.width == 0 || region.height == 0) {
            return Err(Error::usage(format!("the box {region} has no area")).hint("give a box of at least one pixel inside the picture"));
        }
        if let Some(region) = self.region {
            let fits = |start: usize, length: usize, whole: usize| length > 0 && start < whole && length <= whole - start;
            if !fits(region.x, region.width, size.width()) || !fits(region.y, region.height, size.height()) {
                let message = format!("the box {region} does not lie within the picture of {size}");
                return Err(Error::usage(message).hint("give a box of at least one pixel inside the picture"));
            }
        }
        let beyond = |(x, y): &&(usize, usize)| *x >= size.width() || *y >= size.height();
        if let Some((x, y)) = self.inside.iter().chain(&self.outside).find(beyond) {
            let message = format!("the point ({x}, {y}) does not lie within the picture of {size}");
            return Err(Error::usage(message).hint("columns and rows are counted from 0"));
        }
        if let Some((x, y)) = self.inside.iter().find(|point| self.outside.contains(point)) {
            return Err(
                Error::usage(format!("the point ({x}, {y}) is said to be of the item and not of it")).hint("leave one of the two out")
            );
        }
        Ok(())
    }

    /// The box, extended to contain all pixels of `inside`.
    pub(crate) fn bounds(&self) -> Option<Rect> {
        self.region.map(|region| {
            self.inside.iter().fold(region, |rect, (x, y)| {
                let (left, top) = (rect.x.min(*x), rect.y.min(*y));
                Rect { x: left, y: top, width: rect.right().max(x + 1) - left, height: rect.bottom().max(y + 1) - top }
            })
        })
    }
}
