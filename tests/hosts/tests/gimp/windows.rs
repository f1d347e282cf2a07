//! The plug-in as a hand uses it: dialogs over GIMP's windows, on a screen without a monitor.
//!
//! What happened is asked of GIMP itself, by its Script-Fu server, and of the daemon, by its log. The screen is only looked at by people: pictures of
//! it are kept.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::gimp::{Arg, Gimp, SHOTS, Shortcut, Version, Window};
use dedit_host_tests::places;
use dedit_host_tests::process::within;
use dedit_host_tests::test_folder::TestFolder;
use image::RgbImage;
use rustix::process::{Pid, Signal, kill_process};

use crate::opened;
use crate::scene::{DUCK, MUG, call, gimp_with_plugin, json, table_of};

/// For what a busy machine may take long for.
pub(crate) const LONG: Duration = Duration::from_secs(120);
/// For what happens in a moment.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// Width and height of the picture: what the table is scaled by is 2.
const SIDE: u32 = 256;
/// In which work has to end once it is told to, in seconds.
const STOP: f64 = 1.0;

const LAYERS: &str = "(length (layers (car (images))))";
/// The title of the window in which GIMP shows messages.
const MESSAGE: &str = "^GIMP Message$";
const SHORTCUTS: [Shortcut<'static>; 6] = [
    Shortcut { procedure: "plug-in-dedit-replace", keys: "<Primary><Alt>r" },
    Shortcut { procedure: "plug-in-dedit-remove", keys: "<Primary><Alt>m" },
    Shortcut { procedure: "plug-in-dedit-items", keys: "<Primary><Alt>i" },
    Shortcut { procedure: "plug-in-dedit-history", keys: "<Primary><Alt>h" },
    Shortcut { procedure: "plug-in-dedit-status", keys: "<Primary><Alt>s" },
    Shortcut { procedure: "plug-in-dedit-expand", keys: "<Primary><Alt>x" },
];

/// A GIMP that shows the table, with a daemon for its plug-in.
struct Stage<'a> {
    version: Version,
    gimp: &'a Gimp,
    test_folder: &'a TestFolder,
    daemon: Daemon<'a>,
    window: Window,
}

impl<'a> Stage<'a> {
    fn set(gimp: &'a Gimp, test_folder: &'a TestFolder) -> Self {
        table_of(SIDE).save(test_folder.outside("table.png")).unwrap();
        let daemon = Daemon::start(test_folder).unwrap();
        let window = gimp.window(test_folder, "table.png", &SHORTCUTS).unwrap();
        // Twice as large.
        window.key("2").unwrap();
        Self { version: gimp.version(), gimp, test_folder, daemon, window }
    }

    fn select(&self, rectangle: [u32; 4]) {
        let [x, y, width, height] = rectangle.map(|side| side * SIDE / 128);
        self.window.eval(&format!("(select-rectangle (car (images)) {x} {y} {width} {height})")).unwrap();
        self.flush();
    }

    /// Lets windows show what a script did, and entries of menus know it.
    fn flush(&self) {
        self.window.eval("(gimp-displays-flush)").unwrap();
    }

    /// Presses keys in the picture's window.
    fn press(&self, keys: &str) {
        self.window.to_picture().unwrap();
        self.window.key(keys).unwrap();
    }

    /// What is seen of the image.
    fn seen(&self) -> RgbImage {
        self.window.eval(&format!("(save-png (car (images)) {})", self.test_folder.literal("seen.png"))).unwrap();
        opened(&self.test_folder.outside("seen.png"))
    }

    fn wait_layers(&self, count: u32) {
        self.window.eval_until(LAYERS, &count.to_string(), LONG).unwrap();
    }

    /// Closes GIMP's message. A window that got the keyboard while it was being made may not have noticed: it gets it again, from another one.
    fn dismiss_message(&self) {
        self.window.wait_window(MESSAGE, SOON).unwrap();
        let gone = within(SOON, || {
            if self.window.wait_no_window(MESSAGE, Duration::ZERO).is_ok() {
                return Ok(Some(()));
            }
            self.window.to_picture()?;
            self.window.wait_window(MESSAGE, SOON)?;
            self.window.key("Escape")?;
            Ok(self.window.wait_no_window(MESSAGE, Duration::from_secs(2)).is_ok().then_some(()))
        });
        gone.unwrap().unwrap_or_else(|| panic!("the message stays"));
    }

