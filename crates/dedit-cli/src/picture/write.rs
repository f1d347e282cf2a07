//! Picture files: in which format, and with what besides the pixels.

use std::ffi::OsStr;
use std::io::Cursor;
use std::path::Path;

use dedit_edit::{Channels, Depth, Image, Samples};
use image::codecs::jpeg::{JpegEncoder, PixelDensity, PixelDensityUnit};
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};
use tiff::encoder::colortype::{ColorType, Gray8, Gray16, RGB8, RGB16, RGB32Float, RGBA8, RGBA16, RGBA32Float};
use tiff::encoder::{ImageEncoder as TiffImage, Rational, TiffEncoder, TiffKindStandard, TiffValue};
use tiff::tags::{ExtraSamples, ResolutionUnit, Tag};

use super::faults::broken;
use super::metadata::{Metadata, Unit};
use super::photo::Photo;
use super::png;
use crate::error::{Error, ErrorKind, Result};

/// A format of picture files that results are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Tiff,
    WebP,
    Jpeg,
}

impl Format {
    /// The names of files that can hold samples of a depth end so. PNG holds no floats; JPEG and WebP hold eight bits.
    pub(crate) fn extensions(depth: Depth) -> &'static [&'static str] {
        match depth {
            Depth::U8 => &["png", "tif", "tiff", "webp", "jpg", "jpeg"],
            Depth::U16 => &["png", "tif", "tiff"],
            Depth::F32 => &["tif", "tiff"],
        }
    }

    /// By the end of a file's name; PNG where it says nothing.
    pub(crate) fn of(path: &Path) -> Self {
        match path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase).as_deref() {
            Some("tif" | "tiff") => Self::Tiff,
            Some("webp") => Self::WebP,
            Some("jpg" | "jpeg") => Self::Jpeg,
            _ => Self::Png,
        }
    }

    /// Whether pixels come back from a file as they were.
    pub(crate) fn is_exact(self) -> bool {
        self != Self::Jpeg
    }

    /// What a file of this format does not keep of what was said besides the pixels.
    pub(crate) fn loses(self, metadata: &Metadata) -> Vec<&'static str> {
        let kept_by = |formats: &[Self]| formats.contains(&self);
        let texts = !metadata.texts.is_empty() && !kept_by(&[Self::Png]);
        let exif = metadata.exif.is_some() && kept_by(&[Self::Tiff]);
        let xmp = metadata.xmp.is_some() && kept_by(&[Self::WebP]);
        let lost = [(texts, "texts"), (exif, "EXIF"), (xmp, "XMP")];
        lost.into_iter().filter(|(is_lost, _)| *is_lost).map(|(_, what)| what).collect()
    }
}

/// The bytes of a picture file: `picture` with what `photo` says besides its pixels, and in PNG `texts`. `quality` (1 to 100) is JPEG's.
///
/// # Errors
/// `Input` where the format does not hold the picture, such as transparency in JPEG.
pub(crate) fn encode(picture: &Image, photo: &Photo, texts: &[(String, String)], format: Format, quality: u8) -> Result<Vec<u8>> {
    match format {
        Format::Png => png::encode_photo(picture, photo, texts),
        Format::Tiff => tiff(picture, photo),
        Format::WebP | Format::Jpeg => eight_bits(picture, photo, format, quality),
    }
}

/// PNG for whole numbers, TIFF for floats, without anything besides the pixels but a colour profile.
pub(crate) fn encode_plain(picture: &Image, profile: Option<&[u8]>) -> Result<Vec<u8>> {
    let photo = Photo::new(picture.clone(), profile.map(<[u8]>::to_vec));
    let format = if picture.depth() == Depth::F32 { Format::Tiff } else { Format::Png };
    encode(picture, &photo, &[], format, 100)
}

fn eight_bits(picture: &Image, photo: &Photo, format: Format, quality: u8) -> Result<Vec<u8>> {
    let Samples::U8(samples) = picture.samples() else {
        return Err(Error::new(ErrorKind::Internal, "this format holds eight bits to a sample"));
    };
    let (width, height) = (picture.size().width() as u32, picture.size().height() as u32);
    let colour = match picture.channels() {
        Channels::Grey => ExtendedColorType::L8,
        Channels::GreyAlpha => ExtendedColorType::La8,
        Channels::Rgb => ExtendedColorType::Rgb8,
        Channels::Rgba => ExtendedColorType::Rgba8,
    };
    let (samples, colour) = if format == Format::Jpeg { opaque(samples, colour)? } else { (samples.clone(), colour) };
    let mut bytes = Cursor::new(Vec::new());
    let written = if format == Format::Jpeg {
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
        if let Some(density) = density(&photo.metadata) {
            encoder.set_pixel_density(density);
        }
        describe(&mut encoder, photo);
        encoder.write_image(&samples, width, height, colour)
    } else {
        let mut encoder = WebPEncoder::new_lossless(&mut bytes);
        describe(&mut encoder, photo);
        encoder.write_image(&samples, width, height, colour)
    };
    written.map_err(|error| broken("picture", &error))?;
    let bytes = bytes.into_inner();
    Ok(if format == Format::Jpeg { with_xmp(bytes, photo.metadata.xmp.as_deref()) } else { bytes })
}

