//! `dedit model`: what is known, found, chosen, added, removed and checked.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Outcome, dedit, fails, scratch, stored};

fn run(folder: &Path, line: &str) -> Outcome {
    dedit(folder, line).env_remove("DEDIT_MODEL").output().unwrap().into()
}

fn json(folder: &Path, line: &str) -> Value {
    let outcome = run(folder, &format!("{line} --json"));
    assert_eq!(outcome.code, Some(0), "{line}: {}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// A folder of ComfyUI with the checkpoints of the tests.
fn comfy(folder: &Path) {
    let models = folder.join("home/ComfyUI/models");
    fs::create_dir_all(models.join("checkpoints")).unwrap();
    fs::create_dir_all(models.join("loras")).unwrap();
    fs::copy(stored("single-file-sd/checkpoint.safetensors"), models.join("checkpoints/small.safetensors")).unwrap();
    fs::copy(stored("lora-sd/peft.safetensors"), models.join("loras/style.safetensors")).unwrap();
}

#[test]
fn the_list_has_every_known_model_with_its_licence_and_files() {
    let folder = scratch();
    let list = json(folder.path(), "model list");
    let models = list["models"].as_array().unwrap();
    assert!(models.len() >= 12 && list["default"].is_null());
    for model in models {
        for field in ["name", "licence", "files", "present", "purpose"] {
            assert!(!model[field].is_null(), "{model}");
        }
        assert_eq!(model["present"], false, "{model}");
        assert!(model["licence"]["link"].as_str().unwrap().starts_with("https://"));
    }
    let text = run(folder.path(), "model list").stdout;
    assert!(text.contains("dreamshaper8") && text.contains("to fetch, 2.1 GB"), "{text}");
    let info = run(folder.path(), "model info sdxl-inpainting").stdout;
    assert!(info.contains("recorded when it is first fetched") && info.contains("Open RAIL++-M"), "{info}");
    assert!(!folder.path().join("data/models").exists(), "looking writes nothing");
}

#[test]
fn what_is_found_is_used_by_its_name_and_is_the_default_where_it_is_the_only_one() {
    let folder = scratch();
    let fails_without = |line: &str, sentence: &str| fails(&run(folder.path(), line), 4, sentence, line);
    fails_without("model info small", "there is no such model: small");
    fails_without(
        "generate --prompt bag --out a.png --model sd15",
        "Stable Diffusion 1.5 is not on this machine; fetch it with dedit model fetch sd15",
    );
    comfy(folder.path());
    // These small networks have other widths than the families that they stand for.
    let found = json(folder.path(), "model find");
    let names: Vec<&str> = found["found"].as_array().unwrap().iter().map(|found| found["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"style"), "{found}");
    let whole = stored("single-file-sd/checkpoint.safetensors");
    run(folder.path(), &format!("model add {}", whole.display()));
    fails_without("model default style", "this is no checkpoint but a file of the kind lora");
    fails_without("generate --prompt bag --out a.png --model style", "this is no checkpoint but a file of the kind lora");
}

#[test]
fn broken_models_are_said_to_be_broken() {
    let folder = scratch();
    comfy(folder.path());
    let path = folder.path().join("home/ComfyUI/models/checkpoints/small.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let text = run(folder.path(), "model find").stdout;
    assert!(text.contains("BROKEN: it is cut off"), "{text}");
    fails(&run(folder.path(), "generate --prompt bag --out a.png --model small"), 4, "this model is broken: it is cut off", "broken");
    let doctor = run(folder.path(), "doctor").stdout;
    assert!(doctor.contains("WRONG  models") && doctor.contains("such as small"), "{doctor}");
    let verified = run(folder.path(), "model verify small --json");
    assert_eq!(verified.code, Some(4), "{}", verified.stdout);
    fs::remove_file(&path).unwrap();
    assert!(run(folder.path(), "doctor").stdout.contains("ok     models   style (lora)"));
}

#[test]
fn a_default_is_kept_until_it_is_gone() {
    let folder = scratch();
    let model = folder.path().join("mine");
    fs::create_dir(&model).unwrap();
    fs::write(model.join("notes.txt"), "no model").unwrap();
    fails(&run(folder.path(), "model add mine"), 2, "there is no model here that can be used", "add");
    fails(&run(folder.path(), "model remove mine"), 4, "there is no such model", "remove");
    fails(&run(folder.path(), "model default sd15"), 4, "is not on this machine", "default");
    assert_eq!(json(folder.path(), "model default --none")["chosen"], Value::Null);
    assert!(run(folder.path(), "model default").stdout.contains("without a name it is patches"));
    fs::write(folder.path().join("data/models/models.json"), r#"{"default": "gone"}"#).unwrap();
    let sentence = "the model that was chosen as default is not there any more: gone";
    fails(&run(folder.path(), "model default"), 4, sentence, "default");
    fails(&run(folder.path(), "generate --prompt bag --out a.png"), 4, sentence, "generate");
}
