//! Pictures as they are: every sample in its own depth.

use std::fmt::Display;
use std::io::{BufRead, Cursor, Seek};
use std::path::Path;

use dedit_edit::{Channels, Image, MAX_PIXELS, Samples, Size};
use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};

use crate::error::{Error, ErrorKind, Result};

/// A picture, turned as its EXIF data says, and its colour profile.
#[derive(Debug, Clone)]
pub(crate) struct Photo {
    pub(crate) image: Image,
    pub(crate) profile: Option<Vec<u8>>,
}

impl Photo {
    /// Reads a picture in its own depth.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let (picture, profile) = decoded(path)?;
        Ok(Self { image: image_from(picture).map_err(|error| error.at(path))?, profile })
    }

    /// Reads a picture of the program's own.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let opened = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        let (picture, profile) = opened.map_err(|error| unreadable(&error, "")).and_then(decode)?;
        Ok(Self { image: image_from(picture)?, profile })
    }
}

/// A PNG, JPEG, WebP or TIFF file, turned as its EXIF data says, and its colour profile. Its size is checked before anything of that size is allocated.
pub(super) fn decoded(path: &Path) -> Result<(DynamicImage, Option<Vec<u8>>)> {
    let opened = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    opened.map_err(|error| unreadable(&error, "check the path")).and_then(decode).map_err(|error| error.at(path))
}

fn decode<R: BufRead + Seek>(mut opened: ImageReader<R>) -> Result<(DynamicImage, Option<Vec<u8>>)> {
    opened.limits(limits());
    let formats = "give a PNG, JPEG, WebP or TIFF file";
    let mut decoder = opened.into_decoder().map_err(|error| unreadable(&error, formats))?;
    let (width, height) = decoder.dimensions();
    Size::new(width as usize, height as usize)?;
    let orientation = decoder.orientation().map_err(|error| unreadable(&error, formats))?;
    let profile = decoder.icc_profile().ok().flatten();
    let damaged = |error| unreadable(&error, "the file may be damaged; export it again");
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(orientation);
    Ok((picture, profile))
}

fn unreadable(reason: &dyn Display, hint: &str) -> Error {
    Error::new(ErrorKind::Input, format!("cannot read this picture ({reason})")).hint(hint)
}

/// Room for the largest picture there can be, of four floats to a pixel.
fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_PIXELS as u64 * 16);
    limits
}

fn image_from(picture: DynamicImage) -> Result<Image> {
    let size = Size::new(picture.width() as usize, picture.height() as usize)?;
    let (channels, samples) = match picture {
        DynamicImage::ImageLuma8(picture) => (Channels::Grey, Samples::U8(picture.into_raw())),
        DynamicImage::ImageLumaA8(picture) => (Channels::GreyAlpha, Samples::U8(picture.into_raw())),
        DynamicImage::ImageRgb8(picture) => (Channels::Rgb, Samples::U8(picture.into_raw())),
        DynamicImage::ImageRgba8(picture) => (Channels::Rgba, Samples::U8(picture.into_raw())),
        DynamicImage::ImageLuma16(picture) => (Channels::Grey, Samples::U16(picture.into_raw())),
        DynamicImage::ImageLumaA16(picture) => (Channels::GreyAlpha, Samples::U16(picture.into_raw())),
        DynamicImage::ImageRgb16(picture) => (Channels::Rgb, Samples::U16(picture.into_raw())),
        DynamicImage::ImageRgba16(picture) => (Channels::Rgba, Samples::U16(picture.into_raw())),
        DynamicImage::ImageRgb32F(picture) => (Channels::Rgb, Samples::F32(picture.into_raw())),
        DynamicImage::ImageRgba32F(picture) => (Channels::Rgba, Samples::F32(picture.into_raw())),
        other => {
            return Err(
                Error::new(ErrorKind::Input, format!("pictures of {:?} are not known here", other.color())).hint("convert it to RGB")
            );
        }
    };
    Image::new(size, channels, samples)
}
