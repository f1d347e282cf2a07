//! Into folders of `OpenFX` bundles.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use super::super::{Outcome, fails, files};
use super::{Home, diagnosis_with, json};

const BUNDLE: &str = "plugins/DEdit.ofx.bundle";
const LIBRARY: &str = "plugins/DEdit.ofx.bundle/Contents/Linux-x86-64/DEdit.ofx";
/// A library that passes for the effect, with a content that tells it from others.
fn library(more: &str) -> Vec<u8> {
    [include_bytes!("../../../../dedit-install/tests/data/tiny.ofx"), more.as_bytes()].concat()
}

/// A home with that library in it.
fn home() -> Home {
    let home = Home::new();
    home.put("effect.so", library(""));
    home
}

/// Whether D-Edit is in the folder for all users, where these tests change nothing.
fn is_in_the_system() -> bool {
    Path::new("/usr/OFX/Plugins/DEdit.ofx.bundle").exists()
}

#[test]
fn the_bundle_is_installed_into_a_folder_and_removed() {
    let home = home();
    let outcome = home.call("install openfx --plugin effect.so --to plugins", &[]);
    let [bundle, folder] = [BUNDLE, "plugins"].map(|name| home.at(name).display().to_string());
    let expected = format!(
        "OpenFX  {folder}  checked: a library for Linux-x86-64\n\
         no program reads that folder until it is started with OFX_PLUGIN_PATH={folder}\"${{OFX_PLUGIN_PATH:+:$OFX_PLUGIN_PATH}}\"\n"
    );
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), expected.as_str()), "{}", outcome.stderr);
    assert_eq!(files(&home.at(BUNDLE).join("Contents")), ["Info.plist", "Linux-x86-64", "Resources"]);
    assert_eq!(files(&home.at(BUNDLE).join("Contents/Resources")), ["LICENSE", "org.dedit.DEdit.png"]);
    assert_eq!(files(home.at(LIBRARY).parent().unwrap()), ["DEdit.ofx", "program"]);
    let daemon = fs::read_to_string(home.at(LIBRARY).with_file_name("program")).unwrap();
    assert!(Path::new(daemon.trim_end()).is_file(), "{daemon}");
    // A newer one takes its place, in a folder that is now one of the list.
    home.put("effect.so", library("a newer one"));
    let report = json(&home.call("install openfx --plugin effect.so --to plugins --json", &[("OFX_PLUGIN_PATH", "plugins")]));
    assert_eq!(fs::read(home.at(LIBRARY)).unwrap(), library("a newer one"));
    let installed = &report["installed"][0];
    let told = ["host", "version", "folder", "bundle", "readers"].map(|key| installed[key].as_str().unwrap());
    assert_eq!(told, ["openfx", env!("CARGO_PKG_VERSION"), &folder, &bundle, "all"]);
    assert!(installed["checked"] == true && installed["problem"].is_null() && report["notes"].is_array(), "{report}");
    // And is taken out again, once.
    let removed = home.call("uninstall openfx --from plugins", &[]);
    assert_eq!(removed.stdout, format!("OpenFX  {bundle}  removed\n"));
    assert_eq!(files(&home.at("plugins")), Vec::<String>::new());
    let again = json(&home.call("uninstall openfx --from plugins --json", &[]));
    assert!(again["removed"].as_array().unwrap().is_empty());
}

#[test]
fn a_file_that_is_no_effect_is_refused() {
    let home = home();
    let whole = library("");
    let with = |at: usize, byte: u8| [&whole[..at], &[byte], &whole[at + 1..]].concat();
    let last_name = whole.windows(13).rposition(|window| window == b"OfxGetPlugin\0").unwrap();
    for (content, fragment) in [
        (Vec::new(), "it is empty"),
        (b"#!/bin/sh\n".to_vec(), "it is no library of any system"),
        (whole[..20].to_vec(), "it is damaged"),
        (with(last_name, b'x'), "it does not export OfxGetPlugin"),
        // The processor, and the kind of file, in the header.
        (with(18, 3), "it is made for Linux-x86, and this is Linux-x86-64"),
        (with(16, 2), "no library that can be loaded"),
    ] {
        home.put("bad.so", &content);
        fails(&home.call("install openfx --plugin bad.so --to plugins", &[]), 3, fragment, fragment);
    }
    fails(&home.call("install openfx --plugin absent.so --to plugins", &[]), 3, "there is no such library", "no library");
    fails(&home.call("install openfx --plugin . --to plugins", &[]), 3, "there is no such library", "a folder");
    let inside = format!("--plugin effect.so --to {BUNDLE}/Contents");
    fails(&home.call(&format!("install openfx {inside}"), &[]), 3, "name the folder in which it is", "inside a bundle");
    assert!(!home.at("plugins").exists());
    home.put("plugins", "a file");
    fails(&home.call("install openfx --plugin effect.so --to plugins", &[]), 7, "the plug-in cannot be written", "a file is there");
}

