//! Failures are reported, lose nothing, and never freeze the window.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::Duration;

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::krita::{Krita, Version};
use serde_json::json;

use crate::scene::{STILL, krita_with_plugin, play, script};

const SOON: Duration = Duration::from_secs(90);

const ABSENT_AND_KILLED: &str = r#"
def wrong(controller):
    return lambda: controller.status.kind == "wrong" and not controller.jobs

def scenario(d):
    doc, controller = yield from begin(d, "table.png")
    yield from more(d)
    write(d, "dedit_how_seed", 7)
    d.select_rect(doc, 8, 42, 56, 52)
    d.click("dedit_verb_remove")
    before = layers(doc)
    d.reset_ticks()
    d.click("dedit_go")
    yield wrong(controller), 60
    d.say([controller.status.text, controller.status.hint, before == layers(doc), d.longest_gap()])
    yield from shoot(d, "absent.png")
    d.say("absent")
    yield d.told("started"), 90
    d.click("dedit_retry")
    yield (lambda: controller.status.text == "Ready."), 30
    d.reset_ticks()
    d.click("dedit_go")
    yield (lambda: any(job.share for job in controller.jobs)), 90
    d.say("learning")
    yield d.told("killed"), 60
    yield wrong(controller), 60
    d.say([controller.status.text, controller.status.hint, before == layers(doc), d.longest_gap()])
    d.say("dead")
    yield d.told("again"), 90
    pick(d, "dedit_how_when", "At once (draft)")
    d.reset_ticks()
    yield from go(d, controller)
    d.say([layers(doc)[-1][0], d.ticks > 10, d.longest_gap()])
"#;

#[test]
fn krita51_a_daemon_that_is_absent_or_killed() {
    let (krita, mut test_folder) = krita_with_plugin(Version::V5_1);
    test_folder.set("DEDIT_DAEMON", "/nowhere/dedit");
    let screen = Krita::screen().unwrap();
    let mut running = krita.start(&test_folder, &screen, &script(ABSENT_AND_KILLED)).unwrap();
    running.wait_said("absent", SOON).unwrap();
    let mut daemon = Daemon::start(&test_folder).unwrap();
    running.tell("started").unwrap();
    running.wait_said("learning", SOON).unwrap();
    daemon.kill();
    running.tell("killed").unwrap();
    running.wait_said("dead", SOON).unwrap();
    let _another = Daemon::start(&test_folder).unwrap();
    running.tell("again").unwrap();
    let ran = running.finish().unwrap();
    krita.keep_shot(&test_folder, "absent.png").unwrap();
    println!("{:#?}", ran.said);
    let told: Vec<_> = ran.said.iter().filter(|said| said.is_array()).collect();
    assert!(told[0][0].as_str().unwrap().contains("/nowhere/dedit") || told[0][1].as_str().unwrap().contains("dedit"), "{}", told[0]);
    assert!(told[1][0].as_str().unwrap().contains("gone"), "{}", told[1]);
    for told in &told[..2] {
        assert_eq!(told[2], true, "the document is as it was: {told}");
    }
    assert_eq!((&told[2][0], &told[2][1]), (&json!("Remove selection (draft)"), &json!(true)));
    for gap in [&told[0][3], &told[1][3], &told[2][2]] {
        assert!(gap.as_f64().unwrap() < STILL, "the window was still for {gap} ms");
    }
}

const REFUSED: &str = r#"
def scenario(d):
    doc, controller = yield from begin(d, "table.png")
    d.select_rect(doc, 8, 42, 56, 52)
    d.click("dedit_verb_remove")
    before = layers(doc)
    d.click("dedit_go")
    yield (lambda: controller.status.kind == "wrong" and not controller.jobs), 60
    d.say([controller.status.text, controller.status.hint, before == layers(doc)])
"#;

#[test]
fn krita51_a_daemon_of_another_version() {
    let (krita, test_folder) = krita_with_plugin(Version::V5_1);
    let listener = UnixListener::bind(test_folder.socket()).unwrap();
    // It speaks versions 7 to 9; the thread ends with the test.
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut hello = [0; 10];
            let _ = stream.read_exact(&mut hello);
            let _ = stream.write_all(b"DEDIT\0\0\0\x07\0\x09\0");
        }
    });
    let ran = play(&krita, &test_folder, REFUSED);
    std::fs::remove_file(test_folder.socket()).unwrap();
    let text = ran.said[0].to_string();
    assert!(text.contains("versions 7 to 9") && text.contains("update"), "{text}");
    assert_eq!(ran.said[0][2], true);
}

