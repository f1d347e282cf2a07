//! Two photographs that are edited without weights. They are of free licence: `tests/data/photos/README.md` lists their sources.

use dedit_edit::{Segmentation, Size};
use dedit_protocol::request::EditVerb;

use super::album::{Entry, Picture, Step, moved, remove, resize, swap};
use crate::error::{Error, ErrorKind, Result};
use crate::picture::Photo;

macro_rules! read {
    ($name:literal) => {
        picture(
            include_bytes!(concat!("../../../../../tests/data/photos/", $name, ".jpg")),
            include_bytes!(concat!("../../../../../tests/data/photos/", $name, "-items.png")),
            include_str!(concat!("../../../../../tests/data/photos/", $name, "-items.txt")),
        )
    };
}

/// The built-in photographs, and what is done with them.
pub(super) fn built_in() -> Result<Vec<Entry>> {
    Ok(vec![on_the_pad()?, in_the_studio()?])
}

fn on_the_pad() -> Result<Entry> {
    let picture = read!("rocket")?;
    let rocket = "rocket";
    let from = "reference:shuttle".to_owned();
    let steps = vec![
        Step::new("remove", "without the rocket", remove(rocket)),
        Step::new("move", "rocket to the left", moved(rocket, [-30.0, 0.0], 1.0)),
        Step::new("resize", "rocket, smaller", resize(&picture, rocket, 0.6)?),
        Step::new("swap-in", "rocket -> its shuttle", EditVerb::SwapIn { item: rocket.to_owned(), from }),
    ];
    Ok(Entry { name: "rocket".to_owned(), picture, reference: Some(read!("astronaut")?), steps, without_weights: true })
}

fn in_the_studio() -> Result<Entry> {
    let picture = read!("astronaut")?;
    let (patch, badge) = ("patch", "badge");
    let steps = vec![
        Step::new("remove", "without the patch", remove(patch)),
        Step::new("move", "patch up and smaller", moved(patch, [0.0, -60.0], 0.7)),
        Step::new("swap", "patch and badge swapped", swap(patch, badge)),
        Step::new("resize", "patch, larger", moved(patch, [0.0, 0.0], 1.25)),
    ];
    Ok(Entry { name: "astronaut".to_owned(), picture, reference: None, steps, without_weights: true })
}

/// A photograph, and the number of each pixel's item as a grey picture.
fn picture(photo: &[u8], labels: &[u8], names: &str) -> Result<Picture> {
    let damaged = |error: image::ImageError| Error::new(ErrorKind::Internal, format!("the items of a photograph are damaged ({error})"));
    let labels = image::load_from_memory(labels).map_err(damaged)?.into_luma8();
    let size = Size::new(labels.width() as usize, labels.height() as usize)?;
    let labels = labels.into_raw().into_iter().map(u16::from).collect();
    let items = Segmentation::from_labels(size, names.lines().map(str::to_owned).collect(), labels)?;
    Ok(Picture::of_photo(Photo::from_bytes(photo)?, items))
}
