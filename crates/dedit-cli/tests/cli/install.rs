//! D-Edit put into GIMP, Krita and the folders of `OpenFX`, and taken out; scripts stand for the hosts, and a file for the effect.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Outcome, fails, files, scratch, with_daemon};

const TWO: &str = ".config/GIMP/2.10";

/// A user's home; on `PATH` is nothing but what is put there.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(scratch());
        home.put("built", "the plug-in");
        home
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, content: &str) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), content).unwrap();
    }

    /// A program that does that when it is started.
    fn program(&self, name: &str, does: &str) {
        let name = format!("bin/{name}");
        self.put(&name, &format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{does}\n"));
        fs::set_permissions(self.at(&name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A GIMP that says this version, and does that when it is started.
    fn gimp(&self, name: &str, version: &str, does: &str) {
        self.program(name, &format!("if [ \"$1\" = --version ]; then echo GIMP version {version}; exit; fi\n{does}"));
    }

    /// A Krita whose program for scripts does that, on a display that is made for it.
    fn krita(&self, does: &str) {
        self.program("krita", "exit 1");
        self.program("kritarunner", &format!("test \"$DISPLAY\" = :7 || exit 1\n{does}"));
        let ended = self.at("ended");
        self.program("Xvfb", &format!("trap 'touch {}; exit' TERM\necho 7\nwhile :; do sleep 0.05; done", ended.display()));
    }

    fn call(&self, line: &str, variables: &[(&str, &str)]) -> Outcome {
        self.command(line, variables).output().unwrap().into()
    }

    fn command(&self, line: &str, variables: &[(&str, &str)]) -> Command {
        let mut command = with_daemon(self.0.path(), line);
        command.env("HOME", self.0.path()).env("PATH", self.at("bin"));
        let unset = [
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "PYTHONPATH",
            "GIMP2_DIRECTORY",
            "GIMP3_DIRECTORY",
            "OFX_PLUGIN_PATH",
        ];
        for name in unset {
            command.env_remove(name);
        }
        for (name, folder) in variables {
            command.env(name, self.at(folder));
        }
        command
    }

    fn install(&self, more: &str) -> Outcome {
        self.call(&format!("install gimp --plugin built {more}"), &[])
    }

    fn plugin(&self, profile: &str) -> PathBuf {
        self.at(profile).join("plug-ins/dedit-gimp/dedit-gimp")
    }
}

/// Says that it knows the plug-in if it is in its profile, which it makes.
const HONEST: &str = r#"mkdir -p "$GIMP2_DIRECTORY/brushes"
test -x "$GIMP2_DIRECTORY/plug-ins/dedit-gimp/dedit-gimp" && known=yes || known=no
echo "script-fu-Warning: dedit-is-known:$known" >&2"#;

/// What the doctor says of a host, and what to do.
fn diagnosis(home: &Home, host: &str) -> (Value, String) {
    diagnosis_with(home, host, &[])
}

fn diagnosis_with(home: &Home, host: &str, variables: &[(&str, &str)]) -> (Value, String) {
    let outcome = home.call("doctor --json", variables);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == host).unwrap().clone();
    (check["ok"].clone(), format!("{}; {}", check["found"].as_str().unwrap(), check["advice"].as_str().unwrap_or_default()))
}

fn json(outcome: &Outcome) -> Value {
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

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

const KRITA: &str = ".local/share/krita";

/// Imports the plug-in if it is among the folders that it is given, and then stays.
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

/// What passes for the effect, and where it is put.
#[cfg(target_arch = "x86_64")]
mod openfx {
    use std::os::unix::{fs::MetadataExt as _, process::CommandExt as _};

    use super::*;

    const BUNDLE: &str = "plugins/DEdit.ofx.bundle";
    const LIBRARY: &str = "plugins/DEdit.ofx.bundle/Contents/Linux-x86-64/DEdit.ofx";
    const NAMES: &str = "\0OfxGetNumberOfPlugins\0OfxGetPlugin\0";

    fn library(more: &str) -> String {
        format!("\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0{more}{NAMES}")
    }

    /// A home with such a library in it.
    fn home() -> Home {
        let home = Home::new();
        home.put("effect.so", &library(""));
        home
    }

    /// Whether D-Edit is in the folder for all users, where these tests change nothing.
    fn is_in_the_system() -> bool {
        Path::new("/usr/OFX/Plugins/DEdit.ofx.bundle").exists()
    }

    #[test]
    fn the_bundle_is_put_into_a_folder_and_removed() {
        let home = home();
        let outcome = home.call("install openfx --plugin effect.so --to plugins", &[]);
        let [bundle, folder] = [BUNDLE, "plugins"].map(|name| home.at(name).display().to_string());
        let expected = format!(
            "OpenFX  {bundle}  checked: a library for Linux-x86-64\n\
             no program reads that folder until it is started with OFX_PLUGIN_PATH={folder}\"${{OFX_PLUGIN_PATH:+:$OFX_PLUGIN_PATH}}\"\n"
        );
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), expected.as_str()), "{}", outcome.stderr);
        assert_eq!(files(&home.at(BUNDLE).join("Contents")), ["Info.plist", "Linux-x86-64", "Resources"]);
        assert_eq!(files(&home.at(BUNDLE).join("Contents/Resources")), ["LICENSE", "org.dedit.DEdit.png"]);
        assert_eq!(files(home.at(LIBRARY).parent().unwrap()), ["DEdit.ofx", "program"]);
        let daemon = fs::read_to_string(home.at(LIBRARY).with_file_name("program")).unwrap();
        assert!(Path::new(daemon.trim_end()).is_file(), "{daemon}");
        // A newer one takes its place, in a folder that is now one of the list.
        home.put("effect.so", &library("a newer one"));
        let report = json(&home.call("install openfx --plugin effect.so --to plugins --json", &[("OFX_PLUGIN_PATH", "plugins")]));
        assert_eq!(fs::read_to_string(home.at(LIBRARY)).unwrap(), library("a newer one"));
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
    fn what_is_no_effect_is_put_nowhere() {
        let home = home();
        for (content, fragment) in [
            (String::new(), "it is empty"),
            ("#!/bin/sh\n".to_owned(), "it is no library of any system"),
            (library("")[..20].to_owned(), "it does not name OfxGetNumberOfPlugins"),
            (library("").replace("OfxGetPlugin\0", "OfxSetHost\0"), "it does not name OfxGetPlugin"),
            (library("").replace('\x3e', "\x03"), "it is made for Linux-x86, and this is Linux-x86-64"),
            (library("").replace('\x03', "\x02"), "it is no library that can be loaded"),
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
    fn half_bundles_are_repaired_and_removed() {
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
    fn what_cannot_be_removed_is_told_and_the_rest_is_removed() {
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
        home.put("effect.so", &library(""));
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
}
