//! Every verb, called by a script: what becomes of the picture is what `dedit edit` makes of it, and nothing else changes.

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::gimp::{Arg, Gimp, Version};
use dedit_host_tests::test_folder::TestFolder;
use image::{Rgb, RgbImage};

use crate::opened;
use crate::scene::{DUCK, MUG, begin, call, gimp_with_plugin, json, run, said, table};

/// A verb as the plug-in is asked, and as the command line is.
struct Case {
    verb: &'static str,
    given: Vec<(&'static str, Arg)>,
    command: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    let prompt = |words: &str| ("prompt", Arg::from(words));
    vec![
        Case { verb: "remove", given: vec![("margin", Arg::from(3.0))], command: &["remove", "--item", "selection", "--margin", "3"] },
        Case {
            verb: "replace",
            given: vec![prompt("a green duck"), ("fit", Arg::from("box")), ("steps", Arg::from(6))],
            command: &["replace", "--item", "selection", "--prompt", "a green duck", "--fit", "box", "--steps", "6"],
        },
        Case {
            verb: "augment",
            given: vec![prompt("a blue [v]"), ("guidance", Arg::from(4.5)), ("feather", Arg::from(0.0))],
            command: &["augment", "--item", "selection", "--prompt", "a blue [v]", "--guidance", "4.5", "--feather", "0"],
        },
        Case {
            verb: "move",
            given: vec![("dx", Arg::from(12.0)), ("dy", Arg::from(-6.0)), ("scale", Arg::from(0.75)), ("rotate", Arg::from(10.0))],
            command: &["move", "--item", "selection", "--dx", "12", "--dy", "-6", "--scale", "0.75", "--rotate", "10"],
        },
        Case {
            verb: "refine",
            given: vec![("strength", Arg::from(0.25))],
            command: &["refine", "--mask", "mug.png", "--strength", "0.25"],
        },
        Case {
            verb: "swap-in",
            given: vec![("from-file", Arg::Expression("OTHER".to_owned())), ("from-name", Arg::from("thing"))],
            command: &["swap-in", "--item", "selection", "--from", "reference:thing"],
        },
    ]
}

const SEED: &str = "7";

/// Calls every verb on the picture as it was, each a draft of the same seed.
fn script(gimp: &Gimp, test_folder: &TestFolder) -> String {
    let select = |[x, y, width, height]: [u32; 4]| format!("(select-rectangle image {x} {y} {width} {height})");
    let mut lines = vec![begin(test_folder, "table.png"), format!("(define OTHER {})", test_folder.literal("other.png"))];
    for Case { verb, mut given, .. } in cases() {
        given.extend([("when", Arg::from("draft")), ("seed", Arg::from(7))]);
        lines.push(format!("(define result {}) (print (cadr result))", call(gimp, verb, &given)));
        lines.push(format!("(save-png image {})", test_folder.literal(format!("{verb}.png"))));
        lines.push("(gimp-item-set-visible (car result) FALSE)".to_owned());
    }
    lines.push(select(DUCK));
    lines.push("(define duck (value (gimp-selection-save image))) (gimp-item-set-name duck \"duck\")".to_owned());
    lines.push(select(MUG));
    // Saving a channel made that the active one.
    lines.push("(choose-layer image (car (reverse (layers image))))".to_owned());
    let swap = [("with", Arg::from("duck")), ("when", Arg::from("draft")), ("seed", Arg::from(7))];
    lines.push(said(&call(gimp, "swap", &swap)));
    lines.push(format!("(save-png image {})", test_folder.literal("swap.png")));
    lines.push(said(&call(gimp, "redo", &[("seed", Arg::from(8))])));
    lines.push(format!("(save-png image {})", test_folder.literal("redo.png")));
    lines.push(said(&call(gimp, "history", &[("revision", Arg::from(1))])));
    lines.push("(print (layer-names image)) (print (parasite image \"dedit-session\"))".to_owned());
    lines.push(format!("(save-xcf image {})", test_folder.literal("all.xcf")));
    lines.join("\n")
}

fn every_verb(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let daemon = Daemon::start(&test_folder).unwrap();
    // Cut out: what is opaque is the thing.
    let other = image::RgbaImage::from_fn(64, 64, |x, y| {
        let thing = (20..44).contains(&x) && (16..56).contains(&y);
        image::Rgba([40, (x * 3) as u8, (y * 3) as u8, if thing { 255 } else { 0 }])
    });
    other.save(test_folder.outside("other.png")).unwrap();
    let [x, y, width, height] = MUG;
    let mug = image::GrayImage::from_fn(128, 128, |i, j| {
        image::Luma([if (x..x + width).contains(&i) && (y..y + height).contains(&j) { 255 } else { 0 }])
    });
    mug.save(test_folder.outside("mug.png")).unwrap();
    let batch = run(&gimp, &test_folder, &script(&gimp, &test_folder));
    let sessions: Vec<String> = batch.said[..8].iter().map(|said| json(said)["session"].as_str().unwrap().to_owned()).collect();
    assert!(sessions.iter().all(|session| *session == sessions[0]), "each call is of the same session: {sessions:?}");
    let before = table();
    let swap: &[&str] = &["swap", "--item", "selection", "--with", "duck"];
    // The session has the items of the last call now, by which the swap is made.
    compare(&daemon, &test_folder, &sessions[0], "swap", swap, &before);
    // The mug alone again, as the other verbs had it.
    let set = begin(&test_folder, "table.png") + &said(&call(&gimp, "items", &[("items", Arg::from("selection"))]));
    let items = run(&gimp, &test_folder, &set);
    assert_eq!(json(&items.said[0])["items"], serde_json::json!(["selection"]));
    for Case { verb, command, .. } in cases() {
        compare(&daemon, &test_folder, &sessions[0], verb, command, &before);
    }
    let redone = json(&batch.said[7]);
    assert_eq!((&redone["results"][0]["seed"], &redone["results"][0]["edits"][0]["verb"]), (&8.into(), &"swap".into()));
    assert_ne!(opened(&test_folder.outside("redo.png")), opened(&test_folder.outside("swap.png")));
    assert!(json(&batch.said[8])["revisions"].as_array().is_some_and(|revisions| revisions.len() == 8), "{}", batch.said[8]);
    for name in ["Replace selection: a green duck (draft)", "Move selection (draft)", "Swap selection and duck (draft)", "Remove selection"]
    {
        assert!(batch.said[9].contains(name), "{}", batch.said[9]);
    }
    assert_eq!(batch.said[10], sessions[0]);
    again_from_the_file(&gimp, &test_folder, &sessions[0]);
}

/// The file that was saved knows its session, and every layer how it was made.
fn again_from_the_file(gimp: &Gimp, test_folder: &TestFolder, session: &str) {
    let script = format!(
        "(define image (load-xcf {}))\n(print (parasite image \"dedit-session\"))\n\
         (for-each (lambda (layer) (if (item-parasite layer \"dedit-edit\") (print (name-of layer)))) (layers image))\n(print \"end\")\n",
        test_folder.literal("all.xcf")
    );
    // Everything but the source is hidden; it is edited again, and that is the session's.
    let hide = "(for-each (lambda (layer) (gimp-item-set-visible layer FALSE)) (layers image))\n(define source (car (reverse (layers image))))\n\
                (gimp-item-set-visible source TRUE)\n(choose-layer image source)\n";
    let edit = said(&call(gimp, "remove", &[("when", Arg::from("draft")), ("seed", Arg::from(7))]));
    let [x, y, width, height] = MUG;
    let script = script + hide + &format!("(select-rectangle image {x} {y} {width} {height})\n") + &edit;
    let batch = run(gimp, test_folder, &script);
    assert_eq!((batch.said[0].as_str(), batch.said[10].as_str()), (session, "end"));
    assert_eq!(json(&batch.said[11])["session"], session);
}

fn compare(daemon: &Daemon<'_>, test_folder: &TestFolder, session: &str, verb: &str, command: &[&str], before: &RgbImage) {
    let file = format!("{verb}-by-command.png");
    let named = format!("@{session}");
    let arguments = [&["edit"], command, &["--session", &named, "--on", "0", "--seed", SEED, "--draft", "--out", &file, "--json"]].concat();
    let output = daemon.dedit(&arguments).unwrap();
    assert!(output.succeeded(), "{verb}: {output:?}");
    let region = json(output.stdout.trim())["region"].clone();
    let (made, expected) = (opened(&test_folder.outside(format!("{verb}.png"))), opened(&test_folder.outside(file)));
    assert_eq!(made.dimensions(), expected.dimensions());
    let differing = made.pixels().zip(expected.pixels()).filter(|(made, expected)| made != expected).count();
    assert_eq!(differing, 0, "{verb}: pixels that are not as the command line has them");
    let at = |name: &str| region[name].as_u64().unwrap() as u32;
    let inside = |i: u32, j: u32| (at("x")..at("x") + at("width")).contains(&i) && (at("y")..at("y") + at("height")).contains(&j);
    let changed = |(i, j, pixel): &(u32, u32, &Rgb<u8>)| *pixel != before.get_pixel(*i, *j);
    assert_eq!(made.enumerate_pixels().filter(changed).filter(|(i, j, _)| !inside(*i, *j)).count(), 0, "{verb}: pixels changed outside");
    assert!(made.enumerate_pixels().filter(changed).count() > 100, "{verb}: nothing was made");
}

#[test]
fn gimp2_every_verb_makes_what_the_command_line_makes() {
    every_verb(Version::V2);
}

#[test]
fn gimp3_every_verb_makes_what_the_command_line_makes() {
    every_verb(Version::V3);
}
