//! A picture on the larger canvas that an edit gives it.

use dedit_edit::{Segmentation, Sides, Size};
use dedit_protocol::request::EditVerb;

use crate::error::Result;
use crate::picture::{Photo, Picture};

/// By how much the edits expand the canvas, and who gets the new pixels.
fn growth(edits: &[EditVerb]) -> Option<(Sides, Option<&str>)> {
    match edits {
        [EditVerb::Expand { left, right, top, bottom, into }] => {
            let sides = Sides { left: *left, right: *right, top: *top, bottom: *bottom };
            Some((sides, into.as_deref()))
        }
        _ => None,
    }
}

/// A photo as large as the result of the edits.
pub(crate) fn photo_on_canvas(photo: Photo, edits: &[EditVerb]) -> Result<Photo> {
    match growth(edits) {
        Some((sides, _)) => Ok(Photo { image: photo.image.expanded(sides)?, ..photo }),
        None => Ok(photo),
    }
}

/// The size of the result of the edits.
pub(crate) fn size_on_canvas(size: Size, edits: &[EditVerb]) -> Result<Size> {
    growth(edits).map_or(Ok(size), |(sides, _)| sides.grown(size))
}

/// Items, as far as the result of the edits reaches.
pub(crate) fn items_on_canvas(items: &Segmentation, edits: &[EditVerb]) -> Result<Segmentation> {
    growth(edits).map_or(Ok(items.clone()), |(sides, taker)| items.expanded(sides, taker))
}

/// A picture and its items, as large as the result of the edits.
pub(crate) fn on_canvas(picture: &Picture, edits: &[EditVerb]) -> Result<Picture> {
    Ok(Picture { photo: photo_on_canvas(picture.photo.clone(), edits)?, items: items_on_canvas(&picture.items, edits)? })
}
