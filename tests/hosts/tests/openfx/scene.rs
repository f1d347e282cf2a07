//! What these tests edit, and how a session of it is begun.

use std::path::Path;

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::desk::Desk;
use image::{GrayImage, Luma, RgbImage, RgbaImage, imageops};
use serde_json::Value;

pub(crate) use crate::table::{MUG, drawing, table, table_of};

/// The rectangle round the duck.
pub(crate) const DUCK: [u32; 4] = [68, 44, 56, 46];

/// A desk with the picture `table.png` and masks of the mug and the duck in `items`.
pub(crate) fn desk() -> Desk {
    let mut desk = Desk::new(None).unwrap();
    // Results that another test left would hide whether the daemon was asked.
    let cache = desk.outside("frames");
    desk.set("DEDIT_OPENFX_CACHE", cache);
    table().save(desk.outside("table.png")).unwrap();
    std::fs::create_dir_all(desk.outside("items")).unwrap();
    rectangle(128, MUG).save(desk.outside("items/mug.png")).unwrap();
    rectangle(128, DUCK).save(desk.outside("items/duck.png")).unwrap();
    desk
}

/// A mask of a rectangle.
pub(crate) fn rectangle(side: u32, [x, y, width, height]: [u32; 4]) -> GrayImage {
    GrayImage::from_fn(side, side, |i, j| Luma([if (x..x + width).contains(&i) && (y..y + height).contains(&j) { 255 } else { 0 }]))
}

/// A session of the picture and its items that has learned a little, by its name.
pub(crate) fn learned(daemon: &Daemon<'_>) -> String {
    begun(daemon, &["learn", "table.png", "--items", "items", "--session", "@", "--updates", "4,4", "--seed", "3", "--json"])
}

/// The name of the session that `dedit learn` begins.
pub(crate) fn begun(daemon: &Daemon<'_>, learn: &[&str]) -> String {
    let output = daemon.dedit(learn).unwrap();
    assert!(output.succeeded(), "{output:?}");
    let told: Value = serde_json::from_str(output.stdout.trim()).unwrap();
    let folder = told["session"].as_str().unwrap_or_else(|| panic!("{told}"));
    // MLT computes what begins with @.
    folder.trim_start_matches('@').to_owned()
}

/// What `dedit edit` makes of the session's picture or a frame with the same seed, and the region it may have changed.
pub(crate) fn by_command(daemon: &Daemon<'_>, session: &str, command: &[&str], file: &str) -> Value {
    let named = format!("@{session}");
    let arguments = [&["edit"], command, &["--session", &named, "--seed", "7", "--steady", "--draft", "--out", file, "--json"]].concat();
    let output = daemon.dedit(&arguments).unwrap();
    assert!(output.succeeded(), "{command:?}: {output:?}");
    let told: Value = serde_json::from_str(output.stdout.trim()).unwrap();
    told["region"].clone()
}

/// A picture of a file.
pub(crate) fn opened(path: &Path) -> RgbaImage {
    image::open(path).unwrap().into_rgba8()
}

/// Compares a frame with what the command made, and both with the frame before: nothing outside of the region differs.
pub(crate) fn compare(what: &str, made: &RgbaImage, expected: &RgbaImage, before: &RgbImage, region: &Value) {
    assert_eq!(made.dimensions(), expected.dimensions(), "{what}");
    let differing = made.pixels().zip(expected.pixels()).filter(|(made, expected)| made != expected).count();
    assert_eq!(differing, 0, "{what}: pixels that are not as the command line has them");
    let at = |name: &str| region[name].as_u64().unwrap() as u32;
    let inside = |x: u32, y: u32| (at("x")..at("x") + at("width")).contains(&x) && (at("y")..at("y") + at("height")).contains(&y);
    let changed: Vec<_> = made.enumerate_pixels().filter(|(x, y, pixel)| pixel.0[..3] != before.get_pixel(*x, *y).0[..]).collect();
    assert!(changed.iter().all(|(x, y, _)| inside(*x, *y)), "{what}: pixels changed outside");
    assert!(made.pixels().all(|pixel| pixel.0[3] == 255), "{what}: it is still opaque");
    assert!(changed.len() > 100, "{what}: nothing was made");
}

/// Frames in which a camera pans over the table: each is shifted by some pixels.
pub(crate) fn pan(count: u32) -> Vec<RgbImage> {
    let wide = table_of(160);
    (0..count).map(|frame| imageops::crop_imm(&wide, 16 + frame, 16, 128, 128).to_image()).collect()
}
