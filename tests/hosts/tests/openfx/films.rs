//! Edits in MLT's `melt` with the real daemon: pictures, films and errors.

use std::fs;

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::melt::{Edit, Filter, Footage, Melt, Ran, System};
use dedit_host_tests::places;
use dedit_host_tests::test_folder::TestFolder;
use image::{DynamicImage, GrayImage, Luma, RgbImage, RgbaImage, imageops};

use crate::scene::{begun, by_command, compare, drawing, learned, opened, pan, table, test_folder};

/// Parameters in MLT's notation.
type Parameters<'a> = &'a [(&'a str, &'a str)];

/// The effect's identifier.
const EFFECT: &str = "org.dedit.DEdit";

fn melt<'a>(system: &'a System, test_folder: &'a TestFolder) -> Melt<'a> {
    Melt::new(system, test_folder, &[places::effects().unwrap()]).unwrap()
}

/// The effect with a session's items, a seed, and parameters in MLT's notation.
fn effect(session: &str, parameters: Parameters<'_>) -> Filter {
    let filter = Filter::new(EFFECT).with("session", session).with("maskSource", "Session").with("seed", "7");
    parameters.iter().fold(filter, |filter, (name, value)| filter.with(name, *value))
}

fn ran(melt: &Melt<'_>, edit: &Edit) -> Ran {
    let ran = melt.run(edit).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{:?} {}", ran.time, ran.stderr);
    assert!(ran.ended_well(), "{ran:?}");
    ran
}

/// The number of edits in the daemon's log.
fn edits(test_folder: &TestFolder) -> usize {
    let log = fs::read_to_string(test_folder.data().join("deditd.log")).unwrap();
    log.lines().filter(|line| line.contains("\"edit ")).count()
}

#[test]
fn melt_finds_the_effect_and_its_parameters() {
    let (system, test_folder) = (System::named().unwrap(), test_folder());
    let described = melt(&system, &test_folder).describe(EFFECT).unwrap();
    println!("{described}");
    for name in ["edit", "item", "prompt", "shift", "maskSource", "session", "strength", "seed", "steady", "learnInRender"] {
        assert!(described.contains(&format!("identifier: {name}\n")), "{name} in {described}");
    }
}

#[test]
fn melt_every_edit_makes_what_the_command_line_makes() {
    let (system, test_folder) = (System::named().unwrap(), test_folder());
    let daemon = Daemon::start(&test_folder).unwrap();
    let session = learned(&daemon);
    let melt = melt(&system, &test_folder);
    let still = Footage::still(&test_folder.outside("table.png")).unwrap();
    let cases: [(Parameters<'_>, &[&str]); 6] = [
        (&[("edit", "Remove"), ("item", "mug"), ("margin", "3")], &["remove", "--item", "mug", "--margin", "3"]),
        (
            &[("edit", "Replace"), ("item", "mug"), ("prompt", "a green duck"), ("steps", "6"), ("fit", "Box")],
            &["replace", "--item", "mug", "--prompt", "a green duck", "--steps", "6", "--fit", "box"],
        ),
        (
            &[("edit", "Augment"), ("item", "1"), ("prompt", "a blue [v]"), ("guidance", "4.5"), ("feather", "0")],
            &["augment", "--item", "duck", "--prompt", "a blue [v]", "--guidance", "4.5", "--feather", "0"],
        ),
        (
            // In OpenFX y points up, and angles are counterclockwise.
            &[("edit", "Move"), ("item", "mug"), ("shift", "12 6"), ("scale", "0.75"), ("rotation", "-10")],
            &["move", "--item", "mug", "--dx", "12", "--dy", "-6", "--scale", "0.75", "--rotate", "10"],
        ),
        (&[("edit", "Swap"), ("item", "mug"), ("other", "duck")], &["swap", "--item", "mug", "--with", "duck"]),
        (&[("edit", "Refine"), ("item", "mug"), ("strength", "0.25")], &["refine", "--mask", "items/mug.png", "--strength", "0.25"]),
    ];
    for (parameters, command) in cases {
        let ran = ran(&melt, &Edit::new(still.clone()).frames(1).filter(effect(&session, parameters)));
        let region = by_command(&daemon, &session, command, "expected.png");
        compare(command[0], &ran.frames[0], &opened(&test_folder.outside("expected.png")), &table(), &region);
    }
    plates_and_items(&melt, &test_folder, &still, &session);
}

/// The item lies over its plate as the picture was, and both are of one edit.
fn plates_and_items(melt: &Melt<'_>, test_folder: &TestFolder, still: &Footage, session: &str) {
    let (before, table) = (edits(test_folder), table());
    let [plate, item] = ["Plate", "Item"].map(|output| {
        // A movement by nothing, of which there are only layers.
        let filter = effect(session, &[("edit", "Move"), ("item", "mug"), ("model", "patches"), ("output", output)]);
        ran(melt, &Edit::new(still.clone()).frames(1).filter(filter)).frames.remove(0)
    });
    assert_eq!(edits(test_folder) - before, 1, "the second process finds the edit on disk");
    let whole = item.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[3] == 255);
    let whole: Vec<_> = whole.map(|(x, y, pixel)| pixel.0[..3] == table.get_pixel(x, y).0).collect();
    assert!(whole.len() > 800 && whole.iter().all(|same| *same), "{} pixels of the mug", whole.len());
    assert_eq!(item.get_pixel(120, 8).0[3], 0, "there is nothing but the mug");
    assert!(plate.pixels().all(|pixel| pixel.0[3] == 255));
    let gone = plate.enumerate_pixels().filter(|(x, y, pixel)| pixel.0[..3] != table.get_pixel(*x, *y).0).count();
    assert!(gone > 800, "{gone} pixels differ on the plate");
}

