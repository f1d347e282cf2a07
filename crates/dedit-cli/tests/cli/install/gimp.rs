//! Into profiles of GIMP.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::{Outcome, fails, files};
use super::{Home, diagnosis, json};

/// The profile of GIMP 2.10, in the user's home.
const TWO: &str = ".config/GIMP/2.10";

impl Home {
    /// A GIMP of this version that is otherwise this shell script.
    fn gimp(&self, name: &str, version: &str, does: &str) {
        self.program(name, &format!("if [ \"$1\" = --version ]; then echo GIMP version {version}; exit; fi\n{does}"));
    }

    fn install(&self, more: &str) -> Outcome {
        self.call(&format!("install gimp --plugin built {more}"), &[])
    }

    fn plugin(&self, profile: &str) -> PathBuf {
        self.at(profile).join("plug-ins/dedit-gimp/dedit-gimp")
    }
}

/// Creates its profile, and knows the plug-in if that is in it.
const HONEST: &str = r#"mkdir -p "$GIMP2_DIRECTORY/brushes"
test -x "$GIMP2_DIRECTORY/plug-ins/dedit-gimp/dedit-gimp" && known=yes || known=no
echo "script-fu-Warning: dedit-is-known:$known" >&2"#;

#[test]
fn gimp_that_was_never_started_makes_its_profile_and_gets_the_plug_in() {
    let home = Home::new();
    home.gimp("gimp-console-2.10", "2.10.34", HONEST);
    let outcome = home.install("");
    let folder = home.at(TWO);
    let expected =
        format!("GIMP 2.10  {}  checked: GIMP knows D-Edit\nrestart GIMP where it runs; D-Edit is in its menu Filters\n", folder.display());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), expected.as_str()), "{}", outcome.stderr);
    assert!(folder.join("brushes").is_dir());
    assert_eq!(fs::read_to_string(home.plugin(TWO)).unwrap(), "the plug-in");
    let daemon = fs::read_to_string(home.plugin(TWO).with_file_name("program")).unwrap();
    let daemon = Path::new(daemon.trim_end());
    assert!(daemon.is_absolute() && daemon.is_file() && ["dedit", "deditd"].map(Some).contains(&daemon.file_name().unwrap().to_str()));
    // A newer one takes its place.
    home.put("built", "a newer one");
    let report = json(&home.install("--json"));
    assert_eq!(fs::read_to_string(home.plugin(TWO)).unwrap(), "a newer one");
    let installed = &report["installed"][0];
    let told = ["host", "version", "profile", "plugin"].map(|key| installed[key].as_str().unwrap());
    assert_eq!(told, ["gimp", "2.10", folder.to_str().unwrap(), home.plugin(TWO).to_str().unwrap()]);
    assert!(installed["checked"] == true && installed["problem"].is_null() && report["notes"].is_array(), "{report}");
    // And is taken out again, once.
    let removed = home.call("uninstall gimp", &[]);
    assert!(removed.stdout.starts_with("GIMP 2.10  ") && removed.stdout.ends_with("dedit-gimp  removed\n"), "{}", removed.stdout);
    assert_eq!(files(&folder.join("plug-ins")), Vec::<String>::new());
    assert!(json(&home.call("uninstall gimp --json", &[]))["removed"].as_array().unwrap().is_empty());
}

#[test]
fn a_gimp_that_does_not_say_yes_is_a_failure_that_says_what_to_do() {
    for (does, fragment) in [
        ("echo dedit-is-known:no", "does not know D-Edit although it is there"),
        ("echo 'dedit-gimp: no such library'; echo dedit-is-known:no", "although it is there (dedit-gimp: no such library)"),
        ("echo batch command failed; exit 70", "ended without an answer (batch command failed)"),
        ("sleep 60", "gave no answer within 1 s"),
    ] {
        let home = Home::new();
        home.gimp("gimp-3.0", "3.0.4", does);
        fs::create_dir_all(home.at(".config/GIMP/3.0")).unwrap();
        let outcome = home.install("--patience 1");
        assert_eq!(outcome.code, Some(5), "{}", outcome.stderr);
        let last = outcome.stderr.lines().last().unwrap();
        assert!(last.starts_with("error: GIMP 3.0 ") && last.contains(fragment) && last.contains("; "), "{last}");
        assert!(outcome.stdout.starts_with("GIMP 3.0  ") && outcome.stdout.contains("  failed: "), "{}", outcome.stdout);
        assert_eq!(home.install("--no-check --quiet").code, Some(0), "it is not asked");
    }
}

