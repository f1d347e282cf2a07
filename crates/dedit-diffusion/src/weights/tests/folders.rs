use serde_json::json;

use super::super::Family;
use super::*;

/// A folder with the parts of a Stable Diffusion 1 checkpoint, with one tensor in each.
fn folder(dir: &Path) {
    let part = |class: &str| json!(["diffusers", class]);
    let index = json!({"_class_name": "StableDiffusionPipeline", "unet": part("UNet2DConditionModel"), "vae": part("AutoencoderKL"),
        "text_encoder": part("CLIPTextModel"), "safety_checker": [null, null]});
    write(dir, "model_index.json", index.to_string());
    write(dir, "unet/config.json", json!({"cross_attention_dim": 64}).to_string());
    write(dir, "unet/diffusion_pytorch_model.safetensors", safetensors(&[counting("conv_in.weight", &[1])]));
    write(dir, "vae/config.json", "{}");
    let old = ["query", "proj_attn"].map(|name| counting(format!("encoder.mid_block.attentions.0.{name}.weight"), &[1]));
    write(dir, "vae/diffusion_pytorch_model.safetensors", safetensors(&old));
    write(dir, "text_encoder/config.json", json!({"hidden_size": 64}).to_string());
    let text = ["embeddings.position_ids", "final_layer_norm.bias"].map(|name| counting(name, &[1]));
    write(dir, "text_encoder/model.safetensors", safetensors(&text));
    write(dir, "scheduler/scheduler_config.json", "{\"steps_offset\": 1}");
}

fn made_folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    dir
}

#[test]
fn a_folder_opens_and_says_what_it_is() {
    let dir = made_folder();
    let checkpoint = Checkpoint::open(dir.path()).unwrap();
    assert_eq!(checkpoint.family(), Family::Sd1);
    assert_eq!(checkpoint.describe(), "Stable Diffusion 1.x, 0 k parameters in the U-Net, float32, diffusers folder");
    assert_eq!(checkpoint.scheduler_config_json(), "{\"steps_offset\": 1}");
    let names: Vec<&str> = checkpoint.vae().weights.names().collect();
    assert_eq!(names, ["encoder.mid_block.attentions.0.to_out.0.weight", "encoder.mid_block.attentions.0.to_q.weight"]);
    assert_eq!(checkpoint.text_encoders()[0].weights.names().collect::<Vec<_>>(), ["text_model.final_layer_norm.bias"]);
    assert_eq!(checkpoint.tokenizer(0).unwrap().pad_id(), 49407);
}

#[test]
fn markers_beside_the_weights_of_a_u_net_are_settings() {
    struct Case {
        markers: &'static [&'static str],
        scheduler: &'static str,
        described: &'static str,
        keys: &'static [&'static str],
    }
    const V: &str = "\"prediction_type\":\"v_prediction\"";
    const ZERO: &str = "\"rescale_betas_zero_snr\":true";
    const TRAILING: &str = "\"timestep_spacing\":\"trailing\"";
    let plain = r#"{"_class_name":"DDIMScheduler"}"#;
    let trained_on_v = r#"{"_class_name":"DDIMScheduler","prediction_type":"v_prediction"}"#;
    let cases = [
        Case { markers: &[], scheduler: plain, described: "diffusers folder", keys: &[] },
        Case { markers: &["v_pred"], scheduler: plain, described: "diffusers folder, v-prediction", keys: &[V] },
        Case {
            markers: &["v_pred", "ztsnr"],
            scheduler: plain,
            described: "diffusers folder, v-prediction, zero terminal SNR",
            keys: &[V, ZERO, TRAILING],
        },
        Case {
            markers: &["ztsnr"],
            scheduler: trained_on_v,
            described: "diffusers folder, v-prediction, zero terminal SNR",
            keys: &[V, ZERO, TRAILING],
        },
        // A predicted noise says nothing where there is no signal.
        Case { markers: &["ztsnr"], scheduler: plain, described: "diffusers folder", keys: &[] },
    ];
    for Case { markers, scheduler, described, keys } in cases {
        let dir = made_folder();
        let empty = markers.iter().map(|name| counting(*name, &[0]));
        let tensors: Vec<TestTensor> = std::iter::once(counting("conv_in.weight", &[1])).chain(empty).collect();
        write(dir.path(), "unet/diffusion_pytorch_model.safetensors", safetensors(&tensors));
        write(dir.path(), "scheduler/scheduler_config.json", scheduler);
        let checkpoint = Checkpoint::open(dir.path()).unwrap();
        assert!(checkpoint.describe().ends_with(described), "{}", checkpoint.describe());
        assert_eq!(checkpoint.unet().weights.names().collect::<Vec<_>>(), ["conv_in.weight"]);
        let settings = checkpoint.scheduler_config_json();
        for key in [V, ZERO, TRAILING] {
            assert_eq!(settings.contains(key), keys.contains(&key), "{key} {settings}");
        }
    }
}