#[test]
fn melt_a_film_is_edited_frame_by_frame_and_each_frame_once() {
    let (system, test_folder) = (System::named().unwrap(), test_folder());
    let daemon = Daemon::start(&test_folder).unwrap();
    let session = learned(&daemon);
    let melt = melt(&system, &test_folder);
    let frames = pan(10);
    let film = Footage::of(&test_folder, "film", &frames).unwrap();
    let edit = Edit::new(film).filter(effect(&session, &[("edit", "Remove"), ("item", "mug"), ("steps", "4")])).threads(4);
    let first = ran(&melt, &edit);
    assert_eq!(first.frames.len(), 10);
    assert_eq!(edits(&test_folder), 10, "each frame is edited once, however often MLT renders it");
    // In another process, which finds the results on disk.
    let second = ran(&melt, &edit);
    assert_eq!((second.frames == first.frames, edits(&test_folder)), (true, 10));
    for (number, frame) in frames.iter().enumerate() {
        let name = format!("frame-{number}.png");
        frame.save(test_folder.outside(&name)).unwrap();
        let region = by_command(&daemon, &session, &["remove", "--item", "mug", "--steps", "4", "--frame", &name], "expected.png");
        compare(&name, &first.frames[number], &opened(&test_folder.outside("expected.png")), frame, &region);
    }
}

/// Frames with 16 bits, and at half the size, as in previews of editors.
#[test]
fn melt_other_depths_and_sizes() {
    let (system, test_folder) = (System::named().unwrap(), test_folder());
    let daemon = Daemon::start(&test_folder).unwrap();
    let session = learned(&daemon);
    let melt = melt(&system, &test_folder);
    let remove = effect(&session, &[("edit", "Remove"), ("item", "mug"), ("steps", "4")]);
    let deep = DynamicImage::from(table()).into_rgb16();
    let footage = Footage::of(&test_folder, "deep", std::slice::from_ref(&deep)).unwrap();
    let made = ran(&melt, &Edit::new(footage.clone()).deep().filter(remove.clone()));
    let made = image::open(&made.files[0]).unwrap().into_rgb16();
    deep.save(test_folder.outside("deep.png")).unwrap();
    let command = ["remove", "--item", "mug", "--steps", "4", "--frame", "deep.png"];
    by_command(&daemon, &session, &command, "expected.png");
    let expected = image::open(test_folder.outside("expected.png")).unwrap().into_rgb16();
    assert_eq!(made.pixels().zip(expected.pixels()).filter(|(made, expected)| made != expected).count(), 0);
    assert!(made.pixels().any(|pixel| pixel.0.iter().any(|value| value % 257 != 0)), "its values have 16 bits");
    // Items are where they are in the full-size picture, whose session is used.
    let still = Footage::still(&test_folder.outside("table.png")).unwrap();
    let plain = ran(&melt, &Edit::new(still.clone()).frames(1).scaled(0.5));
    let half = ran(&melt, &Edit::new(still).frames(1).scaled(0.5).filter(remove));
    assert_eq!(half.frames[0].dimensions(), (64, 64));
    let region = by_command(&daemon, &session, &["remove", "--item", "mug", "--steps", "4"], "expected.png");
    let at = |name: &str| region[name].as_u64().unwrap() as u32 / 2;
    // As large as half of it, but for the soft ring, which is never thinner than it has to be.
    let columns = at("x").saturating_sub(4)..at("x") + at("width") + 5;
    let rows = at("y").saturating_sub(4)..at("y") + at("height") + 5;
    let changed = changed(&half.frames[0], &plain.frames[0]);
    assert!(changed.len() > 500, "the mug is gone");
    assert!(changed.iter().all(|(x, y)| columns.contains(x) && rows.contains(y)), "{region}: {changed:?}");
}

