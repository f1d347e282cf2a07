//! Pictures that are edited with what was learned of another one: frames of a film.

use std::fs;
use std::path::Path;
use std::thread;

use dedit_protocol::answer::Welcome;
use dedit_protocol::{Event, Frame, Request, handshake, socket};
use image::{DynamicImage, GrayImage, Luma};
use serde_json::Value;

use super::scene::{LEARN, prepare};
use super::{Outcome, fails, run, scratch, succeed, with_daemon};

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

/// An array of bytes as `NumPy` saves it.
fn array(file: &Path, shape: &str, data: &[u8]) {
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
    fs::write(file, [b"\x93NUMPY\x01\x00".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()).unwrap();
}

/// A folder of masks, each a copy of another file.
fn in_folder(path: &Path, name: &str, masks: [(&str, &str); 2]) {
    fs::create_dir(path.join(name)).unwrap();
    for (item, of) in masks {
        fs::copy(path.join(of), path.join(name).join(item).with_extension("png")).unwrap();
    }
}

#[test]
fn the_items_of_a_frame_are_the_sessions_by_number_or_by_name_and_some_may_be_missing() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let mask = |name: &str| picture(path, name).into_luma8().into_raw();
    let (ball, cube, none) = (mask("items/ball.png"), mask("items/box.png"), vec![0; 48 * 64]);
    let rest: Vec<u8> = ball.iter().zip(&cube).map(|(ball, cube)| 255 - ball - cube).collect();
    array(&path.join("masks.npy"), "(2, 48, 64)", &[ball.clone(), cube.clone()].concat());
    array(&path.join("all.npy"), "(3, 48, 64)", &[ball.clone(), cube.clone(), rest].concat());
    array(&path.join("ball.npy"), "(2, 48, 64)", &[ball.clone(), none].concat());
    let numbers: Vec<u8> = ball.iter().map(|ball| if *ball > 0 { 0 } else { 2 }).collect();
    array(&path.join("numbers.npy"), "(48, 64)", &numbers);
    GrayImage::from_raw(64, 48, numbers).unwrap().save(path.join("numbers.png")).unwrap();
    in_folder(path, "without", [("ball", "items/ball.png"), ("box", "empty.png")]);
    in_folder(path, "behind", [("ball", "items/ball.png"), ("box", "items/ball.png")]);
    // A session that was made from an array is one of more items than that has masks.
    succeed(path, &format!("learn a.png --items masks.npy --names ball,box --session s {LEARN}"));
    let edited = |items: &str| {
        let line = format!("edit replace --item ball --prompt bag --session s --steps 2 --seed 4 --frame a.png --out o.png {items}");
        (succeed(path, &line)["region"].clone(), picture(path, "o.png"))
    };
    let whole = edited("");
    for items in ["masks.npy", "all.npy", "items", "ball=items/ball.png --frame-items box=items/box.png"] {
        assert_eq!(edited(&format!("--frame-items {items}")), whole, "{items}");
    }
    let part = edited("--frame-items numbers.png");
    for items in ["numbers.npy", "ball.npy", "without", "behind", "ball=items/ball.png"] {
        assert_eq!(edited(&format!("--frame-items {items}")), part, "{items}");
    }
    // Masks that leave something over in a session where nothing is.
    in_folder(path, "full", [("ball", "items/ball.png"), ("box", "full.png")]);
    succeed(path, &format!("learn b.png --items full --session t {LEARN}"));
    for (items, place) in [("items", "items"), ("ball=items/ball.png --frame-items box=items/box.png", "ball=items/ball.png, box=")] {
        let bare = run(path, &format!("edit replace --item ball --prompt bag --session t --frame a.png --out x.png --frame-items {items}"));
        let expected = format!("some pixels of the frame belong to no item of the session: {place}");
        fails(&bare, 3, &expected, items);
        assert!(bare.stderr.contains("cover them, or learn with a background"), "{}", bare.stderr);
    }
}

/// A daemon of the first release: it knows no frames, says so by saying nothing, and is asked for nothing else.
fn older(path: &Path) -> thread::JoinHandle<Vec<&'static str>> {
    let mut bound = socket::Bound::bind(&path.join("run/daemon.sock")).unwrap();
    thread::spawn(move || {
        let stream = loop {
            if let Some(stream) = bound.accept().unwrap() {
                break stream;
            }
        };
        let (mut from, mut to, mut heard) = (&stream, &stream, Vec::new());
        handshake::answer(&mut from, &handshake::VERSIONS).unwrap();
        while let Ok(frame) = Frame::read(&mut from) {
            let request = Request::read(frame.tag, frame.head).unwrap().unwrap();
            heard.push(request.name());
            // A client that says goodbye does not wait for an answer.
            let _ = Event::finished(&Welcome::default(), Vec::new()).into_frame(frame.serial).write(&mut to);
        }
        heard
    })
}

#[test]
fn a_daemon_that_knows_no_frames_is_not_asked_to_edit_one() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let daemon = older(path);
    let line = "edit remove --item ball --session @s --frame a.png --out o.png";
    let outcome: Outcome = with_daemon(path, line).output().unwrap().into();
    fails(&outcome, 5, "the D-Edit daemon that runs cannot edit frames; stop it with `dedit daemon stop`", line);
    let heard = daemon.join().unwrap();
    assert!(heard.iter().all(|name| ["hello", "goodbye"].contains(name)), "{heard:?}");
}

#[test]
fn frames_that_cannot_be_edited_say_why() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    succeed(path, &format!("learn a.png --items items --session s {LEARN}"));
    array(&path.join("one.npy"), "(1, 48, 64)", &[1; 48 * 64]);
    in_folder(path, "gone", [("ball", "empty.png"), ("box", "items/box.png")]);
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
            "the session has no item 'bag', which this frame has: items/ball.png; give the places of its own: ball, box, background",
        ),
        // By order these would be the background, the ball and the box.
        ("--frame a.png --frame-items labels.png", 3, "has the number 7, and the session's items have 0 to 2: labels.png; number each"),
        ("--frame a.png --frame-items one.npy", 3, "this array has 1 masks, and the session 3 items: one.npy; give one for each, in their"),
        ("--frame a.png --frame-items gone", 3, "the item 'ball' is not in this frame"),
        ("--frame a.png --frame-items box=full.png --frame-items ball=items/ball.png", 3, "the item 'ball' is not in this frame"),
    ] {
        let line = format!("edit remove --item ball --session s --steps 2 --out o.png {options}");
        fails(&run(path, &line), code, fragment, &line);
        assert!(!path.join("o.png").exists(), "{line}");
    }
}
