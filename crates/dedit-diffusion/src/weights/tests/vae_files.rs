use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};

use super::*;
use crate::vae::{Tiling, Vae};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/parity").join(name)
}

fn opened(vae: Option<PathBuf>) -> crate::Result<Checkpoint> {
    Checkpoint::open_with(data("tiny-sd"), &OpenOptions { vae, ..OpenOptions::default() })
}

/// A picture that the autoencoder decodes.
fn decoded(checkpoint: &Checkpoint) -> Vec<f32> {
    let latents: Vec<f32> = (0..4 * 4 * 5).map(|index| (index as f32 * 0.37).sin()).collect();
    let latents = Tensor::from_vec(latents, (1, 4, 4, 5), &Device::Cpu).unwrap();
    let vae = Vae::new(checkpoint.vae(), &Device::Cpu).unwrap();
    vae.decode(&latents, Tiling::WHOLE).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn an_autoencoder_of_its_own_is_read_in_every_layout() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("own.safetensors");
    let all = candle_core::safetensors::load(data("single-file-sd/checkpoint.safetensors"), &Device::Cpu).unwrap();
    let bare = all.into_iter().filter_map(|(name, tensor)| Some((name.strip_prefix("first_stage_model.")?.to_owned(), tensor)));
    let bare: HashMap<String, Tensor> =
        bare.chain([("loss.logvar".to_owned(), Tensor::zeros((), DType::F32, &Device::Cpu).unwrap())]).collect();
    candle_core::safetensors::save(&bare, &file).unwrap();
    let expected = decoded(&opened(None).unwrap());
    let places = [
        data("tiny-sd/vae"),
        data("tiny-sd"),
        data("tiny-sd/vae/diffusion_pytorch_model.safetensors"),
        data("single-file-sd/checkpoint.safetensors"),
        file,
    ];
    for place in places {
        let checkpoint = opened(Some(place.clone())).unwrap();
        assert_eq!(decoded(&checkpoint), expected, "{}", place.display());
        let name = place.file_name().unwrap().to_string_lossy().into_owned();
        assert!(checkpoint.describe().ends_with(&format!(", VAE {name}")), "{}", checkpoint.describe());
    }
    assert_ne!(decoded(&opened(Some(data("tiny-sd2/vae"))).unwrap()), expected, "another autoencoder");
}

#[test]
fn a_single_file_may_lack_its_autoencoder_where_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("model.safetensors");
    let all = candle_core::safetensors::load(data("single-file-sd/checkpoint.safetensors"), &Device::Cpu).unwrap();
    let rest: HashMap<String, Tensor> = all.into_iter().filter(|(name, _)| !name.starts_with("first_stage_model.")).collect();
    candle_core::safetensors::save(&rest, &file).unwrap();
    let open = |vae| Checkpoint::open_with(&file, &OpenOptions { config_dir: Some(data("tiny-sd")), vae, ..OpenOptions::default() });
    let message = open(None).unwrap_err().to_string();
    assert!(message.contains("without its autoencoder") && message.contains("--vae"), "{message}");
    assert_eq!(decoded(&open(Some(data("tiny-sd/vae"))).unwrap()), decoded(&opened(None).unwrap()));
}

#[test]
fn what_is_no_autoencoder_is_refused_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: Vec<u8>| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let whole = std::fs::read(data("tiny-sd/vae/diffusion_pytorch_model.safetensors")).unwrap();
    let cases = [
        (
            file("lora.safetensors", safetensors(&[counting("lora_unet_x.lora_up.weight", &[1])])),
            "this is no autoencoder of Stable Diffusion",
        ),
        (file("half.safetensors", safetensors(&[counting("decoder.conv_in.weight", &[4, 4, 3, 3])])), "this is no autoencoder"),
        (file("page.safetensors", b"<html>".to_vec()), "this is a web page"),
        (file("cut.safetensors", whole[..whole.len() - 9].to_vec()), "this file is truncated"),
        (dir.path().join("absent.safetensors"), "cannot read this file"),
        (data("tiny-sd/unet"), "\"_class_name\" is \"UNet2DConditionModel\""),
        (data("tiny-sd/scheduler"), "cannot read this file"),
    ];
    for (path, expected) in cases {
        let message = opened(Some(path)).unwrap_err().to_string();
        assert!(message.contains(expected) && message.matches("; ").count() <= 1, "{message}\nlacks\n{expected}");
    }
}