fn changed(made: &RgbaImage, before: &RgbaImage) -> Vec<(u32, u32)> {
    made.enumerate_pixels().filter(|(x, y, pixel)| *pixel != before.get_pixel(*x, *y)).map(|(x, y, _)| (x, y)).collect()
}

/// Without a session that was begun elsewhere: a mask from a file, and learning because it was asked for.
#[test]
fn melt_learns_when_it_is_asked_to_and_starts_the_daemon() {
    let (system, test_folder) = (System::named().unwrap(), test_folder());
    let melt = melt(&system, &test_folder);
    let mask = test_folder.outside("items/mug.png").to_string_lossy().into_owned();
    let filter =
        Filter::new(EFFECT).with("maskSource", "File").with("maskFile", &mask).with("edit", "Remove").with("steps", "4").with("seed", "7");
    let still = Footage::still(&test_folder.outside("table.png")).unwrap();
    let unsaid = ran(&melt, &Edit::new(still.clone()).frames(1).filter(Filter::new(EFFECT).with("edit", "Remove")));
    assert!(unsaid.stderr.contains("not said what the items are"), "{}", unsaid.stderr);
    let draft = ran(&melt, &Edit::new(still.clone()).frames(1).filter(filter.clone()));
    let log = || fs::read_to_string(test_folder.data().join("deditd.log")).unwrap();
    assert!(log().contains("openfx") && !log().contains("\"learn "), "a render learns nothing unasked: {}", log());
    let learned = ran(&melt, &Edit::new(still).frames(1).filter(filter.with("learnInRender", "1")));
    assert!(log().contains("\"learn "), "{}", log());
    assert!(changed(&draft.frames[0], &learned.frames[0]).len() > 100, "what was learned makes a difference");
    let before = DynamicImage::from(table()).into_rgba8();
    for made in [&draft, &learned] {
        assert!(changed(&made.frames[0], &before).len() > 500, "{}", made.stderr);
    }
}

/// What is wrong is said, and the frame comes out as it went in.
#[test]
fn melt_says_what_is_wrong_and_shows_the_frame() {
    let (system, mut test_folder) = (System::named().unwrap(), test_folder());
    let still = Footage::still(&test_folder.outside("table.png")).unwrap();
    let before = DynamicImage::from(table()).into_rgba8();
    let asked = |test_folder: &TestFolder, filter: Filter, words: &[&str]| {
        let ran = ran(&melt(&system, test_folder), &Edit::new(still.clone()).frames(1).filter(filter));
        assert!(ran.frames[0] == before, "the frame as it was, for {words:?}");
        for word in words {
            assert!(ran.stderr.contains(word), "{word} in {}", ran.stderr);
        }
    };
    let daemon = Daemon::start(&test_folder).unwrap();
    let session = learned(&daemon);
    for (filter, words) in [
        (effect(&session, &[]), &[][..]),
        (effect(&session, &[("edit", "Replace"), ("item", "mug")]), &[]),
        (effect(&session, &[("edit", "Remove"), ("item", "hat")]), &["no item 'hat'", "1 duck, 2 mug, 3 background"]),
        (effect(&session, &[("edit", "Remove")]), &["not said which item"]),
        (effect(&session, &[("edit", "Remove"), ("item", "mug"), ("model", "/nowhere")]), &["/nowhere"]),
        (effect("0123", &[("edit", "Remove"), ("item", "mug")]), &["no session '0123'"]),
        (
            Filter::new(EFFECT).with("edit", "Remove").with("maskSource", "File").with("maskFile", "/nowhere/%04d.png"),
            &["/nowhere/0000.png"],
        ),
        (effect(&session, &[("edit", "Swap in"), ("item", "mug")]), &["no picture to take an item from", "--reference"]),
    ] {
        asked(&test_folder, filter, words);
    }
    drop(daemon);
    let _ = fs::remove_file(test_folder.socket());
    test_folder.set("DEDIT_DAEMON", "/nowhere/dedit");
    asked(&test_folder, effect(&session, &[("edit", "Remove"), ("item", "mug")]), &["/nowhere/dedit"]);
}