/// What a format has no place for is left out, which [`Format::loses`] says.
fn describe(encoder: &mut impl ImageEncoder, photo: &Photo) {
    if let Some(profile) = &photo.profile {
        let _ = encoder.set_icc_profile(profile.clone());
    }
    if let Some(exif) = &photo.metadata.exif {
        let _ = encoder.set_exif_metadata(exif.clone());
    }
}

fn density(metadata: &Metadata) -> Option<PixelDensity> {
    let resolution = metadata.resolution?;
    let [x, y] = resolution.per(Unit::Inch).map(|density| density.round().clamp(1.0, 65_535.0) as u16);
    let unit = if resolution.unit == Unit::None { PixelDensityUnit::PixelAspectRatio } else { PixelDensityUnit::Inches };
    Some(PixelDensity { density: (x, y), unit })
}

/// JPEG has no alpha; a picture that is opaque everywhere does without.
fn opaque(samples: &[u8], colour: ExtendedColorType) -> Result<(Vec<u8>, ExtendedColorType)> {
    let (count, without) = match colour {
        ExtendedColorType::La8 => (2, ExtendedColorType::L8),
        ExtendedColorType::Rgba8 => (4, ExtendedColorType::Rgb8),
        other => return Ok((samples.to_vec(), other)),
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
    const NAME: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
    let Some(xmp) = xmp else { return jpeg };
    let Ok(length) = u16::try_from(2 + NAME.len() + xmp.len()) else { return jpeg };
    let first = jpeg.get(4..6).map_or(0, |length| usize::from(u16::from_be_bytes([length[0], length[1]])));
    let at = if jpeg.get(2..4) == Some(&[0xff, 0xe0]) { 4 + first } else { 2 };
    let (head, tail) = jpeg.split_at(at.min(jpeg.len()));
    [head, &[0xff, 0xe1], &length.to_be_bytes(), NAME, xmp.as_bytes(), tail].concat()
}

fn tiff(picture: &Image, photo: &Photo) -> Result<Vec<u8>> {
    use Channels::{Grey, GreyAlpha, Rgb, Rgba};
    match (picture.samples(), picture.channels()) {
        (Samples::U8(samples), Grey) => tiff_of::<Gray8>(picture, samples, photo, false),
        (Samples::U16(samples), Grey) => tiff_of::<Gray16>(picture, samples, photo, false),
        (Samples::U8(samples), Rgb) => tiff_of::<RGB8>(picture, samples, photo, false),
        (Samples::U16(samples), Rgb) => tiff_of::<RGB16>(picture, samples, photo, false),
        (Samples::F32(samples), Rgb) => tiff_of::<RGB32Float>(picture, samples, photo, false),
        (Samples::U8(samples), Rgba) => tiff_of::<RGBA8>(picture, samples, photo, true),
        (Samples::U16(samples), Rgba) => tiff_of::<RGBA16>(picture, samples, photo, true),
        (Samples::F32(samples), Rgba) => tiff_of::<RGBA32Float>(picture, samples, photo, true),
        (_, GreyAlpha) | (Samples::F32(_), Grey) => {
            let error = Error::new(ErrorKind::Input, "grey pictures with transparency, and grey float pictures, are not written as TIFF");
            Err(error.hint("give a name that ends in .png, or convert the picture to RGB"))
        }
    }
}

fn tiff_of<C: ColorType>(picture: &Image, samples: &[C::Inner], photo: &Photo, has_alpha: bool) -> Result<Vec<u8>>
where
    [C::Inner]: TiffValue,
{
    let failed = |error: tiff::TiffError| broken("TIFF", &error);
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).map_err(failed)?;
    let (width, height) = (picture.size().width() as u32, picture.size().height() as u32);
    let mut image = encoder.new_image::<C>(width, height).map_err(failed)?;
    if has_alpha {
        // Straight alpha.
        image.encoder().write_tag(Tag::ExtraSamples, &[ExtraSamples::UnassociatedAlpha.to_u16()][..]).map_err(failed)?;
    }
    tiff_tags(&mut image, photo).map_err(failed)?;
    image.write_data(samples).map_err(failed)?;
    Ok(file.into_inner())
}

fn tiff_tags<C: ColorType>(image: &mut TiffImage<'_, &mut Cursor<Vec<u8>>, C, TiffKindStandard>, photo: &Photo) -> tiff::TiffResult<()> {
    if let Some(resolution) = photo.metadata.resolution {
        let unit = if resolution.unit == Unit::None { ResolutionUnit::None } else { ResolutionUnit::Inch };
        let [x, y] = resolution.per(Unit::Inch).map(|density| Rational { n: (density * 1000.0).round() as u32, d: 1000 });
        image.resolution_unit(unit);
        image.x_resolution(x);
        image.y_resolution(y);
    }
    if let Some(profile) = &photo.profile {
        image.encoder().write_tag(Tag::IccProfile, profile.as_slice())?;
    }
    if let Some(xmp) = &photo.metadata.xmp {
        image.encoder().write_tag(Tag::Unknown(700), xmp.as_bytes())?;
    }
    Ok(())
}
