//! Results as layers: a folder of pictures, or an OpenRaster file.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use dedit_edit::{Channels, Depth, Image, Planes};
use dedit_protocol::answer::{LayerPart, Layers};
use dedit_protocol::{Blob, features};

use crate::connection::{Connection, image};
use crate::error::{Error, ErrorKind, Result};
use crate::output;
use crate::picture::{Format, OraLayer, Photo, encode_ora, encode_photo};

/// The name of the layer below the items.
const PLATE: &str = "clean plate";

/// Where the layers of results go: one place for each.
pub(super) struct LayerFiles {
    places: Vec<PathBuf>,
    is_ora: bool,
}

impl LayerFiles {
    /// The places for `count` results. Makes sure that something can be written there, before anything is computed.
    pub(super) fn prepare(path: &Path, count: usize, depth: Depth, connection: &Connection<'_>) -> Result<Self> {
        connection.require(features::LAYERS)?;
        let is_ora = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ora"));
        if is_ora && depth == Depth::F32 {
            let error = Error::usage("OpenRaster holds no float pictures").at(path);
            return Err(error.hint("name a folder: its layers are written as TIFF"));
        }
        if is_ora {
            return Ok(Self { places: output::prepare(path, count, &["ora"])?, is_ora });
        }
        let numbered = |number: usize| if count == 1 { path.to_path_buf() } else { path.join(number.to_string()) };
        let places: Vec<PathBuf> = (1..=count).map(numbered).collect();
        places.iter().try_for_each(|folder| output::create_folder(folder))?;
        Ok(Self { places, is_ora })
    }

    /// Writes the layers of result `index`, and gives the files. `original` is what was edited, and `result` what the layers show together.
    pub(super) fn write(&self, index: usize, layers: &Layers, blobs: &[Blob], original: &Photo, result: &Image) -> Result<Vec<PathBuf>> {
        let place = &self.places[index];
        let mut plate = original.image.clone();
        plate.put(at(&layers.plate), &picture(&layers.plate, blobs)?)?;
        let items: Vec<(&LayerPart, Image)> = layers.items.iter().map(|part| Ok((part, picture(part, blobs)?))).collect::<Result<_>>()?;
        if self.is_ora {
            let item = |(part, picture): &'_ (&LayerPart, Image)| (part.item.clone(), at(part), picture.clone());
            let items: Vec<_> = items.iter().map(item).collect();
            let mut stack: Vec<OraLayer<'_>> = items.iter().map(|(name, at, picture)| OraLayer { name, at: *at, picture }).collect();
            stack.push(OraLayer { name: PLATE, at: (0, 0), picture: &plate });
            output::write(place, &encode_ora(plate.size(), &stack, result, original.profile.as_deref())?)?;
            return Ok(vec![place.clone()]);
        }
        let (extension, format) = if plate.depth() == Depth::F32 { ("tif", Format::Tiff) } else { ("png", Format::Png) };
        let encode = |picture: &Image| encode_photo(picture, original, &[], format, 100);
        let mut files = vec![place.join(format!("{PLATE}.{extension}"))];
        output::write(&files[0], &encode(&plate)?)?;
        for (part, picture) in &items {
            let file = place.join(format!("{}.{extension}", file_name(&part.item, &files)));
            output::write(&file, &encode(&on_canvas(&plate, part, picture)?)?)?;
            files.push(file);
        }
        Ok(files)
    }
}

fn at(part: &LayerPart) -> (usize, usize) {
    (part.region.x, part.region.y)
}

fn picture(part: &LayerPart, blobs: &[Blob]) -> Result<Image> {
    match blobs.get(part.pixels) {
        Some(Blob::Pixels(pixels)) => image(pixels.clone()),
        _ => Err(Error::new(ErrorKind::Connection, "the daemon's answer lacks a layer").hint("update dedit and its daemon")),
    }
}

/// A layer on a transparent canvas of the picture's size, so that layers lie on each other in any program.
fn on_canvas(plate: &Image, part: &LayerPart, picture: &Image) -> Result<Image> {
    let colours = picture.channels().colours();
    let empty = vec![0.0; plate.size().pixels()];
    let canvas = Planes::new(plate.size(), vec![empty.clone(); colours], Some(empty))?;
    let mut canvas = canvas.to_image(picture.depth())?;
    debug_assert!(matches!(picture.channels(), Channels::GreyAlpha | Channels::Rgba));
    canvas.put(at(part), picture)?;
    Ok(canvas)
}

/// An item's name as that of a file which is none of `taken`.
fn file_name(item: &str, taken: &[PathBuf]) -> String {
    let is_plain = |letter: char| !letter.is_control() && !"/\\:*?\"<>|".contains(letter);
    let plain: String = item.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).take(100).collect();
    let plain = plain.trim_matches(['.', ' ']).to_owned();
    let plain = if plain.is_empty() { "item".to_owned() } else { plain };
    let is_taken = |name: &str| taken.iter().any(|file| file.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case(OsStr::new(name))));
    let numbered = |number: usize| if number == 1 { plain.clone() } else { format!("{plain} {number}") };
    (1..=taken.len() + 1).map(numbered).find(|name| !is_taken(name)).unwrap_or(plain.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_items_become_names_of_files() {
        let taken = [PathBuf::from("a/clean plate.png"), PathBuf::from("a/Bag.png")];
        for (item, name) in [
            ("lamp", "lamp"),
            ("bag", "bag 2"),
            ("clean plate", "clean plate 2"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("a:b*c?\n", "a_b_c__"),
            (" . ", "item"),
            ("Büste", "Büste"),
        ] {
            assert_eq!(file_name(item, &taken), name, "{item}");
        }
        assert_eq!(file_name(&"x".repeat(500), &taken).len(), 100);
    }
}
