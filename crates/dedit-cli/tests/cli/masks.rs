//! Masks as other programs write them: what they mean, and that it is said where they could mean something else.

use std::fs;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageEncoder as _, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::Value;

use super::{Outcome, dedit, fails, scratch};

const WIDTH: u32 = 60;
const HEIGHT: u32 = 40;

fn is_thing(x: u32, y: u32) -> bool {
    (20..36).contains(&x) && (8..20).contains(&y)
}

fn photo() -> RgbImage {
    let ground = |x: u32, y: u32| Rgb([(90 + x + (x * 7 + y * 3) % 9) as u8, (80 + y * 2) as u8, 120]);
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| if is_thing(x, y) { Rgb([250, 20, 20]) } else { ground(x, y) })
}

fn call(folder: &Path, line: &str) -> Outcome {
    dedit(folder, line).env_remove("DEDIT_MODEL").output().unwrap().into()
}

/// The pixels that a removal of the item has changed, and the notes.
fn removed(folder: &Path, picture: &str, item: &str, items: &str) -> (Vec<(u32, u32)>, String) {
    let line = format!("edit remove --item {item} --picture {picture} {items} --margin 0 --feather 0 --seed 1 --out out.png --json");
    let outcome = call(folder, &line);
    assert_eq!(outcome.code, Some(0), "{line}\n{}", outcome.stderr);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let mut decoder = image::ImageReader::open(folder.join(picture)).unwrap().into_decoder().unwrap();
    let orientation = image::ImageDecoder::orientation(&mut decoder).unwrap();
    let mut before = DynamicImage::from_decoder(decoder).unwrap();
    before.apply_orientation(orientation);
    let (before, after) = (before.into_rgb8(), image::open(folder.join("out.png")).unwrap().into_rgb8());
    let changed = before.enumerate_pixels().filter(|(x, y, pixel)| after.get_pixel(*x, *y) != *pixel);
    (changed.map(|(x, y, _)| (x, y)).collect(), report["notes"].to_string())
}

/// Whether the changed pixels are the thing, up to a ring of a few pixels.
fn is_the_thing(changed: &[(u32, u32)], is_thing: impl Fn(u32, u32) -> bool) -> bool {
    let near = |x: u32, y: u32| (0..7).any(|dx| (0..7).any(|dy| is_thing((x + dx).wrapping_sub(3), (y + dy).wrapping_sub(3))));
    changed.len() > 100 && changed.iter().all(|(x, y)| near(*x, *y))
}

#[test]
fn one_soft_mask_is_one_item_and_labels_stay_labels() {
    let folder = scratch();
    let path = folder.path();
    photo().save(path.join("photo.png")).unwrap();
    let distance = |x: u32, y: u32| {
        let (dx, dy) = (f64::from(x) - 27.5, f64::from(y) - 13.5);
        f64::max(dx.abs() - 8.0, dy.abs() - 6.0)
    };
    let soft = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([((0.5 - distance(x, y) / 14.0).clamp(0.0, 1.0) * 255.0) as u8]));
    soft.save(path.join("thing.png")).unwrap();
    soft.save(path.join("photographed.jpg")).unwrap();
    for item in ["thing.png", "photographed.jpg"] {
        let (name, _) = item.split_once('.').unwrap();
        let (changed, notes) = removed(path, "photo.png", name, &format!("--items {item}"));
        assert!(is_the_thing(&changed, is_thing), "{item}: {}", changed.len());
        assert!(notes.contains(&format!("{item}: read as the soft mask of one item; give --names for a picture of labels")), "{notes}");
    }
    // Names, or few shades, make labels of it.
    let labels = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([u8::from(is_thing(x, y)) * 2 + u8::from(x > 50)]));
    labels.save(path.join("labels.png")).unwrap();
    for items in ["--items labels.png --names ground,edge,thing", "--items thing=thing.png"] {
        let (changed, notes) = removed(path, "photo.png", "thing", items);
        assert!(is_the_thing(&changed, is_thing) && !notes.contains("soft mask"), "{items}: {notes}");
    }
}

