//! Pictures as they are: every sample in its own depth, and what the file says besides.

use std::fmt::Display;
use std::io::Cursor;
use std::path::Path;

use dedit_edit::{Channels, Image, MAX_PIXELS, Samples, Size};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::cmyk;
use super::colour::{Space, space};
use super::metadata::{Metadata, Resolution, Unit, upright};
use super::pages;
use super::png::{Chunks, chunks};
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

/// A picture file, decoded.
pub(super) struct Decoded {
    /// Turned as its EXIF data says.
    pub(super) picture: DynamicImage,
    metadata: Metadata,
    turned: Option<Orientation>,
    /// Whether the format's samples are proportional to light.
    is_linear: bool,
    notes: Vec<String>,
}

/// Reads a picture file. Its size is checked before anything of that size is allocated.
pub(super) fn decoded(path: &Path, page: Option<usize>) -> Result<Decoded> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(&error, "check the path").at(path))?;
    decode(bytes, page, ImageFormat::from_path(path).ok()).map_err(|error| error.at(path))
}

/// `named` is the format that the file's name says, which counts where the content does not say one: TGA has no beginning of its own.
fn decode(mut bytes: Vec<u8>, page: Option<usize>, named: Option<ImageFormat>) -> Result<Decoded> {
    let formats = "give a PNG, JPEG, WebP, TIFF, GIF, BMP, TGA, PNM, QOI, HDR or OpenEXR file";
    if is_heif(&bytes) {
        let error = Error::new(ErrorKind::Input, "AVIF and HEIC pictures are not read here");
        return Err(error.hint("export it as PNG or TIFF, or as JPEG of the best quality"));
    }
    let guessed = ImageReader::new(Cursor::new(&bytes)).with_guessed_format().map_err(|error| unreadable(&error, formats))?;
    let format = guessed.format().or(named.filter(|named| *named == ImageFormat::Tga));
    let mut notes = Vec::new();
    if let Some(format) = format {
        notes.extend(pages::choose(format, &mut bytes, page)?);
    }
    let chunks = if format == Some(ImageFormat::Png) { chunks(&bytes) } else { Chunks::default() };
    let mut reader = ImageReader::new(Cursor::new(&bytes));
    if let Some(format) = format {
        reader.set_format(format);
    }
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(|error| unreadable(&error, formats))?;
    let (width, height) = decoder.dimensions();
    Size::new(width as usize, height as usize)?;
    let (mut metadata, orientation) = metadata(&mut decoder, chunks).map_err(|error| unreadable(&error, formats))?;
    if format == Some(ImageFormat::Jpeg) {
        metadata.resolution = jfif_resolution(&bytes);
    }
    let damaged = |error: &dyn Display| unreadable(error, "the file may be damaged; export it again");
    let mut picture = match cmyk::decoded(format, &bytes, metadata.profile.as_deref()) {
        Some(converted) => {
            let (picture, note) = converted.map_err(|error| damaged(&error))?;
            // The profile is that of the inks.
            metadata.profile = None;
            notes.push(note);
            picture
        }
        None => match pages::frame(format, &bytes, page)? {
            Some(frame) => frame,
            None => DynamicImage::from_decoder(decoder).map_err(|error| damaged(&error))?,
        },
    };
    picture.apply_orientation(orientation);
    let is_linear = matches!(format, Some(ImageFormat::OpenExr | ImageFormat::Hdr));
    let turned = (orientation != Orientation::NoTransforms).then_some(orientation);
    Ok(Decoded { picture, metadata, turned, is_linear, notes })
}

/// What a decoder and PNG's chunks say, upright, and how the picture has to be turned for that.
fn metadata(decoder: &mut impl ImageDecoder, chunks: Chunks) -> image::ImageResult<(Metadata, Orientation)> {
    let orientation = decoder.orientation()?;
    let mut exif = decoder.exif_metadata().ok().flatten();
    if let Some(exif) = &mut exif {
        let _ = Orientation::remove_from_exif_chunk(exif);
    }
    let xmp = decoder.xmp_metadata().ok().flatten().and_then(|xmp| String::from_utf8(xmp).ok());
    let metadata = Metadata {
        profile: decoder.icc_profile().ok().flatten(),
        exif,
        xmp: xmp.or(chunks.xmp).map(|xmp| upright(&xmp)),
        resolution: chunks.resolution,
        texts: chunks.texts,
        png: chunks.colour,
    };
    Ok((metadata, orientation))
}

/// The density in a JPEG file's JFIF segment, which comes first.
fn jfif_resolution(bytes: &[u8]) -> Option<Resolution> {
    let segment = bytes.get(2..18)?;
    if segment[..2] != [0xff, 0xe0] || &segment[4..9] != b"JFIF\0" {
        return None;
    }
    let number = |at: usize| f64::from(u16::from_be_bytes([segment[at], segment[at + 1]]));
    let density = [number(12), number(14)];
    let per_centimetre = density.map(|density| density * 100.0);
    match segment[11] {
        1 => Some(Resolution { density, unit: Unit::Inch }),
        2 => Some(Resolution { density: per_centimetre, unit: Unit::Metre }),
        _ if density[0] > 0.0 && density[1] > 0.0 => Some(Resolution { density, unit: Unit::None }),
        _ => None,
    }
}

/// Whether it is a file of the HEIF family.
fn is_heif(bytes: &[u8]) -> bool {
    let brands: [&[u8]; 7] = [b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1"];
    bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12).is_some_and(|brand| brands.contains(&brand))
}

pub(super) fn unreadable(reason: &dyn Display, hint: &str) -> Error {
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
