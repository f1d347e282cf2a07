//! A photograph edited in Krita where no model is named anywhere, and no daemon runs yet.

use dedit_host_tests::krita::{Krita, Version, install_plugin};
use image::RgbImage;
use serde_json::Value;

use crate::opened;
use crate::photograph::{SPOON, check_removed, coffee};
use crate::scene::{STILL, play};

const EDITS: &str = r#"
import time

def scenario(d):
    doc, controller = yield from begin(d, "coffee.png")
    select_polygon(doc, SPOON)
    d.click("dedit_verb_remove")
    stages = set()
    for click in ["first", "second"]:
        begun = time.monotonic()
        d.reset_ticks()
        d.click("dedit_go")
        def there():
            stages.update(job.stage for job in controller.jobs)
            return len(layers(doc)) == 2 or controller.status.kind == "wrong"
        yield there, 100
        d.say([click, time.monotonic() - begun, d.longest_gap()])
        yield from done(d, controller)
        d.say([controller.status.text, controller.status.hint, layers(doc)[-1][0]])
        d.export_png(doc, "removed.png")
        yield from shoot(d, "photograph-removed.png")
        d.action("edit_undo")
        yield lambda: len(layers(doc)) == 1, 10
        yield from done(d, controller)
        d.export_png(doc, "undone.png")
    d.say(sorted(stages))
    # The spoon as a layer of its own.
    d.click("dedit_verb_lift")
    yield from go(d, controller)
    group = next(node for node in doc.rootNode().childNodes() if node.type() == "grouplayer")
    d.say([controller.status.text, layers(doc)[-1], doc.activeNode().name()])
    d.export_png(doc, "lifted.png")
    yield from shoot(d, "photograph-lifted.png")
    plate, item = group.childNodes()
    box = item.bounds()
    shown = bytes(item.pixelData(box.x(), box.y(), box.width(), box.height()))
    d.say(shown[3::4].hex())
    item.setVisible(False)
    doc.refreshProjection()
    yield 0.3
    d.export_png(doc, "plate.png")
    item.setVisible(True)
    d.action("edit_undo")
    yield lambda: len(layers(doc)) == 1, 10
    yield from done(d, controller)
    # What words describe needs a model.
    d.click("dedit_verb_replace")
    write(d, "dedit_replace_prompt", "a silver fork")
    d.click("dedit_go")
    yield (lambda: controller.status.kind == "wrong"), 60
    yield from more(d)
    yield from shoot(d, "photograph-refused.png")
    d.click("dedit_choose_model")
    field = d.usable("dedit_how_model")
    d.say([field.hasFocus(), d.find("dedit_retry").isVisible()])
    # And time.
    when = d.usable("dedit_how_when")
    d.say(when.model().item(when.findData("instant")).isEnabled())
    d.say([controller.status.text, controller.status.hint, len(layers(doc))])
    d.say([[field.itemText(at) for at in range(field.count())], d.find("dedit_replace_prompt").text()])
    # Learning says that there is none.
    d.click("dedit_learn")
    yield (lambda: controller.is_idle and controller.status.kind == "fine"), 60
    d.say([controller.status.text, controller.status.hint, d.find("dedit_learn").text()])
"#;

/// Levels of eight bits that mixing may be off by: half of one for the colour of the layer, and half for the result.
const ROUNDING: u8 = 1;

fn hex(digits: &[u8]) -> u32 {
    u32::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap()
}

/// Checks that the lifted spoon over its plate is the picture. `alphas` are those of its layer, in hexadecimal digits.
fn check_lifted(before: &RgbImage, after: &RgbImage, alphas: &Value) {
    let alphas: Vec<u32> = alphas.as_str().unwrap().as_bytes().chunks(2).map(hex).collect();
    let whole = alphas.iter().filter(|alpha| **alpha == 255).count();
    let soft = alphas.iter().filter(|alpha| (1..255).contains(*alpha)).count();
    let off = |(was, is): (&image::Rgb<u8>, &image::Rgb<u8>)| (0..3).map(|at| was.0[at].abs_diff(is.0[at])).max().unwrap_or(0);
    let most = before.pixels().zip(after.pixels()).map(off).max().unwrap_or(0);
    println!("{whole} pixels are the spoon's alone, {soft} are mixtures and shadow; the picture is off by at most {most}");
    assert!(most <= ROUNDING, "{most}");
    assert!(whole > 5000 && soft > 200, "{whole} {soft}");
}

fn a_photograph_is_edited(version: Version) {
    let krita = Krita::find(version).unwrap();
    let mut test_folder = krita.test_folder().unwrap();
    test_folder.name_no_model();
    install_plugin(&test_folder).unwrap();
    let before = coffee();
    before.save(test_folder.outside("coffee.png")).unwrap();
    let spoon: Vec<String> = SPOON.iter().map(|corner| format!("{corner:?}")).collect();
    let ran = play(&krita, &test_folder, &format!("SPOON = [{}]\n{EDITS}", spoon.join(", ")));
    for name in ["photograph-removed.png", "photograph-lifted.png", "photograph-refused.png"] {
        krita.keep_shot(&test_folder, name).unwrap();
    }
    for click in ran.said[..4].chunks(2) {
        let number = |at: usize| click[0][at].as_f64().unwrap();
        println!("{version:?}: {:.2} s from the {} click to the layer", number(1), click[0][0]);
        assert!(number(2) < STILL, "Krita stood still for {} ms", number(2));
        assert_eq!(click[1], serde_json::json!(["Remove: what is selected: done.", "", "Remove selection"]));
    }
    check_removed(&before, &opened(&test_folder.outside("removed.png")));
    assert_eq!(opened(&test_folder.outside("undone.png")), before);
    let stages = ran.said[4].to_string();
    assert!(!stages.contains("learn"), "nothing is learned: {stages}");
    assert_eq!(
        ran.said[5],
        serde_json::json!(["Lift: what is selected: done.", ["Lift selection", ["clean plate", "selection"], true], "selection"])
    );
    check_removed(&before, &opened(&test_folder.outside("plate.png")));
    check_lifted(&before, &opened(&test_folder.outside("lifted.png")), &ran.said[6]);
    assert_eq!((&ran.said[7], &ran.said[8]), (&serde_json::json!([true, false]), &false.into()));
    let refused = ran.said[9].to_string();
    for part in ["replace needs a diffusion model", "fetch one in D-Edit's window Models", "in a dialog under More, Model", "1]"] {
        assert!(refused.contains(part), "{refused}");
    }
    // The prompt stays.
    assert_eq!(ran.said[10], serde_json::json!([["patches", "toys"], "a silver fork"]));
    assert_eq!(ran.said[11], serde_json::json!(["There is nothing to learn for this model; edits need no learning.", "", "Learn"]));
}

#[test]
fn krita51_a_photograph_is_edited_without_a_model() {
    a_photograph_is_edited(Version::V5_1);
}

#[test]
fn krita52_a_photograph_is_edited_without_a_model() {
    a_photograph_is_edited(Version::V5_2);
}
