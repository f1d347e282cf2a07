//! Edits as the daemon is told them.

use dedit_edit::{Edit, ItemMask, ItemRef, Picture, Transform, Vacated};
use dedit_protocol::request::EditVerb;
use dedit_protocol::{Blob, Pixels, Samples};

use crate::error::{Error, ErrorKind, Result};

/// Edits, and the masks they name.
pub(crate) fn told(edits: &[Edit]) -> Result<(Vec<EditVerb>, Vec<Blob>)> {
    let mut blobs = Vec::new();
    let verbs = edits.iter().map(|edit| one(edit, &mut blobs)).collect::<Result<_>>()?;
    Ok((verbs, blobs))
}

fn one(edit: &Edit, blobs: &mut Vec<Blob>) -> Result<EditVerb> {
    Ok(match edit.clone() {
        Edit::Reconstruct => EditVerb::Reconstruct,
        Edit::Replace { item, prompt } => EditVerb::Replace { item, prompt },
        Edit::Augment { item, prompt } => EditVerb::Augment { item, prompt },
        Edit::Personalize { item, prompt } => EditVerb::Personalize { item, prompt },
        Edit::SwapIn { item, from } => EditVerb::SwapIn { item, from: written(&from) },
        Edit::Move { item, transform: Transform { dx, dy, scale, degrees }, vacated } => {
            EditVerb::Move { item, dx, dy, scale, rotate: degrees, into: taker(vacated) }
        }
        Edit::Reshape { item, mask, vacated } => EditVerb::Reshape { item, mask: add(&mask, blobs)?, into: taker(vacated) },
        Edit::Swap { item, with } => EditVerb::Swap { item, with },
        Edit::Remove { items, vacated } => EditVerb::Remove { items, into: taker(vacated) },
        Edit::Blend { item, with, amount } => EditVerb::Blend { item, with: written(&with), amount },
        Edit::Refine { mask } => EditVerb::Refine { mask: add(&mask, blobs)? },
    })
}

fn add(mask: &ItemMask, blobs: &mut Vec<Blob>) -> Result<usize> {
    let (width, height) = (mask.size().width() as u32, mask.size().height() as u32);
    let pixels = Pixels::new(width, height, 1, Samples::F32(mask.values().to_vec()));
    blobs.push(Blob::Pixels(pixels.ok_or_else(|| Error::new(ErrorKind::Internal, "a mask that does not fit the wire"))?));
    Ok(blobs.len() - 1)
}

fn written(item: &ItemRef) -> String {
    match item.picture {
        Picture::Target => format!("target:{}", item.item),
        Picture::Reference => format!("reference:{}", item.item),
    }
}

fn taker(vacated: Vacated) -> Option<String> {
    match vacated {
        Vacated::Nearest => None,
        Vacated::To(name) => Some(name),
    }
}
