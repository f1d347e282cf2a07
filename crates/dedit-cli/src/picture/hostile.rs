//! Broken files of every format: whatever stands in them, reading ends with a picture or with one sentence, and takes no more memory than their headers may
//! ask for.

use std::io::Cursor;

use dedit_edit::{Channels, Image, Samples, Size};
use exr::image::write::WritableImage as _;
use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat, Rgb, RgbImage};
use moxcms::ColorProfile;
use zip::ZipArchive;

use super::exif::{Exif, refreshed, tiff_resolution};
use super::metadata::{Metadata, PngColour, Resolution, Unit, upright};
use super::ora::{OraLayer, encode as encode_ora};
use super::photo::Photo;
use super::read::decode;
use super::write::{Format, encode};
use crate::mutations::feed;

/// Peak memory of the process beyond which a reader has taken what no header gave it, bytes: the pixels of the largest picture, in four floats, and a copy.
#[cfg(target_os = "linux")]
const MOST: u64 = 5 << 30;

fn small() -> RgbImage {
    RgbImage::from_fn(7, 5, |x, y| Rgb([(x * 30) as u8, (y * 50) as u8, 90]))
}

/// A picture with all that files say, of samples of eight bits.
fn photo() -> Photo {
    let image = Image::new(Size::new(7, 5).unwrap(), Channels::Rgb, Samples::U8(small().into_raw())).unwrap();
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x04\0\0\0cam\0\x1a\0\0\0".to_vec();
    exif.extend(b"\x02\0\x01\x02\x04\0\x01\0\0\0\x38\0\0\0\x02\x02\x04\0\x01\0\0\0\x04\0\0\0\0\0\0\0thumb");
    let metadata = Metadata {
        exif: Some(exif),
        xmp: Some("<x tiff:Orientation=\"6\"/>".to_owned()),
        resolution: Some(Resolution { density: [300.0, 72.0], unit: Unit::Inch }),
        texts: vec![("Author".to_owned(), "é".to_owned())],
        png: PngColour { gamma: Some(100_000), chromaticities: None, srgb: None, code_points: Some([12, 13, 0, 1]) },
        ..Metadata::default()
    };
    Photo { metadata, ..Photo::new(image, Some(ColorProfile::new_display_p3().encode().unwrap())) }
}

fn read(bytes: &[u8], page: Option<usize>, named: Option<ImageFormat>) -> Option<String> {
    decode(bytes.to_vec(), page, named).err().map(|error| error.to_string())
}

/// Whole files, small ones, of every format that is read.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let (photo, small) = (photo(), DynamicImage::ImageRgb8(small()));
    let float = |format: ImageFormat| saved(&DynamicImage::ImageRgb32F(small.to_rgb32f()), format);
    let mut files: Vec<(&'static str, Vec<u8>)> =
        [("png", Format::Png), ("tiff", Format::Tiff), ("webp", Format::WebP), ("jpeg", Format::Jpeg)]
            .into_iter()
            .map(|(name, format)| (name, encode(&photo.image, &photo, &[], format, 90).unwrap()))
            .collect();
    let mut gif = Vec::new();
    GifEncoder::new(&mut gif).encode_frames([0, 1].map(|_| Frame::new(small.to_rgba8()))).unwrap();
    files.extend([("gif", gif), ("exr", float(ImageFormat::OpenExr)), ("hdr", float(ImageFormat::Hdr))]);
    files.extend([
        ("bmp", saved(&small, ImageFormat::Bmp)),
        ("qoi", saved(&small, ImageFormat::Qoi)),
        ("ppm", saved(&small, ImageFormat::Pnm)),
    ]);
    files.push(("primaries", exr_with_primaries()));
    files
}

