use safetensors::Dtype;

use super::*;
use crate::weights::tests::{TestTensor, counting, safetensors, test_tensor};

const MODULES: [&str; 9] = [
    "conv_in",
    "time_embedding.linear_1",
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_out.0",
    "down_blocks.1.resnets.1.conv1",
    "down_blocks.1.resnets.1.time_emb_proj",
    "down_blocks.0.downsamplers.0.conv",
    "mid_block.attentions.0.proj_in",
    "up_blocks.0.upsamplers.0.conv",
];
const TEXT_MODULES: [&str; 2] = ["text_model.encoder.layers.0.self_attn.q_proj", "text_model.encoder.layers.0.mlp.fc1"];

fn open(tensors: &[TestTensor]) -> Result<LoraFile> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lora.safetensors");
    std::fs::write(&path, safetensors(tensors)).unwrap();
    LoraFile::open(&path)
}

fn modules(of: &[&str]) -> Vec<String> {
    of.iter().map(|module| (*module).to_owned()).collect()
}

fn resolve(file: &LoraFile, target: LoraTarget) -> Resolved {
    let list = if target == LoraTarget::Unet { modules(&MODULES) } else { modules(&TEXT_MODULES) };
    file.resolve(target, &list).unwrap()
}

#[test]
fn every_dialect_leads_to_the_same_module() {
    const UNET: LoraTarget = LoraTarget::Unet;
    const TEXT: LoraTarget = LoraTarget::TextEncoder(0);
    // (name of the module in the file, endings of down and up, network, index of the module)
    let ab = (".lora_A.weight", ".lora_B.weight");
    let kohya = (".lora_down.weight", ".lora_up.weight");
    let dots = (".lora.down.weight", ".lora.up.weight");
    let glued = ("_lora.down.weight", "_lora.up.weight");
    let layer = (".lora_linear_layer.down.weight", ".lora_linear_layer.up.weight");
    let attention = "down_blocks.1.attentions.0.transformer_blocks.0.attn1";
    let flat = attention.replace('.', "_");
    let cases = [
        (format!("unet.{attention}.to_q"), ab, UNET, 2),
        (format!("unet.{attention}.to_q"), (".lora_A.default.weight", ".lora_B.default.weight"), UNET, 2),
        (format!("base_model.model.{attention}.to_out.0"), ab, UNET, 3),
        (format!("unet.{attention}.to_out.0"), dots, UNET, 3),
        (format!("unet.{attention}.processor.to_q"), glued, UNET, 2),
        (format!("{attention}.processor.to_out"), glued, UNET, 3),
        (format!("lora_unet_{flat}_to_q"), kohya, UNET, 2),
        (format!("lora_unet_{flat}_to_out_0"), kohya, UNET, 3),
        ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q".to_owned(), kohya, UNET, 2),
        ("lora_unet_input_blocks_5_0_in_layers_2".to_owned(), kohya, UNET, 4),
        ("lora_unet_input_blocks_5_0_emb_layers_1".to_owned(), kohya, UNET, 5),
        ("lora_unet_input_blocks_3_0_op".to_owned(), kohya, UNET, 6),
        ("lora_unet_input_blocks_0_0".to_owned(), kohya, UNET, 0),
        ("lora_unet_time_embed_0".to_owned(), kohya, UNET, 1),
        ("lora_unet_middle_block_1_proj_in".to_owned(), kohya, UNET, 7),
        ("lora_unet_mid_block_attentions_0_proj_in".to_owned(), kohya, UNET, 7),
        ("lora_unet_output_blocks_2_2_conv".to_owned(), kohya, UNET, 8),
        ("lora_te_text_model_encoder_layers_0_self_attn_q_proj".to_owned(), kohya, TEXT, 0),
        ("lora_te1_text_model_encoder_layers_0_mlp_fc1".to_owned(), kohya, TEXT, 1),
        ("lora_te2_text_model_encoder_layers_0_mlp_fc1".to_owned(), kohya, LoraTarget::TextEncoder(1), 1),
        ("text_encoder.text_model.encoder.layers.0.mlp.fc1".to_owned(), layer, TEXT, 1),
        ("text_encoder_2.text_model.encoder.layers.0.self_attn.q_proj".to_owned(), ab, LoraTarget::TextEncoder(1), 0),
        ("text_encoder.text_model.encoder.layers.0.self_attn.to_q".to_owned(), glued, TEXT, 0),
    ];
    for (name, (down, up), target, module) in cases {
        let file = open(&[counting(format!("{name}{down}"), &[2, 3]), counting(format!("{name}{up}"), &[4, 2])]).unwrap();
        assert_eq!(file.targets(), [target], "{name}");
        let resolved = resolve(&file, target);
        let expected = if target == LoraTarget::Unet { MODULES[module] } else { TEXT_MODULES[module] };
        let found: Vec<&str> = resolved.entries.iter().map(|entry| entry.module.as_str()).collect();
        assert_eq!((found, resolved.unmatched.len()), (vec![expected], 0), "{name}");
    }
}

