//! The canvas grows: the result is the command line's, everything keeps its place, and what comes after goes on from the larger picture.

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::krita::Version;
use dedit_host_tests::test_folder::TestFolder;
use image::{Rgb, RgbImage};
use serde_json::{Value, json};

use crate::opened;
use crate::scene::{STILL, by_command, krita_with_plugin, play};
use crate::table::table;

const EXPAND: &str = r#"
def shape(doc):
    selection = doc.selection()
    return [
        doc.width(),
        doc.height(),
        [[name, is_visible] for name, _, is_visible in layers(doc)],
        [selection.x(), selection.y(), selection.width(), selection.height()] if selection else None,
    ]

def scenario(d):
    doc, controller = yield from begin(d, "table.png")
    d.select_rect(doc, 8, 42, 56, 52)
    yield from at_once(d, 7)
    d.click("dedit_verb_expand")
    d.click("dedit_go")
    yield 0.3
    d.say(d.usable("dedit_status").text())
    write(d, "dedit_expand_left", 24)
    write(d, "dedit_expand_bottom", 16)
    yield from shoot(d, "expand.png")
    d.docker(DOCKER).grab().save(d.path("expand-panel.png"))
    d.reset_ticks()
    yield from go(d, controller)
    d.say([shape(doc), controller.status.text, controller.status.hint, doc.activeNode().name(), d.longest_gap()])
    yield from shoot(d, "expanded.png")
    d.export_png(doc, "expanded-picture.png")
    first = controller.history[0]
    # The layer, then the canvas; and forth again.
    d.action("edit_undo")
    yield lambda: len(layers(doc)) == 1, 10
    doc.waitForDone()
    d.say(shape(doc))
    d.action("edit_undo")
    yield lambda: doc.width() == 128, 10
    yield from done(d, controller)
    d.say([shape(doc), controller.picture.width, controller.picture.height])
    d.export_png(doc, "undone.png")
    d.action("edit_redo")
    yield lambda: doc.width() == 152, 10
    d.action("edit_redo")
    yield lambda: len(layers(doc)) == 2, 10
    yield from done(d, controller)
    d.say([shape(doc), controller.picture.width, controller.picture.height])
    d.export_png(doc, "again.png")
    # The next edit is of the larger picture, and so is the expansion with another seed.
    doc.setSelection(None)
    d.click("dedit_verb_remove")
    choose_item(d, "selection")
    yield from go(d, controller)
    d.say([shape(doc), controller.history[0].details["base"], controller.history[0].key[0] == first.key[0]])
    d.export_png(doc, "removed.png")
    d.action("edit_undo")
    yield lambda: len(layers(doc)) == 2, 10
    yield from done(d, controller)
    controller.redo(first.key, 8)
    yield from done(d, controller)
    d.say([shape(doc), controller.history[0].seed])
    d.export_png(doc, "redone.png")
    # Without its layers, on a small canvas: it comes back with its own.
    for node in doc.rootNode().childNodes():
        if node.name().startswith("Expand"):
            node.remove()
    doc.resizeImage(24, 0, 128, 128)
    doc.waitForDone()
    yield from done(d, controller)
    controller.apply(first.key)
    yield from done(d, controller)
    d.say(shape(doc))
    d.export_png(doc, "back.png")
    d.save_kra(doc, "expanded.kra")
    again = yield from d.open("expanded.kra")
    yield lambda: controller.picture is not None and controller.picture.width == 152, 30
    yield from done(d, controller)
    choose_item(d, "selection")
    yield from go(d, controller)
    d.say([controller.history[0].details["base"], bytes(again.annotation("dedit_session")).decode()])
"#;

fn by_command_of(daemon: &Daemon<'_>, test_folder: &TestFolder, session: &str, base: &str, edit: &[&str], file: &str) -> RgbImage {
    by_command(daemon, session, &[edit, &["--on", base]].concat(), file);
    opened(&test_folder.outside(file))
}

fn the_canvas_grows(version: Version) {
    let (krita, test_folder) = krita_with_plugin(version);
    let daemon = Daemon::start(&test_folder).unwrap();
    let ran = play(&krita, &test_folder, EXPAND);
    for shot in ["expand.png", "expand-panel.png", "expanded.png"] {
        krita.keep_shot(&test_folder, shot).unwrap();
    }
    let said = &ran.said;
    let shape = |width: u32, height: u32, layers: Value, selection: Value| json!([width, height, layers, selection]);
    let (photo, result) = (json!(["Background", true]), json!(["Expand (draft)", true]));
    assert!(said[0].as_str().is_some_and(|text| text.contains("Say how many pixels")), "{}", said[0]);
    let grown = shape(152, 144, json!([photo, result]), json!([32, 42, 56, 52]));
    assert_eq!((&said[1][0], &said[1][1], &said[1][3]), (&grown, &json!("Expand: done."), &json!("Background")));
    assert!(said[1][2].as_str().unwrap().contains("two steps"), "{}", said[1]);
    assert!(said[1][4].as_f64().unwrap() < STILL, "the window was still for {} ms", said[1][4]);
    assert_eq!(said[2], shape(152, 144, json!([photo]), json!([32, 42, 56, 52])));
    assert_eq!(said[3], json!([shape(128, 128, json!([photo]), json!([8, 42, 56, 52])), 128, 128]));
    assert_eq!(said[4], json!([grown, 152, 144]));
    let removed = json!([photo, result, ["Remove selection (draft)", true]]);
    assert_eq!(said[5], json!([shape(152, 144, removed, Value::Null), 1, true]));
    let hidden = json!(["Expand (draft)", false]);
    assert_eq!(said[6], json!([shape(152, 144, json!([photo, hidden, result]), Value::Null), 8]));
    assert_eq!(said[7], shape(152, 144, json!([photo, ["Expand", true]]), Value::Null));
    assert_eq!(said[8][0], 1, "the file knows what it is");

    let open = |name: &str| opened(&test_folder.outside(name));
    let (before, made) = (table(), open("expanded-picture.png"));
    assert!(open("undone.png") == before && open("again.png") == made);
    let session = said[8][1].as_str().unwrap();
    let expand = ["expand", "--left", "24", "--bottom", "16"];
    assert!(made == by_command_of(&daemon, &test_folder, session, "0", &expand, "expanded-by-command.png"), "as the command line has it");
    let remove = ["remove", "--item", "selection"];
    assert!(open("removed.png") == by_command_of(&daemon, &test_folder, session, "1", &remove, "removed-by-command.png"));
    assert!(open("back.png") == made && open("redone.png") != made);
    let is_far = |x: &u32, y: &u32| *x >= 40 && *y < 88;
    let mut old = before.enumerate_pixels().filter(|(x, y, _)| is_far(x, y));
    assert!(old.all(|(x, y, Rgb(old))| made.get_pixel(x + 24, y).0 == *old), "old pixels have changed");
}

#[test]
fn krita51_the_canvas_grows() {
    the_canvas_grows(Version::V5_1);
}

#[test]
fn krita52_the_canvas_grows() {
    the_canvas_grows(Version::V5_2);
}
