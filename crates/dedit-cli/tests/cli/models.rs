//! Checkpoints that cannot be used: each is told in one sentence that names the file, and the tensor where it is one.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, safetensors};

use serde_json::json;

use super::{fails, files, run, scratch, stored, succeed};

const UNET: &str = "unet/diffusion_pytorch_model.safetensors";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in files(from) {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() { copy(&from, &to) } else { fs::copy(from, to).map(drop).unwrap() }
    }
}

fn edit(file: &Path, change: impl FnOnce(&mut HashMap<String, Tensor>)) {
    let mut tensors = safetensors::load(file, &Device::Cpu).unwrap();
    change(&mut tensors);
    safetensors::save(&tensors, file).unwrap();
}

fn cut(file: &Path, keep: impl FnOnce(usize) -> usize) {
    let bytes = fs::read(file).unwrap();
    fs::write(file, &bytes[..keep(bytes.len())]).unwrap();
}

fn replace(name: &str, change: impl Fn(&Tensor) -> Tensor) -> impl Fn(&Path) {
    let name = name.to_owned();
    move |model: &Path| {
        edit(&model.join(UNET), |tensors| {
            let changed = change(&tensors[&name]);
            tensors.insert(name.clone(), changed);
        });
    }
}

/// What is done to a copy of `tiny-sd`, and what is said of it.
struct Case {
    name: &'static str,
    damage: Box<dyn Fn(&Path)>,
    sentence: &'static [&'static str],
}

fn case(name: &'static str, damage: impl Fn(&Path) + 'static, sentence: &'static [&'static str]) -> Case {
    Case { name, damage: Box::new(damage), sentence }
}

#[test]
fn damaged_folders_are_told_in_one_sentence() {
    let cases = [
        case("truncated", |model| cut(&model.join(UNET), |len| len / 2), &[UNET]),
        case("cut inside the header", |model| cut(&model.join(UNET), |_| 100), &[UNET]),
        case("empty", |model| cut(&model.join(UNET), |_| 0), &[UNET]),
        case(
            "a missing tensor",
            |model| edit(&model.join(UNET), |tensors| drop(tensors.remove("conv_in.weight"))),
            &["conv_in.weight", "missing"],
        ),
        case(
            "an extra tensor",
            |model| {
                edit(&model.join(UNET), |tensors| {
                    tensors.insert("extra.weight".to_owned(), Tensor::zeros(3, DType::F32, &Device::Cpu).unwrap());
                });
            },
            &["extra.weight"],
        ),
        case("a wrong shape", replace("conv_out.bias", |bias| bias.narrow(0, 0, 3).unwrap()), &["conv_out.bias", "[3]", "[4]"]),
        case("no number", replace("conv_out.bias", |bias| (bias * f64::NAN).unwrap()), &["conv_out.bias", "NaN", UNET]),
        case("whole numbers", replace("conv_out.bias", |bias| bias.to_dtype(DType::I64).unwrap()), &["conv_out.bias", UNET]),
        case("no weights", |model| fs::remove_file(model.join(UNET)).unwrap(), &["unet"]),
        case("no configuration", |model| fs::remove_file(model.join("vae/config.json")).unwrap(), &["vae/config.json"]),
        case(
            "a configuration that is none",
            |model| fs::write(model.join("unet/config.json"), "{").unwrap(),
            &["unet/config.json", "JSON"],
        ),
        case("no index", |model| fs::remove_file(model.join("model_index.json")).unwrap(), &["model_index.json"]),
        case(
            "another family's text encoder",
            |model| copy(&stored("tiny-sd2/text_encoder"), &model.join("text_encoder")),
            &["the text encoders of Stable Diffusion 1.x give 16"],
        ),
        case(
            "an unknown scheduler setting",
            |model| {
                let path = model.join("scheduler/scheduler_config.json");
                let text = fs::read_to_string(&path).unwrap().replace("scaled_linear", "upside_down");
                fs::write(path, text).unwrap();
            },
            &["beta_schedule", "upside_down", "scheduler/scheduler_config.json"],
        ),
    ];
    for Case { name, damage, sentence } in cases {
        let folder = scratch();
        copy(&stored("tiny-sd"), &folder.path().join("model"));
        damage(&folder.path().join("model"));
        let outcome = run(folder.path(), "generate --model model --prompt bag --size 8x8 --steps 1 --out a.png");
        for fragment in sentence {
            fails(&outcome, 4, fragment, name);
        }
        assert_eq!(files(folder.path()), ["model"], "{name}");
    }
}

#[test]
fn files_that_are_no_checkpoint_are_told_apart() {
    let single = fs::read(stored("single-file-sd/checkpoint.safetensors")).unwrap();
    let lora: PathBuf = stored("lora-sd/peft.safetensors");
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("model.ckpt", b"PK\x03\x04 archive/data.pkl".to_vec(), "pickle"),
        ("model.pt", b"\x80\x02}q\x00.".to_vec(), "pickle"),
        ("notes.txt", b"this is no model at all\n".to_vec(), "notes.txt"),
        ("cut.safetensors", single[..single.len() - 1].to_vec(), "cut.safetensors"),
        ("empty.safetensors", Vec::new(), "empty.safetensors"),
        ("lora.safetensors", fs::read(lora).unwrap(), "lora.safetensors"),
    ];
    for (name, bytes, fragment) in cases {
        let folder = scratch();
        fs::write(folder.path().join(name), bytes).unwrap();
        let outcome = run(folder.path(), &format!("generate --model {name} --prompt bag --size 8x8 --steps 1 --out a.png"));
        fails(&outcome, 4, fragment, name);
    }
}