    fn name_of_top(&self) -> String {
        self.window.eval("(name-of (car (layers (car (images)))))").unwrap()
    }

    /// Keeps a picture of the screen, once it shows the same twice; a text cursor that blinks does not count for ever.
    fn shot(&self, name: &str) -> RgbImage {
        let path = places::shots(SHOTS).unwrap().join(format!("{name}-{:?}.png", self.version));
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
        let log = fs::read_to_string(self.test_folder.data().join("deditd.log")).unwrap_or_default();
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
        learns.unwrap().unwrap_or_else(|| panic!("the daemon does not learn"));
        self.jobs().len()
    }

    /// The process of the plug-in's call that is under way.
    fn plugin(&self) -> Pid {
        let path = self.test_folder.inside("profile/plug-ins/dedit-gimp/dedit-gimp");
        let is_it =
            |folder: &Path| fs::read(folder.join("cmdline")).is_ok_and(|line| line.starts_with(path.as_os_str().as_encoded_bytes()));
        let found = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()).find(|folder| is_it(folder));
        let number = found.and_then(|folder| folder.file_name()?.to_str()?.parse().ok());
        Pid::from_raw(number.unwrap_or_else(|| panic!("the plug-in does not run"))).unwrap()
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

/// Opens the dialog: the prompt has the keyboard, then the quality is chosen by its key.
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

/// The dialog shows how large the canvas becomes, then the preview; layer and canvas are one undo step.
fn the_canvas_grows(stage: &Stage<'_>) {
    let size = "(list (image-width (car (images))) (image-height (car (images))) (length (layers (car (images)))))";
    let (before, size_before) = (stage.seen(), stage.window.eval(size).unwrap());
    let layers: u32 = stage.window.eval(LAYERS).unwrap().parse().unwrap();
    stage.press("ctrl+alt+x");
    stage.window.wait_window("^D-Edit: Expand$", SOON).unwrap();
    // The first row has the keyboard: left, then right.
    stage.window.key("alt+x").unwrap();
    stage.window.type_text("64\t32\t").unwrap();
    stage.shot("expand");
    let earlier = stage.jobs().len();
    stage.window.key("alt+r").unwrap();
    let (_, what) = stage.wait_job(earlier);
    assert!(what.starts_with("edit") && what.contains("done"), "{what}");
    stage.shot("expand-preview");
    assert_eq!(stage.window.eval(size).unwrap(), size_before, "a preview changes nothing");
    stage.window.key("Return").unwrap();
    stage.window.wait_no_window("^D-Edit: Expand$", LONG).unwrap();
    stage.wait_layers(layers + 1);
    assert!(stage.name_of_top().starts_with("Expand"), "{}", stage.name_of_top());
    let after = stage.seen();
    assert_eq!(after.dimensions(), (SIDE + 96, SIDE));
    stage.window.to_picture().unwrap();
    stage.shot("expanded");
    stage.press("ctrl+z");
    stage.window.eval_until(size, &size_before, LONG).unwrap();
    assert_eq!(stage.seen(), before);
    stage.press("ctrl+y");
    stage.wait_layers(layers + 1);
    assert_eq!(stage.seen(), after);
    stage.press("ctrl+z");
    stage.window.eval_until(size, &size_before, LONG).unwrap();
}

/// What the two windows of a picture show is what was made; a result comes back from the history.
fn results_are_found(stage: &Stage<'_>) {
    stage.select(DUCK);
    let earlier = stage.jobs().len();
    // As a draft, like the last edit.
    stage.press("ctrl+alt+m");
    let (_, what) = stage.wait_job(earlier);
    assert!(what.starts_with("edit") && what.contains("done"), "{what}");
    stage.wait_layers(3);
    stage.window.wait_no_window("^D-Edit: Remove$", SOON).unwrap();
    assert!(stage.name_of_top().starts_with("Remove selection"), "{}", stage.name_of_top());
    stage.press("ctrl+alt+h");
    stage.window.wait_window("^D-Edit: History$", SOON).unwrap();
    let newest = stage.shot("history");
    stage.window.key("alt+r").unwrap();
    stage.window.key("Down").unwrap();
    assert_ne!(stage.shot("history-older"), newest, "another result is shown");
    stage.window.key("alt+p").unwrap();
    stage.window.wait_no_window("^D-Edit: History$", SOON).unwrap();
    stage.wait_layers(4);
    assert!(stage.name_of_top().starts_with("Replace selection"), "{}", stage.name_of_top());
    stage.press("ctrl+z");
    stage.wait_layers(3);
}

/// Items are found and added in their panel, and are the picture's from then on.
fn items_are_set(stage: &Stage<'_>) {
    // Behind both things.
    stage.select([4, 4, 48, 24]);
    stage.press("ctrl+alt+i");
    stage.window.wait_window("^D-Edit: Items$", SOON).unwrap();
    let before = stage.shot("items-before");
    stage.window.key("alt+f").unwrap();
    let changed = within(LONG, || Ok((stage.shot("items") != before).then_some(())));
    changed.unwrap().unwrap_or_else(|| panic!("nothing was found"));
    stage.window.key("alt+s").unwrap();
    stage.shot("items-with-selection");
    stage.window.key("alt+o").unwrap();
    stage.window.wait_no_window("^D-Edit: Items$", LONG).unwrap();
    let call = call(stage.gimp, "items", &[("items", Arg::from("session"))]);
    let said = stage.window.eval(&format!("(let ((image (car (images)))) (car (reverse {call})))")).unwrap();
    println!("{said}");
    let said = json(&said);
    let items = said["items"].as_array().unwrap();
    assert!(items.len() > 2 && items.iter().any(|name| name.as_str().unwrap().starts_with("item")), "{items:?}");
}

/// What there is to say is said in GIMP's way, and nothing becomes of a mistake.
fn messages_are_shown(stage: &Stage<'_>) {
    stage.press("ctrl+alt+s");
    stage.window.wait_window(MESSAGE, SOON).unwrap();
    stage.shot("status");
    stage.dismiss_message();
    let (before, layers) = (stage.seen(), stage.window.eval(LAYERS).unwrap());
    stage.window.eval("(select-nothing (car (images)))").unwrap();
    stage.press("ctrl+alt+m");
    stage.window.wait_window(MESSAGE, SOON).unwrap();
    stage.shot("nothing-selected");
    stage.dismiss_message();
    assert_eq!((stage.seen(), stage.window.eval(LAYERS).unwrap()), (before, layers));
}

/// While the daemon learns, GIMP goes on; the dialog's button ends it, and the dialog stays.
fn learning_is_stopped(stage: &Stage<'_>) {
    stage.select(MUG);
    let before = stage.seen();
    fill_in(stage, "a green duck", false);
    stage.select(DUCK);
    stage.select(MUG);
    let earlier = stage.jobs().len();
    stage.window.key("alt+r").unwrap();
    stage.wait_learning();
    stage.window.eval("(begin (select-nothing (car (images))) (invert (active-layer (car (images)))))").unwrap();
    stage.flush();
    assert_ne!(stage.seen(), before);
    stage.press("ctrl+z");
    within(SOON, || Ok((stage.seen() == before).then_some(())))
        .unwrap()
        .unwrap_or_else(|| panic!("a step back is taken while the daemon learns"));
    stage.window.wait_window("^D-Edit: Replace$", SOON).unwrap();
    stage.shot("learning");
    assert_eq!(stage.jobs().len(), earlier, "this is too fast for a test of learning");
    let at = SystemTime::now();
    stage.window.key("alt+s").unwrap();
    stage.stopped(earlier, at, "the dialog's button");
    stage.window.wait_window("^D-Edit: Replace$", SOON).unwrap();
    stage.shot("stopped");
    stage.window.key("Escape").unwrap();
    stage.window.wait_no_window("^D-Edit: Replace$", SOON).unwrap();
    assert_eq!((stage.seen(), stage.window.eval(LAYERS).unwrap().as_str()), (before, "1"));
}

/// An edit without a question shows how it goes, and the escape key ends it.
fn removal_is_stopped(stage: &Stage<'_>) {
    stage.select(DUCK);
    let before = stage.seen();
    stage.press("ctrl+alt+m");
    let earlier = stage.wait_learning();
    stage.window.wait_window("^D-Edit: Remove$", SOON).unwrap();
    stage.shot("remove");
    let at = SystemTime::now();
    stage.window.key("Escape").unwrap();
    stage.stopped(earlier, at, "the escape key");
    stage.window.wait_no_window("^D-Edit: Remove$", SOON).unwrap();
    assert_eq!((stage.seen(), stage.window.eval(LAYERS).unwrap().as_str()), (before, "1"));
}

/// GIMP's own Cancel kills the plug-in: the daemon notices that nobody waits any more.
fn progress_is_cancelled(stage: &Stage<'_>) {
    stage.select(MUG);
    let before = stage.seen();
    stage.press("ctrl+alt+m");
    stage.window.wait_window("^D-Edit: Remove$", SOON).unwrap();
    let earlier = stage.wait_learning();
    let picture = stage.window.to_picture().unwrap();
    stage.shot("cancel");
    // At the end of the status bar: windows of fresh profiles have the same size, and nothing moves them.
    let (x, y) = match stage.version {
        Version::V2 => (776, 750),
        Version::V3 => (526, 583),
    };
    let at = SystemTime::now();
    stage.window.click_in(picture, x, y).unwrap();
    stage.stopped(earlier, at, "GIMP's Cancel");
    stage.window.wait_no_window("^D-Edit: Remove$", SOON).unwrap();
    assert_eq!((stage.seen(), stage.window.eval(LAYERS).unwrap().as_str()), (before, "1"));
}

/// So it is with a crash; GIMP says so, and the plug-in begins again as if nothing had been.
fn a_crash_is_noticed(stage: &Stage<'_>) {
    let before = stage.seen();
    stage.press("ctrl+alt+m");
    let earlier = stage.wait_learning();
    let plugin = stage.plugin();
    let at = SystemTime::now();
    kill_process(plugin, Signal::KILL).unwrap();
    stage.stopped(earlier, at, "the end of the plug-in");
    stage.window.wait_window(MESSAGE, SOON).unwrap();
    stage.shot("crashed");
    stage.dismiss_message();
    assert_eq!((stage.seen(), stage.window.eval(LAYERS).unwrap().as_str()), (before, "1"));
    stage.press("ctrl+alt+s");
    stage.dismiss_message();
}

fn a_hand_edits(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let stage = Stage::set(&gimp, &test_folder);
    replaces(&stage);
    results_are_found(&stage);
    the_canvas_grows(&stage);
    messages_are_shown(&stage);
}

fn a_hand_stops_work(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let stage = Stage::set(&gimp, &test_folder);
    learning_is_stopped(&stage);
    removal_is_stopped(&stage);
    progress_is_cancelled(&stage);
    a_crash_is_noticed(&stage);
}

/// The menu has the entries, the first of which opens its dialog.
fn the_menu_leads_to_a_dialog(stage: &Stage<'_>) {
    stage.select(MUG);
    // By keys from the end of Filters: pointers open submenus when they like.
    let below = match stage.version {
        Version::V2 => 2,
        Version::V3 => 0,
    };
    stage.window.key("alt+r").unwrap();
    (0..=below).for_each(|_| stage.window.key("Up").unwrap());
    stage.window.key("Right").unwrap();
    stage.shot("menu");
    stage.window.key("r").unwrap();
    stage.window.wait_window("^D-Edit: Replace$", SOON).unwrap();
    stage.window.key("Escape").unwrap();
    stage.window.wait_no_window("^D-Edit: Replace$", SOON).unwrap();
}

fn a_hand_finds_items(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let stage = Stage::set(&gimp, &test_folder);
    the_menu_leads_to_a_dialog(&stage);
    items_are_set(&stage);
}

#[test]
fn gimp2_a_hand_edits() {
    a_hand_edits(Version::V2);
}

#[test]
fn gimp3_a_hand_edits() {
    a_hand_edits(Version::V3);
}

#[test]
fn gimp2_a_hand_stops_work() {
    a_hand_stops_work(Version::V2);
}

#[test]
fn gimp3_a_hand_stops_work() {
    a_hand_stops_work(Version::V3);
}

#[test]
fn gimp2_a_hand_finds_items() {
    a_hand_finds_items(Version::V2);
}

#[test]
fn gimp3_a_hand_finds_items() {
    a_hand_finds_items(Version::V3);
}
