//! The text encoder's names in OpenCLIP (single files of Stable Diffusion 2, second encoder of SDXL) and in transformers.

use super::super::names::{Layout, Slot};

/// The transformers names of an OpenCLIP tensor. Layers from `layers` on are ignored: Stable Diffusion 2 uses the output of the penultimate layer, and
/// diffusers' encoder ends there. So is the projection, where the network has none.
pub(super) fn transformers(name: &str, layers: usize, with_projection: bool) -> Vec<Slot> {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        ["logit_scale" | "attn_mask"] => Vec::new(),
        ["text_projection", ..] if !with_projection => Vec::new(),
        // A plain parameter `[in, out]`; the weight of a linear layer is `[out, in]`.
        ["text_projection"] => vec![Slot { layout: Layout::Transposed, ..Slot::whole("text_projection.weight") }],
        ["positional_embedding"] => vec![Slot::whole("text_model.embeddings.position_embedding.weight")],
        ["token_embedding", rest @ ..] => vec![Slot::whole(format!("text_model.embeddings.token_embedding.{}", rest.join(".")))],
        ["ln_final", rest @ ..] => vec![Slot::whole(format!("text_model.final_layer_norm.{}", rest.join(".")))],
        ["transformer", "resblocks", layer, rest @ ..] => match layer.parse::<usize>() {
            Ok(index) if index >= layers => Vec::new(),
            _ => in_layer(&format!("text_model.encoder.layers.{layer}"), rest).unwrap_or_else(|| vec![Slot::whole(name)]),
        },
        _ => vec![Slot::whole(name)],
    }
}

fn in_layer(layer: &str, rest: &[&str]) -> Option<Vec<Slot>> {
    let (part, rest) = match rest {
        ["attn", "in_proj_weight"] => return Some(fused(layer, "weight")),
        ["attn", "in_proj_bias"] => return Some(fused(layer, "bias")),
        ["attn", "out_proj", rest @ ..] => ("self_attn.out_proj", rest),
        ["ln_1", rest @ ..] => ("layer_norm1", rest),
        ["ln_2", rest @ ..] => ("layer_norm2", rest),
        ["mlp", "c_fc", rest @ ..] => ("mlp.fc1", rest),
        ["mlp", "c_proj", rest @ ..] => ("mlp.fc2", rest),
        _ => return None,
    };
    Some(vec![Slot::whole(format!("{layer}.{part}.{}", rest.join(".")))])
}

/// Query, key and value, stacked along the first dimension.
fn fused(layer: &str, kind: &str) -> Vec<Slot> {
    let part = |(index, part)| Slot { part: Some((index, 3)), ..Slot::whole(format!("{layer}.self_attn.{part}.{kind}")) };
    ["q_proj", "k_proj", "v_proj"].into_iter().enumerate().map(part).collect()
}