#[test]
fn matrices_and_scales_are_read() {
    let alpha = test_tensor("lora_unet_conv_in.alpha", Dtype::F32, &[], 1_f32.to_le_bytes().to_vec());
    let file = open(&[
        counting("lora_unet_conv_in.lora_down.weight", &[2, 3, 3, 3]),
        counting("lora_unet_conv_in.lora_up.weight", &[4, 2, 1, 1]),
        alpha,
        counting("lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", &[1, 3, 1, 1]),
        counting("lora_unet_mid_block_attentions_0_proj_in.lora_up.weight", &[4, 1, 1, 1]),
        counting("lora_unet_not_there.lora_down.weight", &[1, 1]),
        counting("lora_unet_not_there.lora_up.weight", &[1, 1]),
        counting("something", &[1]),
    ])
    .unwrap();
    assert_eq!(file.describe(), "LoRA for U-Net: 3 modules, float32");
    assert_eq!(file.unknown(), ["something"]);
    let Resolved { entries, unmatched, .. } = resolve(&file, LoraTarget::Unet);
    assert_eq!(unmatched, ["lora_unet_not_there.lora_down.weight"]);
    let [conv, linear] = entries.as_slice() else { panic!("two entries") };
    assert_eq!((conv.down.dims(), conv.up.dims(), conv.rank, conv.alpha), (&[2, 3, 3, 3][..], &[4, 2][..], 2, Some(1.0)));
    assert_eq!((linear.down.dims(), linear.up.dims(), linear.rank, linear.alpha), (&[1, 3][..], &[4, 1][..], 1, None));
    assert!((conv.scale() - 0.5).abs() < 1e-12 && (linear.scale() - 1.0).abs() < 1e-12);
}

