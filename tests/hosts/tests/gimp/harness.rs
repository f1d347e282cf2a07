//! That what the other tests stand on holds: scripts run and say what they found, and a window does what a hand tells it.

use std::fs;
use std::time::{Duration, Instant};

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::gimp::{Gimp, SHOTS, Shortcut, Version};
use dedit_host_tests::places;
use dedit_host_tests::test_folder::TestFolder;
use image::Rgb;

use crate::{opened, picture};

const SOON: Duration = Duration::from_secs(60);

/// A script that uses all that is defined for scripts.
fn everything(test_folder: &TestFolder) -> String {
    let script = r#"
(define image (load-picture PICTURE))
(define layer (active-layer image))
(print (list (image-width image) (image-height image) (width-of layer) (height-of layer)))
(print (pixel layer 3 4))
(print (selection-empty? image))
(select-rectangle image 10 20 30 16)
(print (selection-empty? image))
(invert layer)
(print (pixel layer 12 25))
(save-png image PNG)
(attach-parasite image "word" 1 "of the image")
(define above (new-layer image "above" 20 10))
(insert-layer image above no-parent 0)
(put-layer above 7 8)
(fill-white above)
(select-ellipse image 8 9 8 8)
(mask-from-selection above)
(select-nothing image)
(attach-parasite image "gone" 0 "not kept")
(define group (new-group image "group"))
(insert-layer image group no-parent 0)
(choose-layer image above)
(print (name-of (active-layer image)))
(save-xcf image XCF)
(define again (load-xcf XCF))
(print (layer-names again))
(print (offsets (layer-named again "above")))
(print (> (mask-of (layer-named again "above")) 0))
(print (> (mask-of (layer-named again "group")) 0))
(print (length (layers-in (layer-named again "group"))))
(print (parasite again "word"))
(print (parasite again "gone"))
(print (item-parasite layer "gone"))
(print (length (images)))
(print "two
lines, and a \"word\"")
(print (try-call (lambda () (load-picture "/absent.png"))))
(print (try-call (lambda () (car 5))))
(print (try-call (lambda () (fail "of our own"))))
(print (try-call (lambda () 5)))
"#;
    script
        .replace("PICTURE", &test_folder.literal("in.png"))
        .replace("PNG", &test_folder.literal("out.png"))
        .replace("XCF", &test_folder.literal("out.xcf"))
}

fn scripts_run(version: Version) {
    let gimp = Gimp::find(version).unwrap();
    let test_folder = gimp.test_folder().unwrap();
    let before = picture(64, 48);
    before.save(test_folder.outside("in.png")).unwrap();
    let batch = gimp.batch(&test_folder, &everything(&test_folder)).unwrap();
    let said: Vec<&str> = batch.said.iter().map(String::as_str).collect();
    println!("{:?} {said:#?}\n{}", batch.time, batch.stderr);
    let layers = "(\"group\" \"above\" \"Background\")";
    let expected = ["(64 48 64 48)", "(9 20 14)", "#t", "#f", "(219 130 181)", "above", layers, "(7 8)", "#t", "#f", "0"];
    assert_eq!(said[..11], expected);
    assert_eq!(said[11..16], ["of the image", "#f", "#f", "2", "two\nlines, and a \"word\""]);
    assert!(said[16].contains("file-load"), "{}", said[16]);
    assert!(said[17].contains("car: argument 1 must be: pair"), "{}", said[17]);
    assert!(said[18].contains("of our own"), "{}", said[18]);
    assert_eq!(said[19..], ["#f"]);
    let after = opened(&test_folder.outside("out.png"));
    for (x, y, pixel) in after.enumerate_pixels() {
        let selected = (10..40).contains(&x) && (20..36).contains(&y);
        let Rgb(old) = *before.get_pixel(x, y);
        assert_eq!(pixel.0, if selected { old.map(|value| 255 - value) } else { old }, "at {x}, {y}");
    }
}