fn saved(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn exr_with_primaries() -> Vec<u8> {
    let channels = exr::image::SpecificChannels::rgb(|_| (0.5_f32, 0.25_f32, 2.0_f32));
    let mut image = exr::image::Image::from_encoded_channels((5, 4), exr::image::Encoding::default(), channels);
    image.attributes.chromaticities = Some(exr::meta::attribute::Chromaticities {
        red: exr::math::Vec2(0.7, 0.3),
        green: exr::math::Vec2(0.2, 0.7),
        blue: exr::math::Vec2(0.1, 0.1),
        white: exr::math::Vec2(0.31, 0.33),
    });
    let mut file = Cursor::new(Vec::new());
    image.write().to_buffered(&mut file).unwrap();
    file.into_inner()
}

#[test]
fn broken_pictures_of_every_format_are_read_or_refused_in_one_sentence() {
    for (name, whole) in files() {
        feed(name, &whole, |bytes| read(bytes, None, None));
    }
    feed("tga", &saved(&DynamicImage::ImageRgb8(small()), ImageFormat::Tga), |bytes| read(bytes, None, Some(ImageFormat::Tga)));
    #[cfg(target_os = "linux")]
    assert!(dedit_session::memory::peak_rss_bytes().is_none_or(|peak| peak < MOST), "{:?}", dedit_session::memory::peak_rss_bytes());
}

#[test]
fn broken_animations_and_inks_are_read_or_refused_in_one_sentence() {
    let files = files();
    let gif = &files.iter().find(|file| file.0 == "gif").unwrap().1;
    feed("the second frame", gif, |bytes| read(bytes, Some(2), None));
    let mut pages = Cursor::new(Vec::new());
    let mut tiff = tiff::encoder::TiffEncoder::new(&mut pages).unwrap();
    for _ in 0..2 {
        tiff.write_image::<tiff::encoder::colortype::RGB8>(7, 5, &small()).unwrap();
    }
    feed("the second page", pages.get_ref(), |bytes| read(bytes, Some(2), None));
    let mut inks = Cursor::new(Vec::new());
    let mut tiff = tiff::encoder::TiffEncoder::new(&mut inks).unwrap();
    tiff.write_image::<tiff::encoder::colortype::CMYK8>(7, 5, &[40; 7 * 5 * 4]).unwrap();
    feed("inks in TIFF", inks.get_ref(), |bytes| read(bytes, None, None));
    let jpeg = include_bytes!("../../tests/data/inks.jpg");
    feed("inks in JPEG", jpeg, |bytes| read(bytes, None, None));
}

#[test]
fn broken_exif_and_xmp_is_left_out() {
    let exif = photo().metadata.exif.unwrap();
    feed("EXIF", &exif, |bytes| {
        let (read, fresh) = (Exif::read(bytes), refreshed(bytes, [70_000, 5]));
        let written = read.to_bytes().unwrap_or_default();
        assert!(written.len() <= bytes.len() + 64 && fresh.len() <= bytes.len(), "{} {}", written.len(), fresh.len());
        let _ = tiff_resolution(bytes);
        None
    });
    feed("XMP", b"<x tiff:Orientation=\"6\"/><tiff:Orientation>3</tiff:Orientation>", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        assert!(upright(&text).len() <= text.len() + 3);
        None
    });
    feed("kept metadata", &photo().metadata.to_bytes().unwrap(), |bytes| {
        let _ = Metadata::from_bytes(bytes);
        None
    });
}

#[test]
fn names_of_any_kind_make_a_whole_openraster_file() {
    let picture = photo().image;
    for name in ["", "\u{0}\u{1}\u{b}", "]]>&<!--\"'", "\u{fffe}\u{ffff}\u{10ffff}", "../../x", &"é".repeat(5000)] {
        let layers = [OraLayer { name, at: (usize::MAX, 0), picture: &picture }];
        let bytes = encode_ora(picture.size(), &layers, &picture, None).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut xml = String::new();
        std::io::Read::read_to_string(&mut archive.by_name("stack.xml").unwrap(), &mut xml).unwrap();
        assert_eq!(xml.matches("<layer ").count(), 1, "{xml}");
        assert!(!xml.contains(|letter: char| letter.is_control() && letter != '\n'), "{xml:?}");
    }
}
