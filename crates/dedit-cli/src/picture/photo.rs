//! A picture with all that its file says.

use std::path::Path;

use dedit_edit::{Channels, Image, Samples, Size};
use image::DynamicImage;
use image::metadata::Orientation;

use super::colour::{Space, space};
use super::metadata::Metadata;
use super::read::{Decoded, decode, decoded};
use crate::error::{Error, ErrorKind, Result};

/// A picture, turned as its EXIF data says.
#[derive(Debug, Clone)]
pub(crate) struct Photo {
    pub(crate) image: Image,
    /// The colour space of its samples (ICC); `None` is sRGB.
    pub(crate) profile: Option<Vec<u8>>,
    pub(crate) metadata: Metadata,
    /// How EXIF data turned it.
    pub(crate) turned: Option<Orientation>,
    /// What the user should know of how it was read.
    pub(crate) notes: Vec<String>,
}

impl Photo {
    /// A picture that comes from no file.
    pub(crate) fn new(image: Image, profile: Option<Vec<u8>>) -> Self {
        Self { image, profile, metadata: Metadata::default(), turned: None, notes: Vec::new() }
    }

    /// Reads a picture in its own depth: the first frame or page of a file with several, or `page`, from 1.
    pub(crate) fn read(path: &Path, page: Option<usize>) -> Result<Self> {
        Self::of(decoded(path, page)?).map_err(|error| error.at(path))
    }

    /// Reads a picture and turns it, whatever its own data say.
    pub(crate) fn read_turned(path: &Path, orientation: Orientation) -> Result<Self> {
        let mut decoded = decoded(path, None)?;
        decoded.picture.apply_orientation(orientation);
        Self::of(decoded).map_err(|error| error.at(path))
    }

    /// Reads a picture of the program's own.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::of(decode(bytes.to_vec(), None, None)?)
    }

    fn of(decoded: Decoded) -> Result<Self> {
        let Decoded { picture, metadata, turned, is_linear, mut notes } = decoded;
        let image = image_from(picture)?;
        let profile = match space(&metadata, image.channels(), is_linear) {
            Space::Srgb => None,
            Space::Profile(profile) => Some(profile),
            Space::Unfit(why) => {
                notes.push(why);
                None
            }
        };
        Ok(Self { image, profile, metadata, turned, notes })
    }
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
