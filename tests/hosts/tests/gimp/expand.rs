//! The canvas grows: the result is what the command line makes, everything keeps its place, and what comes after goes on from the larger picture.

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::gimp::{Arg, Version};
use image::{Rgb, RgbImage};
use serde_json::Value;

use crate::documents::{DEFINITIONS, draft};
use crate::opened;
use crate::scene::{MUG, begin, call, gimp_with_plugin, json, run, said, table};

const SIDES: [(&str, i64); 2] = [("left", 24), ("bottom", 16)];

fn sides() -> Vec<(&'static str, Arg)> {
    SIDES.iter().map(|(name, pixels)| (*name, Arg::from(*pixels))).collect()
}

/// What the image looks like: canvas, layers with their places, and the selection's bounds.
const SHAPE: &str = r"
(define (shape image)
  (list (image-width image) (image-height image)
    (map (lambda (layer) (list (name-of layer) (offsets layer) (yes? (value (gimp-item-get-visible layer))))) (layers image))
    (cdr (gimp-selection-bounds image))))
";

/// Each pixel of the old picture that is none of the soft ring is as it was, 24 pixels further to the right.
fn check_old_pixels(made: &RgbImage) {
    let before = table();
    let is_far = |x: &u32, y: &u32| *x >= 40 && *y < 88;
    let old = before.enumerate_pixels().filter(|(x, y, _)| is_far(x, y));
    assert!(old.clone().count() > 7000 && old.clone().all(|(x, y, Rgb(old))| made.get_pixel(x + 24, y).0 == *old));
    let new = made.enumerate_pixels().filter(|(x, y, _)| *x < 24 || *y >= 128);
    assert!(new.clone().filter(|(.., pixel)| pixel.0 != [0; 3]).count() > 4000, "new pixels are black");
}

