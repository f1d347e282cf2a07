//! Pictures between files and tensors.

mod cmyk;
mod colour;
mod exif;
mod exr;
mod faults;
#[cfg(test)]
mod hostile;
mod init;
mod metadata;
mod ora;
mod pages;
mod photo;
mod png;
mod png_chunks;
mod read;
mod settings;
mod tiff;
mod write;

pub(crate) use self::init::Source;
pub(crate) use self::metadata::Metadata;
pub(crate) use self::ora::{OraLayer, encode as encode_ora};
pub(crate) use self::photo::Photo;
pub(crate) use self::png::encode;
pub(crate) use self::settings::{Embedding, Init, Lora, MADE_BY, Settings};
pub(crate) use self::write::{Format, encode as encode_photo, encode_plain};

use candle_core::Tensor;
use dedit_edit::Segmentation;
use image::RgbImage;

use crate::error::{Error, ErrorKind, Result};

/// A picture with its items.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) photo: Photo,
    pub(crate) items: Segmentation,
}

/// The pictures of a batch `[batch, 3, height, width]` with values in 0..=1, as 8-bit pictures.
pub(crate) fn to_rgb8(pictures: &Tensor) -> Result<Vec<RgbImage>> {
    let (batch, _, height, width) = pictures.dims4().map_err(dedit_diffusion::Error::from)?;
    let mut list = Vec::with_capacity(batch);
    for i in 0..batch {
        let values = pictures.get(i).and_then(|picture| picture.permute((1, 2, 0))?.flatten_all()?.to_vec1::<f32>());
        let values = values.map_err(dedit_diffusion::Error::from)?;
        let bytes = values.into_iter().map(|value| (value * 255.0).round() as u8).collect();
        let image = RgbImage::from_raw(width as u32, height as u32, bytes);
        list.push(image.ok_or_else(|| Error::new(ErrorKind::Internal, "a picture has another number of pixels than its sides say"))?);
    }
    Ok(list)
}
