//! The files that `--items` names, whatever kind they are.

use std::ffi::OsString;
use std::path::Path;

use dedit_edit::{ItemMask, Segmentation, Size};

use super::labels::{self, LabelPicture};
use super::layer::{BACKGROUND, Layer};
use super::masks::{folder, is_picture, mask, named};
use super::npy::{self, Array};
use super::numbered::names_of;
use super::reading::Reading;
use crate::error::{Error, Result};

/// What the named files hold.
pub(super) enum Found<'a> {
    /// Masks that have names.
    Layers(Vec<Layer>),
    /// Masks or labels that have numbers alone.
    Array(&'a Path, Array),
}

/// Reads what lies at `places`.
pub(super) fn look<'a>(places: &'a [OsString], names: &[String], reading: &Reading) -> Result<Found<'a>> {
    Ok(match places {
        [] => return Err(Error::usage("no items were given").hint("name a folder of masks, a label picture or masks with --items")),
        [one] if Path::new(one).is_dir() => Found::Layers(folder(Path::new(one), reading)?),
        [one] if Path::new(one).is_file() && npy::is_array(Path::new(one)) => Found::Array(Path::new(one), npy::read(Path::new(one))?),
        [one] if Path::new(one).is_file() => unnamed(Path::new(one), names, reading)?,
        several => Found::Layers(several.iter().map(|place| named(place, reading)).collect::<Result<_>>()?),
    })
}

/// A picture of labels, or of one soft mask.
fn unnamed<'a>(path: &'a Path, names: &[String], reading: &Reading) -> Result<Found<'a>> {
    let is_png = image::ImageFormat::from_path(path).is_ok_and(|format| format == image::ImageFormat::Png);
    let has_names = !names_of(path, names)?.is_empty();
    let labels = match labels::read(path) {
        Ok(labels) => Some(labels).filter(|labels| has_names || !labels.is_soft_mask()),
        Err(_) if !is_png && is_picture(path) && !has_names => None,
        Err(error) => return Err(error),
    };
    if let Some(LabelPicture { size, labels, .. }) = labels {
        return Ok(Found::Array(path, Array::Labels { size, labels }));
    }
    reading.note(path, "read as the soft mask of one item; give --names for a picture of labels");
    let name = path.file_stem().map_or_else(|| "item".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let name = if name == BACKGROUND { "item".to_owned() } else { name };
    Ok(Found::Layers(vec![Layer { name, mask: mask(path, reading)?, file: path.to_path_buf() }]))
}

/// How masks that lie over each other make items, with a name for what none covers.
pub(super) type Layering = fn(Size, &[(String, ItemMask)], &str) -> dedit_edit::Result<Segmentation>;

pub(super) fn layered(size: Size, layers: Vec<Layer>, layering: Layering) -> Result<Segmentation> {
    let (masks, files): (Vec<_>, Vec<_>) = layers.into_iter().map(|Layer { name, mask, file }| ((name, mask), file)).unzip();
    layering(size, &masks, BACKGROUND).map_err(|error| {
        // The message names the item: its file is the place of the error.
        let about = masks.iter().position(|(name, _)| error.message().contains(&format!("item '{name}'")));
        match about.and_then(|item| files.get(item)) {
            Some(file) => error.at(file),
            None => error,
        }
    })
}
