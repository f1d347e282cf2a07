//! Learning, what the docker shows meanwhile, finding and keeping items, and the actions of the menu.

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::krita::Version;
use serde_json::json;

use crate::scene::{krita_with_plugin, play};

const LEARN: &str = r#"
def scenario(d):
    doc, controller = yield from begin(d, "table.png")
    yield from mask(d, doc, "transparency", "duck", [68, 44, 56, 46])
    yield from mask(d, doc, "selection", "mug", [8, 42, 56, 52])
    yield from more(d)
    write(d, "dedit_how_seed", 7)
    d.click("dedit_learn")
    seen = set()
    def learned():
        for job in controller.jobs:
            seen.update([("share", job.share is not None), ("left", job.seconds_left is not None), ("preview", job.preview is not None)])
        return not controller.jobs
    yield 0.2
    yield lambda: any(job.share and job.share > 0.3 for job in controller.jobs) and (learned() or True), 100
    yield from shoot(d, "learning.png")
    yield learned, 100
    yield from done(d, controller)
    d.say([controller.picture.state, [item.name for item in controller.picture.items], sorted(name for name, there in seen if there)])
    # From the menu, with the values of the docker.
    d.click("dedit_verb_replace")
    choose_item(d, "mug")
    d.action("dedit_remove")
    yield from done(d, controller)
    d.say(layers(doc)[-1][0])
    d.action("dedit_replace")
    yield 0.3
    d.say([d.find("dedit_status").text(), len(controller.jobs)])
    d.action("edit_undo")
    yield from done(d, controller)
    # The live plan of a movement.
    d.click("dedit_verb_move")
    choose_item(d, "duck")
    write(d, "dedit_move_dx", -10)
    yield (lambda: controller.plan is not None), 20
    d.say([controller.plan.names.index("duck") >= 0, max(controller.plan.changes)])
    yield from shoot(d, "move.png")
    # The items become masks of another document.
    doc = yield from d.open("table.png")
    yield from done(d, controller)
    d.click("dedit_keep_masks")
    yield from done(d, controller)
    d.say([[node.name(), node.type(), node.visible()] for node in picture_of(doc).childNodes()])
    d.save_kra(doc, "kept.kra")
    again = yield from d.open("kept.kra")
    d.say([bytes(node.pixelData(0, 0, 128, 128)).count(255) for node in picture_of(again).childNodes()])
    # Found automatically.
    menu = d.usable("dedit_items_from").menu()
    [action for action in menu.actions() if action.objectName() == "dedit_from_everything"][0].trigger()
    yield from done(d, controller)
    d.say(len(controller.picture.items) > 1)
    d.action("dedit_status")
    yield (lambda: controller.status.text == "Ready."), 20
    # Two variations, then one applied in place of the first.
    d.click("dedit_verb_refine")
    d.select_rect(again, 8, 42, 56, 52)
    pick(d, "dedit_how_when", "At once (draft)")
    write(d, "dedit_how_variations", 2)
    yield from go(d, controller)
    d.say([[entry.is_applied, entry.seed] for entry in controller.history[:2]])
    strip = d.usable("dedit_history")
    strip.setCurrentRow([place for place, entry in enumerate(controller.history) if entry.is_applied][0])
    yield 0.2
    d.click("dedit_discard")
    yield from done(d, controller)
    d.say([[name for name, _, _ in layers(again)], [entry.is_applied for entry in controller.history[:2]]])
"#;

#[test]
fn krita51_learning_items_and_actions() {
    let (krita, test_folder) = krita_with_plugin(Version::V5_1);
    let _daemon = Daemon::start(&test_folder).unwrap();
    let ran = play(&krita, &test_folder, LEARN);
    for shot in ["learning.png", "move.png"] {
        krita.keep_shot(&test_folder, shot).unwrap();
    }
    let said = &ran.said;
    assert_eq!(said[0], json!(["learned", ["mug", "duck", "background"], ["left", "preview", "share"]]));
    assert_eq!(said[1], "Remove mug", "it was learned, so this is no draft");
    assert!(said[2][0].as_str().unwrap().contains("words") && said[2][1] == 0, "{}", said[2]);
    assert_eq!(said[3], json!([true, 255]));
    assert_eq!(said[4], json!([["item:duck", "selectionmask", false], ["item:mug", "selectionmask", false]]));
    assert_eq!(said[5], json!([56 * 46, 56 * 52]));
    assert_eq!(said[6], true);
    let seeds = said[7].as_array().unwrap();
    assert!(seeds.contains(&json!([true, 7])) && seeds.contains(&json!([false, 8])), "{seeds:?}");
    assert_eq!(said[8][0], json!(["Background"]), "{}", said[8]);
}
