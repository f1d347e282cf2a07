//! Pictures as they are: every sample in its own depth, and what the file says besides.

use std::fmt::Display;
use std::io::Cursor;
use std::path::Path;

use dedit_edit::{MAX_PIXELS, Size};
use exr::meta::MetaData;
use exr::meta::attribute::Chromaticities;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::cmyk;
use super::exif::{Exif, tiff_resolution};
use super::faults::unreadable;
use super::metadata::{Metadata, Resolution, Unit, upright};
use super::pages;
use super::png_chunks::{Chunks, chunks};
use crate::error::{Error, ErrorKind, Result};

/// A picture file, decoded.
pub(super) struct Decoded {
    /// Turned as its EXIF data says.
    pub(super) picture: DynamicImage,
    pub(super) metadata: Metadata,
    pub(super) turned: Option<Orientation>,
    /// Whether the format's samples are proportional to light.
    pub(super) is_linear: bool,
    pub(super) notes: Vec<String>,
}

/// Reads a picture file. Its size is checked before anything of that size is allocated.
pub(super) fn decoded(path: &Path, page: Option<usize>) -> Result<Decoded> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(&error, "check the path").at(path))?;
    decode(bytes, page, ImageFormat::from_path(path).ok()).map_err(|error| error.at(path))
}

/// `named` is the format that the file's name says, which counts where the content does not say one: TGA has no beginning of its own.
pub(super) fn decode(mut bytes: Vec<u8>, page: Option<usize>, named: Option<ImageFormat>) -> Result<Decoded> {
    let formats = "give a PNG, JPEG, WebP, TIFF, GIF, BMP, TGA, PNM, QOI, HDR or OpenEXR file";
    if is_heif(&bytes) {
        let error = Error::new(ErrorKind::Input, "AVIF and HEIC pictures are not read here");
        return Err(error.hint("export it as PNG or TIFF, or as JPEG of the best quality"));
    }
    let guessed = ImageReader::new(Cursor::new(&bytes)).with_guessed_format().map_err(|error| unreadable(&error, formats))?;
    let format = guessed.format().or(named.filter(|named| *named == ImageFormat::Tga));
    // Before frames are counted, which decodes some.
    check_size(&bytes, format, formats)?;
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
    match format {
        Some(ImageFormat::Jpeg) => metadata.resolution = jfif_resolution(&bytes),
        Some(ImageFormat::Tiff) => (metadata.resolution, metadata.exif) = (tiff_resolution(&bytes), Exif::read(&bytes).to_bytes()),
        Some(ImageFormat::OpenExr) => metadata.primaries = exr_primaries(&bytes),
        _ => {}
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

/// An error where the header of a file says a size that no picture may have.
fn check_size(bytes: &[u8], format: Option<ImageFormat>, formats: &str) -> Result<()> {
    let mut reader = ImageReader::new(Cursor::new(bytes));
    if let Some(format) = format {
        reader.set_format(format);
    }
    let (width, height) = reader.into_dimensions().map_err(|error| unreadable(&error, formats))?;
    Size::new(width as usize, height as usize)?;
    Ok(())
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
        primaries: None,
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
        // Square pixels go without saying.
        _ if density[0] > 0.0 && density[1] > 0.0 && density[0].total_cmp(&density[1]).is_ne() => {
            Some(Resolution { density, unit: Unit::None })
        }
        _ => None,
    }
}

/// x and y of red, green, blue and white that the header of an OpenEXR file names; `None` where those of sRGB are meant.
fn exr_primaries(bytes: &[u8]) -> Option<[f32; 8]> {
    let data = MetaData::read_from_buffered(Cursor::new(bytes), false).ok()?;
    let Chromaticities { red, green, blue, white } = data.headers.first()?.shared_attributes.chromaticities?;
    [red, green, blue, white].map(|point| [point.x(), point.y()]).as_flattened().try_into().ok()
}

/// Whether it is a file of the HEIF family.
fn is_heif(bytes: &[u8]) -> bool {
    let brands: [&[u8]; 7] = [b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1"];
    bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12).is_some_and(|brand| brands.contains(&brand))
}

/// Room for the largest picture there can be, of four floats to a pixel.
fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_PIXELS as u64 * 16);
    limits
}
