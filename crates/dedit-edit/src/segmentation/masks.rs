//! Converts soft masks that may overlap into items that own every pixel exactly once.

use crate::error::{Error, Result};
use crate::geometry::Size;
use crate::mask::ItemMask;
use crate::segmentation::{Segmentation, names};

/// Masks are stacked like layers, the first in front: item k gets `m_k · Π_{i<k} (1 − m_i)` of a pixel and the background what is left, so the
/// shares of a pixel sum to one. The pixel belongs to the largest share, of equal ones to the one in front. The background's number is that of the masks.
fn owner(masks: &[(String, ItemMask)], index: usize) -> usize {
    let (mut rest, mut owner, mut largest) = (1.0, masks.len(), 0.0);
    for (item, (_, mask)) in masks.iter().enumerate() {
        let share = mask.values()[index] * rest;
        if share > largest {
            (owner, largest) = (item, share);
        }
        rest *= 1.0 - mask.values()[index];
    }
    if rest > largest { masks.len() } else { owner }
}

impl Segmentation {
    /// A segmentation from soft masks that may overlap, by priority: the first lies in front. What no mask covers becomes the item `background`; where
    /// the masks leave nothing there is none.
    pub fn from_masks(size: Size, masks: &[(String, ItemMask)], background: &str) -> Result<Self> {
        let mut segmentation = Self::layered(size, masks, background)?;
        if let Some((name, _)) = masks.iter().find(|(_, mask)| mask.is_empty()) {
            return Err(Error::input(format!("the mask of item '{name}' is empty")).hint("paint the item or leave it out"));
        }
        if !segmentation.labels.contains(&(masks.len() as u16)) {
            segmentation.names.pop();
        }
        match segmentation.first_without_pixels() {
            None => Ok(segmentation),
            Some(item) => Err(segmentation.hidden(masks, item)),
        }
    }

    /// The same for a picture that lacks some of the items, such as another frame of a film: items whose mask is empty or hidden by others are left out.
    pub fn from_masks_in_part(size: Size, masks: &[(String, ItemMask)], background: &str) -> Result<Self> {
        Ok(Self::layered(size, masks, background)?.in_part())
    }

    /// The items of masks with the background as the last one, which may own no pixel, as may any other.
    fn layered(size: Size, masks: &[(String, ItemMask)], background: &str) -> Result<Self> {
        let mut item_names: Vec<String> = masks.iter().map(|(name, _)| name.clone()).collect();
        if item_names.iter().any(|name| name == background) {
            let message = format!("an item has the background's name, '{background}'");
            return Err(Error::input(message).hint("rename the item, or name the background otherwise"));
        }
        item_names.push(background.to_owned());
        names::check(&item_names)?;
        for (name, mask) in masks {
            mask.check_size(size).map_err(|error| error.about(format_args!("item '{name}'")))?;
        }
        let labels = (0..size.pixels()).map(|index| owner(masks, index) as u16).collect();
        Ok(Self { size, names: item_names, labels })
    }

    /// The error for an item that wins no pixel.
    fn hidden(&self, masks: &[(String, ItemMask)], item: usize) -> Error {
        let (name, mask) = &masks[item];
        let strongest = (0..self.size.pixels()).max_by(|a, b| mask.values()[*a].total_cmp(&mask.values()[*b])).unwrap_or(0);
        let (x, y) = self.size.position(strongest);
        let owner = &self.names[usize::from(self.labels[strongest])];
        let value = mask.values()[strongest];
        let message =
            format!("item '{name}' owns no pixel: even where its mask is strongest, {value} at ({x}, {y}), the pixel goes to '{owner}'");
        Error::input(message).hint("put it in front of the items that cover it, or make its mask stronger")
    }
}
