//! A photograph edited in GIMP's window where no model is named anywhere, and no daemon runs yet.

use std::time::{Duration, Instant};

use dedit_host_tests::gimp::{Arg, Gimp, SHOTS, Shortcut, Version, Window};
use dedit_host_tests::places;
use dedit_host_tests::process::within;
use dedit_host_tests::test_folder::TestFolder;
use image::RgbImage;

use crate::opened;
use crate::photograph::{BOWL, SPOON, check_removed, coffee, shining_at};
use crate::scene::call;

const LONG: Duration = Duration::from_secs(120);
const LAYERS: &str = "(length (layers (car (images))))";
const REMOVE: Shortcut<'static> = Shortcut { procedure: "plug-in-dedit-remove", keys: "<Primary><Alt>m" };
const LIFT: Shortcut<'static> = Shortcut { procedure: "plug-in-dedit-lift", keys: "<Primary><Alt>l" };
const REPLACE: Shortcut<'static> = Shortcut { procedure: "plug-in-dedit-replace", keys: "<Primary><Alt>r" };
const DIALOG: &str = "^D-Edit: Replace$";
/// What is said where words are to become pixels, and how a model is got.
const NEEDS: [&str; 3] = ["replace needs a diffusion model", "fetch one in D-Edit's window Models", "in a dialog under More, Model"];

struct Stage<'a> {
    gimp: &'a Gimp,
    test_folder: &'a TestFolder,
    window: Window,
}

impl Stage<'_> {
    fn press(&self, keys: &str) {
        self.window.to_picture().unwrap();
        self.window.key(keys).unwrap();
    }

    fn seen(&self) -> RgbImage {
        self.window.eval(&format!("(save-png (car (images)) {})", self.test_folder.literal("seen.png"))).unwrap();
        opened(&self.test_folder.outside("seen.png"))
    }

    /// The picture once it is another than `before` and stays so: a script sees a new layer before its pixels are there.
    fn seen_after(&self, before: &RgbImage) -> RgbImage {
        let settled = || {
            let seen = self.seen();
            Ok((seen != *before && self.seen() == seen).then_some(seen))
        };
        within(LONG, settled).unwrap().unwrap_or_else(|| panic!("the picture stays as it was"))
    }

    fn shot(&self, name: &str) {
        // Time to draw.
        std::thread::sleep(Duration::from_secs(1));
        let path = places::shots(SHOTS).unwrap().join(format!("{name}-{:?}.png", self.gimp.version()));
        self.window.screenshot(&path).unwrap();
    }

    /// Waits until there are so many layers, and gives the name of the topmost one.
    fn wait_layers(&self, count: u32) -> String {
        self.window.eval_until(LAYERS, &count.to_string(), LONG).unwrap_or_else(|error| {
            self.shot("failed");
            panic!("{error:#}; the windows are {:?}", self.window.titles())
        });
        self.window.eval("(name-of (car (layers (car (images)))))").unwrap()
    }

    /// Removes twice: what the first click waits for, the second does not.
    fn removes(&self) {
        let before = self.seen();
        for time in ["first", "second"] {
            let begun = Instant::now();
            self.press("ctrl+alt+m");
            assert_eq!(self.wait_layers(2), "Remove selection", "the result is no draft");
            println!("{:?}: {:.2} s from the {time} click to the layer", self.gimp.version(), begun.elapsed().as_secs_f64());
            check_removed(&before, &self.seen_after(&before));
            // Without the marching ants.
            self.press("ctrl+t");
            self.shot("photograph-removed");
            self.press("ctrl+t");
            self.press("ctrl+z");
            self.wait_layers(1);
            assert_eq!(self.seen(), before, "one step back is all");
            let titles = self.window.titles().unwrap();
            assert!(titles.iter().all(|title| !title.contains("Message")), "a message is shown: {titles:?}");
        }
    }

    /// Lifts the spoon to a layer of its own: nothing is seen to change until that layer is moved.
    fn lifts(&self) {
        let before = self.seen();
        let begun = Instant::now();
        self.press("ctrl+alt+l");
        assert_eq!(self.wait_layers(3), "item");
        println!("{:?}: {:.2} s from the click to item and plate", self.gimp.version(), begun.elapsed().as_secs_f64());
        let names = "(layer-names (car (images)))";
        assert_eq!(self.window.eval(names).unwrap(), "(\"item\" \"clean plate\" \"coffee.png\")");
        self.window.eval_until("(name-of (active-layer (car (images))))", "item", LONG).unwrap();
        // A script sees new layers before their pixels are there.
        let lifted = within(LONG, || Ok(is_in_place(&before, &self.seen()).then_some(())));
        assert!(lifted.unwrap().is_some(), "the spoon is not where it was");
        self.press("ctrl+z");
        self.wait_layers(1);
        assert_eq!(self.seen(), before, "one step back is all");
        self.press("ctrl+y");
        self.wait_layers(3);
        self.window
            .eval("(let ((item (active-layer (car (images))))) (put-layer item (+ 160 (car (offsets item))) (cadr (offsets item))))")
            .unwrap();
        self.window.eval("(select-nothing (car (images)))").unwrap();
        self.window.eval("(gimp-displays-flush)").unwrap();
        assert_eq!(self.wait_layers(3), "item");
        let moved = self.seen();
        assert!(shining_at(&moved, 160) * 2 > shining_at(&before, 0), "the spoon has not gone with its layer");
        self.shot("photograph-lifted");
        self.window.eval("(gimp-item-set-visible (car (layers (car (images)))) FALSE)").unwrap();
        check_removed(&before, &self.seen());
    }

    fn cannot_replace(&self) {
        let before = self.seen();
        let call = call(self.gimp, "replace", &[("item", Arg::from("")), ("prompt", Arg::from("a silver fork"))]);
        let said = format!("{:#}", self.window.eval(&format!("(let ((image (car (images)))) (car {call}))")).unwrap_err());
        println!("{said}");
        assert!(NEEDS.iter().all(|part| said.contains(part)), "{said}");
        self.press("ctrl+alt+r");
        self.window.wait_window(DIALOG, LONG).unwrap();
        self.window.type_text("a silver fork").unwrap();
        self.shot("photograph-dialog");
        self.window.key("alt+r").unwrap();
        std::thread::sleep(Duration::from_secs(3));
        self.window.wait_window(DIALOG, LONG).unwrap();
        self.shot("photograph-refused");
        self.window.key("Escape").unwrap();
        self.window.wait_no_window(DIALOG, LONG).unwrap();
        self.wait_layers(1);
        assert_eq!(self.seen(), before);
    }
}

