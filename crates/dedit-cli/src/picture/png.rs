//! PNG files with all that they say besides their pixels.

use std::borrow::Cow;

use dedit_edit::{Channels, Image, Samples};
use image::RgbImage;
use png::chunk::ChunkType;
use png::{BitDepth, ColorType, Encoder, EncodingError, Info, PixelDimensions, ScaledFloat, SourceChromaticities, SrgbRenderingIntent};

use super::exif::refreshed;
use super::faults::broken;
use super::metadata::{PngColour, Unit};
use super::photo::Photo;
use super::png_chunks::XMP;
use crate::error::{Error, ErrorKind, Result};

/// A PNG file with texts in it, each under a name.
pub(crate) fn encode(picture: &RgbImage, texts: &[(&str, String)]) -> Result<Vec<u8>> {
    let mut info = Info::with_size(picture.width(), picture.height());
    (info.color_type, info.bit_depth) = (ColorType::Rgb, BitDepth::Eight);
    let texts: Vec<(String, String)> = texts.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
    write(info, picture.as_raw(), &texts, None).map_err(|error| broken("PNG", &error))
}

/// A picture of whole numbers in its own depth, with what `photo` says besides its pixels, and texts.
pub(super) fn encode_photo(picture: &Image, photo: &Photo, texts: &[(String, String)]) -> Result<Vec<u8>> {
    let mut info = Info::with_size(picture.size().width() as u32, picture.size().height() as u32);
    info.color_type = match picture.channels() {
        Channels::Grey => ColorType::Grayscale,
        Channels::GreyAlpha => ColorType::GrayscaleAlpha,
        Channels::Rgb => ColorType::Rgb,
        Channels::Rgba => ColorType::Rgba,
    };
    let (depth, bytes) = match picture.samples() {
        Samples::U8(samples) => (BitDepth::Eight, Cow::Borrowed(samples.as_slice())),
        Samples::U16(samples) => (BitDepth::Sixteen, samples.iter().flat_map(|sample| sample.to_be_bytes()).collect()),
        Samples::F32(_) => return Err(Error::new(ErrorKind::Internal, "PNG holds no float pictures")),
    };
    info.bit_depth = depth;
    let code_points = describe(&mut info, photo);
    let mut texts = texts.to_vec();
    texts.extend(photo.metadata.texts.iter().filter(|(name, _)| texts.iter().all(|(new, _)| new != name)).cloned().collect::<Vec<_>>());
    texts.extend(photo.metadata.xmp.iter().map(|xmp| (XMP.to_owned(), xmp.clone())));
    write(info, &bytes, &texts, code_points).map_err(|error| broken("PNG", &error))
}

/// Fills in what the file said of colours, size and camera; gives the code points, which have a chunk of their own.
fn describe<'a>(info: &mut Info<'a>, photo: &'a Photo) -> Option<[u8; 4]> {
    let metadata = &photo.metadata;
    info.exif_metadata = metadata.exif.as_deref().map(|exif| Cow::Owned(refreshed(exif, [info.width, info.height])));
    info.pixel_dims = metadata.resolution.map(|resolution| {
        let [xppu, yppu] = resolution.per(Unit::Metre).map(|density| density.round() as u32);
        PixelDimensions { xppu, yppu, unit: if resolution.unit == Unit::None { png::Unit::Unspecified } else { png::Unit::Meter } }
    });
    let PngColour { gamma, chromaticities, srgb, code_points } = metadata.png;
    if metadata.png == PngColour::default() || metadata.profile.is_some() {
        info.icc_profile = photo.profile.as_deref().or(metadata.profile.as_deref()).map(Cow::Borrowed);
    }
    info.srgb = srgb.and_then(intent).filter(|_| info.icc_profile.is_none());
    info.source_gamma = gamma.map(ScaledFloat::from_scaled);
    info.source_chromaticities = chromaticities.map(|numbers| {
        let pair = |at: usize| (ScaledFloat::from_scaled(numbers[at]), ScaledFloat::from_scaled(numbers[at + 1]));
        SourceChromaticities { white: pair(0), red: pair(2), green: pair(4), blue: pair(6) }
    });
    code_points
}

fn intent(number: u8) -> Option<SrgbRenderingIntent> {
    Some(match number {
        0 => SrgbRenderingIntent::Perceptual,
        1 => SrgbRenderingIntent::RelativeColorimetric,
        2 => SrgbRenderingIntent::Saturation,
        3 => SrgbRenderingIntent::AbsoluteColorimetric,
        _ => return None,
    })
}

fn write(
    info: Info<'_>,
    data: &[u8],
    texts: &[(String, String)],
    code_points: Option<[u8; 4]>,
) -> std::result::Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::with_info(&mut bytes, info)?;
    for (name, text) in texts {
        // The older kind of chunk, which every program reads, holds Latin-1 only.
        if name != XMP && text.chars().all(|letter| letter <= '\u{ff}' && letter != '\0') {
            encoder.add_text_chunk(name.clone(), text.clone())?;
        } else {
            encoder.add_itxt_chunk(name.clone(), text.clone())?;
        }
    }
    let mut writer = encoder.write_header()?;
    if let Some(points) = code_points {
        writer.write_chunk(ChunkType(*b"cICP"), &points)?;
    }
    writer.write_image_data(data)?;
    writer.finish()?;
    Ok(bytes)
}
