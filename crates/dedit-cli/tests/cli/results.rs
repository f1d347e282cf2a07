//! What edits write: files, texts and profiles in them, reports.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::scene::{LEARN, prepare};
use super::{fails, run, scratch, succeed};

fn info(file: &Path) -> png::Info<'static> {
    png::Decoder::new(std::io::BufReader::new(fs::File::open(file).unwrap())).read_info().unwrap().info().clone()
}

#[test]
fn a_picture_says_how_it_was_made_and_keeps_its_profile() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let picture = image::open(path.join("a.png")).unwrap().into_rgb8();
    let mut with_profile = png::Info::with_size(64, 48);
    (with_profile.color_type, with_profile.icc_profile) = (png::ColorType::Rgb, Some(vec![7u8; 300].into()));
    let encoder = png::Encoder::with_info(fs::File::create(path.join("profile.png")).unwrap(), with_profile).unwrap();
    encoder.write_header().unwrap().write_image_data(&picture).unwrap();
    let edit = "edit replace --item ball --prompt bag --picture profile.png --items items --draft --steps 2 --seed 6 --out o.png";
    succeed(path, edit);
    let info = info(&path.join("o.png"));
    assert_eq!(info.icc_profile.as_deref(), Some(&[7; 300][..]));
    let said: Value = serde_json::from_str(&info.uncompressed_latin1_text[0].text).unwrap();
    assert_eq!(said["edits"], json!([{"verb": "replace", "item": "ball", "prompt": "bag"}]));
    assert_eq!((&said["settings"]["seed"], &said["model"]), (&6.into(), &"toys".into()));
}

#[test]
fn several_edits_make_one_plan() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let base = "--picture a.png --items items";
    for (verb, then, changes) in [
        ("remove --item ball", "move+--item+box+--dx+-10", json!([["removed"], ["moved"], ["adjusted"]])),
        ("move --item box --dx -8", "augment+--item+box+--prompt+'golden+[v]'", json!([[], ["moved", "prompt"], ["adjusted"]])),
    ] {
        let mut command = super::dedit(path, &format!("plan {verb} {base} --json --ring 1"));
        command.arg("--then");
        let outcome = super::Outcome::from(command.arg(then.replace('+', " ")).output().unwrap());
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let found: Vec<&Value> = report["items"].as_array().unwrap().iter().map(|item| &item["changes"]).collect();
        assert_eq!(json!(found), changes, "{verb}");
    }
    let exact = succeed(path, &format!("plan replace --item ball --prompt bag {base} --ring 0"));
    assert_eq!(exact["soft_pixels"], 0);
    let mut least = exact["active_pixels"].as_u64().unwrap();
    for options in ["--fit loose", "--fit box --ring 0 --also box"] {
        let plan = succeed(path, &format!("plan replace --item ball --prompt bag {base} {options}"));
        let active = plan["active_pixels"].as_u64().unwrap();
        assert!(active > least, "{options}: {active} pixels");
        assert!(plan["active_pixels"].as_u64().unwrap() + plan["soft_pixels"].as_u64().unwrap() < 64 * 48);
        least = active;
    }
}

#[test]
fn a_canvas_grows_and_old_pixels_stay() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let source = "--picture a.png --items items --draft --model {tiny-sd} --steps 2 --seed 1";
    let report = succeed(path, &format!("edit expand --right 16 --top 8 --feather 3 {source} --out wide.png --contact-sheet sheet.png"));
    assert_eq!((&report["verb"], &report["changed_pixels_outside"]), (&json!("expand"), &json!(0)));
    let (old, new) = (image::open(path.join("a.png")).unwrap().to_rgb8(), image::open(path.join("wide.png")).unwrap().to_rgb8());
    assert_eq!(new.dimensions(), (old.width() + 16, old.height() + 8));
    // Three pixels at its border are in the soft ring.
    let stays = |x: u32, y: u32| x + 4 > old.width() || y < 4 || old.get_pixel(x, y) == new.get_pixel(x, y + 8);
    assert!((0..old.width()).all(|x| (0..old.height()).all(|y| stays(x, y))));
    let plan = succeed(path, "plan expand --left 5 --picture a.png --items items --feather 0 --out plan.png");
    assert_eq!((&plan["active_pixels"], &plan["soft_pixels"]), (&json!(5 * old.height()), &json!(0)));
    assert_eq!(image::image_dimensions(path.join("plan.png")).unwrap(), (old.width() + 5, old.height()));
}

#[test]
fn every_command_takes_the_same_common_options() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let common = "--socket /nowhere --no-daemon --device cpu --model {tiny-sd} --seed 1";
    for line in [
        format!("learn a.png --items items --session s --updates 1,1 {common}"),
        format!("edit remove --item ball --session s --steps 1 --out o.png {common}"),
        format!("plan remove --item ball --session s --out p.png {common}"),
        format!("show --session s --out i.png {common}"),
        format!("generate --prompt bag --steps 1 --size 8x8 --out g.png {common}"),
    ] {
        succeed(path, &line);
        let quiet = run(path, &format!("{line} --quiet"));
        assert_eq!((quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()), (Some(0), "", ""), "{line}");
    }
    let shown = run(path, "show --session s");
    assert!(shown.stdout.starts_with("learned, 2 edits\nball: 317 pixels, 21×21 at (10, 10), from \"ball\"\n"), "{}", shown.stdout);
}

#[test]
fn the_reference_preset_changes_everything_and_says_so() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    succeed(path, &format!("learn a.png --items items --session s {LEARN}"));
    let report = succeed(path, "edit remove --item ball --session s --steps 2 --preset reference --out o.png");
    assert!(report["changed_pixels_outside"].as_u64().unwrap() > 0, "{report}");
    let missing = run(path, "learn a.png --items items --words reference:ball=x --session t --model {tiny-sd}");
    fails(&missing, 2, "'reference:ball=x' is about a reference picture, and there is none; give --reference", "no reference");
}