/// Whether the inside of the bowl is as it was, to two levels.
fn is_in_place(before: &RgbImage, after: &RgbImage) -> bool {
    let [x, y, width, height] = BOWL;
    let near = |i: u32, j: u32| {
        let pair = before.get_pixel(i, j).0.into_iter().zip(after.get_pixel(i, j).0);
        pair.map(|(one, other)| one.abs_diff(other)).max() <= Some(2)
    };
    (y + 12..y + height - 12).all(|j| (x + 16..x + width - 16).all(|i| near(i, j)))
}

fn a_photograph_is_edited(version: Version) {
    let gimp = Gimp::find(version).unwrap();
    let mut test_folder = gimp.test_folder().unwrap();
    test_folder.name_no_model();
    test_folder.install_plugin().unwrap();
    coffee().save(test_folder.outside("coffee.png")).unwrap();
    let window = gimp.window(&test_folder, "coffee.png", &[REMOVE, LIFT, REPLACE]).unwrap();
    let corners: Vec<String> = SPOON.iter().map(|(x, y)| format!("{x} {y}")).collect();
    window.eval(&format!("(select-polygon (car (images)) '({}))", corners.join(" "))).unwrap();
    window.eval("(gimp-displays-flush)").unwrap();
    let stage = Stage { gimp: &gimp, test_folder: &test_folder, window };
    stage.removes();
    stage.cannot_replace();
    stage.lifts();
}

#[test]
fn gimp2_a_photograph_is_edited_without_a_model() {
    a_photograph_is_edited(Version::V2);
}

#[test]
fn gimp3_a_photograph_is_edited_without_a_model() {
    a_photograph_is_edited(Version::V3);
}
