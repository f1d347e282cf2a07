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
    for (name, lost) in [("out.tif", "texts of the picture: not kept"), ("out2.png", "")] {
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
        let original = image::open(path.join(name)).unwrap().into_rgb32f();
        for out in ["out.tif", "out.exr"] {
            succeed(path, &remove(name, out));
            let edited = image::open(path.join(out)).unwrap().into_rgb32f();
            assert!((edited.get_pixel(9, 2).0[0] - 12.5).abs() < 0.1, "{name}: {:?}", edited.get_pixel(9, 2));
            let far = |x: u32, y: u32| !(20..72).contains(&x) || !(6..58).contains(&y);
            assert!(original.enumerate_pixels().all(|(x, y, pixel)| !far(x, y) || edited.get_pixel(x, y) == pixel), "{name} {out}");
            let filled = f64::from(edited.get_pixel(46, 32).0[0]);
            assert!((filled - light(46, 32, 0)).abs() < 0.15, "{name} {out}: {filled}");
        }
    }
    // Samples by the curve of sRGB are no OpenEXR.
    DynamicImage::ImageRgb32F(float).save(path.join("in.tiff")).unwrap();
    fails(
        &call(path, &remove("in.tiff", "no.exr")),
        3,
        "OpenEXR holds light-linear samples, and those of this picture are not",
        "not linear",
    );
    fs::write(path.join("in.avif"), b"\0\0\0\x20ftypavif\0\0\0\0").unwrap();
    fails(&call(path, &remove("in.avif", "out.png")), 3, "AVIF and HEIC pictures are not read here: in.avif", "AVIF");
    // A header alone, of a picture that no memory holds: it is refused before its frames are looked at.
    fs::write(path.join("huge.gif"), b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x44\x01\0;").unwrap();
    fails(&call(path, &remove("huge.gif", "out.png")), 3, "65535", "a huge animation");
    fails(&call(path, &remove("in.exr", "out.png")), 2, "float pictures are written as TIFF or OpenEXR: out.png", "a float picture as PNG");
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
    let mut tiff = tiff::encoder::TiffEncoder::new(File::create(path.join("inks.tif")).unwrap()).unwrap();
    let inks: Vec<u8> = (0..48 * 32).flat_map(|_| [200, 40, 10, 30]).collect();
    tiff.write_image::<tiff::encoder::colortype::CMYK8>(48, 32, &inks).unwrap();
    drop(tiff);
    let report = succeed(path, &remove("inks.tif", "out.png"));
    assert!(notes(&report).contains("inks.tif: the picture is of inks (CMYK) and was converted to sRGB"), "{report}");
    let found = image::open(path.join("out.png")).unwrap().into_rgb8().get_pixel(4, 4).0;
    assert!(found.iter().zip(expected([200, 40, 10])).all(|(found, expected)| found.abs_diff(expected) <= 1), "{found:?}");
}

/// EXIF data from the high byte on: a make, an exposure, the picture's width, and a small picture of what it showed.
fn exif() -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x02".to_vec();
    exif.extend(b"\x01\x0f\0\x02\0\0\0\x04cam\0\x87\x69\0\x04\0\0\0\x01\0\0\0\x26\0\0\0\x4c");
    exif.extend(b"\0\x02\x82\x9a\0\x05\0\0\0\x01\0\0\0\x44\xa0\x02\0\x03\0\0\0\x01\0\x09\0\0\0\0\0\0");
    exif.extend(b"\0\0\0\x01\0\0\0\xfa");
    exif.extend(b"\0\x02\x02\x01\0\x04\0\0\0\x01\0\0\0\x6a\x02\x02\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\0thumbs!!");
    exif
}

/// EXIF data, XMP and resolution of a picture file, with the pixels' own colour type.
fn said(file: &Path) -> (Vec<u8>, String, image::ColorType) {
    let mut decoder = image::ImageReader::open(file).unwrap().with_guessed_format().unwrap().into_decoder().unwrap();
    let exif = image::ImageDecoder::exif_metadata(&mut decoder).unwrap().unwrap_or_default();
    let xmp = image::ImageDecoder::xmp_metadata(&mut decoder).unwrap().unwrap_or_default();
    (exif, String::from_utf8(xmp).unwrap(), image::ImageDecoder::color_type(&decoder))
}

