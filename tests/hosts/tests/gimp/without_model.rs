//! A photograph edited in GIMP's window where no model is named anywhere, and no daemon runs yet.

use std::time::{Duration, Instant};

use dedit_host_tests::gimp::{Arg, Gimp, SHOTS, Shortcut, Version, Window};
use dedit_host_tests::places;
use dedit_host_tests::process::within;
use dedit_host_tests::test_folder::TestFolder;
use image::RgbImage;

use crate::opened;
use crate::photograph::{SPOON, check_removed, coffee};
use crate::scene::call;

const LONG: Duration = Duration::from_secs(120);
const LAYERS: &str = "(length (layers (car (images))))";
const REMOVE: Shortcut<'static> = Shortcut { procedure: "plug-in-dedit-remove", keys: "<Primary><Alt>m" };
const REPLACE: Shortcut<'static> = Shortcut { procedure: "plug-in-dedit-replace", keys: "<Primary><Alt>r" };
const DIALOG: &str = "^D-Edit: Replace$";
/// What is said where words are to become pixels, and how a model is got.
const NEEDS: [&str; 3] = ["replace needs a diffusion model", "download a Stable Diffusion checkpoint", "in a dialog under More, Model"];

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

fn a_photograph_is_edited(version: Version) {
    let gimp = Gimp::find(version).unwrap();
    let mut test_folder = gimp.test_folder().unwrap();
    test_folder.name_no_model();
    test_folder.install_plugin().unwrap();
    coffee().save(test_folder.outside("coffee.png")).unwrap();
    let window = gimp.window(&test_folder, "coffee.png", &[REMOVE, REPLACE]).unwrap();
    let corners: Vec<String> = SPOON.iter().map(|(x, y)| format!("{x} {y}")).collect();
    window.eval(&format!("(select-polygon (car (images)) '({}))", corners.join(" "))).unwrap();
    window.eval("(gimp-displays-flush)").unwrap();
    let stage = Stage { gimp: &gimp, test_folder: &test_folder, window };
    stage.removes();
    stage.cannot_replace();
}

#[test]
fn gimp2_a_photograph_is_edited_without_a_model() {
    a_photograph_is_edited(Version::V2);
}

#[test]
fn gimp3_a_photograph_is_edited_without_a_model() {
    a_photograph_is_edited(Version::V3);
}
