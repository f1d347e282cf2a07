//! Every verb by the docker's buttons: the result equals the command line's.

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::krita::Version;

use crate::opened;
use crate::scene::{STILL, by_command, compare, krita_with_plugin, play};
use crate::table::table;

const EVERY: &str = r#"
def scenario(d):
    doc, controller = yield from begin(d, "table.png")
    yield from mask(d, doc, "transparency", "duck", [68, 44, 56, 46])
    yield from mask(d, doc, "selection", "mug", [8, 42, 56, 52])
    before = bytes(picture_of(doc).pixelData(0, 0, 128, 128))
    menu = d.usable("dedit_items_from").menu()
    [action for action in menu.actions() if action.objectName() == "dedit_from_layer_masks"][0].trigger()
    yield from done(d, controller)
    d.say([item.name for item in controller.picture.items])
    yield from at_once(d, 7)
    for verb in ["replace", "augment", "remove", "move", "move_layers", "swap", "refine", "swap_in"]:
        pick(d, "dedit_how_output", "Item and clean plate as two layers" if verb == "move_layers" else "One layer")
        d.click("dedit_verb_" + verb.replace("_layers", ""))
        choose_item(d, "mug")
        if verb == "replace":
            write(d, "dedit_replace_prompt", "a green duck")
        if verb == "augment":
            write(d, "dedit_augment_prompt", "a blue [v]")
        if verb in ("move", "move_layers"):
            for name, value in [("dx", 20), ("dy", -4), ("scale", 0.9)]:
                write(d, "dedit_move_" + name, value)
        if verb == "swap":
            write(d, "dedit_swap_with", "duck")
        if verb == "refine":
            d.select_rect(doc, 8, 42, 56, 52)
        if verb == "swap_in":
            write(d, "dedit_swap_in_from_file", d.path("other.png"))
        d.reset_ticks()
        yield from go(d, controller)
        d.say([verb, controller.status.text, layers(doc)[-1], doc.activeNode().name(), d.longest_gap()])
        d.export_png(doc, verb + ".png")
        if verb == "replace":
            yield from shoot(d, "docker.png")
            d.docker(DOCKER).grab().save(d.path("panel.png"))
        if verb == "refine":
            doc.setSelection(None)
        if verb == "swap_in":
            break
        d.action("edit_undo")
        yield lambda: [name for name, _, _ in layers(doc)] == ["Background"], 10
        yield from done(d, controller)
    d.say(bytes(doc.annotation("dedit_session")).decode())
    d.say(before == bytes(picture_of(doc).pixelData(0, 0, 128, 128)))
    d.save_kra(doc, "all.kra")
    again = yield from d.open("all.kra")
    d.say(bytes(again.annotation("dedit_session")).decode())
    yield lambda: controller.picture is not None and len(controller.history) == 8, 30
    d.say([[entry.title, entry.is_applied] for entry in controller.history])
    d.click("dedit_redo")
    yield from done(d, controller)
    d.say(layers(again))
"#;

struct Case {
    verb: &'static str,
    command: &'static [&'static str],
    /// What the new layer holds: its mask, or its layers.
    holds: &'static [&'static str],
    active: &'static str,
    /// Levels by which Krita's blending may be off.
    off: u8,
}

/// A result in one layer, which leaves the picture's layer active.
const fn flat(verb: &'static str, command: &'static [&'static str]) -> Case {
    Case { verb, command, holds: &["What was changed"], active: "Background", off: 0 }
}

const CASES: [Case; 8] = [
    flat("replace", &["replace", "--item", "mug", "--prompt", "a green duck"]),
    flat("augment", &["augment", "--item", "mug", "--prompt", "a blue [v]"]),
    flat("remove", &["remove", "--item", "mug"]),
    flat("move", &["move", "--item", "mug", "--dx", "20", "--dy", "-4", "--scale", "0.9"]),
    Case {
        verb: "move_layers",
        command: &["move", "--item", "mug", "--dx", "20", "--dy", "-4", "--scale", "0.9", "--layers", "parts"],
        holds: &["clean plate", "mug"],
        active: "mug",
        off: 1,
    },
    flat("swap", &["swap", "--item", "mug", "--with", "duck"]),
    flat("refine", &["refine", "--mask", "mug.png"]),
    flat("swap_in", &["swap-in", "--item", "mug", "--from", "reference:thing"]),
];

fn every_verb(version: Version) {
    let (krita, test_folder) = krita_with_plugin(version);
    let daemon = Daemon::start(&test_folder).unwrap();
    let other = image::RgbaImage::from_fn(64, 64, |x, y| {
        let is_thing = (20..44).contains(&x) && (16..56).contains(&y);
        image::Rgba([40, (x * 3) as u8, (y * 3) as u8, if is_thing { 255 } else { 0 }])
    });
    other.save(test_folder.outside("other.png")).unwrap();
    let is_mug = |x: u32, y: u32| (8..64).contains(&x) && (42..94).contains(&y);
    let mug = image::GrayImage::from_fn(128, 128, |x, y| image::Luma([if is_mug(x, y) { 255 } else { 0 }]));
    mug.save(test_folder.outside("mug.png")).unwrap();
    let ran = play(&krita, &test_folder, EVERY);
    krita.keep_shot(&test_folder, "docker.png").unwrap();
    krita.keep_shot(&test_folder, "panel.png").unwrap();
    let said = &ran.said;
    assert_eq!(said[0], serde_json::json!(["mug", "duck", "background"]));
    for (case, told) in CASES.iter().zip(&said[1..9]) {
        assert_eq!((&told[0], &told[2][1]), (&case.verb.into(), &serde_json::json!(case.holds)), "{told}");
        assert_eq!(told[3], case.active, "the active layer");
        assert!(told[4].as_f64().unwrap() < STILL, "{}: the window was still for {} ms", case.verb, told[4]);
    }
    let session = said[9].as_str().unwrap();
    assert_eq!((&said[10], &said[11]), (&true.into(), &session.into()));
    assert_eq!(said[12][0], serde_json::json!(["Replace mug: thing", true]));
    let redone = said[13].as_array().unwrap();
    assert_eq!(redone.len(), 3, "{redone:?}");
    assert_eq!((&redone[1][2], &redone[2][2]), (&false.into(), &true.into()), "the new one takes the old one's place: {redone:?}");
    let before = table();
    for Case { verb, command, off, .. } in CASES {
        let file = format!("{verb}-by-command.png");
        let region = by_command(&daemon, session, &[command, &["--on", "0"]].concat(), &file);
        let [made, expected] = [format!("{verb}.png"), file].map(|file| opened(&test_folder.outside(file)));
        compare(verb, [&made, &expected, &before], &region, off);
    }
}

#[test]
fn krita51_every_verb_makes_what_the_command_line_makes() {
    every_verb(Version::V5_1);
}

#[test]
fn krita52_every_verb_makes_what_the_command_line_makes() {
    every_verb(Version::V5_2);
}
