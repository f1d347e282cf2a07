//! Into Krita's folder of resources.

use std::fs;
use std::path::Path;

use super::super::{fails, files};
use super::{Home, diagnosis, json};

/// Krita's folder of resources, in the user's home.
const KRITA: &str = ".local/share/krita";

impl Home {
    /// A Krita whose script runner is this shell script, and an X server for it.
    fn krita(&self, does: &str) {
        self.program("krita", "exit 1");
        self.program("kritarunner", &format!("test \"$DISPLAY\" = :7 || exit 1\n{does}"));
        let ended = self.at("ended");
        self.program("Xvfb", &format!("trap 'touch {}; exit' TERM\necho 7\nwhile :; do sleep 0.05; done", ended.display()));
    }
}

/// Imports the plug-in if it is in the folders of modules.
const IMPORTING: &str = r#"folder=${PYTHONPATH%%:*}
test -f "$folder/$2.py" -a -f "${PYTHONPATH#*:}/dedit_krita/__init__.py" || exit 1
echo '{"krita":"5.2.9","python":"3.11.2","qt":"5.15.8","network":true,"plugin":"0.1.0"}' > "$folder/$4""#;

#[test]
fn krita_gets_the_plug_in_and_is_told_to_load_it() {
    let home = Home::new();
    home.krita(IMPORTING);
    home.put(".config/kritarc", "[a]\nx=1\n\n[python]\nenable_dedit_krita=false\nenable_other=true\n");
    let outcome = home.call("install krita", &[]);
    let folder = home.at(KRITA);
    let expected = format!(
        "Krita 5.2.9  {}  checked: Krita imports D-Edit 0.1.0 by Python 3.11.2 and Qt 5.15.8\n\
         start Krita anew where it runs; D-Edit is in its menu Settings, under Dockers\n",
        folder.display()
    );
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), expected.as_str()), "{}", outcome.stderr);
    assert!(home.at("ended").is_file(), "the display is left");
    assert_eq!(files(&folder.join("pykrita")), ["dedit_krita", "dedit_krita.desktop"]);
    assert_eq!(files(&folder.join("actions")), ["dedit_krita.action"]);
    let daemon = fs::read_to_string(folder.join("pykrita/dedit_krita/program")).unwrap();
    assert!(Path::new(daemon.trim_end()).is_file(), "{daemon}");
    let settings = || fs::read_to_string(home.at(".config/kritarc")).unwrap();
    assert_eq!(settings(), "[a]\nx=1\n\n[python]\nenable_dedit_krita=true\nenable_other=true\n");
    // Once more, with what an older version left.
    home.put(&format!("{KRITA}/pykrita/dedit_krita/__pycache__/older.pyc"), "");
    let report = json(&home.call("install krita --json", &[]));
    let installed = &report["installed"][0];
    let told = ["host", "version", "profile", "python", "qt"].map(|key| installed[key].as_str().unwrap());
    assert_eq!(told, ["krita", "5.2.9", folder.to_str().unwrap(), "3.11.2", "5.15.8"]);
    assert!(installed["checked"] == true && installed["problem"].is_null() && report["notes"].is_array(), "{report}");
    assert!(!folder.join("pykrita/dedit_krita/__pycache__").exists());
    // And is taken out again, once.
    let removed = home.call("uninstall krita", &[]);
    assert!(removed.stdout.starts_with("Krita  ") && removed.stdout.ends_with("dedit_krita  removed\n"), "{}", removed.stdout);
    assert_eq!([files(&folder.join("pykrita")), files(&folder.join("actions"))], [Vec::<String>::new(), Vec::new()]);
    assert_eq!(settings(), "[a]\nx=1\n\n[python]\nenable_other=true\n");
    assert!(json(&home.call("uninstall krita --json", &[]))["removed"].as_array().unwrap().is_empty());
}

