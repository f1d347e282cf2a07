//! Items found by tiny segment-anything models, through a daemon.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Tensor, safetensors};
use serde_json::Value;

use super::scene::prepare;
use super::{Outcome, fails, files, run, scratch, stored, succeed, with_daemon};

/// Stops the daemon of a folder at the end.
struct Stops<'a>(&'a Path);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        let _ = with_daemon(self.0, "daemon stop").output();
    }
}

/// Whether a call shows that the encoder ran.
fn encodes(outcome: &Outcome) -> bool {
    let is_encoding = |line: &str| serde_json::from_str(line).is_ok_and(|line: Value| line["progress"]["stage"] == "encoding");
    outcome.stderr.lines().any(is_encoding)
}

#[test]
fn a_picture_is_encoded_once_whichever_call_clicks() {
    let folder = scratch();
    let path = folder.path();
    let _stops = Stops(path);
    prepare(path);
    fs::copy(stored("sam-official/model.safetensors"), path.join("tiny.safetensors")).unwrap();
    for (line, expected) in [
        ("--click 20,20 --model patches", false),
        ("--click 20,20 --model tiny.safetensors", true),
        ("--click 20,20 --not 3,3 --model tiny.safetensors", false),
        ("--box 8,8,25,25 --model tiny.safetensors", false),
        ("--mask items/ball.png --model tiny.safetensors", false),
        ("--inside 20,20 --outside 3,3 --box 8,8,25,25 --mask items/ball.png --model tiny.safetensors", false),
        ("--click 20,20 --model {sam-transformers/model.safetensors}", true),
    ] {
        let outcome = run(path, &format!("segment a.png {line} --out found.png --json"));
        assert_eq!(outcome.code, Some(0), "{line}: {}", outcome.stderr);
        assert_eq!(encodes(&outcome), expected, "{line}");
        let found = image::open(path.join("found.png")).unwrap().to_luma8();
        assert_eq!(found.dimensions(), image::image_dimensions(path.join("a.png")).unwrap(), "{line}");
    }
    let all = succeed(path, "segment a.png --auto 3 --model {sam-transformers/model.safetensors} --out all.png");
    assert_eq!(all["items"].as_array().unwrap().last().unwrap(), "background", "{all}");
    succeed(path, "model add tiny.safetensors");
    let outcome = run(path, "segment a.png --click 20,20 --out found.png --json");
    assert!(encodes(&outcome), "one that is found is used: {}", outcome.stderr);
    succeed(path, "model default tiny");
    assert_eq!(run(path, "segment a.png --click 20,20 --model tiny --out found.png").code, Some(0));
}

#[test]
fn a_checkpoint_of_another_kind_is_refused() {
    struct Case {
        file: &'static str,
        tensors: &'static [&'static str],
        sentence: &'static str,
    }
    const SAM: &[&str] = &["image_encoder.pos_embed", "prompt_encoder.no_mask_embed.weight", "mask_decoder.iou_token.weight"];
    let case = |file, tensors, sentence| Case { file, tensors, sentence };
    let cases = [
        case(
            "sam2",
            &["image_encoder.trunk.pos_embed", "sam_mask_decoder.iou_token.weight"],
            "a checkpoint of SAM 2, which is not supported",
        ),
        case("sam2hf", &["vision_encoder.backbone.pos_embed", "memory_encoder.w", "mask_decoder.w", "prompt_encoder.w"], "SAM 2"),
        case("hq", &["image_encoder.pos_embed", "prompt_encoder.w", "mask_decoder.hf_token.weight"], "a checkpoint of SAM-HQ"),
        case("efficient", &["image_encoder.backbone.w", "prompt_encoder.w", "mask_decoder.w"], "a checkpoint of EfficientViT-SAM"),
        case("sam3", &["detector.backbone.w"], "a checkpoint of SAM 3"),
        case("fast", &["model.0.conv.weight", "model.22.proto.cv1.conv.weight"], "a checkpoint of FastSAM"),
        case(
            "sd",
            &["model.diffusion_model.input_blocks.0.0.weight"],
            "this checkpoint holds no segment-anything model: sd; give a checkpoint of SAM",
        ),
        case("part", SAM, "the checkpoint"),
    ];
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    for Case { file, tensors, sentence } in cases {
        let one = || Tensor::zeros((1, 1), DType::F32, &Device::Cpu).unwrap();
        let tensors: HashMap<String, Tensor> = tensors.iter().map(|name| ((*name).to_owned(), one())).collect();
        safetensors::save(&tensors, path.join(file)).unwrap();
        let outcome = run(path, &format!("segment a.png --click 20,20 --model {file} --no-daemon --out x.png"));
        fails(&outcome, 4, sentence, file);
    }
    fs::write(path.join("page.pth"), "<!DOCTYPE html>").unwrap();
    for (line, code, sentence) in [
        ("--click 20,20 --model page.pth", 4, "this is no checkpoint that can be read"),
        ("--click 20,20 --model nowhere", 4, "there is no such model: nowhere; give a checkpoint of SAM or MobileSAM"),
        ("--click 20,20 --model mobile-sam", 4, "MobileSAM is not on this machine; fetch it with dedit model fetch mobile-sam"),
        ("--click 20,20 --model toys", 4, "this is a diffusion model, and no segment-anything model"),
        ("--click 64,0 --model {sam-official/model.safetensors}", 2, "the point (64, 0) does not lie within the picture"),
        ("--box 8,8,0,9 --model {sam-official/model.safetensors}", 2, "has no area"),
        ("--box 8,8,0,9", 2, "has no area"),
        ("--model {sam-official/model.safetensors}", 2, "nothing says where the item is"),
    ] {
        fails(&run(path, &format!("segment a.png {line} --no-daemon --out x.png")), code, sentence, line);
    }
    assert!(!files(path).contains(&"x.png".to_owned()));
}
