//! What is known of an item before it is found.

use dedit_edit::{Error, Rect, Result, Size};

/// What is known of the item that is looked for: at least a region or one pixel inside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hint {
    /// A box round the item, in pixels of the picture: no pixel of the item lies outside, but for those of `inside`, for which it is widened. The tighter,
    /// the better.
    pub region: Option<Rect>,
    /// Pixels of the item: column and row.
    pub inside: Vec<(usize, usize)>,
    /// Pixels that are not of the item: column and row.
    pub outside: Vec<(usize, usize)>,
}

impl Hint {
    /// An error unless there is something to start from and all of it lies within a picture.
    pub(crate) fn check(&self, size: Size) -> Result<()> {
        if self.region.is_none() && self.inside.is_empty() {
            return Err(Error::usage("nothing says where the item is").hint("give a box round it or a pixel of it"));
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

    /// The box, widened so that it holds every pixel that is said to be inside.
    pub(crate) fn bounds(&self) -> Option<Rect> {
        self.region.map(|region| {
            self.inside.iter().fold(region, |rect, (x, y)| {
                let (left, top) = (rect.x.min(*x), rect.y.min(*y));
                Rect { x: left, y: top, width: rect.right().max(x + 1) - left, height: rect.bottom().max(y + 1) - top }
            })
        })
    }
}
