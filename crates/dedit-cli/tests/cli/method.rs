//! Learning a picture and editing it, with every verb.

use std::fs;

use image::{GrayImage, Luma};
use serde_json::Value;

use super::scene::{LEARN, prepare};
use super::{fails, run, scratch, succeed};

fn names(report: &Value) -> Vec<&str> {
    report["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().or_else(|| item.as_str()).unwrap()).collect()
}

#[test]
fn a_picture_is_learned_and_every_verb_edits_it() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let learned = succeed(path, &format!("learn a.png --items items --reference b.png --reference-items items --session s {LEARN}"));
    assert_eq!(learned["steps"], serde_json::json!([2, 2]));
    assert!(learned["session_bytes"].as_u64().unwrap() > 1000);
    for key in ["seconds", "loss_first", "loss_last"] {
        assert!(learned[key].as_f64().unwrap() > 0.0, "{key}");
    }
    let shown = succeed(path, "show --session s --out show.png");
    assert_eq!((names(&shown), &shown["items"][0]["words"]), (vec!["ball", "box", "background"], &"ball".into()));
    let before = image::open(path.join("a.png")).unwrap().to_rgb8();
    let verbs = [
        ("reconstruct", None),
        ("replace --item ball --prompt bag", Some("ball")),
        ("augment --item ball --prompt golden-[v]", Some("ball")),
        ("swap-in --item ball --from reference:box", Some("ball")),
        ("move --item ball --dx 8 --dy -2.5 --scale 0.8 --rotate 30", Some("ball")),
        ("swap --item ball --with box", Some("ball")),
        ("reshape --item ball --mask shape.png", Some("ball")),
        ("remove --item ball --item box", Some("ball")),
        ("blend --item ball --with box --amount 0.3", Some("ball")),
        ("refine --mask shape.png", None),
        ("personalize --item ball --prompt [v]-on-a-beach", Some("ball")),
    ];
    for (number, (verb, item)) in verbs.into_iter().enumerate() {
        let name = verb.split(' ').next().unwrap();
        let report =
            succeed(path, &format!("edit {verb} --session s --steps 2 --seed 4 --out {name}.png --contact-sheet {name}-sheet.png"));
        assert_eq!((&report["verb"], &report["item"]), (&name.into(), &item.into()));
        assert_eq!((&report["changed_pixels_outside"], &report["steps"], &report["seed"]), (&0.into(), &2.into(), &4.into()), "{name}");
        assert_eq!(report["session_revision"], number + 1);
        let after = image::open(path.join(format!("{name}.png"))).unwrap().to_rgb8();
        let plan = succeed(path, &format!("plan {verb} --session s --out plan.png --labels labels-after.png"));
        let region = |of: &Value| ["x", "y", "width", "height"].map(|key| of["region"][key].as_u64().unwrap() as u32);
        let [left, top, width, height] = region(&report);
        let [x, y, across, down] = region(&plan);
        // Over a clean plate less may change than was planned.
        let is_within = left >= x && top >= y && left + width <= x + across && top + height <= y + down;
        assert!(is_within, "{name}: {} in {}", report["region"], plan["region"]);
        for (x, y, pixel) in before.enumerate_pixels() {
            let inside = (left..left + width).contains(&x) && (top..top + height).contains(&y);
            assert!(inside || after.get_pixel(x, y) == pixel, "{name} changed ({x}, {y})");
        }
        assert!(image::open(path.join(format!("{name}-sheet.png"))).unwrap().width() > 4 * 192, "{name}");
    }
    let history = succeed(path, "show --session s")["revisions"].clone();
    assert_eq!(history.as_array().unwrap().len(), verbs.len());
    assert_eq!((&history[3]["edits"][0]["from"], &history[3]["seed"]), (&"reference:box".into(), &4.into()));
    // On top of a revision: the ball that was moved away stays away.
    succeed(path, "edit remove --item box --on 5 --session s --steps 2 --seed 4 --out both.png");
    let (moved, both) = (image::open(path.join("move.png")).unwrap().to_rgb8(), image::open(path.join("both.png")).unwrap().to_rgb8());
    assert_eq!(moved.get_pixel(2, 2), both.get_pixel(2, 2));
    let [near_ball, near_ball_before] = [&both, &before].map(|picture| picture.get_pixel(16, 20));
    assert_ne!(near_ball, near_ball_before);
}