#[test]
fn transparent_masks_are_read_by_what_they_cover_and_that_is_said() {
    let folder = scratch();
    let path = folder.path();
    photo().save(path.join("photo.png")).unwrap();
    let cut = |opaque: &dyn Fn(u32, u32) -> bool| RgbaImage::from_fn(WIDTH, HEIGHT, |x, y| Rgba([9, 9, 9, u8::from(opaque(x, y)) * 255]));
    cut(&|x, y| !is_thing(x, y)).save(path.join("hole.png")).unwrap();
    cut(&is_thing).save(path.join("thing.png")).unwrap();
    for (mask, is_said) in [("hole", true), ("thing", false)] {
        let (changed, notes) = removed(path, "photo.png", "it", &format!("--items it={mask}.png"));
        assert!(is_the_thing(&changed, is_thing), "{mask}: {}", changed.len());
        assert_eq!(notes.contains("hole.png: read as transparent where the item is; --invert-mask for the other way"), is_said, "{notes}");
        let (changed, _) = removed(path, "photo.png", "it", &format!("--items it={mask}.png --invert-mask"));
        assert!(changed.iter().filter(|(x, y)| !is_thing(*x, *y)).count() > 1000, "{mask}, inverted: {}", changed.len());
    }
}

/// A JPEG file of the photograph, stored turned to the left, that EXIF data turn back.
fn save_turned(file: &Path, picture: &RgbImage) {
    let stored = DynamicImage::ImageRgb8(picture.clone()).rotate270();
    let mut encoder = JpegEncoder::new_with_quality(fs::File::create(file).unwrap(), 100);
    // Orientation 6: to be turned clockwise.
    let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    encoder.set_exif_metadata(exif.to_vec()).unwrap();
    encoder.write_image(stored.as_bytes(), stored.width(), stored.height(), image::ExtendedColorType::Rgb8).unwrap();
}

#[test]
fn masks_stored_as_a_turned_photograph_is_are_turned_along() {
    let folder = scratch();
    let path = folder.path();
    save_turned(&path.join("photo.jpg"), &photo());
    let mask = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([u8::from(is_thing(x, y)) * 255]));
    mask.save(path.join("shown.png")).unwrap();
    image::imageops::rotate270(&mask).save(path.join("stored.png")).unwrap();
    for (name, said) in [
        ("shown", "shown.png: taken as it is, while EXIF data turns the picture"),
        ("stored", "stored.png: turned as EXIF data turns the picture"),
    ] {
        let (changed, notes) = removed(path, "photo.jpg", "it", &format!("--items it={name}.png"));
        assert!(is_the_thing(&changed, is_thing), "{name}: {}", changed.len());
        assert!(notes.contains(said), "{name}: {notes}");
    }
    GrayImage::new(7, 7).save(path.join("other.png")).unwrap();
    let refused = call(path, "edit remove --item it --picture photo.jpg --items it=other.png --out out.png");
    fails(&refused, 3, "this mask is 7×7, and the picture is 60×40: other.png", "a mask of another size");
}

#[test]
fn a_folder_has_masks_of_every_format_and_what_is_not_read_is_named() {
    let folder = scratch();
    let path = folder.path();
    photo().save(path.join("photo.png")).unwrap();
    fs::create_dir(path.join("masks")).unwrap();
    let mask = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([u8::from(is_thing(x, y)) * 255]));
    mask.save(path.join("masks/cup.jpg")).unwrap();
    GrayImage::from_fn(WIDTH, HEIGHT, |x, _| Luma([u8::from(x > 52) * 255])).save(path.join("masks/edge.bmp")).unwrap();
    for other in ["notes.doc", ".hidden", "names.txt"] {
        fs::write(path.join("masks").join(other), "text").unwrap();
    }
    let (changed, notes) = removed(path, "photo.png", "cup", "--items masks");
    assert!(is_the_thing(&changed, is_thing), "{}", changed.len());
    assert!(notes.contains("masks: not read, since no masks are in such files: notes.doc"), "{notes}");
    assert!(!notes.contains("hidden") && !notes.contains("names.txt"), "{notes}");
}

#[cfg(unix)]
#[test]
fn names_of_files_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let folder = scratch();
    let path = folder.path();
    let name = |bytes: &'static [u8]| OsStr::from_bytes(bytes);
    photo().save(path.join("photo.png")).unwrap();
    fs::rename(path.join("photo.png"), path.join(name(b"b\xfcste.png"))).unwrap();
    let mask = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([u8::from(is_thing(x, y)) * 255]));
    mask.save(path.join("mask.png")).unwrap();
    fs::rename(path.join("mask.png"), path.join(name(b"m\xe4sk.png"))).unwrap();
    let mut command = dedit(path, "edit remove --item it --seed 1 --picture");
    command.arg(name(b"b\xfcste.png")).arg("--items").arg(name(b"it=m\xe4sk.png")).arg("--out").arg(name(b"\xf6ut.png"));
    let outcome: Outcome = command.env_remove("DEDIT_MODEL").output().unwrap().into();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(path.join(name(b"\xf6ut.png")).is_file());
}
