//! Where items come from: a folder of masks, a label picture, an array file, or masks by name.

mod frame;
mod labels;
mod layer;
mod masks;
mod npy;
mod numbered;
mod places;
mod reading;

use std::ffi::OsString;
use std::path::Path;

use clap::Args;
use dedit_edit::Segmentation;

pub(crate) use self::frame::of_frame;
pub(crate) use self::masks::mask;
use self::npy::Array;
use self::numbered::{from_labels, named_masks};
use self::places::{Found, layered, look};
pub(crate) use self::reading::Reading;

use crate::error::Result;
use crate::picture::{Photo, Picture};

/// Masks of a picture.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ItemFiles {
    /// The items' masks: a folder of pictures or .npy files named as the items, a label picture (grey or with a palette; see --names), a .npy array (items ×
    /// height × width, or height × width of labels), or NAME=MASK.png, given again for each item. Of masks that overlap the first lies in front; what
    /// none covers is the item 'background'
    #[arg(long, value_name = "WHERE")]
    pub(crate) items: Vec<OsString>,
    /// Names for the labels of a label picture or the masks of an array, in order; else those in a .txt file of the same name beside it, or in
    /// names.txt, a line each; else item 0, item 1, …
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub(crate) names: Vec<String>,
    /// The frame or page of a picture file that has several, from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page: Option<u32>,
    /// Masks are white, or opaque, where the item is not
    #[arg(long)]
    pub(crate) invert_mask: bool,
}

impl ItemFiles {
    /// The items of a picture, which gets the notes on how they were read.
    pub(crate) fn read(&self, photo: &mut Photo) -> Result<Segmentation> {
        let reading = Reading::of(photo, self.invert_mask);
        let items = read(&self.items, &self.names, &reading)?;
        photo.notes.extend(reading.into_notes());
        Ok(items)
    }
}

/// Reads a picture with its items.
pub(crate) fn read_picture(path: &Path, files: &ItemFiles) -> Result<Picture> {
    let mut photo = Photo::read(path, files.page.map(|page| page as usize))?;
    let items = files.read(&mut photo)?;
    Ok(Picture { photo, items })
}

/// Reads the items of a picture, and gives those that have none their `names`.
pub(crate) fn read(places: &[OsString], names: &[String], reading: &Reading) -> Result<Segmentation> {
    let size = reading.size;
    let layers = match look(places, names, reading)? {
        Found::Layers(layers) => layers,
        Found::Array(path, Array::Masks { size: found, masks }) => named_masks(path, names, found, masks)?,
        Found::Array(path, Array::Labels { size: found, labels }) => return from_labels(path, names, found, &labels, size),
    };
    layered(size, layers, Segmentation::from_masks)
}
