//! The picture of these tests, and its sessions.

use std::path::Path;

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::test_folder::TestFolder;
use image::{GrayImage, Luma, RgbImage, RgbaImage, imageops};
use serde_json::Value;

pub(crate) use crate::table::{MUG, drawing, table, table_of};

/// The rectangle of the duck: x, y, width, height.
pub(crate) const DUCK: [u32; 4] = [68, 44, 56, 46];

/// A test folder with the picture `table.png` and masks of the mug and the duck in `items`.
pub(crate) fn test_folder() -> TestFolder {
    let mut test_folder = TestFolder::new(None).unwrap();
    // Cached results of another test would hide whether the daemon is asked.
    let cache = test_folder.outside("frames");
    test_folder.set("DEDIT_OPENFX_CACHE", cache);
    table().save(test_folder.outside("table.png")).unwrap();
    std::fs::create_dir_all(test_folder.outside("items")).unwrap();
    rectangle(128, MUG).save(test_folder.outside("items/mug.png")).unwrap();
    rectangle(128, DUCK).save(test_folder.outside("items/duck.png")).unwrap();
    test_folder
}

/// A mask of a rectangle.
pub(crate) fn rectangle(side: u32, [x, y, width, height]: [u32; 4]) -> GrayImage {
    GrayImage::from_fn(side, side, |i, j| Luma([if (x..x + width).contains(&i) && (y..y + height).contains(&j) { 255 } else { 0 }]))
}

/// The name of a new session of the picture whose items are learned a little.
pub(crate) fn learned(daemon: &Daemon<'_>) -> String {
    begun(daemon, &["learn", "table.png", "--items", "items", "--session", "@", "--updates", "4,4", "--seed", "3", "--json"])
}

/// The name of the session that a `dedit learn` command creates.
pub(crate) fn begun(daemon: &Daemon<'_>, learn: &[&str]) -> String {
    let output = daemon.dedit(learn).unwrap();
    assert!(output.succeeded(), "{output:?}");
    let told: Value = serde_json::from_str(output.stdout.trim()).unwrap();
    let folder = told["session"].as_str().unwrap_or_else(|| panic!("{told}"));
    // MLT evaluates values that begin with @.
    folder.trim_start_matches('@').to_owned()
}

/// Runs `dedit edit` on the session's picture or a frame, with a fixed seed; returns the region that it may change.
pub(crate) fn by_command(daemon: &Daemon<'_>, session: &str, command: &[&str], file: &str) -> Value {
    let named = format!("@{session}");
    let arguments = [&["edit"], command, &["--session", &named, "--seed", "7", "--steady", "--draft", "--out", file, "--json"]].concat();
    let output = daemon.dedit(&arguments).unwrap();
    assert!(output.succeeded(), "{command:?}: {output:?}");
    let told: Value = serde_json::from_str(output.stdout.trim()).unwrap();
    told["region"].clone()
}

/// Opens a picture file.
pub(crate) fn opened(path: &Path) -> RgbaImage {
    image::open(path).unwrap().into_rgba8()
}

/// Checks that a frame is what the command made, and differs from the frame before only inside the region.
pub(crate) fn compare(what: &str, made: &RgbaImage, expected: &RgbaImage, before: &RgbImage, region: &Value) {
    assert_eq!(made.dimensions(), expected.dimensions(), "{what}");
    let differing = made.pixels().zip(expected.pixels()).filter(|(made, expected)| made != expected).count();
    assert_eq!(differing, 0, "{what}: pixels differ from the command line");
    let at = |name: &str| region[name].as_u64().unwrap() as u32;
    let inside = |x: u32, y: u32| (at("x")..at("x") + at("width")).contains(&x) && (at("y")..at("y") + at("height")).contains(&y);
    let changed: Vec<_> = made.enumerate_pixels().filter(|(x, y, pixel)| pixel.0[..3] != before.get_pixel(*x, *y).0[..]).collect();
    assert!(changed.iter().all(|(x, y, _)| inside(*x, *y)), "{what}: pixels changed outside the region");
    assert!(made.pixels().all(|pixel| pixel.0[3] == 255), "{what}: it must stay opaque");
    assert!(changed.len() > 100, "{what}: nothing was changed");
}

/// Frames of a pan over the table: each is shifted by one pixel.
pub(crate) fn pan(count: u32) -> Vec<RgbImage> {
    let wide = table_of(160);
    (0..count).map(|frame| imageops::crop_imm(&wide, 16 + frame, 16, 128, 128).to_image()).collect()
}
