use candle_core::DType;
use safetensors::Dtype;

use super::super::tests::{TestTensor, counting, open_error, safetensors, test_tensor};
use super::*;
use crate::config::{BlockKind, HiddenAct, TextTime};

/// Names of the original code, and those after diffusers' conversion of Stable Diffusion 1 and XL.
#[test]
fn names_of_the_u_net_become_those_of_diffusers() {
    let cases = [
        ("time_embed.0.weight", "time_embedding.linear_1.weight"),
        ("time_embed.2.bias", "time_embedding.linear_2.bias"),
        ("label_emb.0.2.weight", "add_embedding.linear_2.weight"),
        ("input_blocks.0.0.weight", "conv_in.weight"),
        ("input_blocks.1.0.in_layers.0.weight", "down_blocks.0.resnets.0.norm1.weight"),
        (
            "input_blocks.2.1.transformer_blocks.0.attn1.to_out.0.bias",
            "down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_out.0.bias",
        ),
        ("input_blocks.3.0.op.weight", "down_blocks.0.downsamplers.0.conv.weight"),
        ("input_blocks.4.0.skip_connection.weight", "down_blocks.1.resnets.0.conv_shortcut.weight"),
        ("input_blocks.11.0.emb_layers.1.bias", "down_blocks.3.resnets.1.time_emb_proj.bias"),
        ("middle_block.0.out_layers.3.weight", "mid_block.resnets.0.conv2.weight"),
        ("middle_block.1.proj_in.weight", "mid_block.attentions.0.proj_in.weight"),
        ("middle_block.2.out_layers.0.weight", "mid_block.resnets.1.norm2.weight"),
        ("output_blocks.2.1.conv.weight", "up_blocks.0.upsamplers.0.conv.weight"),
        ("output_blocks.5.2.conv.bias", "up_blocks.1.upsamplers.0.conv.bias"),
        ("output_blocks.3.1.norm.weight", "up_blocks.1.attentions.0.norm.weight"),
        ("output_blocks.11.0.in_layers.2.weight", "up_blocks.3.resnets.2.conv1.weight"),
        ("out.0.bias", "conv_norm_out.bias"),
        ("out.2.weight", "conv_out.weight"),
    ];
    for (original, expected) in cases {
        assert_eq!(unet_names::diffusers(original, 2).as_deref(), Some(expected));
    }
    for unknown in ["input_blocks.x.0.weight", "input_blocks.1.3.weight", "label_emb.1.0.weight", "out.1.weight", "middle_block.0.x", ""] {
        assert_eq!(unet_names::diffusers(unknown, 2), None, "{unknown}");
    }
}

#[test]
fn names_of_the_autoencoder_become_those_of_diffusers() {
    let cases = [
        ("encoder.down.1.block.0.nin_shortcut.weight", "encoder.down_blocks.1.resnets.0.conv_shortcut.weight"),
        ("encoder.down.0.downsample.conv.bias", "encoder.down_blocks.0.downsamplers.0.conv.bias"),
        ("decoder.up.3.block.2.norm1.weight", "decoder.up_blocks.0.resnets.2.norm1.weight"),
        ("decoder.up.1.upsample.conv.weight", "decoder.up_blocks.2.upsamplers.0.conv.weight"),
        ("decoder.mid.block_2.conv1.weight", "decoder.mid_block.resnets.1.conv1.weight"),
        ("encoder.mid.attn_1.norm.bias", "encoder.mid_block.attentions.0.group_norm.bias"),
        ("encoder.mid.attn_1.q.weight", "encoder.mid_block.attentions.0.to_q.weight"),
        ("decoder.mid.attn_1.proj_out.weight", "decoder.mid_block.attentions.0.to_out.0.weight"),
        ("decoder.norm_out.weight", "decoder.conv_norm_out.weight"),
        ("quant_conv.weight", "quant_conv.weight"),
        ("decoder.conv_in.bias", "decoder.conv_in.bias"),
    ];
    for (original, expected) in cases {
        assert_eq!(vae_names::diffusers(original, 4).as_deref(), Some(expected));
    }
    for unknown in ["decoder.up.9.block.0.norm1.weight", "encoder.mid.attn_2.q.weight", "decoder.mid.attn_1.qkv.weight", "other"] {
        assert_eq!(vae_names::diffusers(unknown, 4), None, "{unknown}");
    }
}

fn zeros(name: String, shape: &[usize]) -> TestTensor {
    test_tensor(name, Dtype::F16, shape, vec![0; shape.iter().product::<usize>() * 2])
}

