//! How the masks of a picture are read.

use std::cell::RefCell;
use std::path::Path;

use dedit_edit::{Image, ItemMask, Size};
use image::metadata::Orientation;

use crate::error::Result;
use crate::output::file_name;
use crate::picture::Photo;

/// How the masks of a picture are read, and what the user should know of it.
pub(crate) struct Reading {
    /// The picture's size.
    pub(super) size: Size,
    /// How EXIF data turned the picture.
    turned: Option<Orientation>,
    /// Whether masks say what is no item.
    invert: bool,
    notes: RefCell<Vec<String>>,
}

impl Reading {
    /// For masks of a picture of this size, of which nothing else is known.
    pub(crate) fn of_size(size: Size) -> Self {
        Self { size, turned: None, invert: false, notes: RefCell::default() }
    }

    /// For masks of a picture.
    pub(crate) fn of(photo: &Photo, invert: bool) -> Self {
        Self { turned: photo.turned, invert, ..Self::of_size(photo.image.size()) }
    }

    /// What the user should know, once.
    pub(crate) fn into_notes(self) -> Vec<String> {
        self.notes.into_inner()
    }

    pub(super) fn note(&self, path: &Path, what: &str) {
        self.notes.borrow_mut().push(format!("{}: {what}", file_name(path)));
    }

    /// The mask of one item from a picture: its brightness; or its alpha where that says something, as in an item cut out on a transparent layer.
    pub(super) fn mask(&self, path: &Path) -> Result<ItemMask> {
        let mask = self.mask_of(path, &self.picture(path)?)?;
        Ok(self.inverted(mask))
    }

    pub(super) fn inverted(&self, mask: ItemMask) -> ItemMask {
        if self.invert { mask.inverted() } else { mask }
    }

    /// A mask's picture, turned as the picture was where it is stored as the picture is.
    fn picture(&self, path: &Path) -> Result<Image> {
        let photo = Photo::read(path, None)?;
        let Some(turned) = self.turned.filter(|_| photo.turned.is_none()) else { return Ok(photo.image) };
        let (found, size) = (photo.image.size(), self.size);
        if (found.width(), found.height()) == (size.height(), size.width()) && found != size {
            self.note(path, "turned as EXIF data turns the picture");
            return Ok(Photo::read_turned(path, turned)?.image);
        }
        if found == size {
            self.note(path, "taken as it is, while EXIF data turns the picture: if it lies otherwise, turn it as the picture is shown");
        }
        Ok(photo.image)
    }

    fn mask_of(&self, path: &Path, image: &Image) -> Result<ItemMask> {
        let planes = image.planes().map_err(|error| error.at(path))?;
        let Some(alpha) = planes.alpha().filter(|alpha| alpha.iter().any(|alpha| *alpha < 1.0)) else {
            return ItemMask::from_image(image).map_err(|error| error.at(path));
        };
        let mask = ItemMask::new(image.size(), alpha.to_vec()).map_err(|error| error.at(path))?;
        if !is_hole(alpha, image.size()) {
            return Ok(mask);
        }
        self.note(path, "read as transparent where the item is; --invert-mask for the other way");
        Ok(mask.inverted())
    }
}

/// Whether what is transparent is a hole in an opaque picture: nearly all of the border is opaque, and most of the rest.
fn is_hole(alpha: &[f32], size: Size) -> bool {
    let is_opaque = |index: &usize| alpha[*index] >= 0.5;
    let on_border = |index: &usize| {
        let (x, y) = size.position(*index);
        x == 0 || y == 0 || x + 1 == size.width() || y + 1 == size.height()
    };
    let border: Vec<usize> = (0..alpha.len()).filter(on_border).collect();
    let opaque = border.iter().filter(|index| is_opaque(index)).count();
    opaque * 10 >= border.len() * 9 && (0..alpha.len()).filter(is_opaque).count() * 2 > alpha.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_in_an_opaque_picture_is_told_from_a_thing_on_a_transparent_one() {
        let size = Size::new(10, 10).unwrap();
        let inner = |index: usize| (3..7).contains(&(index % 10)) && (3..7).contains(&(index / 10));
        let alpha = |opaque: fn(bool) -> bool| -> Vec<f32> { (0..100).map(|index| f32::from(u8::from(opaque(inner(index))))).collect() };
        assert!(is_hole(&alpha(|inner| !inner), size));
        assert!(!is_hole(&alpha(|inner| inner), size));
        assert!(!is_hole(&alpha(|_| false), size));
    }
}
