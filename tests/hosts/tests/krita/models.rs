//! From nothing to a photograph that is edited by a fetched model, in Krita's docker.

use dedit_host_tests::krita::{Krita, Version, install_plugin};
use image::imageops::{FilterType, resize};
use serde_json::json;

use crate::mirror::{Mirror, PLACE};
use crate::opened;
use crate::photograph::coffee;
use crate::scene::play;

const FETCH: &str = r#"
def scenario(d):
    doc, controller = yield from begin(d, "coffee.png")
    d.select_rect(doc, 50, 38, 16, 16)
    d.click("dedit_verb_replace")
    write(d, "dedit_replace_prompt", "a red cup")
    d.click("dedit_go")
    yield (lambda: controller.status.kind == "wrong"), 60
    yield from shoot(d, "models-lacking.png")
    d.say(controller.status.text)
    # The docker leads to the list of models.
    d.click("dedit_lead_models")
    found = d.usable("dedit_models")
    yield (lambda: found.count() > PLACE), 30
    for _ in range(PLACE):
        d.key("dedit_models", "Down")
    yield 0.4
    d.shot("models-list.png")
    d.click("dedit_model_fetch")
    yield (lambda: d.find("dedit_licence") is not None), 10
    yield 0.5
    d.find("dedit_licence").grab().save(d.path("models-licence.png"))
    d.click("dedit_accept")
    yield (lambda: any("fetching" in job.stage for job in controller.jobs)), 60
    yield 1.0
    d.shot("models-fetching.png")
    # It is stopped in its middle, and goes on from there.
    d.click(f"dedit_cancel_{controller.jobs[0].number}")
    yield (lambda: not controller.jobs), 30
    d.say(controller.status.text)
    d.click("dedit_model_fetch")
    yield 0.3
    yield (lambda: not controller.jobs and controller.is_idle), 60
    d.say([controller.status.text, controller.catalog[PLACE].state])
    d.click("dedit_model_verify")
    yield 0.3
    yield (lambda: not controller.jobs and controller.is_idle), 60
    d.say(controller.status.text)
    yield 0.4
    d.shot("models-fetched.png")
    d.click("dedit_go")
    yield from done(d, controller)
    yield from shoot(d, "models-edited.png")
    d.say([controller.status.text, len(layers(doc))])
    d.export_png(doc, "edited.png")
"#;

fn a_fetched_model_edits(version: Version) {
    let krita = Krita::find(version).unwrap();
    let mut test_folder = krita.test_folder().unwrap();
    test_folder.name_no_model();
    let mirror = Mirror::start(&mut test_folder);
    install_plugin(&test_folder).unwrap();
    let before = resize(&coffee(), 96, 64, FilterType::Triangle);
    before.save(test_folder.outside("coffee.png")).unwrap();
    let ran = play(&krita, &test_folder, &format!("PLACE = {PLACE}\n{FETCH}"));
    for name in ["lacking", "list", "licence", "fetching", "fetched", "edited"] {
        krita.keep_shot(&test_folder, &format!("models-{name}.png")).unwrap();
    }
    mirror.check_fetched(&test_folder);
    let here = "DreamShaper 8, inpainting is here. It is used where no other model is named, if it is the only one or the default.";
    assert!(ran.said[0].to_string().contains("replace needs a diffusion model"));
    assert_eq!(
        ran.said[1..],
        [
            json!("DreamShaper 8, inpainting: stopped."),
            json!([here, "fetched, default"]),
            json!("DreamShaper 8, inpainting: the checksum is right."),
            json!(["Replace: what is selected: done.", 2]),
        ]
    );
    let after = opened(&test_folder.outside("edited.png"));
    assert!(after != before && after.get_pixel(0, 0) == before.get_pixel(0, 0));
}

#[test]
fn krita51_a_fetched_model_edits_a_photograph() {
    a_fetched_model_edits(Version::V5_1);
}

#[test]
fn krita52_a_fetched_model_edits_a_photograph() {
    a_fetched_model_edits(Version::V5_2);
}