#[test]
fn the_same_seed_gives_the_same_picture_and_variations_follow() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    succeed(path, &format!("learn a.png --items labels.png --session s {LEARN}"));
    let edit = "edit remove --item ball --session s --steps 2 --seed 4";
    let report = succeed(path, &format!("{edit} --variations 2 --out v.png"));
    assert_eq!(report["variations"][1]["seed"], 5);
    succeed(path, &format!("{edit} --out w.png"));
    succeed(path, &format!("{edit} --variations 4 --out m.png --contact-sheet sheet.png"));
    let sheet = image::open(path.join("sheet.png")).unwrap();
    // Seven pictures of 192 × 144 in rows of six.
    assert_eq!((sheet.width(), sheet.height()), (6 * 200 + 8, 2 * (144 + 20) + 8));
    let pixels = |name: &str| image::open(path.join(name)).unwrap().to_rgb8().into_raw();
    assert_eq!(pixels("v-1.png"), pixels("w.png"));
    assert_ne!(pixels("v-1.png"), pixels("v-2.png"));
    // Nothing left to do for the same learning; something else is not written over.
    let again = succeed(path, &format!("learn a.png --items labels.png --session s {LEARN}"));
    assert_eq!(again["steps"], serde_json::json!([2, 2]));
    let other = run(path, &format!("learn a.png --items labels.png --session s {LEARN} --seed 3"));
    fails(&other, 2, "something else was learned here: s; give another --session, or --restart to forget it", "other settings");
}

#[test]
fn samples_of_any_depth_stay_as_they_are() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    for (picture, out) in [("deep.png", "out.png"), ("float.tif", "out.tif")] {
        let session = format!("s-{out}");
        succeed(path, &format!("learn {picture} --items items --session {session} {LEARN}"));
        let report = succeed(path, &format!("edit replace --item ball --prompt bag --session {session} --steps 2 --ring 3 --out {out}"));
        assert_eq!(report["changed_pixels_outside"], 0);
        let (before, after) = (image::open(path.join(picture)).unwrap(), image::open(path.join(out)).unwrap());
        assert_eq!(before.color(), after.color());
        let (before, after) = (before.as_bytes().to_vec(), after.as_bytes().to_vec());
        let bytes = before.len() / (64 * 48);
        let region = ["x", "y", "width", "height"].map(|key| report["region"][key].as_u64().unwrap() as usize);
        let [left, top, width, height] = region;
        let mut changed = 0;
        for index in 0..64 * 48 {
            let inside = (left..left + width).contains(&(index % 64)) && (top..top + height).contains(&(index / 64));
            let same = before[index * bytes..][..bytes] == after[index * bytes..][..bytes];
            assert!(inside || same, "{picture}: pixel {index}");
            changed += usize::from(!same);
        }
        assert!(changed > 100, "{picture}: {changed} pixels changed");
    }
    let wrong = run(path, "edit remove --item ball --session s-out.tif --out a.png");
    fails(
        &wrong,
        2,
        "float pictures are written as TIFF or OpenEXR: a.png; give a name that ends in .tif or .exr",
        "a float picture as PNG",
    );
}