/// A transformer of `width` channels with two layers, attending to text of width 128.
fn transformer(tensors: &mut Vec<TestTensor>, name: &str, width: usize) {
    tensors.push(zeros(format!("model.diffusion_model.{name}.proj_in.weight"), &[width, width]));
    for layer in 0..2 {
        tensors.push(zeros(format!("model.diffusion_model.{name}.transformer_blocks.{layer}.attn2.to_k.weight"), &[width, 128]));
    }
}

/// The tensors whose shapes determine the configurations of U-Net and autoencoder: two levels of 64 and 128 channels, one block each.
fn two_levels() -> Vec<TestTensor> {
    let unet = [
        ("input_blocks.0.0.weight", [64, 4, 3, 3]),
        ("input_blocks.1.0.in_layers.2.weight", [64, 64, 3, 3]),
        ("input_blocks.2.0.op.weight", [64, 64, 3, 3]),
        ("input_blocks.3.0.in_layers.2.weight", [128, 64, 3, 3]),
        ("output_blocks.1.2.conv.weight", [128, 128, 3, 3]),
        ("out.2.weight", [4, 64, 3, 3]),
    ];
    let vae = [
        ("encoder.conv_in.weight", [32, 3, 3, 3]),
        ("encoder.down.0.block.0.conv1.weight", [32, 32, 3, 3]),
        ("encoder.down.1.block.0.conv1.weight", [64, 32, 3, 3]),
        ("decoder.up.1.block.0.conv1.weight", [64, 64, 3, 3]),
        ("decoder.conv_in.weight", [64, 4, 3, 3]),
        ("decoder.conv_out.weight", [3, 32, 3, 3]),
        ("decoder.mid.attn_1.q.weight", [64, 64, 1, 1]),
        ("quant_conv.weight", [8, 8, 1, 1]),
    ];
    let mut tensors: Vec<TestTensor> = unet.iter().map(|(name, shape)| zeros(format!("model.diffusion_model.{name}"), shape)).collect();
    tensors.extend(vae.iter().map(|(name, shape)| zeros(format!("first_stage_model.{name}"), shape)));
    for (name, width) in [("input_blocks.3.1", 128), ("middle_block.1", 128), ("output_blocks.0.1", 128)] {
        transformer(&mut tensors, name, width);
    }
    tensors
}

/// The text encoder of OpenCLIP with three layers.
fn open_clip(tensors: &mut Vec<TestTensor>, prefix: &str, hidden: usize) {
    tensors.push(zeros(format!("{prefix}token_embedding.weight"), &[100, hidden]));
    tensors.push(zeros(format!("{prefix}positional_embedding"), &[77, hidden]));
    tensors.push(counting(format!("{prefix}text_projection"), &[hidden, 2]));
    tensors.push(zeros(format!("{prefix}logit_scale"), &[]));
    for layer in 0..3 {
        tensors.push(zeros(format!("{prefix}transformer.resblocks.{layer}.mlp.c_fc.weight"), &[4 * hidden, hidden]));
        tensors.push(counting(format!("{prefix}transformer.resblocks.{layer}.attn.in_proj_bias"), &[3 * hidden]));
    }
}

fn written(tensors: &[TestTensor]) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    std::fs::write(&path, safetensors(tensors)).unwrap();
    (dir, path)
}

