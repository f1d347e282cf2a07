//! The plug-in as a hand uses it: dialogs over GIMP's windows, on a screen without a monitor.
//!
//! What happened is asked of GIMP itself, by its Script-Fu server, and of the daemon, by its log. The screen is only looked at by people: pictures of
//! it are kept.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::desk::Desk;
use dedit_host_tests::gimp::{Arg, Gimp, Shortcut, Version, Window};
use dedit_host_tests::places;
use dedit_host_tests::process::within;
use image::RgbImage;

use crate::opened;
use crate::scene::{DUCK, MUG, call, gimp_with_plugin, json, table_of};

/// For what a busy machine may take long for.
const LONG: Duration = Duration::from_secs(40);
/// For what happens in a moment.
const SOON: Duration = Duration::from_secs(60);
/// Width and height of the picture: what the table is scaled by is 2.
const SIDE: u32 = 256;
/// In which work has to end once it is told to, in seconds.
const STOP: f64 = 1.0;

const LAYERS: &str = "(length (layers (car (images))))";
const SHORTCUTS: [Shortcut<'static>; 5] = [
    Shortcut { procedure: "plug-in-dedit-replace", keys: "<Primary><Alt>r" },
    Shortcut { procedure: "plug-in-dedit-remove", keys: "<Primary><Alt>m" },
    Shortcut { procedure: "plug-in-dedit-items", keys: "<Primary><Alt>i" },
    Shortcut { procedure: "plug-in-dedit-history", keys: "<Primary><Alt>h" },
    Shortcut { procedure: "plug-in-dedit-status", keys: "<Primary><Alt>s" },
];

/// A GIMP that shows the table, with a daemon for its plug-in.
struct Stage<'a> {
    version: Version,
    gimp: &'a Gimp,
    desk: &'a Desk,
    daemon: Daemon<'a>,
    window: Window,
}

impl<'a> Stage<'a> {
    fn set(gimp: &'a Gimp, desk: &'a Desk) -> Self {
        table_of(SIDE).save(desk.outside("table.png")).unwrap();
        let daemon = Daemon::start(desk).unwrap();
        let window = gimp.window(desk, "table.png", &SHORTCUTS).unwrap();
        // Twice as large.
        window.key("2").unwrap();
        Self { version: gimp.version(), gimp, desk, daemon, window }
    }

    fn select(&self, rectangle: [u32; 4]) {
        let [x, y, width, height] = rectangle.map(|side| side * SIDE / 128);
        self.window.eval(&format!("(select-rectangle (car (images)) {x} {y} {width} {height})")).unwrap();
    }

    /// Presses keys in the picture's window.
    fn press(&self, keys: &str) {
        self.window.to_picture().unwrap();
        self.window.key(keys).unwrap();
    }

    /// What is seen of the image.
    fn seen(&self) -> RgbImage {
        self.window.eval(&format!("(save-png (car (images)) {})", self.desk.literal("seen.png"))).unwrap();
        opened(&self.desk.outside("seen.png"))
    }

    fn wait_layers(&self, count: u32) {
        self.window.eval_until(LAYERS, &count.to_string(), LONG).unwrap();
    }

    fn name_of_top(&self) -> String {
        self.window.eval("(name-of (car (layers (car (images)))))").unwrap()
    }

    /// Keeps a picture of the screen, once it shows the same twice; a text cursor that blinks does not count for ever.
    fn shot(&self, name: &str) -> RgbImage {
        let path = places::shots().unwrap().join(format!("{name}-{:?}.png", self.version));
        let take = || {
            self.window.screenshot(&path).unwrap();
            opened(&path)
        };
        let mut last = take();
        let still = within(Duration::from_secs(5), || {
            let earlier = std::mem::replace(&mut last, take());
            Ok((earlier == last).then_some(()))
        });
        still.unwrap();
        let first = *last.get_pixel(0, 0);
        assert!(last.pixels().any(|pixel| *pixel != first), "the screen shows nothing: {}", path.display());
        last
    }

