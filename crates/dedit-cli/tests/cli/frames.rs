//! Pictures that are edited with what was learned of another one: frames of a film.

use std::path::Path;

use image::{DynamicImage, GrayImage, Luma};
use serde_json::Value;

use super::scene::{LEARN, prepare};
use super::{fails, run, scratch, succeed};

fn picture(path: &Path, name: &str) -> DynamicImage {
    image::open(path.join(name)).unwrap()
}

#[test]
fn a_frame_is_edited_with_what_was_learned_and_the_session_stays_as_it_is() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    succeed(path, &format!("learn a.png --items items --session s {LEARN}"));
    let edit = "edit replace --item ball --prompt bag --session s --steps 2 --seed 4 --contact-sheet sheet.png";
    let own = succeed(path, &format!("{edit} --on 0 --out own.png"));
    let history = || succeed(path, "show --session s")["revisions"].clone();
    let before = history();
    for items in ["", "--frame-items items"] {
        let same = succeed(path, &format!("{edit} --frame a.png --out same.png {items}"));
        assert_eq!((&same["session_revision"], &same["region"], &own["session_revision"]), (&Value::Null, &own["region"], &1.into()));
        assert_eq!(picture(path, "same.png"), picture(path, "own.png"), "{items}");
    }
    // The next frame, where the ball is elsewhere and the box is gone: numbers in the order of the session's items.
    let next = picture(path, "deep.png").crop_imm(0, 0, 38, 40);
    next.save(path.join("next.png")).unwrap();
    let number = |x: u32, y: u32| if x.abs_diff(20).pow(2) + y.abs_diff(20).pow(2) <= 100 { 0 } else { 2 };
    GrayImage::from_fn(38, 40, |x, y| Luma([number(x, y)])).save(path.join("next-items.png")).unwrap();
    let at_next = "--frame next.png --frame-items next-items.png --steady";
    let report = succeed(path, &format!("{edit} --out o.png --variations 2 {at_next}"));
    assert_eq!((&report["changed_pixels_outside"], &report["variations"][1]["session_revision"]), (&0.into(), &Value::Null));
    let made = picture(path, "o-1.png");
    assert_eq!((made.color(), made.width(), made.height()), (next.color(), 38, 40));
    assert_ne!(made, next);
    assert_eq!(made.crop_imm(0, 38, 38, 2), next.crop_imm(0, 38, 38, 2), "where nothing changes");
    let gone = run(path, &format!("edit remove --item box --session s --out x.png {at_next}"));
    fails(&gone, 3, "the item 'box' is not in this frame; leave the frame", "an item that is not there");
    assert_eq!(history(), before);
}

#[test]
fn frames_that_cannot_be_edited_say_why() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    succeed(path, &format!("learn a.png --items items --session s {LEARN}"));
    for (options, code, fragment) in [
        ("--frame a.png --on 0", 2, "cannot be used with"),
        ("--frame-items items", 2, "--frame <FILE>"),
        ("--frame none.png", 3, "cannot read this picture"),
        ("--frame small.png", 3, "this frame is 5×5, and the items are on a picture of 64×48: small.png; say with --frame-items"),
        ("--frame nan.tif", 3, "is NaN: nan.tif; give it a finite value"),
        ("--frame small.png --frame-items items", 3, "the picture is 5×5"),
        (
            "--frame a.png --frame-items bag=items/ball.png",
            3,
            "the session has no item 'bag', which this frame has: a.png; give the places of",
        ),
    ] {
        let line = format!("edit remove --item ball --session s --steps 2 --out o.png {options}");
        fails(&run(path, &line), code, fragment, &line);
        assert!(!path.join("o.png").exists(), "{line}");
    }
}