#[test]
fn calls_that_are_wrong_say_so() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    succeed(path, &format!("learn a.png --items items --session s {LEARN}"));
    fs::create_dir(path.join("hollow")).unwrap();
    fs::write(path.join("hollow/session.json"), "{").unwrap();
    fs::write(path.join("bad.npy"), b"\x93NUMPY\x01\x00").unwrap();
    let cases = [
        ("learn a.png --session t", 2, "no items were given; name a folder"),
        ("learn a.png --items nowhere --session t", 3, "'nowhere' is neither a folder"),
        ("learn a.png --items ball=nowhere.png --session t", 3, "cannot read this picture"),
        ("learn a.png --items ball=small.png --session t", 3, "this mask is 5×5, and the picture is 64×48: small.png"),
        ("learn a.png --items ball=empty.png --session t", 3, "the mask of item 'ball' is empty: empty.png"),
        (
            "learn a.png --items full=full.png --items ball=items/ball.png --session t",
            3,
            "the pixel goes to 'full': items/ball.png; put it in front",
        ),
        ("learn a.png --items bad.npy --session t", 3, "no whole .npy file: bad.npy"),
        ("learn a.png --items a.png --session t", 3, "this is no label picture"),
        ("learn none.png --items items --session t", 3, "cannot read this picture (No such file"),
        ("learn a.png --items items --words bal=x --session t", 2, "there is no item 'bal': a.png; did you mean 'ball'?"),
        ("learn a.png --items items --words ball --session t", 2, "'ball' does not say which item it is about"),
        (
            "learn a.png --items items --updates 5 --session t",
            2,
            "'updates' is '5'; learn takes two whole numbers, one for each stage, such as 80,120",
        ),
        ("learn a.png --items items --session a.png/t", 2, "cannot write here"),
        ("learn a.png --items items --session /proc/t", 2, "cannot write here"),
        ("learn a.png --items items --tokens 33 --session t", 2, "'tokens' is 33; learn takes whole numbers from 1 to 32"),
        ("learn a.png --items items --rates 0,1 --session t", 2, "a token learning rate of 0"),
        ("learn a.png --items items --template ball=ball --session t", 2, "lacks [v]"),
        ("learn nan.tif --items items --session t", 3, "is NaN: nan.tif; give it a finite value"),
        ("edit remove --item ball --session nowhere --out o.png", 2, "there is no session here: nowhere; learn a picture first"),
        ("edit remove --item ball --session hollow --out o.png", 3, "this session is damaged"),
        ("edit remove --item ball --out o.png", 2, "not provided: --picture <FILE>"),
        ("edit remove --item bll --session s --out o.png", 2, "there is no item 'bll'; did you mean 'ball'?"),
        ("edit remove --item ball --item box --item background --session s --out o.png", 2, "the edits remove every item"),
        ("edit move --item ball --dx 900 --session s --out o.png", 2, "item 'ball' would leave the picture"),
        ("edit move --item ball --scale 0.02 --session s --out o.png", 2, "item 'ball' vanishes at scale 0.02"),
        (
            "edit swap-in --item ball --from reference:box --session s --out o.png",
            2,
            "is to come from a reference picture, and there is none",
        ),
        ("edit refine --mask small.png --session s --out o.png", 3, "this mask is 5×5, and the picture is 64×48: small.png"),
        ("edit blend --item ball --with box --amount 1.5 --session s --out o.png", 2, "'amount' is 1.5; blend takes 0 to 1"),
        ("edit remove --item ball --also bll --session s --out o.png", 2, "there is no item 'bll'; did you mean 'ball'?"),
        ("edit remove --item ball --session s --steps 2 --contact-sheet o.jpg --out o.png", 2, "pictures are written as PNG: o.jpg"),
        ("edit refine --mask empty.png --session s --out o.png", 3, "the region to refine is empty"),
        ("edit replace --item ball --prompt [v] --session s --out o.png", 2, "has [v], which stands for the item's own tokens"),
        (
            "edit remove --item ball --session s --out o.bmp",
            2,
            "this picture is not written in that format: o.bmp; give a name that ends in .png, .tif",
        ),
        ("edit remove --item ball --session s --strength 2 --out o.png", 2, "'strength' is 2; remove takes 0 to 1"),
        ("edit remove --item ball --session s --model {tiny-sd2} --out o.png", 4, "this session was learned with"),
        ("edit remove --item ball --session s --then paint --out o.png", 2, "unrecognized subcommand 'paint', in --then 'paint'"),
        ("edit remove --item ball --picture clear.png --items items --draft --model {tiny-sd} --out o.png", 3, "is fully transparent"),
        ("edit move --item ball --scale nan --session s --out o.png", 2, "'scale' is NaN; move takes 0.01 to 100"),
        ("plan move --item ball --dx 1e9 --session s", 2, "'dx' is 1000000000; move takes -65000 to 65000"),
        ("edit move --item ball --session s --out o.png", 2, "move changes nothing; give 'dx', 'dy', 'scale' or 'rotate'"),
        ("edit remove --item ball --feather -2 --session s --out o.png", 2, "'feather' is -2; remove takes 0 to 1000"),
        ("edit remove --item ball --margin nan --session s --out o.png", 2, "'margin' is NaN; remove takes 0 to 10000"),
        ("edit expand --session s --out o.png", 2, "expand adds no pixel; give 'left', 'right', 'top' or 'bottom'"),
        ("edit expand --left -3 --session s --out o.png", 2, "'left' is -3; expand takes whole numbers from 0 to 65000"),
        ("edit move --item ball --prompt cat --session s --out o.png", 2, "'prompt' is no parameter of move; it takes item, dx, dy, "),
        (
            "edit replace --item ball --prompt cat --fit round --session s --out o.png",
            2,
            "'fit' is 'round'; replace takes auto, exact, loose or box",
        ),
        ("plan remove --item ball --picture a.png --items full=full.png", 2, "there is no item 'ball'"),
        ("show --session nowhere", 2, "there is no session here"),
    ];
    for (line, code, fragment) in cases {
        let line = if line.starts_with("learn") { format!("{line} --model {{tiny-sd}}") } else { line.to_owned() };
        fails(&run(path, &line), code, fragment, &line);
        assert!(!path.join("t").exists() && !path.join("o.png").exists(), "{line}");
    }
}

