//! Configurations of single files, which contain none: from the shapes of the tensors and the family's defaults.

use serde_json::{Value, json};

use super::super::{Family, Weights};
use crate::{Error, Result};

/// Channels per attention head in all networks but the U-Net of Stable Diffusion 1.
const HEAD_WIDTH: usize = 64;
const SD1_HEADS: usize = 8;

/// The U-Net's `config.json`. `pooled` is the width of the pooled text.
pub(super) fn unet(weights: &Weights, family: Family, pooled: usize) -> Result<Value> {
    let levels = count(weights, |level| format!("down_blocks.{level}.resnets.0.conv1.weight"));
    let mut channels = Vec::new();
    let (mut depths, mut down, mut up) = (Vec::new(), Vec::new(), Vec::new());
    let attends = |block: &str| weights.has(&format!("{block}.attentions.0.proj_in.weight"));
    let depth = |block: &str| count(weights, |layer| format!("{block}.attentions.0.transformer_blocks.{layer}.attn2.to_k.weight"));
    for level in 0..levels {
        let (below, above) = (format!("down_blocks.{level}"), format!("up_blocks.{level}"));
        channels.push(size(weights, &format!("{below}.resnets.0.conv1.weight"), 0)?);
        down.push(if attends(&below) { "CrossAttnDownBlock2D" } else { "DownBlock2D" });
        up.push(if attends(&above) { "CrossAttnUpBlock2D" } else { "UpBlock2D" });
        let inner = if level + 1 == levels && !attends(&below) { depth("mid_block") } else { depth(&below) };
        depths.push(inner.max(1));
    }
    let heads: Vec<usize> = channels.iter().map(|channels| if family == Family::Sd1 { SD1_HEADS } else { channels / HEAD_WIDTH }).collect();
    let mut config = json!({
        // Concerns only f16, in which 2.1 overflows otherwise.
        "upcast_attention": family == Family::Sd2,
        "in_channels": size(weights, "conv_in.weight", 1)?,
        "out_channels": size(weights, "conv_out.weight", 0)?,
        "block_out_channels": channels, "down_block_types": down, "up_block_types": up,
        "layers_per_block": count(weights, |block| format!("down_blocks.0.resnets.{block}.conv1.weight")),
        "transformer_layers_per_block": depths, "attention_head_dim": heads,
        "cross_attention_dim": size(weights, "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", 1)?,
        "use_linear_projection": weights.shape("mid_block.attentions.0.proj_in.weight").is_some_and(|shape| shape.len() == 2),
    });
    if family == Family::Sdxl {
        let width = size(weights, "add_embedding.linear_1.weight", 1)?;
        config["addition_embed_type"] = json!("text_time");
        config["projection_class_embeddings_input_dim"] = json!(width);
        config["addition_time_embed_dim"] = json!(width.saturating_sub(pooled) / 6);
    }
    Ok(config)
}

/// The autoencoder's `config.json`.
pub(super) fn vae(weights: &Weights, family: Family) -> Result<Value> {
    let levels = count(weights, |level| format!("encoder.down_blocks.{level}.resnets.0.conv1.weight"));
    let channels: Vec<usize> =
        (0..levels).map(|level| size(weights, &format!("encoder.down_blocks.{level}.resnets.0.conv1.weight"), 0)).collect::<Result<_>>()?;
    Ok(json!({
        "in_channels": size(weights, "encoder.conv_in.weight", 1)?,
        "out_channels": size(weights, "decoder.conv_out.weight", 0)?,
        "latent_channels": size(weights, "decoder.conv_in.weight", 1)?,
        "block_out_channels": channels,
        "down_block_types": vec!["DownEncoderBlock2D"; levels], "up_block_types": vec!["UpDecoderBlock2D"; levels],
        "layers_per_block": count(weights, |block| format!("encoder.down_blocks.0.resnets.{block}.conv1.weight")),
        "use_quant_conv": weights.has("quant_conv.weight"), "use_post_quant_conv": weights.has("post_quant_conv.weight"),
        "mid_block_add_attention": weights.has("decoder.mid_block.attentions.0.to_q.weight"),
        "scaling_factor": if family == Family::Sdxl { 0.13025 } else { 0.18215 },
    }))
}

/// A text encoder's `config.json`. CLIP-L uses the quick GELU, OpenCLIP the exact one; Stable Diffusion 2 does not use the last layer.
pub(super) fn text_encoder(weights: &Weights, family: Family, encoder: usize) -> Result<Value> {
    let stored = count(weights, |layer| format!("text_model.encoder.layers.{layer}.mlp.fc1.weight"));
    let hidden = size(weights, "text_model.embeddings.token_embedding.weight", 1)?;
    let open_clip = family == Family::Sd2 || encoder == 1;
    let projected = family == Family::Sdxl && encoder == 1;
    Ok(json!({
        "vocab_size": size(weights, "text_model.embeddings.token_embedding.weight", 0)?,
        "max_position_embeddings": size(weights, "text_model.embeddings.position_embedding.weight", 0)?,
        "hidden_size": hidden,
        "intermediate_size": size(weights, "text_model.encoder.layers.0.mlp.fc1.weight", 0)?,
        "num_hidden_layers": if family == Family::Sd2 { stored.saturating_sub(1) } else { stored },
        "num_attention_heads": hidden / HEAD_WIDTH,
        "hidden_act": if open_clip { "gelu" } else { "quick_gelu" },
        "projection_dim": if projected { size(weights, "text_projection.weight", 0)? } else { hidden },
        "architectures": [if projected { "CLIPTextModelWithProjection" } else { "CLIPTextModel" }],
        "eos_token_id": 2,
    }))
}

/// The number of tensors with consecutive numbers from 0; no network has a thousand.
fn count(weights: &Weights, name: impl Fn(usize) -> String) -> usize {
    (0..1000).take_while(|&index| weights.has(&name(index))).count()
}

fn size(weights: &Weights, name: &str, dimension: usize) -> Result<usize> {
    weights.shape(name).and_then(|shape| shape.get(dimension).copied()).ok_or_else(|| {
        Error::model(format!("the tensor \"{name}\" (as diffusers calls it) is missing or has too few dimensions"))
            .at(weights.place())
            .hint("the checkpoint is incomplete or of a family that is not supported")
    })
}