    /// The jobs that ended: when, and how.
    fn jobs(&self) -> Vec<(f64, String)> {
        let log = fs::read_to_string(self.desk.data().join("deditd.log")).unwrap_or_default();
        // The last line may be half written.
        let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let jobs = lines.filter(|line| line["event"] == "job");
        jobs.map(|line| (line["time"].as_f64().unwrap(), line["what"].as_str().unwrap().to_owned())).collect()
    }

    /// Waits for the end of the job after the first ones.
    fn wait_job(&self, earlier: usize) -> (f64, String) {
        within(LONG, || Ok(self.jobs().get(earlier).cloned())).unwrap().unwrap_or_else(|| {
            self.shot("failed");
            panic!("no job ended; the windows are {:?}", self.window.titles());
        })
    }

    /// Waits until the daemon learns, and gives how many jobs ended before.
    fn wait_learning(&self) -> usize {
        let learns = within(LONG, || {
            let status = json(self.daemon.dedit(&["daemon", "status", "--json"])?.stdout.trim());
            Ok(status["jobs"].as_array().unwrap().iter().any(|job| job["what"] == "learn" && job["position"].is_null()).then_some(()))
        });
        learns.unwrap().expect("the daemon does not learn");
        self.jobs().len()
    }

    /// Checks that the next job to end is learning, cancelled in time.
    fn stopped(&self, earlier: usize, at: SystemTime, by: &str) {
        let (time, what) = self.wait_job(earlier);
        let seconds = time - at.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        println!("{:?}: stopped by {by} after {seconds:.3} s: {what}", self.version);
        assert!(what.starts_with("learn") && what.contains("cancelled"), "{what}");
        assert!(seconds < STOP, "{by} stopped learning after {seconds} s only");
    }
}

/// With the dialog open: the prompt has the keyboard, then the quality is chosen by its key.
fn fill_in(stage: &Stage<'_>, prompt: &str, is_draft: bool) {
    stage.press("ctrl+alt+r");
    stage.window.wait_window("^D-Edit: Replace$", SOON).unwrap();
    stage.window.type_text(prompt).unwrap();
    if is_draft {
        stage.window.key("alt+q").unwrap();
        stage.window.key("Down").unwrap();
    }
}

/// A preview becomes a layer; one step back takes it away.
fn replaces(stage: &Stage<'_>) {
    stage.select(MUG);
    let before = stage.seen();
    fill_in(stage, "a green duck", true);
    stage.shot("replace");
    let earlier = stage.jobs().len();
    stage.window.key("alt+r").unwrap();
    let (_, what) = stage.wait_job(earlier);
    assert!(what.starts_with("edit") && what.contains("done"), "{what}");
    stage.shot("replace-preview");
    assert_eq!(stage.window.eval(LAYERS).unwrap(), "1", "a preview is no layer");
    stage.window.key("Return").unwrap();
    stage.window.wait_no_window("^D-Edit: Replace$", LONG).unwrap();
    stage.wait_layers(2);
    assert_eq!(stage.jobs().len(), earlier + 1, "what was previewed is not made again");
    assert!(stage.name_of_top().starts_with("Replace selection"), "{}", stage.name_of_top());
    let after = stage.seen();
    assert_ne!(before, after);
    stage.window.to_picture().unwrap();
    stage.shot("result");
    stage.press("ctrl+z");
    stage.wait_layers(1);
    assert_eq!(stage.seen(), before);
    stage.press("ctrl+y");
    stage.wait_layers(2);
    assert_eq!(stage.seen(), after);
}

fn a_hand_replaces(version: Version) {
    let (gimp, desk) = gimp_with_plugin(version);
    let stage = Stage::set(&gimp, &desk);
    replaces(&stage);
}

#[test]
fn gimp2_a_hand_replaces() {
    a_hand_replaces(Version::V2);
}

#[test]
fn gimp3_a_hand_replaces() {
    a_hand_replaces(Version::V3);
}
