//! Items by clicks in the panel's picture, without weights and with a tiny segment-anything model: one click, an item, and it is removed.

use std::path::Path;

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::gimp::{Arg, SHOTS, Shortcut, Version, Window};
use dedit_host_tests::places;
use dedit_host_tests::process::within;
use image::RgbImage;

use crate::opened;
use crate::scene::{DUCK, MUG, call, gimp_with_plugin, json, table_of};
use crate::windows::{LONG, SOON};

const ITEMS: Shortcut<'static> = Shortcut { procedure: "plug-in-dedit-items", keys: "<Primary><Alt>i" };
const DIALOG: &str = "^D-Edit: Items$";
const LAYERS: &str = "(length (layers (car (images))))";
/// Width and height of the picture.
const SIDE: u32 = 256;
/// Width and height at which the dialog shows it.
const SHOWN: u32 = 270;

/// The corner of the picture in the dialog, the same in both versions of GIMP.
const CORNER: (u32, u32) = (58, 13);

fn shot(window: &Window, name: &str, version: Version) -> RgbImage {
    let path = places::shots(SHOTS).unwrap().join(format!("{name}-{version:?}.png"));
    std::thread::sleep(std::time::Duration::from_millis(500));
    window.screenshot(&path).unwrap();
    opened(&path)
}

fn clicks_find_items(version: Version, model: Option<&str>) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    table_of(SIDE).save(test_folder.outside("table.png")).unwrap();
    let daemon = Daemon::start(&test_folder).unwrap();
    let name = model.map_or("clicks", |_| "clicks-by-model");
    if let Some(model) = model {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/parity").join(model).join("model.safetensors");
        daemon.dedit(&["model", "add", path.to_str().unwrap()]).unwrap();
    }
    let window = gimp.window(&test_folder, "table.png", &[ITEMS]).unwrap();
    window.key("ctrl+alt+i").unwrap();
    let dialog = window.wait_window(DIALOG, SOON).unwrap();
    let before = shot(&window, name, version);
    let place = |x: u32, y: u32| (CORNER.0 + x * SHOWN / 128, CORNER.1 + y * SHOWN / 128);
    let [left, top, width, height] = MUG;
    let (x, y) = place(left + width / 3, top + height / 2);
    window.click_in(dialog, x, y).unwrap();
    let changed = within(LONG, || Ok((shot(&window, &format!("{name}-one"), version) != before).then_some(())));
    changed.unwrap().unwrap_or_else(|| panic!("a click finds nothing"));
    // Beside the mug.
    let (x, y) = place(4, 4);
    window.click_right_in(dialog, x, y).unwrap();
    shot(&window, &format!("{name}-two"), version);
    let [x, y, across, down] = DUCK;
    window.drag_in(dialog, place(x, y), place(x + across, y + down)).unwrap();
    shot(&window, &format!("{name}-box"), version);
    window.key("alt+o").unwrap();
    window.wait_no_window(DIALOG, LONG).unwrap();
    let said = window
        .eval(&format!("(let ((image (car (images)))) (car (reverse {})))", call(&gimp, "items", &[("items", Arg::from("session"))])));
    let items = json(&said.unwrap())["items"].clone();
    assert_eq!(items.as_array().map(Vec::len), Some(2), "one of the clicks, one of the box: {items}");
    let remove = call(&gimp, "remove", &[("item", Arg::from("item")), ("model", Arg::from("patches"))]);
    window.eval(&format!("(let ((image (car (images)))) {remove})")).unwrap();
    window.eval_until(LAYERS, "2", LONG).unwrap();
    window.eval(&format!("(save-png (car (images)) {})", test_folder.literal("seen.png"))).unwrap();
    let seen = opened(&test_folder.outside("seen.png"));
    let middle = |picture: &RgbImage| *picture.get_pixel((left + width / 3) * SIDE / 128, (top + height / 2) * SIDE / 128);
    // What a random model finds may be anything.
    if model.is_none() {
        assert_ne!(middle(&seen), middle(&table_of(SIDE)), "the mug is still there");
    }
    window.to_picture().unwrap();
    shot(&window, &format!("{name}-removed"), version);
}

#[test]
fn gimp2_a_click_finds_an_item() {
    clicks_find_items(Version::V2, None);
}

#[test]
fn gimp3_a_click_finds_an_item() {
    clicks_find_items(Version::V3, None);
}

#[test]
fn gimp2_a_click_finds_an_item_by_a_model() {
    clicks_find_items(Version::V2, Some("sam-official"));
}

#[test]
fn gimp3_a_click_finds_an_item_by_a_model() {
    clicks_find_items(Version::V3, Some("sam-official"));
}
