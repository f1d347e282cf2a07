//! Tests of the test harness: scenarios run and report, and each way to fail is an error of its own.

use std::fs;
use std::time::{Duration, Instant};

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::krita::{Krita, Version, install_plugin};
use serde_json::json;

use crate::{opened, picture};

const EVERYTHING: &str = r#"
def scenario(d):
    d.say(d.krita.version())
    doc = yield from d.open("in.png")
    d.say([doc.width(), doc.height()])
    d.shot("harness.png")
    d.select_rect(doc, 10, 20, 30, 16)
    d.action("add_new_paint_layer")
    # The selection is a node too.
    yield lambda: [node.type() for node in doc.rootNode().childNodes()].count("paintlayer") == 2, 10
    base = doc.rootNode().childNodes()[0]
    mask = doc.createSelectionMask("item:bag")
    mask.setSelection(doc.selection())
    base.addChildNode(mask, None)
    yield lambda: [node.name() for node in base.childNodes()] == ["item:bag"], 10
    doc.setSelection(None)
    d.export_png(doc, "out.png")
    d.save_kra(doc, "out.kra")
    again = yield from d.open("out.kra")
    base = again.rootNode().childNodes()[0]
    d.say([[node.name(), node.type(), sum(bytes(node.pixelData(0, 0, 64, 48))) // 255] for node in base.childNodes()])
"#;

const TALK: &str = r#"
import time
from dedit_driver.qt import QApplication, QWidget
try:
    from PyQt5.QtWidgets import QLineEdit, QVBoxLayout, QPushButton
except ImportError:
    from PyQt6.QtWidgets import QLineEdit, QVBoxLayout, QPushButton

def scenario(d):
    yield from d.open("in.png")
    d.say("ready")
    yield d.told("go"), 30
    yield 0.5
    d.reset_ticks()
    yield 1.0
    d.say(d.ticks)
    d.say(d.longest_gap())
    time.sleep(0.4)
    d.say(d.longest_gap())
    box = QWidget()
    layout = QVBoxLayout(box)
    line, button, clicks = QLineEdit(box), QPushButton("Go", box), []
    layout.addWidget(line)
    layout.addWidget(button)
    button.clicked.connect(lambda: clicks.append(1))
    button.setObjectName("test_button")
    box.show()
    yield lambda: box.isVisible()
    d.type(line, "a word")
    d.say(line.text())
    d.click("test_button")
    d.say(len(clicks))
    box.hide()
    d.soon(lambda: d.action("image_properties"))
    yield lambda: QApplication.activeModalWidget() is not None, 10
    QApplication.activeModalWidget().reject()
    yield lambda: QApplication.activeModalWidget() is None, 10
"#;

fn scenarios_are_played(version: Version) {
    let krita = Krita::find(version).unwrap();
    let test_folder = krita.test_folder().unwrap();
    let screen = Krita::screen().unwrap();
    picture(64, 48).save(test_folder.outside("in.png")).unwrap();
    let ran = krita.run(&test_folder, &screen, EVERYTHING).unwrap();
    println!("{:?} {:?}\n{}", ran.time, ran.said, ran.log);
    assert!(ran.ended_well);
    krita.keep_shot(&test_folder, "harness.png").unwrap();
    assert_eq!(ran.said[1..], [json!([64, 48]), json!([["item:bag", "selectionmask", 480]])]);
    assert_eq!(opened(&test_folder.outside("out.png")), picture(64, 48));
}

/// Each kind of failure is reported soon, as an error that names it.
fn failures_are_told(version: Version) {
    let krita = Krita::find(version).unwrap();
    let test_folder = krita.test_folder().unwrap();
    let screen = Krita::screen().unwrap();
    picture(64, 48).save(test_folder.outside("in.png")).unwrap();
    let never = "def scenario(d):\n    def comes():\n        \"\"\"what never comes\"\"\"\n    yield comes, 1.5\n";
    let unseen = "def scenario(d):\n    yield\n    d.click('absent_button')\n";
    let dialog = "def scenario(d):\n    yield from d.open('in.png')\n    d.action('image_properties')\n";
    for (script, fragments) in [
        (
            "def scenario(d):\n    d.say('first')\n    yield 0.1\n    raise ValueError('of our own')\n",
            &["line 4, in scenario", "ValueError: of our own", "first"][..],
        ),
        (never, &["waited 1.5 s for: what never comes", "line 4, in scenario"]),
        ("def scenario(d):\n    yield lambda: d.ticks < 0, 0.5\n", &["waited 0.5 s for: yield lambda: d.ticks < 0"]),
        (unseen, &["there is no widget 'absent_button'"]),
        ("def scenario(d)\n", &["SyntaxError"]),
        (dialog, &["the scenario took more than 20 s", "d.action('image_properties')", "Image Properties"]),
        (
            "import os\ndef scenario(d):\n    yield\n    os.kill(os.getpid(), 11)\n",
            &["before the scenario did", "Segmentation fault", "line 4"],
        ),
    ] {
        let started = Instant::now();
        let error = format!("{:#}", krita.run_within(&test_folder, &screen, script, Duration::from_secs(20)).unwrap_err());
        println!("{:?}: {error}", started.elapsed());
        assert!(started.elapsed() < Duration::from_secs(50), "{:?}: {script}", started.elapsed());
        for fragment in fragments {
            assert!(error.contains(fragment), "{fragment} is not in {error}");
        }
    }
}

/// Messages go both ways while Krita runs, a dialog can be closed, and pauses of the main thread are measured.
fn a_scenario_is_talked_to(version: Version) {
    let krita = Krita::find(version).unwrap();
    let test_folder = krita.test_folder().unwrap();
    let screen = Krita::screen().unwrap();
    picture(64, 48).save(test_folder.outside("in.png")).unwrap();
    let mut running = krita.start(&test_folder, &screen, TALK).unwrap();
    running.wait_said("ready", Duration::from_secs(60)).unwrap();
    running.tell("go").unwrap();
    let ran = running.finish().unwrap();
    println!("{:?} {:?}", ran.time, ran.said);
    let number = |index: usize| ran.said[index].as_f64().unwrap();
    assert_eq!(ran.said[0], "ready");
    assert!(number(1) > 20.0 && number(2) < 250.0, "{:?}", ran.said);
    assert!(number(3) > 400.0, "{:?}", ran.said);
    assert_eq!(ran.said[4..], [json!("a word"), json!(1)]);
}

/// The daemon listens at the test's socket; the plug-in is where Krita looks, with the path of the program beside it.
fn the_plugin_is_installed(version: Version) {
    let krita = Krita::find(version).unwrap();
    let test_folder = krita.test_folder().unwrap();
    let mut daemon = Daemon::start(&test_folder).unwrap();
    let status = daemon.dedit(&["daemon", "status", "--json"]).unwrap();
    assert!(status.succeeded() && status.stdout.contains(&daemon.id().to_string()), "{status:?}");
    install_plugin(&test_folder).unwrap();
    let data = test_folder.outside("home/.local/share/krita");
    assert!(data.join("pykrita/dedit_krita.desktop").is_file() && data.join("pykrita/dedit_krita/__init__.py").is_file());
    let program = fs::read_to_string(data.join("pykrita/dedit_krita/program")).unwrap();
    assert_eq!(program, test_folder.inside("bin/dedit").to_str().unwrap());
    assert!(test_folder.outside("bin/dedit").is_file());
    assert!(fs::read_to_string(test_folder.outside("home/.config/kritarc")).unwrap().contains("enable_dedit_krita=true"));
}

#[test]
fn krita51_scenarios_are_played() {
    scenarios_are_played(Version::V5_1);
}

#[test]
fn krita51_failures_are_told() {
    failures_are_told(Version::V5_1);
}

#[test]
fn krita51_a_scenario_is_talked_to() {
    a_scenario_is_talked_to(Version::V5_1);
}

#[test]
fn krita52_scenarios_are_played() {
    scenarios_are_played(Version::V5_2);
}

#[test]
fn krita52_failures_are_told() {
    failures_are_told(Version::V5_2);
}

#[test]
fn krita52_a_scenario_is_talked_to() {
    a_scenario_is_talked_to(Version::V5_2);
}

#[test]
fn krita51_the_plugin_is_installed() {
    the_plugin_is_installed(Version::V5_1);
}

#[test]
fn krita52_the_plugin_is_installed() {
    the_plugin_is_installed(Version::V5_2);
}

/// As users do it: the installer puts the plug-in there, and the next Krita has it.
#[test]
fn krita51_the_installer_is_asked_and_krita_agrees() {
    let krita = Krita::find(Version::V5_1).unwrap();
    let test_folder = krita.test_folder().unwrap();
    let output = test_folder.dedit(&["install", "krita", "--json"]).unwrap();
    assert!(output.succeeded(), "{output:?}");
    let told: serde_json::Value = serde_json::from_str(output.stdout.trim()).unwrap();
    assert_eq!((&told["installed"][0]["checked"], &told["installed"][0]["problem"]), (&json!(true), &json!(null)), "{told}");
    let screen = Krita::screen().unwrap();
    let there = "def scenario(d):\n    yield 0.5\n    d.say(d.docker('dedit_docker').windowTitle())\n    d.say(d.krita.action('dedit_replace').text())\n";
    let ran = krita.run(&test_folder, &screen, there).unwrap();
    assert_eq!(ran.said, [json!("D-Edit"), json!("D-Edit: Replace")]);
    assert!(test_folder.dedit(&["uninstall", "krita"]).unwrap().succeeded());
    let gone = "def scenario(d):\n    yield 0.5\n    d.say([found.objectName() for found in d.krita.dockers()].count('dedit_docker'))\n";
    assert_eq!(krita.run(&test_folder, &screen, gone).unwrap().said, [json!(0)]);
}