/// A camera that pans, an item by a mask for each frame, and a move with keys: what README shows.
#[test]
fn melt_a_pan_with_masks_and_keys() {
    const FRAMES: u32 = 5;
    let (system, test_folder) = (System::named().unwrap(), test_folder());
    let daemon = Daemon::start(&test_folder).unwrap();
    let wide = drawing(320);
    // Red for the mug, yellow for the duck.
    let colours = [[0, 0, 0], [255, 0, 0], [255, 255, 0]].map(image::Rgb);
    let mask = RgbImage::from_fn(320, 320, |x, y| colours[usize::from(wide.labels.get_pixel(x, y).0[0])]);
    let cut = |picture: &RgbImage, frame| imageops::crop_imm(picture, 10 + 12 * frame, 44, 240, 240).to_image();
    let frames: Vec<_> = (0..FRAMES).map(|frame| cut(&wide.picture, frame)).collect();
    for frame in 0..FRAMES {
        cut(&mask, frame).save(test_folder.outside(format!("mask{frame:04}.png"))).unwrap();
    }
    frames[0].save(test_folder.outside("first.png")).unwrap();
    for (name, colour) in [("red", colours[1]), ("yellow", colours[2])] {
        let item = cut(&mask, 0);
        let item = GrayImage::from_fn(240, 240, |x, y| Luma([if *item.get_pixel(x, y) == colour { 255 } else { 0 }]));
        item.save(test_folder.outside(format!("{name}.png"))).unwrap();
    }
    let learn = ["learn", "first.png", "--items", "red=red.png", "--items", "yellow=yellow.png", "--session", "@", "--json", "--quiet"];
    let session = begun(&daemon, &learn);
    let masks = test_folder.outside("mask%04d.png").to_string_lossy().into_owned();
    let filter = |parameters: Parameters<'_>| {
        let filter = Filter::new(EFFECT).with("session", &session).with("item", "red").with("maskSource", "File").with("maskFile", &masks);
        parameters.iter().fold(filter, |filter, (name, value)| filter.with(name, *value))
    };
    let film = Footage::of(&test_folder, "film", &frames).unwrap();
    let melt = melt(&system, &test_folder);
    let edits: [Parameters<'_>; 3] = [
        &[("edit", "Replace"), ("prompt", "a green mug"), ("fit", "Loose")],
        &[("edit", "Move"), ("shift", "0=0 0;4=40 0"), ("scale", "0=1;4=0.5")],
        &[("edit", "Remove")],
    ];
    let mut rows = vec![frames.iter().map(|frame| DynamicImage::from(frame.clone()).into_rgba8()).collect::<Vec<_>>()];
    rows.extend(edits.map(|parameters| ran(&melt, &Edit::new(film.clone()).filter(filter(parameters))).frames));
    for row in &rows[1..] {
        let changes: Vec<usize> = row.iter().zip(&rows[0]).map(|(made, before)| changed(made, before).len()).collect();
        println!("{changes:?}");
        assert!(changes[1..].iter().all(|count| *count > 1000), "{changes:?}");
    }
    assert!(changed(&rows[2][0], &rows[0][0]).is_empty(), "at its first key nothing has moved yet");
    let mut sheet = RgbaImage::from_pixel(FRAMES * 244 - 4, 4 * 244 - 4, image::Rgba([255; 4]));
    for (y, row) in rows.iter().enumerate() {
        for (x, frame) in row.iter().enumerate() {
            imageops::replace(&mut sheet, frame, (x * 244) as i64, (y * 244) as i64);
        }
    }
    let shot = places::shots("openfx-shots").unwrap().join("film.png");
    sheet.save(&shot).unwrap();
    println!("{}", shot.display());
}
