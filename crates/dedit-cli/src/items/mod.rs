//! Where items come from: a folder of masks, a label picture, an array file, or masks by name.

mod frame;
mod labels;
mod masks;
mod npy;
mod numbered;

use std::path::{Path, PathBuf};

use clap::Args;
use dedit_edit::{ItemMask, Segmentation, Size};

pub(crate) use self::frame::of_frame;
pub(crate) use self::masks::mask;
use self::masks::{folder, named};
use self::numbered::{from_labels, named_masks};

use crate::error::{Error, ErrorKind, Result};

/// What no mask covers.
const BACKGROUND: &str = "background";

/// Masks of a picture.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ItemFiles {
    /// The items' masks: a folder of PNG or .npy files named as the items, a label picture (grey or with a palette; see --names), a .npy array (items ×
    /// height × width, or height × width of labels), or NAME=MASK.png, given again for each item. Of masks that overlap the first lies in front; what
    /// none covers is the item 'background'
    #[arg(long, value_name = "WHERE")]
    pub(crate) items: Vec<String>,
    /// Names for the labels of a label picture or the masks of an array, in order; else those in a .txt file of the same name beside it, or in
    /// names.txt, a line each; else item 0, item 1, …
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub(crate) names: Vec<String>,
}

impl ItemFiles {
    /// The items of a picture of this size.
    pub(crate) fn read(&self, size: Size) -> Result<Segmentation> {
        read(&self.items, &self.names, size)
    }
}

/// A mask and where it is from.
struct Layer {
    name: String,
    mask: ItemMask,
    file: PathBuf,
}

/// What lies at some places.
enum Found<'a> {
    /// Masks that have names.
    Layers(Vec<Layer>),
    /// Masks or labels that have numbers alone.
    Array(&'a Path, npy::Array),
}

/// Reads the items of a picture, and gives those that have none their `names`.
pub(crate) fn read(places: &[String], names: &[String], size: Size) -> Result<Segmentation> {
    let layers = match look(places, size)? {
        Found::Layers(layers) => layers,
        Found::Array(path, npy::Array::Masks { size: found, masks }) => named_masks(path, names, found, masks)?,
        Found::Array(path, npy::Array::Labels { size: found, labels }) => return from_labels(path, names, found, &labels, size),
    };
    layered(size, layers, Segmentation::from_masks)
}

/// Reads what lies at `places`.
fn look(places: &[String], size: Size) -> Result<Found<'_>> {
    Ok(match places {
        [] => return Err(Error::usage("no items were given").hint("name a folder of masks, a label picture or masks with --items")),
        [one] if Path::new(one).is_dir() => Found::Layers(folder(Path::new(one), size)?),
        [one] if Path::new(one).is_file() && is(Path::new(one), "npy") => Found::Array(Path::new(one), array(Path::new(one))?),
        [one] if Path::new(one).is_file() => {
            let (size, labels) = labels::read(Path::new(one))?;
            Found::Array(Path::new(one), npy::Array::Labels { size, labels })
        }
        several => Found::Layers(several.iter().map(|place| named(place, size)).collect::<Result<_>>()?),
    })
}

/// How masks that lie over each other make items, with a name for what none covers.
type Layering = fn(Size, &[(String, ItemMask)], &str) -> dedit_edit::Result<Segmentation>;

fn layered(size: Size, layers: Vec<Layer>, layering: Layering) -> Result<Segmentation> {
    let (masks, files): (Vec<_>, Vec<_>) = layers.into_iter().map(|Layer { name, mask, file }| ((name, mask), file)).unzip();
    layering(size, &masks, BACKGROUND).map_err(|error| {
        // The sentence names the item; the place is that item's file.
        let about = masks.iter().position(|(name, _)| error.message().contains(&format!("item '{name}'")));
        let told = Error::from(error);
        match about.and_then(|item| files.get(item)) {
            Some(file) => told.at(file),
            None => told,
        }
    })
}

fn is(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn array(path: &Path) -> Result<npy::Array> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let hint = "save it with numpy.save";
    npy::parse(&bytes).map_err(|reason| Error::new(ErrorKind::Input, reason).at(path).hint(hint))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("this cannot be read ({error})")).at(path).hint("check the path")
}

fn wrong_size(path: &Path, what: &str, found: Size, size: Size) -> Error {
    let message = format!("{what} {found}, and the picture is {size}");
    Error::new(ErrorKind::Input, message).at(path).hint("give masks of the picture's own size")
}
