//! From nothing to a photograph that is edited by a fetched model, in GIMP's window.

use std::fs;
use std::time::Duration;

use dedit_host_tests::gimp::{Gimp, SHOTS, Shortcut, Version, Window};
use dedit_host_tests::places;
use dedit_host_tests::process::within;
use dedit_host_tests::test_folder::TestFolder;
use image::imageops::{FilterType, resize};

use crate::mirror::{FILE, Mirror, NAME, PLACE};
use crate::opened;
use crate::photograph::coffee;

const LONG: Duration = Duration::from_secs(120);
const REPLACE: Shortcut<'static> = Shortcut { procedure: "plug-in-dedit-replace", keys: "<Primary><Alt>r" };
const DIALOG: &str = "^D-Edit: Replace$";
const LIST: &str = "^D-Edit: Models$";
const LICENCE: &str = "^D-Edit: Licence$";
/// Tiny, as the checkpoint is.
const SIZE: (u32, u32) = (96, 64);
/// A selection of the spoon's bowl: x, y, width, height.
const SELECTED: [u32; 4] = [50, 38, 16, 16];

struct Stage<'a> {
    version: Version,
    test_folder: &'a TestFolder,
    window: Window,
}

impl Stage<'_> {
    fn shot(&self, name: &str) {
        // Time to draw.
        std::thread::sleep(Duration::from_secs(1));
        let path = places::shots(SHOTS).unwrap().join(format!("{name}-{:?}.png", self.version));
        self.window.screenshot(&path).unwrap();
    }

    fn key(&self, window: &str, keys: &str) {
        self.window.wait_window(window, LONG).unwrap_or_else(|error| {
            self.shot("models-failed");
            panic!("{error:#}");
        });
        self.window.key(keys).unwrap();
    }

    /// Presses keys that open a window.
    fn opens(&self, from: &str, keys: &str, window: &str) {
        self.key(from, keys);
        self.window.wait_window(window, LONG).unwrap_or_else(|error| {
            self.shot("models-failed");
            panic!("{error:#}");
        });
    }

    /// Waits until a file of the model is there.
    fn wait_file(&self, name: &str) {
        let path = self.test_folder.data().join("models").join(NAME).join(name);
        let there = within(LONG, || Ok(fs::metadata(&path).is_ok_and(|found| found.len() > 0).then_some(()))).unwrap();
        there.unwrap_or_else(|| {
            self.shot("models-failed");
            panic!("{} is not there", path.display())
        });
    }

    /// Stops a fetch in its middle, and fetches the rest.
    fn fetches(&self) {
        self.key(LIST, "alt+m");
        for _ in 0..PLACE {
            self.window.key("Down").unwrap();
        }
        self.shot("models-list");
        self.opens(LIST, "alt+f", LICENCE);
        self.shot("models-licence");
        self.key(LICENCE, "alt+f");
        self.wait_file(&format!("{FILE}.part"));
        self.window.wait_no_window(LICENCE, LONG).unwrap();
        self.shot("models-fetching");
        self.key(LIST, "alt+s");
        self.shot("models-stopped");
        // Accepted before: no other window opens.
        self.key(LIST, "alt+f");
        self.wait_file(FILE);
        self.shot("models-fetched");
        self.key(LIST, "alt+v");
        self.shot("models-verified");
        self.key(LIST, "alt+c");
        self.window.wait_no_window(LIST, LONG).unwrap();
    }
}

fn a_fetched_model_edits(version: Version) {
    let gimp = Gimp::find(version).unwrap();
    let mut test_folder = gimp.test_folder().unwrap();
    test_folder.name_no_model();
    let mirror = Mirror::start(&mut test_folder);
    test_folder.install_plugin().unwrap();
    let before = resize(&coffee(), SIZE.0, SIZE.1, FilterType::Triangle);
    before.save(test_folder.outside("coffee.png")).unwrap();
    let window = gimp.window(&test_folder, "coffee.png", &[REPLACE]).unwrap();
    window.key("4").unwrap();
    let [x, y, width, height] = SELECTED;
    window.eval(&format!("(select-rectangle (car (images)) {x} {y} {width} {height})")).unwrap();
    window.eval("(gimp-displays-flush)").unwrap();
    let stage = Stage { version, test_folder: &test_folder, window };
    stage.window.to_picture().unwrap();
    stage.window.key("ctrl+alt+r").unwrap();
    stage.window.wait_window(DIALOG, LONG).unwrap();
    stage.window.type_text("a red cup").unwrap();
    stage.key(DIALOG, "alt+r");
    // Without a model the dialog leads to the list.
    std::thread::sleep(Duration::from_secs(3));
    stage.shot("models-lacking");
    assert_eq!(mirror.asked(), [], "nothing is fetched unasked");
    // The button that does so has the keyboard.
    stage.opens(DIALOG, "space", LIST);
    stage.fetches();
    mirror.check_fetched(&test_folder);
    stage.key(DIALOG, "alt+o");
    stage.window.eval_until("(length (layers (car (images))))", "2", LONG).unwrap_or_else(|error| {
        stage.shot("models-failed");
        panic!("{error:#}");
    });
    stage.shot("models-edited");
    let saved = format!("(save-png (car (images)) {})", test_folder.literal("seen.png"));
    stage.window.eval(&saved).unwrap();
    let after = opened(&test_folder.outside("seen.png"));
    assert!(after != before && after.dimensions() == before.dimensions());
    assert_eq!(after.get_pixel(0, 0), before.get_pixel(0, 0), "far from what was selected nothing changes");
}

#[test]
fn gimp2_a_fetched_model_edits_a_photograph() {
    a_fetched_model_edits(Version::V2);
}

#[test]
fn gimp3_a_fetched_model_edits_a_photograph() {
    a_fetched_model_edits(Version::V3);
}
