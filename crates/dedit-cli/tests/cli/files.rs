//! Picture files of all kinds: what they say besides their pixels comes back, colours are shown to models in sRGB, and formats keep what they can.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, Rgba, RgbaImage};
use png::{BitDepth, ColorType, Info, PixelDimensions, ScaledFloat, SourceChromaticities, Unit};
use serde_json::Value;

use super::{Outcome, dedit, fails, scratch};

const WIDTH: u32 = 96;
const HEIGHT: u32 = 64;

/// A slope with grain, as light: 0 … 1.
fn light(x: u32, y: u32, channel: u32) -> f64 {
    let grain = f64::from((x * 31 + y * 57 + channel * 11) % 17) / 400.0;
    0.15 + 0.5 * f64::from(x) / f64::from(WIDTH) + 0.1 * f64::from(channel) + grain
}

fn is_thing(x: u32, y: u32) -> bool {
    (36..56).contains(&x) && (20..44).contains(&y)
}

fn shown(x: u32, y: u32, channel: u32) -> f64 {
    if is_thing(x, y) { [0.05, 0.4, 0.1][channel as usize] } else { light(x, y, channel) }
}

/// The curve of sRGB.
fn encoded(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

fn rgb16(value: impl Fn(f64) -> f64) -> ImageBuffer<Rgb<u16>, Vec<u16>> {
    let sample = |x, y, channel| (value(shown(x, y, channel)).clamp(0.0, 1.0) * 65_535.0).round() as u16;
    ImageBuffer::from_fn(WIDTH, HEIGHT, |x, y| Rgb([0, 1, 2].map(|channel| sample(x, y, channel))))
}

/// The folder with the mask of the thing in it.
fn prepared() -> tempfile::TempDir {
    let folder = scratch();
    let mask = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([u8::from(is_thing(x, y)) * 255]));
    mask.save(folder.path().join("thing.png")).unwrap();
    folder
}

fn call(folder: &Path, line: &str) -> Outcome {
    dedit(folder, line).env_remove("DEDIT_MODEL").output().unwrap().into()
}

