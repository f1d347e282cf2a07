//! A photograph edited in Krita where no model is named anywhere, and no daemon runs yet.

use dedit_host_tests::krita::{Krita, Version, install_plugin};

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
    # What words describe needs a model.
    d.click("dedit_verb_replace")
    write(d, "dedit_replace_prompt", "a silver fork")
    d.click("dedit_go")
    yield (lambda: controller.status.kind == "wrong"), 60
    yield from more(d)
    yield from shoot(d, "photograph-refused.png")
    field = d.usable("dedit_how_model")
    d.say([controller.status.text, controller.status.hint, len(layers(doc))])
    d.say([[field.itemText(at) for at in range(field.count())], d.find("dedit_replace_prompt").text()])
    # Learning says that there is none.
    d.click("dedit_learn")
    yield (lambda: controller.is_idle and controller.status.kind == "fine"), 60
    d.say([controller.status.text, controller.status.hint, d.find("dedit_learn").text()])
"#;

fn a_photograph_is_edited(version: Version) {
    let krita = Krita::find(version).unwrap();
    let mut test_folder = krita.test_folder().unwrap();
    test_folder.name_no_model();
    install_plugin(&test_folder).unwrap();
    let before = coffee();
    before.save(test_folder.outside("coffee.png")).unwrap();
    let spoon: Vec<String> = SPOON.iter().map(|corner| format!("{corner:?}")).collect();
    let ran = play(&krita, &test_folder, &format!("SPOON = [{}]\n{EDITS}", spoon.join(", ")));
    for name in ["photograph-removed.png", "photograph-refused.png"] {
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
    let refused = ran.said[5].to_string();
    for part in ["replace needs a diffusion model", "download a Stable Diffusion checkpoint", "in a dialog under More, Model", "1]"] {
        assert!(refused.contains(part), "{refused}");
    }
    // The prompt stays.
    assert_eq!(ran.said[6], serde_json::json!([["patches", "toys"], "a silver fork"]));
    assert_eq!(ran.said[7], serde_json::json!(["There is nothing to learn for this model; edits need no learning.", "", "Learn"]));
}

#[test]
fn krita51_a_photograph_is_edited_without_a_model() {
    a_photograph_is_edited(Version::V5_1);
}

#[test]
fn krita52_a_photograph_is_edited_without_a_model() {
    a_photograph_is_edited(Version::V5_2);
}