#[test]
fn pictures_of_one_pixel_and_of_many_are_planned() {
    let folder = scratch();
    let path = folder.path();
    GrayImage::new(1, 1).save(path.join("one.png")).unwrap();
    GrayImage::from_pixel(1, 1, Luma([255])).save(path.join("full.png")).unwrap();
    GrayImage::new(8000, 6000).save(path.join("large.png")).unwrap();
    GrayImage::from_fn(8000, 6000, |x, y| Luma([u8::from(x == 4000 && y == 3000) * 255])).save(path.join("dot.png")).unwrap();
    let one = succeed(path, "plan refine --mask full.png --picture one.png --items all=full.png");
    assert_eq!((names(&one), &one["active_pixels"]), (vec!["all"], &1.into()));
    let large = succeed(path, "plan remove --item dot --picture large.png --items dot=dot.png --ring 5");
    assert_eq!((names(&large), &large["active_pixels"]), (vec!["dot", "background"], &1.into()));
    assert_eq!(
        (&large["items"][0]["after"], &large["items"][0]["number"], &large["items"][1]["number"]),
        (&Value::Null, &Value::Null, &0.into())
    );
    assert_eq!(large["region"], serde_json::json!({"x": 3995, "y": 2995, "width": 11, "height": 11}));
    prepare(path);
    GrayImage::from_fn(64, 48, |x, y| Luma([u8::from((x, y) == (3, 3)) * 255])).save(path.join("speck.png")).unwrap();
    succeed(path, &format!("learn a.png --items speck=speck.png --session s {LEARN}"));
    let speck = succeed(path, "edit remove --item speck --session s --steps 2 --ring 0 --out o.png");
    assert_eq!(speck["region"], serde_json::json!({"x": 3, "y": 3, "width": 1, "height": 1}));
    GrayImage::from_pixel(1, 1, Luma([255])).save(path.join("full.png")).unwrap();
    succeed(path, "edit refine --mask full.png --picture one.png --items all=full.png --draft --model {tiny-sd} --steps 1 --out o.png");
}
