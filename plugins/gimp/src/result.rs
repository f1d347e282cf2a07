//! What the daemon made of an edit, before it is a layer.

use dedit_client::Blobs;
use dedit_protocol::answer::{Edited, LayerPart, Layers, Region};
use dedit_protocol::request::{EditOptions, EditVerb, PlanOptions};
use dedit_protocol::{Failure, Pixels};

use crate::sides::Sides;

/// What the daemon made of an edit.
#[derive(Debug, Clone)]
pub(crate) struct EditResult {
    pub(crate) edited: Edited,
    /// What the picture gains around it; the region lies within the larger picture.
    pub(crate) sides: Sides,
    /// The pixels of its region, in the format of the picture.
    pub(crate) pixels: Pixels,
    /// How far each pixel of the region may change, 0 … 1, row by row.
    pub(crate) changes: Vec<f32>,
    /// The same as layers, if they were asked for and the edit is about items.
    pub(crate) layers: Option<ResultLayers>,
    /// What was asked for; `None` for a result from the history.
    pub(crate) edit: Option<EditVerb>,
    pub(crate) plan: PlanOptions,
    pub(crate) options: EditOptions,
    /// The session that it is a revision of.
    pub(crate) session: String,
    /// The edit in words.
    pub(crate) name: String,
}

/// A result as layers.
#[derive(Debug, Clone)]
pub(crate) struct ResultLayers {
    plate: Region,
    plate_pixels: Pixels,
    plate_changes: Vec<f32>,
    /// The edited items, the first in front.
    pub(crate) items: Vec<ItemPixels>,
}

/// An item as a layer of straight alpha.
#[derive(Debug, Clone)]
pub(crate) struct ItemPixels {
    pub(crate) name: String,
    pub(crate) region: Region,
    pub(crate) pixels: Pixels,
}

/// The part of a result that takes the picture's place: all of it, or its clean plate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground<'r> {
    pub(crate) region: Region,
    pub(crate) pixels: &'r Pixels,
    /// How far each pixel of the region may change, 0 … 1.
    pub(crate) changes: &'r [f32],
}

impl ResultLayers {
    /// The layers of an answer, whose `changes` are those of `region`.
    ///
    /// # Errors
    /// `Connection` where a layer lacks its pixels, or lies outside of the region.
    pub(crate) fn read(layers: &Layers, blobs: &mut Blobs, region: Region, changes: &[f32]) -> Result<Self, Failure> {
        let plate = layers.plate.region;
        let plate_changes = part(changes, region, plate);
        let unfit = || Failure::new(dedit_protocol::FailureKind::Connection, "the daemon's clean plate does not fit its result");
        let item = |part: &LayerPart| Ok(ItemPixels { name: part.item.clone(), region: part.region, pixels: blobs.pixels(part.pixels)? });
        let items = layers.items.iter().map(item).collect::<Result<_, Failure>>()?;
        Ok(Self { plate, plate_pixels: blobs.pixels(layers.plate.pixels)?, plate_changes: plate_changes.ok_or_else(unfit)?, items })
    }
}

impl EditResult {
    /// The part that takes the picture's place.
    pub(crate) fn ground(&self) -> Ground<'_> {
        match &self.layers {
            Some(ResultLayers { plate, plate_pixels, plate_changes, .. }) => {
                Ground { region: *plate, pixels: plate_pixels, changes: plate_changes }
            }
            None => Ground { region: self.edited.region, pixels: &self.pixels, changes: &self.changes },
        }
    }

    /// The items that are layers of their own, the first in front.
    pub(crate) fn items(&self) -> &[ItemPixels] {
        self.layers.as_ref().map_or(&[], |layers| &layers.items)
    }
}

/// The values of a region that lies within another one; `None` where it does not.
fn part(values: &[f32], whole: Region, region: Region) -> Option<Vec<f32>> {
    let (left, top) = (region.x.checked_sub(whole.x)?, region.y.checked_sub(whole.y)?);
    let fits = left + region.width <= whole.width && top + region.height <= whole.height && values.len() == whole.width * whole.height;
    let row = |y: usize| values[(top + y) * whole.width + left..][..region.width].iter().copied();
    fits.then(|| (0..region.height).flat_map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changes_of_a_plate_are_cut_out() {
        let region = |x, y, width, height| Region { x, y, width, height };
        let values: Vec<f32> = (0..12_u8).map(f32::from).collect();
        for (whole, wanted, expected) in [
            (region(5, 5, 4, 3), region(6, 6, 2, 2), Some(vec![5.0, 6.0, 9.0, 10.0])),
            (region(5, 5, 4, 3), region(5, 5, 4, 1), Some(vec![0.0, 1.0, 2.0, 3.0])),
            (region(5, 5, 4, 3), region(4, 5, 2, 2), None),
            (region(5, 5, 4, 3), region(8, 5, 2, 2), None),
            (region(5, 5, 4, 2), region(5, 5, 1, 1), None),
        ] {
            assert_eq!(part(&values, whole, wanted), expected, "{wanted:?} of {whole:?}");
        }
    }
}