/// Each kind of fault of a script comes back as an error that says which one, and soon.
fn faults_are_told(version: Version) {
    let gimp = Gimp::find(version).unwrap();
    let test_folder = gimp.test_folder().unwrap();
    for (script, fragment) in [
        ("(print 1) (gimp-image-delete 77)", "failed"),
        ("(car 5)", "car: argument 1 must be: pair"),
        ("(no-such-procedure 5)", "no-such-procedure"),
        ("(car '(1 2)", "before the script did"),
    ] {
        let error = format!("{:#}", gimp.batch(&test_folder, script).unwrap_err());
        println!("{script}: {error}");
        assert!(error.contains(fragment), "{script}: {error}");
    }
    let started = Instant::now();
    let endless = gimp.batch_within(&test_folder, "(let again () (again))", Duration::from_secs(12)).unwrap_err();
    assert!(format!("{endless:#}").contains("ran out of time"), "{endless:#}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

fn a_window_obeys(version: Version) {
    let gimp = Gimp::find(version).unwrap();
    let test_folder = gimp.test_folder().unwrap();
    picture(64, 48).save(test_folder.outside("in.png")).unwrap();
    let started = Instant::now();
    let shortcuts = [Shortcut { procedure: "plug-in-tile", keys: "<Primary><Alt>t" }];
    let window = gimp.window(&test_folder, "in.png", &shortcuts).unwrap();
    println!("the window came after {:?}: {}", started.elapsed(), window.title().unwrap());
    let corner = "(pixel (active-layer (car (images))) 3 4)";
    assert_eq!(window.eval(corner).unwrap(), "(9 20 14)");
    assert_eq!(window.eval("(name-of (active-layer (car (images))))").unwrap(), "in.png");
    let error = format!("{:#}", window.eval("(no-such-procedure)").unwrap_err());
    assert!(error.contains("unbound variable"), "{error}");
    window.key("ctrl+comma").unwrap();
    window.eval_until(corner, "(0 0 0)", SOON).unwrap();
    window.key("ctrl+z").unwrap();
    window.eval_until(corner, "(9 20 14)", SOON).unwrap();
    window.key("ctrl+y").unwrap();
    window.eval_until(corner, "(0 0 0)", SOON).unwrap();
    window.key("ctrl+alt+t").unwrap();
    window.wait_window("^(Small )?Tile", SOON).unwrap();
    let shot = places::shots(SHOTS).unwrap().join(format!("harness-{version:?}.png"));
    window.screenshot(&shot).unwrap();
    assert!(opened(&shot).pixels().any(|pixel| pixel.0 != [0; 3]), "the screen is black: {}", shot.display());
    window.key("Escape").unwrap();
    window.wait_no_window("^(Small )?Tile", SOON).unwrap();
    window.to_picture().unwrap();
    window.close();
    println!("all took {:?}\n{}", started.elapsed(), fs::read_to_string(test_folder.outside("gimp.log")).unwrap());
}

/// The daemon is found at the test folder's socket until it is killed, and what a program inside needs lies where it is told.
fn a_daemon_runs(version: Version) {
    let gimp = Gimp::find(version).unwrap();
    let test_folder = gimp.test_folder().unwrap();
    let mut daemon = Daemon::start(&test_folder).unwrap();
    let status = daemon.dedit(&["daemon", "status", "--json"]).unwrap();
    assert!(status.succeeded() && status.stdout.contains(&daemon.id().to_string()), "{status:?}");
    daemon.kill();
    assert!(!test_folder.dedit(&["daemon", "status"]).unwrap().succeeded());
    test_folder.install_plugin().unwrap();
    let plugin = test_folder.profile().join("plug-ins/dedit-gimp");
    assert!(plugin.join("dedit-gimp").is_file());
    assert_eq!(fs::read_to_string(plugin.join("program")).unwrap(), test_folder.inside("bin/dedit").to_str().unwrap());
    assert!(test_folder.inside("bin/dedit").starts_with("/tmp") && test_folder.outside("bin/dedit").is_file());
}

#[test]
fn gimp2_a_daemon_runs() {
    a_daemon_runs(Version::V2);
}

#[test]
fn gimp3_a_daemon_runs() {
    a_daemon_runs(Version::V3);
}

#[test]
fn gimp2_scripts_run() {
    scripts_run(Version::V2);
}

#[test]
fn gimp3_scripts_run() {
    scripts_run(Version::V3);
}

#[test]
fn gimp2_faults_are_told() {
    faults_are_told(Version::V2);
}

#[test]
fn gimp3_faults_are_told() {
    faults_are_told(Version::V3);
}

#[test]
fn gimp2_a_window_obeys() {
    a_window_obeys(Version::V2);
}

#[test]
fn gimp3_a_window_obeys() {
    a_window_obeys(Version::V3);
}

/// A procedure of the plug-in that needs neither image nor parameters gives its results through a call that the harness writes.
fn the_plugin_answers(version: Version) {
    let gimp = Gimp::find(version).unwrap();
    let test_folder = gimp.test_folder().unwrap();
    test_folder.install_plugin().unwrap();
    let _daemon = Daemon::start(&test_folder).unwrap();
    let call = gimp.call("plug-in-dedit-status", None, &[], &[]);
    let batch = gimp.batch(&test_folder, &format!("(define results {call}) (print results) (print (car (reverse results)))")).unwrap();
    println!("{:?} {:?}", batch.time, batch.said);
    assert!(batch.said[1].contains("the daemon has run for"), "{:?}", batch.said);
}

#[test]
fn gimp2_the_plugin_answers() {
    the_plugin_answers(Version::V2);
}

#[test]
fn gimp3_the_plugin_answers() {
    the_plugin_answers(Version::V3);
}
