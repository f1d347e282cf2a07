//! Names of tensors: the official ones, and transformers' turned into them.

/// The official name of a tensor in transformers' layout.
pub(crate) fn official(name: &str) -> String {
    const POSITIONS: &str = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix";
    let parts = name.split_once('.').unwrap_or((name, ""));
    match parts {
        ("shared_image_embedding", _) => POSITIONS.to_owned(),
        ("vision_encoder", rest) => format!("image_encoder.{}", replaced(rest, IMAGE)),
        ("prompt_encoder", rest) if rest.starts_with("shared_embedding.") => POSITIONS.to_owned(),
        ("prompt_encoder", rest) => format!("prompt_encoder.{}", begun(rest, PROMPT)),
        ("mask_decoder", rest) => format!("mask_decoder.{}", decoder(rest)),
        _ => name.to_owned(),
    }
}

const IMAGE: &[(&str, &str)] = &[
    ("patch_embed.projection", "patch_embed.proj"),
    ("neck.conv1", "neck.0"),
    ("neck.layer_norm1", "neck.1"),
    ("neck.conv2", "neck.2"),
    ("neck.layer_norm2", "neck.3"),
    ("layers.", "blocks."),
    ("layer_norm", "norm"),
];
const PROMPT: &[(&str, &str)] = &[
    ("point_embed.", "point_embeddings."),
    ("mask_embed.conv1", "mask_downscaling.0"),
    ("mask_embed.layer_norm1", "mask_downscaling.1"),
    ("mask_embed.conv2", "mask_downscaling.3"),
    ("mask_embed.layer_norm2", "mask_downscaling.4"),
    ("mask_embed.conv3", "mask_downscaling.6"),
];
const DECODER: &[(&str, &str)] = &[
    ("upscale_conv1", "output_upscaling.0"),
    ("upscale_layer_norm", "output_upscaling.1"),
    ("upscale_conv2", "output_upscaling.3"),
    ("layer_norm", "norm"),
];

fn replaced(name: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(name.to_owned(), |name, (from, to)| name.replace(from, to))
}

/// The name with the first of the beginnings that it has replaced.
fn begun(name: &str, pairs: &[(&str, &str)]) -> String {
    let found = pairs.iter().find_map(|(from, to)| Some(format!("{to}{}", name.strip_prefix(from)?)));
    found.unwrap_or_else(|| name.to_owned())
}

fn decoder(name: &str) -> String {
    if name.starts_with("iou_prediction_head.") || name.starts_with("output_hypernetworks_mlps.") {
        // The middle layers first, so that no name is shifted twice.
        let middle = name.replace(".layers.0.", ".layers.1.");
        return middle.replace(".proj_in.", ".layers.0.").replace(".proj_out.", ".layers.2.");
    }
    replaced(name, DECODER)
}

#[cfg(test)]
mod tests {
    use super::official;

    #[test]
    fn names_of_transformers_become_the_official_ones() {
        for (theirs, ours) in [
            ("shared_image_embedding.positional_embedding", "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"),
            ("vision_encoder.pos_embed", "image_encoder.pos_embed"),
            ("vision_encoder.layers.11.layer_norm1.weight", "image_encoder.blocks.11.norm1.weight"),
            ("vision_encoder.neck.layer_norm2.bias", "image_encoder.neck.3.bias"),
            ("prompt_encoder.point_embed.3.weight", "prompt_encoder.point_embeddings.3.weight"),
            ("prompt_encoder.not_a_point_embed.weight", "prompt_encoder.not_a_point_embed.weight"),
            ("prompt_encoder.mask_embed.conv3.bias", "prompt_encoder.mask_downscaling.6.bias"),
            ("mask_decoder.transformer.layers.0.layer_norm4.weight", "mask_decoder.transformer.layers.0.norm4.weight"),
            ("mask_decoder.transformer.layer_norm_final_attn.bias", "mask_decoder.transformer.norm_final_attn.bias"),
            ("mask_decoder.output_hypernetworks_mlps.2.proj_in.weight", "mask_decoder.output_hypernetworks_mlps.2.layers.0.weight"),
            ("mask_decoder.iou_prediction_head.layers.0.bias", "mask_decoder.iou_prediction_head.layers.1.bias"),
            ("mask_decoder.iou_prediction_head.proj_out.bias", "mask_decoder.iou_prediction_head.layers.2.bias"),
        ] {
            assert_eq!(official(theirs), ours);
        }
    }
}
