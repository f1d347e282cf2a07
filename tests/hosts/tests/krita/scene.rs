//! A Krita with the plug-in, and helpers of its tests.

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::krita::{Krita, Ran, Version, install_plugin};
use dedit_host_tests::test_folder::TestFolder;
use image::RgbImage;
use serde_json::Value;

use crate::table::table;

/// Longest pause of Krita's main thread in milliseconds that does not count as frozen; waiting for the daemon would be ten times as long.
pub(crate) const STILL: f64 = 1000.0;

/// A Krita with the plug-in, and the picture in the test's folder.
pub(crate) fn krita_with_plugin(version: Version) -> (Krita, TestFolder) {
    let krita = Krita::find(version).unwrap();
    let test_folder = krita.test_folder().unwrap();
    install_plugin(&test_folder).unwrap();
    table().save(test_folder.outside("table.png")).unwrap();
    (krita, test_folder)
}

/// A scenario with the functions of `prelude.py`.
pub(crate) fn script(scenario: &str) -> String {
    format!("{}\n{scenario}", include_str!("prelude.py"))
}

/// Runs a scenario and prints its duration and messages.
pub(crate) fn play(krita: &Krita, test_folder: &TestFolder, scenario: &str) -> Ran {
    let screen = Krita::screen().unwrap();
    let ran = krita.run(test_folder, &screen, &script(scenario)).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{:?} {:#?}", ran.time, ran.said);
    ran
}

/// The result of `dedit edit` for the same session, revision and seed, and the region that it may change.
pub(crate) fn by_command(daemon: &Daemon<'_>, session: &str, command: &[&str], file: &str) -> Value {
    let named = format!("@{session}");
    let arguments = [&["edit"], command, &["--session", &named, "--seed", "7", "--draft", "--out", file, "--json"]].concat();
    let output = daemon.dedit(&arguments).unwrap();
    assert!(output.succeeded(), "{command:?}: {output:?}");
    serde_json::from_str::<Value>(output.stdout.trim()).unwrap()["region"].clone()
}

/// Compares Krita's export with the command's result, of which it may be `off` by so many levels, and both with the picture before: outside the region
/// nothing differs.
pub(crate) fn compare(what: &str, [made, expected, before]: [&RgbImage; 3], region: &Value, off: u8) {
    assert_eq!(made.dimensions(), expected.dimensions(), "{what}");
    let far = made.as_raw().iter().zip(expected.as_raw()).filter(|(made, expected)| made.abs_diff(**expected) > off).count();
    assert_eq!(far, 0, "{what}: samples that are not as the command line has them");
    let at = |name: &str| region[name].as_u64().unwrap() as u32;
    let inside = |x: u32, y: u32| (at("x")..at("x") + at("width")).contains(&x) && (at("y")..at("y") + at("height")).contains(&y);
    let changed: Vec<_> = made.enumerate_pixels().filter(|(x, y, pixel)| *pixel != before.get_pixel(*x, *y)).collect();
    assert!(changed.iter().all(|(x, y, _)| inside(*x, *y)), "{what}: pixels changed outside");
    assert!(changed.len() > 100, "{what}: nothing was made");
}
