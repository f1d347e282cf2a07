//! Picture files: in which format, and with what besides the pixels.

use std::ffi::OsStr;
use std::io::Cursor;
use std::path::Path;

use dedit_edit::{Channels, Depth, Image, Samples};
use image::codecs::jpeg::{JpegEncoder, PixelDensity, PixelDensityUnit};
use image::{ExtendedColorType, ImageEncoder};
use image_webp::{ColorType, WebPEncoder};

use super::exif::refreshed;
use super::faults::broken;
use super::metadata::{Metadata, Unit};
use super::photo::Photo;
use super::{exr, png, tiff};
use crate::error::{Error, ErrorKind, Result};

/// The name of an XMP packet's segment in JPEG.
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// The most bytes of a segment of JPEG, and those of EXIF's name in one.
const SEGMENT: usize = 65_533;
const EXIF_NAME: usize = 6;

/// A format of picture files that results are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Tiff,
    WebP,
    Jpeg,
    Exr,
}

impl Format {
    /// The names of files that can hold samples of a depth end so. PNG holds no floats; JPEG and WebP hold eight bits.
    pub(crate) fn extensions(depth: Depth) -> &'static [&'static str] {
        match depth {
            Depth::U8 => &["png", "tif", "tiff", "webp", "jpg", "jpeg"],
            Depth::U16 => &["png", "tif", "tiff"],
            Depth::F32 => &["tif", "tiff", "exr"],
        }
    }

    /// By the end of a file's name; PNG where it says nothing.
    pub(crate) fn of(path: &Path) -> Self {
        match path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase).as_deref() {
            Some("tif" | "tiff") => Self::Tiff,
            Some("webp") => Self::WebP,
            Some("jpg" | "jpeg") => Self::Jpeg,
            Some("exr") => Self::Exr,
            _ => Self::Png,
        }
    }

    /// Whether pixels come back from a file as they were.
    pub(crate) fn is_exact(self) -> bool {
        self != Self::Jpeg
    }

    /// What a file of this format does not keep of what was said besides the pixels.
    pub(crate) fn loses(self, metadata: &Metadata) -> Vec<&'static str> {
        let is_any = |formats: &[Self]| formats.contains(&self);
        let fits = |length: usize, name: usize| self != Self::Jpeg || length + name <= SEGMENT;
        let (exif, xmp) = (metadata.exif.as_ref().map(Vec::len), metadata.xmp.as_ref().map(String::len));
        let lost = [
            (!metadata.texts.is_empty() && self != Self::Png, "texts"),
            (exif.is_some_and(|length| self == Self::Exr || !fits(length, EXIF_NAME)), "EXIF"),
            (xmp.is_some_and(|length| self == Self::Exr || !fits(length, XMP.len())), "XMP"),
            (metadata.resolution.is_some() && is_any(&[Self::WebP, Self::Exr]), "resolution"),
        ];
        lost.into_iter().filter(|(is_lost, _)| *is_lost).map(|(_, what)| what).collect()
    }

    /// The longest side that a file of this format has, pixels.
    fn longest_side(self) -> Option<usize> {
        match self {
            Self::WebP => Some(16_384),
            Self::Jpeg => Some(65_535),
            Self::Png | Self::Tiff | Self::Exr => None,
        }
    }
}

/// The bytes of a picture file: `picture` with what `photo` says besides its pixels, and in PNG `texts`. `quality` (1 to 100) is JPEG's.
///
/// # Errors
/// `Input` where the format does not hold the picture, such as transparency in JPEG.
pub(crate) fn encode(picture: &Image, photo: &Photo, texts: &[(String, String)], format: Format, quality: u8) -> Result<Vec<u8>> {
    let side = picture.size().width().max(picture.size().height());
    if let Some(longest) = format.longest_side().filter(|longest| side > *longest) {
        let error = Error::new(ErrorKind::Input, format!("a side of the picture has {side} pixels, and this format at most {longest}"));
        return Err(error.hint("give a name that ends in .png or .tif"));
    }
    match format {
        Format::Png => png::encode_photo(picture, photo, texts),
        Format::Tiff => tiff::encode(picture, photo),
        Format::WebP => webp(picture, photo),
        Format::Jpeg => jpeg(picture, photo, quality),
        Format::Exr => exr::encode(picture, photo),
    }
}

/// PNG for whole numbers, TIFF for floats, without anything besides the pixels but a colour profile.
pub(crate) fn encode_plain(picture: &Image, profile: Option<&[u8]>) -> Result<Vec<u8>> {
    let photo = Photo::new(picture.clone(), profile.map(<[u8]>::to_vec));
    let format = if picture.depth() == Depth::F32 { Format::Tiff } else { Format::Png };
    encode(picture, &photo, &[], format, 100)
}

