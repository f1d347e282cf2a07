//! The files that `--items` names, whatever kind they are.

use std::path::Path;

use dedit_edit::{ItemMask, Segmentation, Size};

use super::labels;
use super::layer::{BACKGROUND, Layer};
use super::masks::{folder, named};
use super::npy::{self, Array};
use crate::error::{Error, Result};

/// What the named files hold.
pub(super) enum Found<'a> {
    /// Masks that have names.
    Layers(Vec<Layer>),
    /// Masks or labels that have numbers alone.
    Array(&'a Path, Array),
}

/// Reads what lies at `places`.
pub(super) fn look(places: &[String], size: Size) -> Result<Found<'_>> {
    Ok(match places {
        [] => return Err(Error::usage("no items were given").hint("name a folder of masks, a label picture or masks with --items")),
        [one] if Path::new(one).is_dir() => Found::Layers(folder(Path::new(one), size)?),
        [one] if Path::new(one).is_file() && npy::is_array(Path::new(one)) => Found::Array(Path::new(one), npy::read(Path::new(one))?),
        [one] if Path::new(one).is_file() => {
            let (size, labels) = labels::read(Path::new(one))?;
            Found::Array(Path::new(one), Array::Labels { size, labels })
        }
        several => Found::Layers(several.iter().map(|place| named(place, size)).collect::<Result<_>>()?),
    })
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