#[test]
fn the_model_is_named_by_the_option_or_by_the_environment() {
    let folder = scratch();
    let line = "generate --prompt bag --size 8x8 --steps 1 --out a.png --json";
    for (variable, option, expected) in [
        (Some("tiny-sd2"), None, "Stable Diffusion 2.x"),
        (Some("tiny-sd2"), Some("{tiny-sdxl}"), "Stable Diffusion XL"),
        (None, Some("toys"), "Stable Diffusion 1.x"),
    ] {
        let line = option.map_or(line.to_owned(), |option| format!("{line} --model {option}"));
        let mut command = super::dedit(folder.path(), &line);
        command.env("DEDIT_MODEL", variable.map(stored).unwrap_or_default());
        let outcome = super::Outcome::from(command.output().unwrap());
        let result: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert!(result["model"].as_str().unwrap().starts_with(expected), "{result}");
    }
    let unnamed = super::dedit(folder.path(), line.trim_end_matches(" --json")).env("DEDIT_MODEL", "").output().unwrap().into();
    fails(&unnamed, 4, "this needs a diffusion model", "no model is named");
}

#[test]
fn an_autoencoder_of_ones_own_decodes_the_picture() {
    let folder = scratch();
    let made = |options: &str| {
        let line = format!("generate --model {{tiny-sd}} --prompt bag --size 32x32 --steps 3 --seed 1 --out a.png {options}");
        let result = succeed(folder.path(), &line);
        (image::open(folder.path().join("a.png")).unwrap().into_rgb8(), result["model"].as_str().unwrap().to_owned())
    };
    let (plain, described) = made("");
    assert!(!described.contains("VAE"), "{described}");
    for own in ["{tiny-sd/vae}", "{tiny-sd/vae/diffusion_pytorch_model.safetensors}", "{single-file-sd/checkpoint.safetensors}"] {
        let (same, described) = made(&format!("--vae {own}"));
        assert!(same == plain && described.contains(", VAE "), "{own}: {described}");
    }
    assert_ne!(made("--vae {tiny-sd2/vae}").0, plain);
    for (vae, fragment) in
        [("none.safetensors", "none.safetensors"), ("{lora-sd/peft.safetensors}", "this is no autoencoder of Stable Diffusion")]
    {
        fails(&run(folder.path(), &format!("generate --model {{tiny-sd}} --prompt bag --out b.png --vae {vae}")), 4, fragment, vae);
    }
}

#[test]
fn the_doctor_says_what_a_model_was_recognised_as() {
    let folder = scratch();
    let model = folder.path().join("model");
    copy(&stored("tiny-sd"), &model);
    edit(&model.join(UNET), |tensors| {
        let first = &tensors["conv_in.weight"];
        let more = Tensor::zeros((first.dim(0).unwrap(), 5, 3, 3), first.dtype(), &Device::Cpu).unwrap();
        let wide = Tensor::cat(&[first, &more], 1).unwrap();
        tensors.insert("conv_in.weight".to_owned(), wide);
        tensors.insert("v_pred".to_owned(), Tensor::zeros(0, DType::F32, &Device::Cpu).unwrap());
    });
    let config = model.join("unet/config.json");
    let mut keys: serde_json::Value = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    keys["in_channels"] = 9.into();
    fs::write(&config, keys.to_string()).unwrap();
    let told = run(folder.path(), "doctor --model model").stdout;
    assert!(told.contains("Stable Diffusion 1.x for inpainting, ") && told.contains(", v-prediction"), "{told}");
    keys["in_channels"] = 8.into();
    fs::write(&config, keys.to_string()).unwrap();
    let told = run(folder.path(), "doctor --model model").stdout;
    assert!(told.contains("this is an InstructPix2Pix model"), "{told}");
}

#[test]
fn loras_count_by_their_scale() {
    let folder = scratch();
    let made = |options: &str| {
        let line = format!("generate --model {{tiny-sd}} --prompt bag --size 32x32 --steps 3 --seed 1 --out a.png {options}");
        let result = succeed(folder.path(), &line);
        (image::open(folder.path().join("a.png")).unwrap().into_rgb8(), result["lora"].clone())
    };
    let (plain, none) = made("");
    assert_eq!(none, json!([]));
    let (half, told) = made("--lora {lora-sd/peft.safetensors}:0.5");
    assert_ne!(half, plain);
    assert_eq!(told, json!([{"file": "peft.safetensors", "scale": 0.5}]));
    assert_eq!(made("--lora {lora-sd/peft.safetensors}:0").0, plain);
    let (twice, _) = made("--lora {lora-sd/peft.safetensors}:0.25 --lora {lora-sd/peft.safetensors}:0.25");
    // The same sum, rounded otherwise.
    assert!(twice.iter().zip(half.iter()).all(|(a, b)| a.abs_diff(*b) <= 1));

    for (lora, fragment) in [
        ("none.safetensors", "none.safetensors"),
        ("{tiny-sd/model_index.json}", "model_index.json"),
        ("{lora-sdxl/peft.safetensors}", "lora-sdxl/peft.safetensors"),
        ("{tiny-sd/vae/diffusion_pytorch_model.safetensors}", "this is no LoRA for Stable Diffusion"),
    ] {
        fails(&run(folder.path(), &format!("generate --model {{tiny-sd}} --prompt bag --out b.png --lora {lora}")), 4, fragment, lora);
    }
    fails(&run(folder.path(), "generate --prompt bag --out b.png --lora {lora-sd/peft.safetensors}:nan"), 2, "the scale NaN", "scale");
}