#[test]
fn sdxl_is_configured_from_its_shapes() {
    let mut tensors = two_levels();
    tensors.push(zeros("model.diffusion_model.label_emb.0.0.weight".to_owned(), &[256, 2 + 6 * 32]));
    let clip = "conditioner.embedders.0.transformer.text_model";
    tensors.push(zeros(format!("{clip}.embeddings.token_embedding.weight"), &[100, 64]));
    tensors.push(zeros(format!("{clip}.embeddings.position_embedding.weight"), &[77, 64]));
    tensors.push(zeros(format!("{clip}.embeddings.position_ids"), &[1, 77]));
    tensors.push(zeros(format!("{clip}.encoder.layers.0.mlp.fc1.weight"), &[256, 64]));
    open_clip(&mut tensors, "conditioner.embedders.1.model.", 64);
    tensors.extend(["denoiser.sigmas", "stray", "model_ema.diffusion_modelinput_blocks00weight"].map(|name| counting(name, &[1])));
    // One marker where published files have it, the other with the weights.
    tensors.extend(["v_pred", "model.diffusion_model.ztsnr"].map(|name| counting(name, &[0])));
    let (_dir, path) = written(&tensors);
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(checkpoint.family(), Family::Sdxl);
    assert_eq!(
        checkpoint.describe(),
        "Stable Diffusion XL, 497 k parameters in the U-Net, float16, single file, v-prediction, zero terminal SNR"
    );
    assert_eq!(checkpoint.ignored(), ["stray"]);
    assert!(checkpoint.remarks()[0].contains("moving averages (EMA)") && !checkpoint.unet().weights.has("ztsnr"));
    let unet = &checkpoint.unet().config;
    assert_eq!((unet.block_out_channels.as_slice(), unet.layers_per_block.as_slice()), (&[64, 128][..], &[1, 1][..]));
    assert_eq!(unet.down_block_types, [BlockKind::Plain, BlockKind::CrossAttention]);
    assert_eq!(unet.up_block_types, [BlockKind::CrossAttention, BlockKind::Plain]);
    assert_eq!((unet.transformer_layers_per_block.as_slice(), unet.num_attention_heads.as_slice()), (&[1, 2][..], &[1, 2][..]));
    assert_eq!(unet.text_time, Some(TextTime { addition_time_embed_dim: 32, projection_class_embeddings_input_dim: 194 }));
    assert!(unet.use_linear_projection);
    let vae = &checkpoint.vae().config;
    assert_eq!((vae.block_out_channels.as_slice(), vae.scaling_factor, vae.use_post_quant_conv), (&[32, 64][..], 0.13025, false));
    let [first, second] = checkpoint.text_encoders() else { panic!("two text encoders") };
    assert_eq!((first.config.hidden_act, first.config.num_hidden_layers, first.config.with_projection), (HiddenAct::QuickGelu, 1, false));
    assert_eq!((second.config.hidden_act, second.config.num_hidden_layers, second.config.projection_dim), (HiddenAct::Gelu, 3, 2));
    let projection = second.weights.tensor("text_projection.weight", &[2, 64]).unwrap();
    assert_eq!(projection.get(1).unwrap().to_vec1::<f32>().unwrap()[..3], [1.0, 3.0, 5.0]);
    let key = second.weights.tensor("text_model.encoder.layers.2.self_attn.k_proj.bias", &[64]).unwrap();
    assert_eq!(key.to_dtype(DType::F32).unwrap().to_vec1::<f32>().unwrap()[..2], [64.0, 65.0]);
    assert_eq!((checkpoint.tokenizer(0).unwrap().pad_id(), checkpoint.tokenizer(1).unwrap().pad_id()), (49407, 0));
    let scheduler = checkpoint.scheduler_config_json();
    assert!(
        scheduler.contains("\"prediction_type\":\"v_prediction\"") && scheduler.contains("\"rescale_betas_zero_snr\":true"),
        "{scheduler}"
    );
}

#[test]
fn stable_diffusion_2_leaves_out_a_layer_and_may_predict_v() {
    for (spread, prediction) in [(1.0_f32, "v_prediction"), (0.01, "epsilon")] {
        let mut tensors = two_levels();
        transformer(&mut tensors, "output_blocks.3.1", 64);
        let bias = (0..64).flat_map(|index| (if index % 2 == 0 { spread } else { -spread }).to_le_bytes()).collect();
        tensors.push(test_tensor("model.diffusion_model.output_blocks.3.1.transformer_blocks.0.norm1.bias", Dtype::F32, &[64], bias));
        open_clip(&mut tensors, "cond_stage_model.model.", 128);
        let (_dir, path) = written(&tensors);
        let checkpoint = Checkpoint::open(&path).unwrap();
        assert_eq!(checkpoint.family(), Family::Sd2);
        let encoder = &checkpoint.text_encoders()[0];
        assert_eq!((encoder.config.num_hidden_layers, encoder.config.num_attention_heads, encoder.config.with_projection), (2, 2, false));
        assert!(encoder.weights.names().all(|name| !name.contains("layers.2") && !name.contains("projection")));
        assert!(checkpoint.scheduler_config_json().contains(&format!("\"prediction_type\":\"{prediction}\"")));
    }
}

#[test]
fn unusual_sizes_and_missing_tensors_are_told() {
    let mut tensors = two_levels();
    let clip = "cond_stage_model.transformer.text_model";
    tensors.push(zeros(format!("{clip}.embeddings.token_embedding.weight"), &[100, 24]));
    tensors.push(zeros(format!("{clip}.embeddings.position_embedding.weight"), &[77, 24]));
    let (_dir, path) = written(&tensors);
    assert!(open_error(&path).contains("the tensor \"text_model.encoder.layers.0.mlp.fc1.weight\" (as diffusers calls it) is missing"));
    tensors.push(zeros(format!("{clip}.encoder.layers.0.mlp.fc1.weight"), &[96, 24]));
    let (_dir, path) = written(&tensors);
    let message = open_error(&path);
    assert!(message.contains("\"num_attention_heads\" is 0") && message.contains("give a folder with its configurations"), "{message}");
    let options = OpenOptions { variant: Some("fp16".to_owned()), ..OpenOptions::default() };
    assert!(Checkpoint::open_with(&path, &options).unwrap_err().to_string().contains("a single file has no variants"));
}
