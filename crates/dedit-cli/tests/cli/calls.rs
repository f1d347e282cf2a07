//! Calls that are right and calls that are wrong: exit codes and sentences.

use std::fs;

use super::scene::prepare;
use super::{dedit, fails, files, run, scratch, succeed};

#[test]
fn calls_that_are_wrong_say_so_and_leave_nothing_behind() {
    let cases = [
        ("", 2, "no command was given; try dedit --help"),
        ("paint", 2, "unrecognized subcommand 'paint'"),
        ("generate --promt bag", 2, "unexpected argument '--promt' found; a similar argument exists: '--prompt'"),
        ("generate --out a.png", 2, "not provided: --prompt <TEXT>"),
        (
            "generate --model {tiny-sd} --prompt bag --out a.png --size 500x512",
            2,
            "500 × 512 are not both multiples of 8 from 8 to 16384; the nearest sizes are 496 × 512 and 504 × 512",
        ),
        ("generate --prompt bag --out a.png --size 0x0", 2, "the nearest size is 4 × 4"),
        ("generate --prompt bag --out a.png --size big", 2, "invalid value 'big' for '--size <WxH>': give width and height"),
        ("generate --prompt bag --out a.png --steps 0", 2, "invalid value '0' for '--steps <N>': give a whole number from 1"),
        ("generate --prompt bag --out a.png --steps -3", 2, "'-3'"),
        ("generate --prompt bag --out a.png --batch 0", 2, "invalid value '0' for '--batch <N>'"),
        ("generate --prompt bag --out a.png --seed x", 2, "invalid value 'x' for '--seed <N>': give a whole number from 0"),
        ("generate --prompt bag --out a.png --scheduler plms", 2, "there is no scheduler 'plms'; choose one of ddim"),
        ("generate --prompt bag --out a.png --guidance nan", 2, "the guidance NaN makes no sense"),
        ("generate --prompt bag --out a.png --guidance -2", 2, "the guidance -2 makes no sense"),
        ("generate --prompt bag --out a.png --strength 0.5", 2, "not provided: --init <FILE>"),
        ("generate --prompt bag --out a.png --init in.png --strength 0", 2, "the strength 0 is outside 0 to 1"),
        ("generate --prompt bag --out a.png --init in.png --strength 0.1 --steps 4", 2, "leaves none of 4 steps"),
        ("generate --prompt bag --out a.png --scheduler lcm --steps 60", 2, "60 steps are more than the 50"),
        ("generate --prompt bag --out a.png --device cuda:x", 2, "give auto, cpu, cuda, cuda:1 or metal"),
        ("generate --prompt bag --out a.jpg", 2, "pictures are written as PNG: a.jpg; give a name that ends in .png"),
        ("generate --prompt bag --out folder.png", 2, "there is a folder of this name: folder.png"),
        ("generate --prompt bag --out in.png/a.png", 2, "cannot write here"),
        ("generate --prompt bag --out a.png --init none.png", 3, "cannot read this picture (No such file"),
        ("generate --prompt bag --out a.png --init text.png", 3, "text.png; give a PNG, JPEG, WebP, TIFF, GIF"),
        ("generate --prompt bag --out a.png --init cut.png", 3, "cut.png; the file may be damaged"),
        ("generate --prompt bag --out a.png --init dot.png", 2, "0 × 0 are not both multiples of 4"),
        ("generate --prompt bag --out a.png --model none", 4, "there is no such model: none; give a diffusers folder"),
        ("generate --prompt bag --out a.png --variant ema --model {tiny-sd2}", 4, "no part of this checkpoint has the variant \"ema\""),
        ("generate --prompt bag --out a.png --batch 1000 --size 16384x16384", 7, "of memory, and"),
    ];
    let folder = scratch();
    let path = folder.path();
    let picture = image::RgbImage::from_fn(32, 24, |x, y| image::Rgb([x as u8 * 8, y as u8 * 8, 128]));
    picture.save(path.join("in.png")).unwrap();
    let whole = fs::read(path.join("in.png")).unwrap();
    fs::write(path.join("cut.png"), &whole[..whole.len() / 2]).unwrap();
    fs::write(path.join("text.png"), "no picture").unwrap();
    image::RgbImage::new(1, 1).save(path.join("dot.png")).unwrap();
    fs::create_dir(path.join("folder.png")).unwrap();
    let before = files(path);
    for (line, code, fragment) in cases {
        fails(&run(path, line), code, fragment, line);
        assert_eq!(files(path), before, "{line}");
    }
}

