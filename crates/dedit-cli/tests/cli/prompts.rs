//! Weights in prompts, embeddings, and other layers of the text encoders.

use std::fs;

use image::RgbImage;
use serde_json::{Value, json};

use super::scene::{LEARN, prepare};
use super::{fails, run, scratch, succeed};

/// The picture of a prompt with these options, and the report.
fn made(folder: &std::path::Path, model: &str, prompt: &str, options: &str) -> (RgbImage, Value) {
    let line = format!("generate --model {{{model}}} --prompt {prompt} --size 32x32 --steps 3 --guidance 5 --seed 1 --out a.png {options}");
    let report = succeed(folder, &line);
    (image::open(folder.join("a.png")).unwrap().into_rgb8(), report)
}

#[test]
fn words_count_by_their_weights() {
    let folder = scratch();
    let of = |prompt: &str| made(folder.path(), "tiny-sd", prompt, "").0;
    let plain = of("red,bag");
    assert_eq!(of("(red:1),[(bag)]"), plain);
    for weighted in ["(red:4),bag", "[[[red,bag]]]", "\\(red\\),bag", "(red,bag:0)"] {
        assert_ne!(of(weighted), plain, "{weighted}");
    }
    let avoided = |negative: &str| made(folder.path(), "tiny-sd", "red,bag", &format!("--negative-prompt {negative}")).0;
    assert_ne!(avoided("(blue:4)"), avoided("blue"));
}

#[test]
fn embeddings_stand_in_prompts_under_their_names() {
    let folder = scratch();
    for model in ["sd", "sdxl"] {
        let (checkpoint, file) = (format!("tiny-{model}"), format!("{{prompts-{model}/toy.safetensors}}"));
        let of = |prompt: &str, options: &str| made(folder.path(), &checkpoint, prompt, options);
        let (own, report) = of("a,toy", &format!("--embedding {file}"));
        assert_eq!(report["embedding"], json!([{"file": "toy.safetensors"}]));
        assert_ne!(own, of("a,toy", "").0, "{model}");
        let (named, report) = of("a,embedding:Style", &format!("--embedding {file}:style"));
        assert_eq!(report["embedding"], json!([{"file": "toy.safetensors", "name": "style"}]));
        assert_eq!(named, own, "{model}");
        assert_eq!(of("a,bag", &format!("--embedding {file}")).0, of("a,bag", "").0, "{model}: a prompt without its name");
    }
}

#[test]
fn embeddings_that_do_not_fit_are_refused_in_one_sentence() {
    let folder = scratch();
    fs::write(folder.path().join("style.pt"), b"PK\x03\x04archive/data.pkl").unwrap();
    fs::write(folder.path().join("page.safetensors"), "<!DOCTYPE html>").unwrap();
    let toy = "{prompts-sd/toy.safetensors}";
    let cases = [
        (4, "none.safetensors".to_owned(), "none.safetensors"),
        (4, "style.pt".to_owned(), "this is a Python pickle (.ckpt, .bin, .pt), expected safetensors"),
        (4, "page.safetensors".to_owned(), "this is a web page"),
        (4, "{prompts-sdxl/toy.safetensors}".to_owned(), "has the width 12 and 16, and the model's text encoder 4"),
        (4, "{lora-sd/peft.safetensors}".to_owned(), "expected the one tensor of an embedding"),
        (2, format!("{toy}:a(b"), "cannot have the name 'a(b'"),
        (2, format!("{toy} --embedding {toy}:TOY"), "two embeddings have the name 'TOY'"),
    ];
    for (code, option, fragment) in cases {
        let line = format!("generate --model {{tiny-sd}} --prompt bag --size 8x8 --steps 1 --out b.png --embedding {option}");
        fails(&run(folder.path(), &line), code, fragment, &option);
    }
    assert!(!folder.path().join("b.png").exists());
}

#[test]
fn the_layer_of_the_text_encoder_is_chosen() {
    let folder = scratch();
    for (model, usual, other) in [("tiny-sd", 1, 2), ("tiny-sdxl", 2, 1)] {
        let of = |options: &str| made(folder.path(), model, "bag", options);
        let (plain, report) = of("");
        assert_eq!(report["clip_skip"], Value::Null);
        assert_eq!(of(&format!("--clip-skip {usual}")).0, plain, "{model}");
        let (skipped, report) = of(&format!("--clip-skip {other}"));
        assert_eq!(report["clip_skip"], other);
        assert!(report["model"].as_str().unwrap().ends_with(&format!(", clip skip {other}")), "{report}");
        assert_ne!(skipped, plain, "{model}");
    }
    let line = "generate --model {tiny-sd} --prompt bag --size 8x8 --steps 1 --out b.png --clip-skip 3";
    fails(&run(folder.path(), line), 2, "a clip skip of 3 makes no sense for a text encoder of 2 layers", "too many layers");
}

#[test]
fn a_session_keeps_embeddings_and_the_clip_skip() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let model = "--model {tiny-sd} --clip-skip 2 --embedding {prompts-sd/toy.safetensors}:style";
    succeed(path, &format!("learn a.png --items items --session s {model} {LEARN}"));
    let edit =
        |options: &str| format!("edit replace --item ball --prompt (style:1.5) --session s --steps 2 --seed 4 --out o.png {options}");
    let made = |options: &str| {
        succeed(path, &edit(options));
        fs::read(path.join("o.png")).unwrap()
    };
    let own = made("");
    assert_eq!(made(model), own, "the session's own is the same as saying it again");
    assert_ne!(made("--embedding {prompts-sd/style-2.safetensors}:style"), own, "another file under the same name");
    let other = run(path, &edit("--clip-skip 1"));
    fails(&other, 4, "this session was learned with Stable Diffusion 1.x", "another clip skip");
    assert!(other.stderr.contains(", clip skip 2, and this is"), "{}", other.stderr);
    fails(&run(path, &edit("--model patches --clip-skip 2")), 2, "a clip skip is for a diffusion model", "without weights");
}