#[test]
fn settings_of_peft_in_the_notes_give_the_scale() {
    let q = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q";
    let tensors = [
        counting(format!("{q}.lora_A.weight"), &[4, 3]),
        counting(format!("{q}.lora_B.weight"), &[3, 4]),
        counting("unet.conv_in.lora_A.weight", &[4, 3]),
        counting("unet.conv_in.lora_B.weight", &[3, 4]),
    ];
    let cases = [
        (r#"{"unet.lora_alpha": 8, "unet.alpha_pattern": {"attn1.to_q": 2}}"#, [2.0, 0.5]),
        (r#"{"unet.lora_alpha": 8, "unet.use_rslora": true}"#, [4.0, 4.0]),
        (r#"{"text_encoder.lora_alpha": 8}"#, [1.0, 1.0]),
        ("no JSON", [1.0, 1.0]),
    ];
    for (settings, expected) in cases {
        let views = tensors.iter().map(TestTensor::view);
        let notes = [(SETTINGS.to_owned(), settings.to_owned())].into();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lora.safetensors");
        std::fs::write(&path, ::safetensors::serialize(views, Some(notes)).unwrap()).unwrap();
        let entries = resolve(&LoraFile::open(&path).unwrap(), LoraTarget::Unet).entries;
        let scales: Vec<f64> = entries.iter().map(LoraEntry::scale).collect();
        assert!(scales.iter().zip(expected).all(|(scale, expected)| (scale - expected).abs() < 1e-12), "{scales:?} {settings}");
    }
}

#[test]
fn files_that_cannot_be_used_say_why() {
    let named = |names: &[(&str, &[usize])]| -> Vec<TestTensor> { names.iter().map(|(name, shape)| counting(*name, shape)).collect() };
    let cases = [
        (
            named(&[("model.diffusion_model.out.2.bias", &[1])]),
            "this is no LoRA for Stable Diffusion (it holds model.diffusion_model.out.2.bias)",
        ),
        (named(&[("transformer.blocks.0.to_q.lora_A.weight", &[1, 1])]), "this is no LoRA for Stable Diffusion"),
        (named(&[]), "it holds no tensor at all"),
        (named(&[("lora_unet_conv_in.lora_down.weight", &[1, 1])]), "\"lora_unet_conv_in.lora_down.weight\" has no \"up\" beside it"),
        (named(&[("lora_unet_conv_in.alpha", &[])]), "\"lora_unet_conv_in.alpha\" has no \"down and up\" beside it"),
        (named(&[("lora_unet_conv_in.dora_scale", &[1])]), "\"lora_unet_conv_in.dora_scale\" has no \"down and up\" beside it"),
        (named(&[("lora_unet_conv_in.hada_w1_a", &[1])]), "\"lora_unet_conv_in.hada_w1_a\" has no \"hada_w1_b\" beside it"),
        (named(&[("lora_unet_conv_in.lokr_w1", &[1, 1])]), "\"lora_unet_conv_in.lokr_w1\" has no \"lokr_w2_a\" beside it"),
        (
            named(&[("lora_unet_conv_in.lokr_w1", &[1, 1]), ("lora_unet_conv_in.lokr_w1_a", &[1, 1])]),
            "\"lora_unet_conv_in.lokr_w1\" has no \"lokr_w2_a\" beside it",
        ),
        (
            named(&[("lora_unet_conv_in.lokr_w1", &[1, 1]), ("lora_unet_conv_in.lora_down.weight", &[1, 1])]),
            "are for the same module and of different kinds",
        ),
        (named(&[("lora_unet_conv_in.hada_t1", &[1])]), "makes this a LoHa with a middle factor, which is not supported"),
        (named(&[("lora_unet_conv_in.oft_blocks", &[1])]), "makes this an OFT (with rotations), which is not supported"),
        (
            named(&[("lora_te_x.lora_down.weight", &[1, 1]), ("lora_te1_x.lora_down.weight", &[1, 1])]),
            "\"lora_te1_x.lora_down.weight\" and \"lora_te_x.lora_down.weight\" are for the same module",
        ),
    ];
    for (tensors, expected) in cases {
        let message = open(&tensors).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}\nlacks\n{expected}");
    }
    for (down, up) in [(&[2, 3][..], &[4, 3][..]), (&[2, 3, 3], &[4, 2]), (&[0, 3], &[4, 0]), (&[2, 3, 3, 3], &[4, 2, 3, 3])] {
        let file = open(&named(&[("lora_unet_conv_in.lora_down.weight", down), ("lora_unet_conv_in.lora_up.weight", up)])).unwrap();
        let message = file.resolve(LoraTarget::Unet, &modules(&MODULES)).unwrap_err().to_string();
        assert!(message.contains(&format!("have the shapes {down:?} and {up:?}, expected [rank, in] and [out, rank]")), "{message}");
    }
}