#[test]
fn incomplete_bundles_are_repaired_and_removed() {
    let home = home();
    home.put(&format!("{BUNDLE}/Contents/Info.plist"), "half");
    json(&home.call("install openfx --plugin effect.so --to plugins --json", &[]));
    assert!(home.at(LIBRARY).is_file());
    fs::remove_file(home.at(LIBRARY)).unwrap();
    home.put("plugins/Other.ofx.bundle/Contents/Info.plist", "");
    if is_in_the_system() {
        return;
    }
    let removed = json(&home.call("uninstall openfx --json", &[("OFX_PLUGIN_PATH", "plugins")]));
    assert_eq!(removed["removed"].as_array().unwrap().len(), 1);
    assert_eq!(files(&home.at("plugins")), ["Other.ofx.bundle"]);
    let outcome = home.call("uninstall openfx", &[("OFX_PLUGIN_PATH", "plugins")]);
    assert!(outcome.stdout.contains("is in no folder of OpenFX plug-ins: looked in /usr/OFX/Plugins, "), "{}", outcome.stdout);
}

#[test]
fn a_bundle_that_cannot_be_removed_does_not_keep_the_others() {
    if is_in_the_system() {
        return;
    }
    let home = home();
    let (bad, good) = (home.at("bad/DEdit.ofx.bundle"), home.at("good/DEdit.ofx.bundle"));
    for folder in ["bad", "good"] {
        let command = home.command(&format!("install openfx --plugin effect.so --to {folder}"), &[]);
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
        assert!(shell.current_dir(home.0.path()).output().unwrap().status.success());
    }
    assert_eq!([&bad, &bad.join("Contents"), &home.at("bad")].map(|path| path.metadata().unwrap().mode() & 0o777), [0o755; 3]);
    fs::set_permissions(&bad, fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything: where it runs the tests, another user does this.
    let is_root = bad.metadata().unwrap().uid() == 0;
    assert!(!is_root || Command::new("chown").args(["-R", "65534"]).arg(home.0.path()).status().unwrap().success());
    let list = format!("bad:{}", home.at("good").display());
    let call = |line: &str| {
        let mut command = home.command(line, &[("OFX_PLUGIN_PATH", &list)]);
        Outcome::from(if is_root { command.uid(65534) } else { &mut command }.output().unwrap())
    };
    let told = call("doctor").stdout;
    assert!(told.contains("WRONG  openfx") && told.contains("bad/DEdit.ofx.bundle cannot be read ("), "{told}");
    let Outcome { code, stdout, stderr } = call("uninstall openfx");
    assert!(stdout.contains("bad/DEdit.ofx.bundle  failed: the bundle cannot be read ("), "{stdout}");
    assert!(stdout.ends_with("good/DEdit.ofx.bundle  removed\n") && !good.exists() && bad.exists(), "{stdout}");
    assert!(code == Some(7) && stderr.lines().last().unwrap().starts_with("error: the bundle cannot be read ("), "{stderr}");
    fs::set_permissions(&bad, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_doctor_looks_at_the_bundle() {
    let home = Home::new();
    if is_in_the_system() {
        return;
    }
    let look = || diagnosis_with(&home, "openfx", &[("OFX_PLUGIN_PATH", "plugins")]);
    assert!(look().1.starts_with("no melt"), "{:?}", look());
    home.program("melt", "exit 1");
    let (ok, told) = look();
    assert!(ok.is_null() && told.contains("with MLT from 7.38 on; D-Edit is not in it; dedit install openfx puts"), "{told}");
    home.program("Natron", "exit 1");
    assert!(look().1.contains("melt; D-Edit is not in it; dedit install openfx"), "{:?}", look());
    // What was built beside this program is the newest, if it was built.
    let beside = Path::new(env!("CARGO_BIN_EXE_dedit")).with_file_name("libdedit_openfx.so");
    home.put("effect.so", library(""));
    let plugin = if beside.is_file() { beside } else { home.at("effect.so") };
    let install = format!("install openfx --plugin {} --to plugins", plugin.display());
    home.call(&install, &[]);
    let (ok, told) = look();
    let expected = format!("D-Edit is in {}, version {}", home.at("plugins").display(), env!("CARGO_PKG_VERSION"));
    assert!(ok == true && told.contains(&expected), "{told}");
    for (file, content, fault) in [
        (format!("{BUNDLE}/Contents/Info.plist"), "<key>CFBundleVersion</key><string>0.0.9</string>", "is version 0.0.9, and this is "),
        (format!("{BUNDLE}/Contents/Linux-x86-64/program"), "/absent/dedit\n", "names /absent/dedit, which is not there"),
        (LIBRARY.to_owned(), "", "DEdit.ofx: "),
    ] {
        home.put(&file, content);
        let (ok, told) = look();
        assert!(ok == false && told.contains(fault) && told.contains("; dedit install openfx puts that right"), "{told}");
        home.call(&install, &[]);
        assert!(look().0 == true, "{:?}", look());
    }
}