#[test]
fn exif_and_xmp_go_into_every_format_and_show_nothing_of_what_was_there() {
    let folder = prepared();
    let path = folder.path();
    let mut info = Info::with_size(WIDTH, HEIGHT);
    (info.color_type, info.bit_depth, info.exif_metadata) = (ColorType::Rgb, BitDepth::Eight, Some(exif().into()));
    info.pixel_dims = Some(PixelDimensions { xppu: 11_811, yppu: 11_811, unit: Unit::Meter });
    let mut encoder = png::Encoder::with_info(File::create(path.join("in.png")).unwrap(), info).unwrap();
    encoder.add_itxt_chunk("XML:com.adobe.xmp".to_owned(), "<x:xmpmeta a=\"é\"/>".to_owned()).unwrap();
    encoder.write_header().unwrap().write_image_data(&DynamicImage::ImageRgb16(rgb16(encoded)).into_rgb8()).unwrap();
    // Each from the one before, so that each is read too.
    let mut from = "in.png".to_owned();
    for (out, lost) in [("a.tif", ""), ("b.webp", "resolution"), ("c.jpg", "keeps no pixel"), ("d.tif", ""), ("e.png", "")] {
        let report = succeed(path, &remove(&from, out));
        let notes = notes(&report);
        assert!(notes.contains(lost) && (lost == "keeps no pixel" || notes.contains("not kept") != lost.is_empty()), "{out}: {notes}");
        let (found, xmp, _) = said(&path.join(out));
        let bytes = fs::read(path.join(out)).unwrap();
        assert!(!bytes.windows(8).any(|part| part == b"thumbs!!"), "{out}: the small picture shows what was removed");
        assert!(bytes.windows(4).any(|part| part == b"cam\0"), "{out}");
        // An exposure of 1/250, from the low byte on and from the high one.
        let exposure = [b"\x01\0\0\0\xfa\0\0\0", b"\0\0\0\x01\0\0\0\xfa"];
        assert!(exposure.iter().any(|exposure| bytes.windows(8).any(|part| part == *exposure)), "{out}");
        assert!(xmp.contains("<x:xmpmeta a=\"é\"/>"), "{out}: {xmp}");
        assert!(out.ends_with("tif") || !found.is_empty(), "{out}");
        from = out.to_owned();
    }
    let end = info_of(&path.join("e.png"));
    assert!(end.pixel_dims.is_none(), "WebP, on the way, has no resolution: {:?}", end.pixel_dims);
    let width = end.exif_metadata.unwrap();
    assert!(width.windows(12).any(|part| part == b"\x02\xa0\x03\0\x01\0\0\0\x60\0\0\0"), "the result's own width: {width:?}");
    succeed(path, &remove("in.png", "f.tif"));
    succeed(path, &remove("f.tif", "g.png"));
    let dims = info_of(&path.join("g.png")).pixel_dims.unwrap();
    assert!(dims.xppu.abs_diff(11_811) <= 1 && dims.yppu.abs_diff(11_811) <= 1, "{dims:?}");
}

#[test]
fn what_a_format_cannot_hold_is_said_before_anything_is_written() {
    let folder = scratch();
    let path = folder.path();
    image::RgbImage::from_fn(16_400, 3, |x, _| Rgb([x as u8, 9, 9])).save(path.join("long.png")).unwrap();
    GrayImage::from_fn(16_400, 3, |x, _| Luma([u8::from((40..60).contains(&x)) * 255])).save(path.join("thing.png")).unwrap();
    let refused = call(path, &remove("long.png", "no.webp"));
    fails(&refused, 3, "a side of the picture has 16400 pixels, and this format at most 16384", "a long picture as WebP");
    assert!(!path.join("no.webp").exists());
}

#[test]
fn an_openexr_file_s_primaries_are_its_colour_space() {
    use exr::meta::attribute::Chromaticities;
    use exr::prelude::{Encoding, Image, SpecificChannels, Vec2, WritableImage as _};

    let folder = prepared();
    let path = folder.path();
    let wide =
        Chromaticities { red: Vec2(0.713, 0.293), green: Vec2(0.165, 0.83), blue: Vec2(0.128, 0.044), white: Vec2(0.321_68, 0.337_67) };
    for (name, primaries) in [("wide.exr", Some(wide)), ("plain.exr", None)] {
        let value = |at: Vec2<usize>, channel: u32| shown(at.x() as u32, at.y() as u32, channel) as f32;
        let channels = SpecificChannels::rgb(|at| (value(at, 0), value(at, 1), value(at, 2)));
        let mut image = Image::from_encoded_channels((WIDTH as usize, HEIGHT as usize), Encoding::default(), channels);
        image.attributes.chromaticities = primaries;
        image.write().to_file(path.join(name)).unwrap();
        succeed(path, &remove(name, &format!("out-{name}")));
        let data = exr::meta::MetaData::read_from_file(path.join(format!("out-{name}")), false).unwrap();
        assert_eq!(data.headers[0].shared_attributes.chromaticities, primaries, "{name}");
    }
    let open = |name: &str| image::open(path.join(name)).unwrap().into_rgb32f();
    assert_ne!(open("out-wide.exr"), open("out-plain.exr"), "the same numbers are other colours");
}
