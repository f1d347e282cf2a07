//! Small files of weights for tests.

/// The names and shapes of tensors.
pub(crate) type Tensors<'a> = &'a [(&'a str, &'a [u64])];

pub(crate) const SD1: Tensors<'static> = &[
    ("model.diffusion_model.input_blocks.0.0.weight", &[2, 4, 1, 1]),
    ("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", &[1, 768]),
];
pub(crate) const SD1_INPAINTING: Tensors<'static> = &[
    ("model.diffusion_model.input_blocks.0.0.weight", &[2, 9, 1, 1]),
    ("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", &[1, 768]),
];
pub(crate) const SDXL: Tensors<'static> = &[
    ("model.diffusion_model.input_blocks.0.0.weight", &[2, 4, 1, 1]),
    ("model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight", &[1, 2048]),
];
pub(crate) const UNET_SD1: Tensors<'static> =
    &[("conv_in.weight", &[2, 4, 1, 1]), ("down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight", &[1, 768])];
pub(crate) const LORA: Tensors<'static> = &[
    ("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight", &[1, 768]),
    ("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_up.weight", &[2, 1]),
];
pub(crate) const EMBEDDING: Tensors<'static> = &[("emb_params", &[2, 768])];
pub(crate) const VAE: Tensors<'static> = &[("encoder.conv_in.weight", &[1, 3, 1, 1]), ("decoder.conv_in.weight", &[1, 4, 1, 1])];

pub(crate) const SAM: Tensors<'static> =
    &[("mask_decoder.iou_token.weight", &[1, 256]), ("prompt_encoder.no_mask_embed.weight", &[1, 256])];
pub(crate) const SAM_HQ: Tensors<'static> = &[
    ("mask_decoder.hf_token.weight", &[1, 256]),
    ("mask_decoder.iou_token.weight", &[1, 256]),
    ("prompt_encoder.no_mask_embed.weight", &[1, 256]),
];

/// The header of a file of such tensors in single precision.
pub(crate) fn header(tensors: Tensors<'_>) -> String {
    let mut offset = 0;
    let entries = tensors.iter().map(|(name, shape)| {
        let from = offset;
        offset += 4 * shape.iter().product::<u64>();
        format!(r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{from},{offset}]}}"#)
    });
    format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
}

/// A whole file of such tensors, all zero.
pub(crate) fn file(tensors: Tensors<'_>) -> Vec<u8> {
    let header = header(tensors);
    let data: u64 = tensors.iter().map(|(_, shape)| 4 * shape.iter().product::<u64>()).sum();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data as usize]].concat()
}