#[test]
fn calls_that_are_right_make_pictures() {
    let cases = [
        ("generate --model {tiny-sd} --prompt bag --size 24x16 --steps 2 --out a.png", (24, 16), 2),
        ("generate --model {tiny-sd2} --prompt bag --size 16x24 --steps 2 --out a.png", (16, 24), 2),
        ("generate --model {tiny-sdxl} --prompt bag --negative-prompt blurry --size 16x16 --steps 2 --guidance 3 --out a.png", (16, 16), 2),
        (
            "generate --model {single-file-sdxl/checkpoint.safetensors} --config-dir {tiny-sdxl} --prompt bag --size 16x16 --steps 1 --out a.png",
            (16, 16),
            1,
        ),
        ("generate --prompt bag --steps 1 --out new/folder/a.png --no-daemon --device cpu", (128, 128), 1),
        ("generate --prompt bag --steps 3 --scheduler euler-a --guidance 1 --size 8x8 --out a.png", (8, 8), 3),
        ("generate --prompt bag --init in.png --strength 0.5 --steps 4 --out a.png", (44, 28), 2),
        ("generate --prompt bag --init in.png --size 32x32 --strength 1 --steps 2 --out a.png", (32, 32), 2),
        ("generate --prompt -x --negative-prompt -y --size 8x8 --steps 1 --out a.png", (8, 8), 1),
    ];
    for (line, (width, height), steps) in cases {
        let folder = scratch();
        image::RgbaImage::from_pixel(44, 31, image::Rgba([200, 10, 10, 99])).save(folder.path().join("in.png")).unwrap();
        let result = succeed(folder.path(), line);
        assert_eq!(result["size"], serde_json::json!({"width": width, "height": height}), "{line}");
        assert_eq!(result["steps"], steps, "{line}");
        assert!(result["seconds"].as_f64().unwrap() > 0.0 && result["seed"].is_u64() && result["model"].is_string(), "{result}");
        let file = folder.path().join(result["files"][0].as_str().unwrap());
        assert_eq!(image::open(file).unwrap().into_rgb8().dimensions(), (width, height), "{line}");
    }
}