/// Width, height and samples of a picture of eight bits.
fn eight_bits(picture: &Image) -> Result<([u32; 2], &[u8])> {
    let Samples::U8(samples) = picture.samples() else {
        return Err(Error::new(ErrorKind::Internal, "this format holds eight bits to a sample"));
    };
    Ok(([picture.size().width() as u32, picture.size().height() as u32], samples))
}

fn webp(picture: &Image, photo: &Photo) -> Result<Vec<u8>> {
    let (size, samples) = eight_bits(picture)?;
    let colour = match picture.channels() {
        Channels::Grey => ColorType::L8,
        Channels::GreyAlpha => ColorType::La8,
        Channels::Rgb => ColorType::Rgb8,
        Channels::Rgba => ColorType::Rgba8,
    };
    let mut bytes = Vec::new();
    let mut encoder = WebPEncoder::new(&mut bytes);
    if let Some(profile) = &photo.profile {
        encoder.set_icc_profile(profile.clone());
    }
    if let Some(exif) = &photo.metadata.exif {
        encoder.set_exif_metadata(refreshed(exif, size));
    }
    if let Some(xmp) = &photo.metadata.xmp {
        encoder.set_xmp_metadata(xmp.clone().into_bytes());
    }
    encoder.encode(samples, size[0], size[1], colour).map_err(|error| broken("WebP", &error))?;
    Ok(bytes)
}

fn jpeg(picture: &Image, photo: &Photo, quality: u8) -> Result<Vec<u8>> {
    let (size, samples) = eight_bits(picture)?;
    let (samples, colour) = opaque(samples, picture.channels())?;
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    if let Some(density) = density(&photo.metadata) {
        encoder.set_pixel_density(density);
    }
    // What does not fit is left out, which `loses` says.
    if let Some(profile) = &photo.profile {
        let _ = encoder.set_icc_profile(profile.clone());
    }
    if let Some(exif) = photo.metadata.exif.as_ref().filter(|exif| exif.len() + EXIF_NAME <= SEGMENT) {
        let _ = encoder.set_exif_metadata(refreshed(exif, size));
    }
    encoder.write_image(&samples, size[0], size[1], colour).map_err(|error| broken("JPEG", &error))?;
    Ok(with_xmp(bytes.into_inner(), photo.metadata.xmp.as_deref()))
}

fn density(metadata: &Metadata) -> Option<PixelDensity> {
    let resolution = metadata.resolution?;
    let [x, y] = resolution.per(Unit::Inch).map(|density| density.round().clamp(1.0, 65_535.0) as u16);
    let unit = if resolution.unit == Unit::None { PixelDensityUnit::PixelAspectRatio } else { PixelDensityUnit::Inches };
    Some(PixelDensity { density: (x, y), unit })
}

/// JPEG has no alpha; a picture that is opaque everywhere does without.
fn opaque(samples: &[u8], channels: Channels) -> Result<(Vec<u8>, ExtendedColorType)> {
    let (count, without) = match channels {
        Channels::Grey => return Ok((samples.to_vec(), ExtendedColorType::L8)),
        Channels::Rgb => return Ok((samples.to_vec(), ExtendedColorType::Rgb8)),
        Channels::GreyAlpha => (2, ExtendedColorType::L8),
        Channels::Rgba => (4, ExtendedColorType::Rgb8),
    };
    let pixels = samples.chunks_exact(count);
    if pixels.clone().any(|pixel| pixel[count - 1] != 255) {
        let error = Error::new(ErrorKind::Input, "the picture is transparent in places, which JPEG cannot hold");
        return Err(error.hint("give a name that ends in .png, .webp or .tif"));
    }
    Ok((pixels.flat_map(|pixel| &pixel[..count - 1]).copied().collect(), without))
}

/// A JPEG file with an XMP packet in a segment of its own, behind the first one (XMP specification, part 3, section 1.1.3). A packet that is too large for one
/// segment is left out.
fn with_xmp(jpeg: Vec<u8>, xmp: Option<&str>) -> Vec<u8> {
    let Some(xmp) = xmp else { return jpeg };
    let Ok(length) = u16::try_from(2 + XMP.len() + xmp.len()) else { return jpeg };
    let first = jpeg.get(4..6).map_or(0, |length| usize::from(u16::from_be_bytes([length[0], length[1]])));
    let at = if jpeg.get(2..4) == Some(&[0xff, 0xe0]) { 4 + first } else { 2 };
    let (head, tail) = jpeg.split_at(at.min(jpeg.len()));
    [head, &[0xff, 0xe1], &length.to_be_bytes(), XMP, xmp.as_bytes(), tail].concat()
}
