//! TIFF files with what is known besides their pixels.

use std::io::Cursor;

use dedit_edit::{Channels, Image, Samples};
use tiff::Directory;
use tiff::encoder::colortype::{ColorType, Gray8, Gray16, Gray32Float, RGB8, RGB16, RGB32Float, RGBA8, RGBA16, RGBA32Float};
use tiff::encoder::{DirectoryEncoder, ImageEncoder, Rational, TiffEncoder, TiffKindStandard, TiffValue};
use tiff::tags::{ExtraSamples, ResolutionUnit, Tag, Type};

use super::exif::{Entry, Exif, refreshed};
use super::faults::broken;
use super::metadata::Unit;
use super::photo::Photo;
use crate::error::{Error, ErrorKind, Result};

type File = Cursor<Vec<u8>>;

/// A TIFF file of a picture with what `photo` says besides its pixels.
pub(super) fn encode(picture: &Image, photo: &Photo) -> Result<Vec<u8>> {
    use Channels::{Grey, GreyAlpha, Rgb, Rgba};
    match (picture.samples(), picture.channels()) {
        (Samples::U8(samples), Grey) => encode_as::<Gray8>(picture, samples, photo, false),
        (Samples::U16(samples), Grey) => encode_as::<Gray16>(picture, samples, photo, false),
        (Samples::F32(samples), Grey) => encode_as::<Gray32Float>(picture, samples, photo, false),
        (Samples::U8(samples), Rgb) => encode_as::<RGB8>(picture, samples, photo, false),
        (Samples::U16(samples), Rgb) => encode_as::<RGB16>(picture, samples, photo, false),
        (Samples::F32(samples), Rgb) => encode_as::<RGB32Float>(picture, samples, photo, false),
        (Samples::U8(samples), Rgba) => encode_as::<RGBA8>(picture, samples, photo, true),
        (Samples::U16(samples), Rgba) => encode_as::<RGBA16>(picture, samples, photo, true),
        (Samples::F32(samples), Rgba) => encode_as::<RGBA32Float>(picture, samples, photo, true),
        (_, GreyAlpha) => {
            let error = Error::new(ErrorKind::Input, "grey pictures with transparency are not written as TIFF");
            Err(error.hint("give a name that ends in .png, or convert the picture to RGB"))
        }
    }
}

fn encode_as<C: ColorType>(picture: &Image, samples: &[C::Inner], photo: &Photo, has_alpha: bool) -> Result<Vec<u8>>
where
    [C::Inner]: TiffValue,
{
    let failed = |error: tiff::TiffError| broken("TIFF", &error);
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).map_err(failed)?;
    let size = [picture.size().width() as u32, picture.size().height() as u32];
    let exif = photo.metadata.exif.as_ref().map(|exif| Exif::read(&refreshed(exif, size))).unwrap_or_default();
    let mut below = Vec::new();
    for (tag, entries) in [(Tag::ExifDirectory, &exif.camera), (Tag::GpsDirectory, &exif.place)] {
        if !entries.is_empty() {
            let mut directory = encoder.extra_directory().map_err(failed)?;
            write_entries(&mut directory, entries).map_err(failed)?;
            below.push((tag, directory.finish_with_offsets().map_err(failed)?));
        }
    }
    let mut image = encoder.new_image::<C>(size[0], size[1]).map_err(failed)?;
    if has_alpha {
        // Straight alpha.
        image.encoder().write_tag(Tag::ExtraSamples, &[ExtraSamples::UnassociatedAlpha.to_u16()][..]).map_err(failed)?;
    }
    write_entries(image.encoder(), &exif.main).map_err(failed)?;
    for (tag, directory) in below {
        image.encoder().write_tag(tag, directory.offset).map_err(failed)?;
    }
    describe(&mut image, photo).map_err(failed)?;
    image.write_data(samples).map_err(failed)?;
    Ok(file.into_inner())
}

fn write_entries(directory: &mut DirectoryEncoder<'_, &mut File, TiffKindStandard>, entries: &[Entry]) -> tiff::TiffResult<()> {
    for Entry { tag, kind, value } in entries {
        let Some(kind) = Type::from_u16(*kind) else { continue };
        let value = directory.write_entry_bytes(kind, &native(kind, value))?;
        directory.extend_from(&Directory::from_iter([(Tag::from_u16_exhaustive(*tag), value)]));
    }
    Ok(())
}

/// Little-endian values in this machine's order of bytes, in which the file is written.
fn native(kind: Type, value: &[u8]) -> Vec<u8> {
    let size = match kind {
        Type::SHORT | Type::SSHORT => 2,
        Type::LONG | Type::SLONG | Type::FLOAT | Type::RATIONAL | Type::SRATIONAL => 4,
        Type::DOUBLE => 8,
        _ => 1,
    };
    let mut value = value.to_vec();
    if cfg!(target_endian = "big") {
        value.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
    value
}

fn describe<C: ColorType>(image: &mut ImageEncoder<'_, &mut File, C, TiffKindStandard>, photo: &Photo) -> tiff::TiffResult<()> {
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