#[test]
fn programs_read_json_and_people_read_lines() {
    let folder = scratch();
    let line = format!("generate --model {{tiny-sd}} --prompt {} --size 16x16 --steps 3 --out a.png", ["bag"; 700].join("-"));
    let spoken = run(folder.path(), &line);
    assert!(spoken.stdout.starts_with("a.png: 16 × 16, 3 steps of dpmpp-2m, seed "), "{}", spoken.stdout);
    assert!(
        spoken.stderr.contains("note: the prompt is too long for the text encoder; this end of it was left out: bag-bag"),
        "{}",
        spoken.stderr
    );

    let outcome = run(folder.path(), &format!("{line} --json"));
    let lines: Vec<serde_json::Value> = outcome.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<_> = lines.iter().map(|line| &line["progress"]).filter(|progress| progress["stage"] == "denoising").collect();
    assert_eq!(steps.len(), 3);
    assert!(steps.iter().all(|step| step["steps"] == 3 && step["seconds_left"].is_number()), "{steps:?}");
    let result: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert!(result["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains("was left out: bag")), "{result}");
    assert!(!cfg!(target_os = "linux") || result["peak_rss_bytes"].as_u64().unwrap() > 1 << 20, "{result}");

    let quiet = run(folder.path(), &format!("{line} --quiet"));
    assert_eq!((quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()), (Some(0), "", ""));
    for line in ["generate --prompt bag --out a.png --model none --json", "generate --prompt bag --out a.png --model none --json --quiet"] {
        let failed = run(folder.path(), line);
        let error: serde_json::Value = serde_json::from_str(failed.stderr.lines().last().unwrap()).unwrap();
        assert_eq!(error["error"]["kind"], "model");
        assert_eq!(error["error"]["message"], "there is no such model: none");
    }
}

#[test]
fn the_demo_leaves_pictures_a_contact_sheet_and_a_report() {
    let folder = scratch();
    let report = succeed(folder.path(), "demo --out shown --updates 2,2 --steps 2 --seed 3");
    let shown = folder.path().join("shown");
    let mut written: serde_json::Value = serde_json::from_slice(&fs::read(shown.join("report.json")).unwrap()).unwrap();
    written["notes"] = report["notes"].clone();
    assert_eq!(written, report);
    let (mut expected, mut verbs) = (vec!["contact-sheet.png".to_owned(), "report.json".to_owned()], Vec::new());
    let mut add = |path: &serde_json::Value| expected.push(path.as_str().unwrap().strip_prefix("shown/").unwrap().to_owned());
    for picture in report["pictures"].as_array().unwrap() {
        add(&picture["picture"]);
        // Photographs are edited without weights: nothing is learned, nothing denoised.
        let count = if picture["model"] == "patches" { 0 } else { 2 };
        assert_eq!(picture["learned"]["updates"], serde_json::json!([count, count]));
        for edit in picture["edits"].as_array().unwrap() {
            add(&edit["file"]);
            assert_eq!((&edit["changed_pixels_outside"], &edit["steps"]), (&0.into(), &count.into()), "{edit}");
            verbs.push(edit["verb"].as_str().unwrap().to_owned());
        }
    }
    expected.extend(["table-reference.png", "rocket-reference.png", "sessions"].map(str::to_owned));
    assert_eq!(files(&shown.join("sessions")), ["astronaut", "beach", "garden", "rocket", "table"]);
    expected.sort();
    assert_eq!(files(&shown), expected);
    for verb in ["reconstruct", "replace", "augment", "swap-in", "move", "swap", "remove"] {
        assert!(verbs.iter().any(|done| done == verb), "{verb}");
    }
    let sheet = image::open(shown.join("contact-sheet.png")).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (10 * (256 + 8) + 8, 5 * (256 + 20) + 8));
    assert_eq!((&report["model"], &report["model_description"].as_str().unwrap().contains("U-Net")), (&"toys".into(), &true), "{report}");
}

#[test]
fn the_demo_takes_a_picture_of_ones_own() {
    let folder = scratch();
    prepare(folder.path());
    let demo = "demo --out shown --steps 2";
    let report = succeed(folder.path(), &format!("{demo} --updates 2,2 --picture a.png --items items --prompt a-golden-bag"));
    let names: Vec<&str> = report["pictures"][0]["edits"].as_array().unwrap().iter().map(|edit| edit["verb"].as_str().unwrap()).collect();
    assert_eq!(names, ["reconstruct", "replace", "move", "remove", "move", "swap"]);
    let notes = report["notes"].to_string();
    assert!(notes.contains("not these words: golden, bag"), "{notes}");
    for (wrong, fragment) in [
        ("--items items", "--items are of a picture"),
        ("--picture a.png", "--items"),
        ("--picture a.png --items nowhere", "'nowhere' is neither a folder"),
        ("--updates 2", "--updates has 1 numbers"),
    ] {
        let failed = run(folder.path(), &format!("{demo} {wrong}"));
        assert!(failed.code == Some(2) || failed.code == Some(3), "{wrong}: {}", failed.stderr);
        assert!(failed.stderr.lines().last().unwrap().contains(fragment), "{wrong}: {}", failed.stderr);
    }
}

#[test]
fn the_built_in_model_can_be_named_in_both_ways() {
    let folder = scratch();
    let line = "generate --prompt ball --steps 1 --seed 2";
    let unnamed = succeed(folder.path(), &format!("{line} --out a.png"));
    assert_eq!(unnamed["notes"], serde_json::json!([]));
    let named = succeed(folder.path(), &format!("{line} --out b.png --model toys"));
    assert_eq!(named["notes"], serde_json::json!([]));
    let pixels = |name: &str| image::open(folder.path().join(name)).unwrap().to_rgb8().into_raw();
    assert_eq!(pixels("a.png"), pixels("b.png"));
    let mut elsewhere = dedit(folder.path(), &format!("{line} --out c.png"));
    let outcome = elsewhere.env("DEDIT_CACHE", folder.path().join("a.png")).output().unwrap().into();
    fails(&outcome, 7, "the built-in model cannot be unpacked", "a cache that is no folder");
}
