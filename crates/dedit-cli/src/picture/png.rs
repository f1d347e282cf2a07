//! PNG files with text chunks, and TIFF files.

use std::borrow::Cow;

use dedit_edit::{Channels, Image, Samples};
use image::{ExtendedColorType, ImageEncoder as _, RgbImage};
use png::{BitDepth, ColorType, Encoder, EncodingError, Info};

use crate::error::{Error, ErrorKind, Result};

/// A PNG file with texts in it, each under a name.
pub(crate) fn encode(picture: &RgbImage, texts: &[(&str, String)]) -> Result<Vec<u8>> {
    let info = info((picture.width(), picture.height()), ColorType::Rgb, BitDepth::Eight, None);
    write(info, picture.as_raw(), texts).map_err(|error| broken("PNG", &error))
}

/// A picture in its own depth: PNG for whole numbers, TIFF (which carries no texts here) for floats.
pub(crate) fn encode_image(picture: &Image, profile: Option<&[u8]>, texts: &[(&str, String)]) -> Result<Vec<u8>> {
    let (width, height) = (picture.size().width() as u32, picture.size().height() as u32);
    let color_type = match picture.channels() {
        Channels::Grey => ColorType::Grayscale,
        Channels::GreyAlpha => ColorType::GrayscaleAlpha,
        Channels::Rgb => ColorType::Rgb,
        Channels::Rgba => ColorType::Rgba,
    };
    let info = |depth| info((width, height), color_type, depth, profile);
    match picture.samples() {
        Samples::U8(samples) => write(info(BitDepth::Eight), samples, texts).map_err(|error| broken("PNG", &error)),
        Samples::U16(samples) => {
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
            write(info(BitDepth::Sixteen), &bytes, texts).map_err(|error| broken("PNG", &error))
        }
        Samples::F32(samples) => {
            let (color, bytes) = match picture.channels() {
                Channels::Rgb => (ExtendedColorType::Rgb32F, bytes_of(samples)),
                Channels::Rgba => (ExtendedColorType::Rgba32F, bytes_of(samples)),
                _ => return Err(Error::new(ErrorKind::Internal, "grey float pictures are not read, and so not written")),
            };
            let mut file = std::io::Cursor::new(Vec::new());
            let encoder = image::codecs::tiff::TiffEncoder::new(&mut file);
            encoder.write_image(&bytes, width, height, color).map_err(|error| broken("TIFF", &error))?;
            Ok(file.into_inner())
        }
    }
}

fn info((width, height): (u32, u32), color_type: ColorType, bit_depth: BitDepth, profile: Option<&[u8]>) -> Info<'_> {
    let mut info = Info::with_size(width, height);
    (info.color_type, info.bit_depth, info.icc_profile) = (color_type, bit_depth, profile.map(Cow::Borrowed));
    info
}

fn bytes_of(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect()
}

fn broken(kind: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("a {kind} file cannot be put together ({error})"))
}

fn write(info: Info<'_>, data: &[u8], texts: &[(&str, String)]) -> std::result::Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::with_info(&mut bytes, info)?;
    for (name, text) in texts {
        // The older kind of chunk, which every program reads, holds Latin-1 only.
        if text.chars().all(|letter| letter <= '\u{ff}' && letter != '\0') {
            encoder.add_text_chunk((*name).to_owned(), text.clone())?;
        } else {
            encoder.add_itxt_chunk((*name).to_owned(), text.clone())?;
        }
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(data)?;
    writer.finish()?;
    Ok(bytes)
}