const GONE: &str = r#"
def slow(d, doc, controller):
    d.select_rect(doc, 8, 42, 56, 52)
    yield from done(d, controller)
    write(d, "dedit_how_steps", 400)
    d.click("dedit_verb_remove")
    d.click("dedit_go")
    yield (lambda: any(job.share for job in controller.jobs)), 60

def scenario(d):
    doc, controller = yield from begin(d, "table.png")
    yield from at_once(d, 7)
    # Cancelled by the button of the job.
    yield from slow(d, doc, controller)
    d.click(f"dedit_cancel_{controller.jobs[0].number}")
    yield (lambda: not controller.jobs), 10
    d.say([controller.status.text, layers(doc)])
    # Closed while it runs, with another document visible.
    yield from slow(d, doc, controller)
    other = yield from d.open("other.png")
    doc.setModified(False)
    doc.close()
    yield (lambda: not controller.jobs), 120
    d.say([controller.status.text, controller.status.hint, layers(other)])
    # Opened again, the result is in the history.
    other.close()
    doc = yield from d.open("table.png")
    d.select_rect(doc, 8, 42, 56, 52)
    yield (lambda: bool(controller.history) and controller.picture is not None and controller.is_idle), 30
    d.say([[entry.title, entry.is_applied, entry.remark] for entry in controller.history])
    strip = d.usable("dedit_history")
    strip.setCurrentRow(0)
    yield 0.3
    d.click("dedit_apply")
    yield from done(d, controller)
    d.say(layers(doc))
    # The layer is deleted while it runs.
    yield from slow(d, doc, controller)
    picture_of(doc).remove()
    yield (lambda: not controller.jobs), 120
    d.say([controller.status.text, [name for name, _, _ in layers(doc)]])
"#;

#[test]
fn krita51_what_is_gone_meanwhile_loses_no_result() {
    let (krita, test_folder) = krita_with_plugin(Version::V5_1);
    let _daemon = Daemon::start(&test_folder).unwrap();
    crate::picture(32, 32).save(test_folder.outside("other.png")).unwrap();
    let said = play(&krita, &test_folder, GONE).said;
    assert!(said[0][0].as_str().unwrap().contains("stopped"), "{}", said[0]);
    assert_eq!(said[0][1], json!([["Background", [], true]]));
    assert!(said[1][0].as_str().unwrap().contains("closed"), "{}", said[1]);
    assert_eq!(said[1][2], json!([["Background", [], true]]), "another document is left alone");
    assert_eq!(said[2][0][0], "Remove selection (draft)", "{}", said[2]);
    assert_eq!(said[3].as_array().unwrap().len(), 2, "{}", said[3]);
    assert!(said[4][0].as_str().unwrap().contains("deleted"), "{}", said[4]);
    assert_eq!(said[4][1].as_array().unwrap().len(), 1, "{}", said[4]);
}

const NO_PICTURE: &str = r#"
from dedit_driver.qt import QApplication

def scenario(d):
    doc, controller = yield from begin(d, "table.png")
    d.select_rect(doc, 8, 42, 56, 52)
    d.click("dedit_verb_swap_in")
    write(d, "dedit_swap_in_from_file", d.path("words.png"))
    d.click("dedit_go")
    # Krita reports it first, in a modal dialog.
    yield (lambda: QApplication.activeModalWidget() is not None), 60
    QApplication.activeModalWidget().reject()
    yield (lambda: controller.status.kind == "wrong" and not controller.jobs), 60
    d.say([controller.status.text, layers(doc)])
"#;

#[test]
fn krita51_a_file_that_is_no_picture_is_refused() {
    let (krita, test_folder) = krita_with_plugin(Version::V5_1);
    std::fs::write(test_folder.outside("words.png"), "no picture").unwrap();
    let said = play(&krita, &test_folder, NO_PICTURE).said;
    assert!(said[0][0].as_str().unwrap().contains("cannot open"), "{}", said[0]);
    assert_eq!(said[0][1], json!([["Background", [], true]]));
}