#[test]
fn variants_are_chosen_in_a_fixed_order_or_by_name() {
    let dir = made_folder();
    let unet = |variant: Option<&str>| {
        let options = OpenOptions { variant: variant.map(str::to_owned), ..OpenOptions::default() };
        let checkpoint = Checkpoint::open_with(dir.path(), &options).map_err(|error| error.to_string())?;
        Ok::<_, String>(checkpoint.unet().weights.names().next().unwrap_or_default().to_owned())
    };
    let add = |name: &str, tensor: &str| write(dir.path(), &format!("unet/{name}"), safetensors(&[counting(tensor, &[1])]));
    add("diffusion_pytorch_model.bf16.safetensors", "bf16");
    add("diffusion_pytorch_model.fp16.safetensors", "fp16");
    add("diffusion_pytorch_model.non_ema.safetensors", "non_ema");
    assert_eq!(unet(None).unwrap(), "conv_in.weight");
    assert_eq!(unet(Some("non_ema")).unwrap(), "non_ema");
    assert!(unet(Some("fp8")).unwrap_err().contains("no part of this checkpoint has the variant \"fp8\""));
    let remove = |name: &str| std::fs::remove_file(dir.path().join("unet").join(name)).unwrap();
    remove("diffusion_pytorch_model.safetensors");
    assert_eq!(unet(None).unwrap(), "fp16");
    remove("diffusion_pytorch_model.fp16.safetensors");
    assert_eq!(unet(None).unwrap(), "bf16");
    remove("diffusion_pytorch_model.bf16.safetensors");
    assert!(
        unet(None)
            .unwrap_err()
            .contains("there is no diffusion_pytorch_model.safetensors here, only diffusion_pytorch_model.non_ema.safetensors")
    );
    remove("diffusion_pytorch_model.non_ema.safetensors");
    write(dir.path(), "unet/diffusion_pytorch_model.bin", "x");
    assert!(unet(None).unwrap_err().contains("there are only Python pickles here (diffusion_pytorch_model.bin)"));
}

#[test]
fn shards_are_joined_and_must_all_be_there() {
    let dir = made_folder();
    std::fs::remove_file(dir.path().join("unet/diffusion_pytorch_model.safetensors")).unwrap();
    let index = |map: serde_json::Value| {
        write(
            dir.path(),
            "unet/diffusion_pytorch_model.safetensors.index.fp16.json",
            json!({"metadata": {}, "weight_map": map}).to_string(),
        );
        Checkpoint::open(dir.path()).map_err(|error| error.to_string())
    };
    for (shard, tensor) in [("one", "a"), ("two", "b"), ("again", "a")] {
        write(dir.path(), &format!("unet/{shard}.safetensors"), safetensors(&[counting(tensor, &[1])]));
    }
    let joined = index(json!({"a": "one.safetensors", "b": "two.safetensors"})).unwrap();
    assert_eq!(joined.unet().weights.names().collect::<Vec<_>>(), ["a", "b"]);
    let cases = [
        (json!({"a": "one.safetensors", "b": "three.safetensors"}), "the index names the file \"three.safetensors\", which is not there"),
        (json!({"a": "../vae/x.safetensors"}), "the index names the file \"../vae/x.safetensors\", expected a file beside it"),
        (json!({"a": "one.safetensors", "b": "again.safetensors"}), "the tensor \"a\" is there twice"),
        (json!(null), "the key \"weight_map\" is missing"),
        (json!([1]), "the key \"weight_map\" is [1], which cannot be used"),
    ];
    for (map, expected) in cases {
        let message = index(map).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn folders_that_are_no_checkpoint_are_refused() {
    let sdxl = json!({"_class_name": "FluxPipeline", "transformer": ["diffusers", "FluxTransformer2DModel"], "vae": ["diffusers", "AutoencoderKL"]});
    let wide = json!({"cross_attention_dim": 1024}).to_string();
    let refiner = json!({"_class_name": "StableDiffusionXLImg2ImgPipeline", "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"], "text_encoder": [null, null], "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"]});
    let cases: [(&str, Option<String>, &str); 10] = [
        ("model_index.json", None, "there is no model_index.json in this folder"),
        ("model_index.json", Some("[]".to_owned()), "expected a JSON object, found a list"),
        ("model_index.json", Some(refiner.to_string()), "this is an SDXL refiner, expected a base model"),
        ("model_index.json", Some(sdxl.to_string()), "this is FluxPipeline, which has no unet"),
        ("unet/config.json", Some(wide), "the U-Net attends to text of width 1024 and the text encoders of Stable Diffusion 1.x give 64"),
        ("unet/config.json", Some("{".to_owned()), "this is not valid JSON"),
        ("unet/diffusion_pytorch_model.safetensors", None, "there is no diffusion_pytorch_model.safetensors here"),
        ("vae/diffusion_pytorch_model.safetensors", Some("Not Found".to_owned()), "this is a text file, expected safetensors"),
        ("scheduler/scheduler_config.json", None, "cannot read this file"),
        ("text_encoder/config.json", None, "cannot read this file"),
    ];
    for (name, content, expected) in cases {
        let dir = made_folder();
        match content {
            Some(content) => write(dir.path(), name, content),
            None => std::fs::remove_file(dir.path().join(name)).unwrap(),
        }
        let message = open_error(dir.path());
        assert!(message.contains(expected), "{message}\nlacks\n{expected}");
    }
    let dir = made_folder();
    assert!(open_error(&dir.path().join("unet")).contains("it holds only a part of one"));
    assert!(open_error(&dir.path().join("absent")).contains("cannot read this file"));
}