#[test]
fn a_krita_that_does_not_import_it_is_a_failure_that_says_what_to_do() {
    for (does, fragment) in [
        (r#"echo '{"problem":"SyntaxError: what"}' > "${PYTHONPATH%%:*}/answer""#, "Krita does not import D-Edit (SyntaxError: what)"),
        (r#"echo "ModuleNotFoundError: No module named 'PyQt5'"; exit 1"#, "apt install python3-pyqt5"),
        ("echo cannot load; exit 70", "ended without an answer (cannot load)"),
        ("sleep 60", "gave no answer within 1 s"),
    ] {
        let home = Home::new();
        home.krita(does);
        let outcome = home.call("install krita --patience 1", &[]);
        assert_eq!(outcome.code, Some(5), "{}", outcome.stderr);
        let last = outcome.stderr.lines().last().unwrap();
        assert!(last.starts_with("error: Krita") && last.contains(fragment) && last.contains("; "), "{last}");
        assert!(outcome.stdout.starts_with("Krita  ") && outcome.stdout.contains("  failed: "), "{}", outcome.stdout);
        assert!(home.at("ended").is_file(), "the display is left");
        assert_eq!(home.call("install krita --no-check --quiet", &[]).code, Some(0), "it is not asked");
    }
}

#[test]
fn where_krita_cannot_be_asked_or_is_not_there_that_is_said() {
    let home = Home::new();
    let told = |line: &str| {
        let outcome = home.call(line, &[]);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        outcome.stdout
    };
    fails(&home.call("install krita", &[]), 3, "install Krita, name its program with --krita", "no Krita");
    fails(&home.call("install krita --krita absent", &[]), 3, "no such program", "no program");
    fails(&home.call("install krita --profile x/pykrita", &[]), 3, "name the folder in which it is", "too deep");
    assert!(told("install krita --profile mine").contains("copied; not checked: no program of Krita found"));
    assert!(home.at("mine/pykrita/dedit_krita.desktop").is_file() && home.at(".config/kritarc").is_file());
    home.krita(IMPORTING);
    fs::remove_file(home.at("bin/Xvfb")).unwrap();
    assert!(told("install krita").contains("copied; not checked: there is no display to start Krita on, and no Xvfb to make one"));
    fs::remove_file(home.at("bin/kritarunner")).unwrap();
    assert!(told("install krita").contains("copied; not checked: there is no kritarunner beside "));
    assert!(told("uninstall krita --profile mine").contains("removed") && home.at(KRITA).join("pykrita/dedit_krita").is_dir());
    fs::create_dir_all(home.at(".var/app/org.kde.krita")).unwrap();
    let outcome = home.call("install krita", &[]);
    assert!(outcome.stderr.contains("note: D-Edit was not put into the Krita from Flatpak"), "{}", outcome.stderr);
}

#[test]
fn the_doctor_looks_at_the_plug_in_in_krita() {
    let home = Home::new();
    let look = || diagnosis(&home, "krita");
    assert!(look().1.starts_with("no krita"), "{:?}", look());
    home.krita(IMPORTING);
    let (ok, told) = look();
    assert!(ok.is_null() && told.contains("D-Edit is not in it; dedit install krita"), "{told}");
    home.call("install krita", &[]);
    let (ok, told) = look();
    assert!(ok == true && told.contains(&format!("D-Edit is in {}", home.at(KRITA).display())), "{told}");
    let package = format!("{KRITA}/pykrita/dedit_krita");
    for (file, content, fault) in [
        (format!("{package}/program"), "/absent/dedit\n", "names /absent/dedit, which is not there"),
        (format!("{package}/__init__.py"), "an older one", "it is another build than this dedit"),
        (".config/kritarc".to_owned(), "", "kritarc does not enable it"),
    ] {
        home.put(&file, content);
        let (ok, told) = look();
        assert!(ok == false && told.contains(fault) && told.contains("; dedit install krita puts that right"), "{told}");
        home.call("install krita --no-check", &[]);
        assert!(look().0 == true, "{:?}", look());
    }
}