fn succeed(folder: &Path, line: &str) -> Value {
    let outcome = call(folder, &format!("{line} --json"));
    assert_eq!(outcome.code, Some(0), "{line}\n{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn remove(picture: &str, out: &str) -> String {
    format!("edit remove --item thing --picture {picture} --items thing=thing.png --seed 1 --out {out}")
}

fn notes(report: &Value) -> String {
    report["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

fn info_of(file: &Path) -> Info<'static> {
    png::Decoder::new(BufReader::new(File::open(file).unwrap())).read_info().unwrap().info().clone()
}

/// A linear 16-bit PNG file with everything that such a file can say.
fn write_linear(file: &Path) {
    let mut info = Info::with_size(WIDTH, HEIGHT);
    (info.color_type, info.bit_depth) = (ColorType::Rgb, BitDepth::Sixteen);
    info.pixel_dims = Some(PixelDimensions { xppu: 11_811, yppu: 5906, unit: Unit::Meter });
    info.source_gamma = Some(ScaledFloat::new(1.0));
    let pair = |x: u32, y: u32| (ScaledFloat::from_scaled(x), ScaledFloat::from_scaled(y));
    info.source_chromaticities = Some(SourceChromaticities {
        white: pair(31_270, 32_900),
        red: pair(64_000, 33_000),
        green: pair(30_000, 60_000),
        blue: pair(15_000, 6000),
    });
    info.exif_metadata = Some(b"MM\0*\0\0\0\x08\0\0\0\0\0\0".to_vec().into());
    let mut encoder = png::Encoder::with_info(File::create(file).unwrap(), info).unwrap();
    encoder.add_text_chunk("Author".to_owned(), "somebody".to_owned()).unwrap();
    encoder.add_itxt_chunk("XML:com.adobe.xmp".to_owned(), "<x:xmpmeta tiff:Orientation=\"1\"/>".to_owned()).unwrap();
    let bytes: Vec<u8> = rgb16(|light| light).into_raw().into_iter().flat_map(u16::to_be_bytes).collect();
    encoder.write_header().unwrap().write_image_data(&bytes).unwrap();
}

#[test]
fn what_a_file_says_comes_back_with_the_result_also_through_a_session() {
    let folder = prepared();
    let path = folder.path();
    write_linear(&path.join("linear.png"));
    succeed(path, &remove("linear.png", "alone.png"));
    succeed(path, "learn linear.png --items thing=thing.png --session kept");
    succeed(path, "edit remove --item thing --session kept --seed 1 --out session.png");
    let before = info_of(&path.join("linear.png"));
    let pixels = |name: &str| image::open(path.join(name)).unwrap().into_rgb16();
    let original = pixels("linear.png");
    for name in ["alone.png", "session.png"] {
        let after = info_of(&path.join(name));
        let dims = |info: &Info<'_>| info.pixel_dims.map(|dims| (dims.xppu, dims.yppu, dims.unit == Unit::Meter));
        assert_eq!(dims(&after), dims(&before), "{name}");
        assert_eq!((after.gama_chunk, after.chrm_chunk), (before.gama_chunk, before.chrm_chunk), "{name}");
        assert_eq!(after.exif_metadata, before.exif_metadata, "{name}");
        assert!(after.icc_profile.is_none(), "{name}: what gAMA and cHRM say is not said twice");
        assert!(after.uncompressed_latin1_text.iter().any(|text| text.keyword == "Author" && text.text == "somebody"), "{name}");
        assert!(after.utf8_text.iter().any(|text| text.get_text().unwrap().contains("xmpmeta")), "{name}");
        let edited = pixels(name);
        let far = |x: u32, y: u32| !(20..72).contains(&x) || !(6..58).contains(&y);
        assert!(original.enumerate_pixels().all(|(x, y, pixel)| !far(x, y) || edited.get_pixel(x, y) == pixel), "{name}");
    }
    assert_eq!(pixels("alone.png"), pixels("session.png"));
    // In other formats, what they have a place for; the colour space as a profile.
    for (name, lost) in [("out.tif", "texts and EXIF"), ("out2.png", "")] {
        let report = succeed(path, &remove("linear.png", name));
        assert_eq!(notes(&report).contains("not kept in this format"), !lost.is_empty(), "{name}: {report}");
        assert!(notes(&report).contains(lost), "{name}: {report}");
    }
    let mut tiff = tiff::decoder::Decoder::new(BufReader::new(File::open(path.join("out.tif")).unwrap())).unwrap();
    assert!(tiff.get_tag_u8_vec(tiff::tags::Tag::IccProfile).unwrap().len() > 100);
    assert!(tiff.get_tag_u8_vec(tiff::tags::Tag::Unknown(700)).unwrap().starts_with(b"<x:xmpmeta"));
    assert_eq!(image::open(path.join("out.tif")).unwrap().into_rgb16(), pixels("alone.png"));
}

#[test]
fn every_format_is_read_and_floats_keep_what_is_brighter_than_white() {
    let folder = prepared();
    let path = folder.path();
    let eight = DynamicImage::ImageRgb16(rgb16(encoded)).into_rgb8();
    for name in ["in.bmp", "in.tga", "in.ppm", "in.qoi", "in.gif", "in.webp", "in.tiff"] {
        if name == "in.gif" {
            DynamicImage::ImageRgb8(eight.clone()).into_rgba8().save(path.join(name)).unwrap();
        } else {
            eight.save(path.join(name)).unwrap();
        }
        succeed(path, &remove(name, "out.png"));
        let edited = image::open(path.join("out.png")).unwrap().into_rgb8();
        let original = image::open(path.join(name)).unwrap().into_rgb8();
        assert_eq!(edited.get_pixel(2, 2), original.get_pixel(2, 2), "{name}");
        assert_ne!(edited.get_pixel(46, 32), original.get_pixel(46, 32), "{name}");
    }
    let bright = |x: u32, y: u32, channel: u32| if y < 4 { 12.5 } else { shown(x, y, channel) as f32 };
    let float = ImageBuffer::from_fn(WIDTH, HEIGHT, |x, y| Rgb([0, 1, 2].map(|channel| bright(x, y, channel))));
    for name in ["in.exr", "in.hdr"] {
        DynamicImage::ImageRgb32F(float.clone()).save(path.join(name)).unwrap();
        succeed(path, &remove(name, "out.tif"));
        let edited = image::open(path.join("out.tif")).unwrap().into_rgb32f();
        assert!((edited.get_pixel(9, 2).0[0] - 12.5).abs() < 0.1, "{name}: {:?}", edited.get_pixel(9, 2));
        let filled = f64::from(edited.get_pixel(46, 32).0[0]);
        assert!((filled - light(46, 32, 0)).abs() < 0.15, "{name}: {filled}");
    }
    fs::write(path.join("in.avif"), b"\0\0\0\x20ftypavif\0\0\0\0").unwrap();
    fails(&call(path, &remove("in.avif", "out.png")), 3, "AVIF and HEIC pictures are not read here: in.avif", "AVIF");
    // A header alone, of a picture that no memory holds: it is refused before its frames are looked at.
    fs::write(path.join("huge.gif"), b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x44\x01\0;").unwrap();
    fails(&call(path, &remove("huge.gif", "out.png")), 3, "65535", "a huge animation");
    fails(&call(path, &remove("in.exr", "out.png")), 2, "float pictures are written as TIFF: out.png", "a float picture as PNG");
}

#[test]
fn files_of_eight_bits_are_written_as_jpeg_and_webp_where_these_hold_them() {
    let folder = prepared();
    let path = folder.path();
    let eight = DynamicImage::ImageRgb16(rgb16(encoded)).into_rgb8();
    eight.save(path.join("in.png")).unwrap();
    for name in ["out.png", "out.webp", "out.tif", "out.jpg", "low.jpg"] {
        let quality = if name == "low.jpg" { " --quality 20" } else { "" };
        let report = succeed(path, &(remove("in.png", name) + quality));
        assert_eq!(notes(&report).contains("JPEG keeps no pixel exactly"), name.ends_with("jpg"), "{name}: {report}");
    }
    let open = |name: &str| image::open(path.join(name)).unwrap().into_rgb8();
    let exact = open("out.png");
    assert_eq!((open("out.webp"), open("out.tif")), (exact.clone(), exact.clone()));
    let off = |name: &str| open(name).iter().zip(exact.iter()).map(|(one, other)| u64::from(one.abs_diff(*other))).sum::<u64>();
    assert!(off("out.jpg") > 0 && off("out.jpg") < off("low.jpg"), "{} {}", off("out.jpg"), off("low.jpg"));
    // Transparency, and more than eight bits.
    RgbaImage::from_fn(WIDTH, HEIGHT, |x, y| Rgba([9, 9, 9, if x < 3 && y < 3 { 0 } else { 255 }])).save(path.join("clear.png")).unwrap();
    fails(&call(path, &remove("clear.png", "no.jpg")), 3, "transparent in places, which JPEG cannot hold", "transparency");
    rgb16(encoded).save(path.join("deep.png")).unwrap();
    fails(&call(path, &remove("deep.png", "no.jpg")), 2, "is not written in that format: no.jpg", "16 bits");
    assert!(!path.join("no.jpg").exists());
}

#[test]
fn of_several_frames_or_pages_one_is_taken_and_that_is_said() {
    let folder = prepared();
    let path = folder.path();
    let page = |shade: u8| RgbaImage::from_fn(WIDTH, HEIGHT, |x, y| Rgba([shade, (x * 2) as u8, (y * 3) as u8, 255]));
    let mut gif = image::codecs::gif::GifEncoder::new(File::create(path.join("two.gif")).unwrap());
    gif.encode_frames([40, 200].map(|shade| image::Frame::new(page(shade)))).unwrap();
    drop(gif);
    let mut tiff = tiff::encoder::TiffEncoder::new(File::create(path.join("two.tif")).unwrap()).unwrap();
    for shade in [40, 200] {
        let picture = DynamicImage::ImageRgba8(page(shade)).into_rgb8();
        tiff.write_image::<tiff::encoder::colortype::RGB8>(WIDTH, HEIGHT, &picture).unwrap();
    }
    drop(tiff);
    for (name, many) in [("two.gif", "frames"), ("two.tif", "pages")] {
        for (page, shade, is_said) in [("", 40, true), (" --page 1", 40, false), (" --page 2", 200, false)] {
            let report = succeed(path, &(remove(name, "out.png") + page));
            let picture = image::open(path.join("out.png")).unwrap().into_rgb8();
            assert!(picture.get_pixel(2, 2).0[0].abs_diff(shade) < 12, "{name}{page}: {:?}", picture.get_pixel(2, 2));
            assert_eq!(notes(&report).contains(&format!("the file has several {many}: the first one is taken")), is_said, "{report}");
        }
        let refused = call(path, &(remove(name, "out.png") + " --page 3"));
        fails(&refused, 3, &format!("there is no {} 3 in this file: {name}", many.trim_end_matches('s')), name);
    }
}

#[test]
fn inks_become_colours_and_their_profile_stays_behind() {
    let folder = scratch();
    let path = folder.path();
    fs::write(path.join("inks.jpg"), include_bytes!("../data/inks.jpg")).unwrap();
    GrayImage::from_fn(48, 32, |x, y| Luma([u8::from(x.abs_diff(36) < 4 && y.abs_diff(8) < 3) * 255]))
        .save(path.join("thing.png"))
        .unwrap();
    let report = succeed(path, &remove("inks.jpg", "out.png"));
    assert!(notes(&report).contains("inks.jpg: the picture is of inks (CMYK) and was converted to sRGB"), "{report}");
    let picture = image::open(path.join("out.png")).unwrap().into_rgb8();
    // 255 − ink, and the share that black leaves.
    let expected = |ink: [u32; 3]| ink.map(|ink| ((255 - ink) * (255 - 30) / 255) as u8);
    for (at, ink) in [((4, 4), [200, 40, 10]), ((44, 28), [20, 40, 180])] {
        let found = picture.get_pixel(at.0, at.1).0;
        assert!(found.iter().zip(expected(ink)).all(|(found, expected)| found.abs_diff(expected) <= 6), "{found:?}");
    }
    assert!(info_of(&path.join("out.png")).icc_profile.is_none());
}