#[test]
fn what_cannot_be_asked_is_copied_and_said() {
    let home = Home::new();
    home.gimp("gimp", "2.10.34", HONEST);
    fs::create_dir_all(home.at(TWO)).unwrap();
    fs::create_dir_all(home.at(".config/GIMP/3.0")).unwrap();
    let report = json(&home.install("--json"));
    let checked: Vec<String> = report["installed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry["version"].as_str().unwrap(), entry["checked"]))
        .collect();
    assert_eq!(checked, ["2.10 true", "3.0 false"]);
    assert!(home.install("").stdout.contains("copied; not checked: no GIMP program of that version found"));
    // Folders that are named are taken instead, by variables and by options.
    let by_variable = home.call("install gimp --plugin built --json", &[("GIMP2_DIRECTORY", "two"), ("GIMP3_DIRECTORY", "three")]);
    assert_eq!(json(&by_variable)["installed"].as_array().unwrap().len(), 2);
    assert!(home.plugin("two").is_file() && home.plugin("three").is_file());
    let by_option = home.install("--profile four --profile x/3.0 --json");
    assert_eq!(json(&by_option)["installed"][0]["profile"], home.at("four").to_str().unwrap());
    assert!(home.plugin("four").is_file() && home.plugin("x/3.0").is_file());
    fails(&home.install("--profile .config/GIMP"), 3, "holds some", "the folder of the profiles");
}

#[test]
fn where_there_is_nothing_that_is_said() {
    let home = Home::new();
    fails(&home.install(""), 3, "install GIMP, or name a profile with --profile", "no GIMP");
    fails(&home.call("install gimp --plugin absent", &[]), 3, "no such plug-in program", "no plug-in");
    fails(&home.call("install", &[]), 2, "no command was given", "no host");
    // A sandboxed one is no place for it.
    fs::create_dir_all(home.at(".var/app/org.gimp.GIMP/config/GIMP/3.0")).unwrap();
    let outcome = home.install("");
    assert!(outcome.stderr.contains("note: D-Edit was not put into the GIMP from Flatpak"), "{}", outcome.stderr);
    assert_eq!(outcome.code, Some(3));
    let link = home.at(TWO).join("plug-ins/dedit-gimp");
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("elsewhere", &link).unwrap();
    let outcome = home.install("");
    assert_eq!(outcome.code, Some(3));
    assert!(outcome.stderr.contains("a link is where the plug-in's folder shall be"), "{}", outcome.stderr);
}

#[test]
fn the_doctor_looks_at_the_plug_in_in_gimp() {
    let home = Home::new();
    let look = || diagnosis(&home, "gimp");
    assert!(look().1.starts_with("no gimp"), "{:?}", look());
    home.gimp("gimp", "2.10.34", HONEST);
    let (ok, told) = look();
    assert!(ok.is_null() && told.contains("D-Edit is not in it; dedit install gimp"), "{told}");
    let beside = Path::new(env!("CARGO_BIN_EXE_dedit")).with_file_name("dedit-gimp");
    // What was built beside this program is the newest, if it was built.
    let plugin = if beside.is_file() { beside.display().to_string() } else { "built".to_owned() };
    home.call(&format!("install gimp --plugin {plugin}"), &[]);
    let (ok, told) = look();
    assert!(ok == true && told.contains(&format!("D-Edit is in {}", home.at(TWO).display())), "{told}");
    fs::write(home.plugin(TWO).with_file_name("program"), "/absent/dedit\n").unwrap();
    let (ok, told) = look();
    assert!(ok == false && told.contains("names /absent/dedit, which is not there; dedit install gimp"), "{told}");
}