fn the_canvas_grows(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let daemon = Daemon::start(&test_folder).unwrap();
    let png = |name: &str| format!("(save-png image {})\n", test_folder.literal(name));
    let expand = said(&call(&gimp, "expand", &draft(&sides())));
    let hide = "(for-each (lambda (layer) (gimp-item-set-visible layer FALSE)) (layers image))\n(gimp-item-set-visible source TRUE)\n";
    let script = [
        DEFINITIONS.to_owned() + SHAPE,
        begin(&test_folder, "table.png"),
        "(define source (active-layer image))\n(define beside (new-layer image \"beside\" 9 9))\n(insert-layer image beside no-parent 0)\n\
         (put-layer beside -5 100)\n(gimp-item-set-visible beside FALSE)\n(choose-layer image source)\n"
            .to_owned(),
        expand.clone() + "(print (shape image))\n" + &png("expanded.png"),
        // An edit of the visible picture, and another one of the same.
        said(&call(&gimp, "remove", &draft(&[]))) + "(print (shape image))\n" + &png("removed.png"),
        said(&call(&gimp, "redo", &[("seed", Arg::from(8))])) + "(print (image-width image))\n",
        // The expansion itself, with another seed: its layer is replaced, and the canvas stays.
        format!(
            "{hide}(define first (layer-named image \"Expand (draft)\"))\n(gimp-item-set-visible first TRUE)\n(choose-layer image first)\n"
        ),
        said(&call(&gimp, "redo", &[("seed", Arg::from(8))])) + "(print (shape image))\n" + &png("redone.png"),
        // From the history, on the canvas that has been enlarged already, and on one that has not.
        format!("{hide}(choose-layer image source)\n"),
        said(&call(&gimp, "history", &[("revision", Arg::from(1))])) + "(print (image-width image))\n" + &png("back.png"),
        format!("{hide}(gimp-image-resize image 128 128 -24 0)\n"),
        said(&call(&gimp, "history", &[("revision", Arg::from(2))])) + "(print (image-width image))\n" + &png("back-2.png"),
        format!("(print (try-call (lambda () {})))\n", call(&gimp, "history", &[("revision", Arg::from(0))])),
        format!("(save-xcf image {})\n", test_folder.literal("expanded.xcf")),
        // The file knows it all.
        format!(
            "(define image (load-xcf {}))\n(choose-layer image (layer-named image \"Background\"))\n",
            test_folder.literal("expanded.xcf")
        ),
        said(&call(&gimp, "refine", &draft(&[]))),
        // The sixth result is of the picture as it was: it does not reach as far as the first.
        "(define source (layer-named image \"Background\"))\n".to_owned() + hide + "(choose-layer image source)\n",
        said(&call(&gimp, "remove", &draft(&[]))),
        hide.to_owned() + "(gimp-item-set-visible (layer-named image \"Expand (draft)\") TRUE)\n(choose-layer image source)\n",
        format!("(print (try-call (lambda () {})))\n", call(&gimp, "history", &[("revision", Arg::from(6))])),
    ]
    .concat();
    let batch = run(&gimp, &test_folder, &script);
    let said = &batch.said;
    let expanded = json(&said[0]);
    let session = expanded["session"].as_str().unwrap();
    let [x, y, width, height] = MUG;
    let selected = format!("({} {y} {} {})", x + 24, x + 24 + width, y + height);
    assert_eq!(
        said[1],
        format!("(152 144 ((\"beside\" (19 100) #f) (\"Expand (draft)\" (0 0) #t) (\"Background\" (24 0) #t)) {selected})"),
        "the result is a layer right above the picture"
    );
    let arguments: Vec<String> = SIDES.iter().flat_map(|(name, pixels)| [format!("--{name}"), pixels.to_string()]).collect();
    let of_session = format!("@{session}");
    let by_command = |edit: &[&str], on: &str, seed: &str, file: &str| {
        let arguments = [&["edit"], edit, &["--session", &of_session, "--on", on, "--seed", seed, "--draft", "--out", file]].concat();
        let output = daemon.dedit(&arguments).unwrap();
        assert!(output.succeeded(), "{output:?}");
        opened(&test_folder.outside(file))
    };
    let expand: Vec<&str> = ["expand"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
    let made = opened(&test_folder.outside("expanded.png"));
    check_old_pixels(&made);
    assert!(made == by_command(&expand, "0", "7", "expanded-by-command.png"), "as the command line has it");
    let result = |at: usize| json(&said[at])["results"][0].clone();
    assert_eq!((&json(&said[2])["session"], &result(2)["base"]), (&expanded["session"], &1.into()), "{}", said[2]);
    assert!(said[3].starts_with("(152 144 ") && said[3].ends_with(&format!(" {selected})")), "{}", said[3]);
    let removed = by_command(&["remove", "--item", "selection"], "1", "7", "removed-by-command.png");
    assert!(opened(&test_folder.outside("removed.png")) == removed, "as the command line has it");
    assert_eq!((&result(4)["base"], &result(4)["seed"], said[5].as_str()), (&1.into(), &8.into(), "152"));
    assert_eq!((&result(6)["base"], &result(6)["edits"][0]["verb"]), (&0.into(), &"expand".into()));
    assert!(said[7].starts_with("(152 144 ") && said[7].matches("#t").count() == 2, "{}", said[7]);
    let redone = opened(&test_folder.outside("redone.png"));
    assert!(redone == by_command(&expand, "0", "8", "redone-by-command.png") && redone != made);
    assert_eq!(said[9], "152");
    assert!(opened(&test_folder.outside("back.png")) == made, "the first result has come back");
    assert_eq!(said[11], "152", "the canvas grows for what comes back");
    assert!(opened(&test_folder.outside("back-2.png")) == removed);
    assert!(said[12].contains("there is no result 0"), "{}", said[12]);
    assert_eq!((&json(&said[13])["session"], &result(13)["base"]), (&expanded["session"], &2.into()), "{}", said[13]);
    assert_eq!((&result(14)["base"], &result(14)["revision"]), (&0.into(), &6.into()), "{}", said[14]);
    assert!(said[15].contains("the canvas of result 6 is smaller than what is seen; hide the layers"), "{}", said[15]);
}

/// All that is visible, with items that are found: the canvas grows once, also where a draft is followed by the result after learning.
fn all_that_is_visible_grows(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let _daemon = Daemon::start(&test_folder).unwrap();
    let visible = ("picture", Arg::from("visible"));
    let both = [sides(), vec![visible.clone(), ("when", Arg::from("both")), ("seed", Arg::from(7)), ("steps", Arg::from(4))]].concat();
    let script = [
        DEFINITIONS.to_owned() + SHAPE,
        begin(&test_folder, "table.png") + "(select-rectangle image 4 4 9 9)\n",
        said(&call(&gimp, "expand", &both)) + "(print (shape image))\n",
        said(&call(&gimp, "redo", &[("seed", Arg::from(8))])) + "(print (shape image))\n",
        said(&call(&gimp, "remove", &[draft(&[]), vec![visible]].concat())) + "(print (image-width image))\n",
    ]
    .concat();
    let batch = run(&gimp, &test_folder, &script);
    let said = &batch.said;
    let end = "(\"Background\" (24 0) #t)) (28 4 37 13))";
    assert_eq!(said[1], format!("(152 144 ((\"Expand\" (0 0) #t) (\"Expand (draft)\" (0 0) #f) {end}"));
    assert_eq!(said[3], format!("(152 144 ((\"Expand #1\" (0 0) #t) (\"Expand\" (0 0) #f) (\"Expand (draft)\" (0 0) #f) {end}"));
    let (again, removed) = (json(&said[2]), json(&said[4]));
    assert_eq!((&again["results"][0]["seed"], &again["results"][0]["draft"]), (&8.into(), &false.into()));
    assert_eq!((&removed["session"], &removed["results"][0]["base"]), (&again["session"], &again["results"][0]["revision"]));
    assert_eq!(said[5], "152");
}

/// Kinds of documents, each with what makes it of the table.
const KINDS: [(&str, &str); 5] = [
    ("grey", "(gimp-image-convert-grayscale image)"),
    ("indexed", "(gimp-image-convert-indexed image 0 0 64 FALSE FALSE \"\")"),
    ("sixteen", "(gimp-image-convert-precision image 250)"),
    ("alpha", "(gimp-layer-add-alpha (active-layer image))"),
    // The layer hangs over the canvas by ten pixels at each side of it.
    ("beyond", "(gimp-image-resize image 108 108 -10 -10)"),
];

fn documents_of_all_kinds_grow(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let _daemon = Daemon::start(&test_folder).unwrap();
    let of_kind = |(name, made_by): (&str, &str)| {
        [
            begin(&test_folder, "table.png") + made_by + "\n",
            said(&call(&gimp, "expand", &draft(&sides()))),
            format!("(print (shape image))\n(save-png image {})\n", test_folder.literal(format!("{name}.png"))),
            said(&call(&gimp, "remove", &draft(&[]))),
        ]
        .concat()
    };
    let script: String = [DEFINITIONS.to_owned() + SHAPE].into_iter().chain(KINDS.map(of_kind)).collect();
    let batch = run(&gimp, &test_folder, &script);
    for ((name, _), said) in KINDS.iter().zip(batch.said.chunks_exact(3)) {
        assert!(said[1].starts_with("(152 144 ((\"Expand (draft)\" (0 0) #t) (\"Background\" (24 0) #t)) "), "{name}: {}", said[1]);
        assert_eq!(json(&said[2])["results"][0]["base"], 1, "{name}: the next edit goes on from it");
        assert_eq!(json(&said[0])["session"], json(&said[2])["session"], "{name}");
        let made = opened(&test_folder.outside(format!("{name}.png")));
        assert_eq!(made.dimensions(), (152, 144), "{name}");
        if ["alpha", "beyond"].contains(name) {
            check_old_pixels(&made);
        }
    }
}

/// What cannot be is one sentence, before anything is learned; the image stays as it is.
fn what_cannot_grow_says_why(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let daemon = Daemon::start(&test_folder).unwrap();
    let whole = |name, pixels: i64| (name, Arg::from(pixels));
    let mut cases = vec![
        (vec![], "expand adds no pixel; give 'left', 'right', 'top' or 'bottom'"),
        (vec![whole("left", 65_000)], "65128 × 128 pixels"),
        (vec![whole("left", 30_000), whole("top", 30_000)], "megapixels; crop a part"),
        (vec![whole("left", 8), ("into", Arg::from("hat"))], "there is no item 'hat'"),
        (vec![whole("left", 8), ("items", Arg::from("channels"))], "there are no saved channels"),
    ];
    if version == Version::V2 {
        // GIMP 3 refuses these by itself.
        cases.push((vec![whole("left", -5)], "'left' is -5; expand takes whole numbers from 0 to 65000"));
        cases.push((vec![whole("top", 65_001)], "'top' is 65001; expand takes"));
    }
    let calls = cases.iter().map(|(given, _)| format!("(print (try-call (lambda () {})))\n", call(&gimp, "expand", given)));
    let end = "(print (shape image))\n".to_owned();
    let script: String = [DEFINITIONS.to_owned() + SHAPE, begin(&test_folder, "table.png")].into_iter().chain(calls).chain([end]).collect();
    let batch = run(&gimp, &test_folder, &script);
    for ((_, expected), said) in cases.iter().zip(&batch.said) {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert!(batch.said[cases.len()].starts_with("(128 128 ((\"Background\" (0 0) #t)) "), "{}", batch.said[cases.len()]);
    let status: Value = json(daemon.dedit(&["daemon", "status", "--json"]).unwrap().stdout.trim());
    assert_eq!(status["jobs"], serde_json::json!([]));
}

#[test]
fn gimp2_the_canvas_grows() {
    the_canvas_grows(Version::V2);
}

#[test]
fn gimp3_the_canvas_grows() {
    the_canvas_grows(Version::V3);
}

#[test]
fn gimp2_all_that_is_visible_grows() {
    all_that_is_visible_grows(Version::V2);
}

#[test]
fn gimp3_all_that_is_visible_grows() {
    all_that_is_visible_grows(Version::V3);
}

#[test]
fn gimp2_documents_of_all_kinds_grow() {
    documents_of_all_kinds_grow(Version::V2);
}

#[test]
fn gimp3_documents_of_all_kinds_grow() {
    documents_of_all_kinds_grow(Version::V3);
}

#[test]
fn gimp2_what_cannot_grow_says_why() {
    what_cannot_grow_says_why(Version::V2);
}

#[test]
fn gimp3_what_cannot_grow_says_why() {
    what_cannot_grow_says_why(Version::V3);
}
