//! What a safetensors file holds, from its header alone: eight bytes of length (little-endian), and JSON with the type, shape and place of every tensor.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::kinds::{Family, Kind};

/// Largest header that is read, in bytes; checkpoints have some 0.5 MB.
const LARGEST: u64 = 64 << 20;

/// What a file of weights is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contents {
    /// What it holds; `None` for something that is used by other programs alone.
    pub(crate) kind: Option<Kind>,
    /// Which models it belongs to, where the tensors tell.
    pub(crate) family: Option<Family>,
    /// Whether its U-Net takes a mask and the masked picture: 9 channels in place of 4.
    pub(crate) inpainting: bool,
}

#[derive(Deserialize)]
struct Tensor {
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Tensor(Tensor),
    Other(IgnoredAny),
}

/// The shapes of a file's tensors, by name.
type Shapes = BTreeMap<String, Vec<u64>>;

/// Reads the header of a file and says what it holds; the weights are not read.
///
/// # Errors
/// A phrase that says how the file is broken.
pub(crate) fn read(path: &Path) -> Result<Contents, String> {
    Ok(contents(&shapes(path)?))
}

fn shapes(path: &Path) -> Result<Shapes, String> {
    let unreadable = |error: std::io::Error| format!("it cannot be read ({error})");
    let mut file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let mut length = [0; 8];
    if bytes < 8 {
        return Err(format!("it is cut off: it has {bytes} bytes"));
    }
    file.read_exact(&mut length).map_err(unreadable)?;
    if length.trim_ascii_start().starts_with(b"<") {
        return Err("it is a web page, saved in place of the file".to_owned());
    }
    if length.starts_with(b"version ") {
        return Err("it is a pointer of Git LFS, not the file itself".to_owned());
    }
    let length = u64::from_le_bytes(length);
    if length > LARGEST {
        return Err("it is no safetensors file".to_owned());
    }
    if length > bytes - 8 {
        return Err(format!("it is cut off within its header: it has {bytes} bytes"));
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header).map_err(unreadable)?;
    let entries: BTreeMap<String, Entry> = serde_json::from_slice(&header).map_err(|error| format!("its header is damaged ({error})"))?;
    let mut end = 0;
    let mut shapes = Shapes::new();
    for (name, entry) in entries {
        if let Entry::Tensor(tensor) = entry {
            end = end.max(tensor.data_offsets[1]);
            shapes.insert(name, tensor.shape);
        }
    }
    let whole = end.saturating_add(8 + length);
    if bytes < whole {
        return Err(format!("it is cut off: {bytes} of {whole} bytes"));
    }
    Ok(shapes)
}

fn contents(shapes: &Shapes) -> Contents {
    let has = |part: &str| shapes.keys().any(|name| name.contains(part));
    let first = |name: &str| shapes.get(name).and_then(|shape| shape.get(1)).copied();
    if let Some(channels) =
        first("model.diffusion_model.input_blocks.0.0.weight").or_else(|| first("conv_in.weight").filter(|_| has("attn2.")))
    {
        let family = unet_family(shapes);
        return Contents { kind: family.map(|_| Kind::Checkpoint), family, inpainting: channels == 9 };
    }
    let of = |kind, family| Contents { kind: Some(kind), family, inpainting: false };
    if has("lora_") || has(".lora.") || has(".hada_") || has(".lokr_") || has("dora_scale") {
        return of(Kind::Lora, lora_family(shapes));
    }
    if shapes.len() <= 4 && (has("emb_params") || has("clip_g") || has("clip_l") || shapes.keys().any(|name| name == "*")) {
        return of(Kind::Embedding, embedding_family(shapes));
    }
    let begins = |part: &str| shapes.keys().any(|name| name.starts_with(part));
    // Of other kinds (SAM 2, SAM-HQ, EfficientViT-SAM) one or the other is not so.
    if begins("mask_decoder.iou_token.")
        && begins("prompt_encoder.")
        && !begins("mask_decoder.hf_token.")
        && !begins("image_encoder.backbone.")
    {
        return of(Kind::Segmentation, None);
    }
    if has("decoder.conv_in.weight") && has("encoder.conv_in.weight") {
        return of(Kind::Vae, None);
    }
    Contents { kind: None, family: None, inpainting: false }
}

/// By the input width of the keys of cross-attention.
fn unet_family(shapes: &Shapes) -> Option<Family> {
    let is_key = |name: &str| name.ends_with("attn2.to_k.weight");
    shapes.iter().find(|(name, _)| is_key(name)).and_then(|(_, shape)| shape.get(1)).and_then(|width| Family::by_text_width(*width))
}

/// By the input width of the changes to the keys of cross-attention, and by the second text encoder.
fn lora_family(shapes: &Shapes) -> Option<Family> {
    if shapes.keys().any(|name| name.starts_with("lora_te2_") || name.starts_with("text_encoder_2.")) {
        return Some(Family::Sdxl);
    }
    let down = |name: &str| {
        name.contains("attn2")
            && name.contains("to_k")
            && ["lora_down", "lora_A", "lora.down", "hada_w1_b"].iter().any(|part| name.contains(part))
    };
    let by_keys = shapes.iter().find(|(name, _)| down(name)).and_then(|(_, shape)| shape.get(1));
    by_keys.and_then(|width| Family::by_text_width(*width))
}

fn embedding_family(shapes: &Shapes) -> Option<Family> {
    if shapes.contains_key("clip_g") {
        return Some(Family::Sdxl);
    }
    shapes.values().find_map(|shape| shape.last()).and_then(|width| Family::by_text_width(*width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, header};

    #[test]
    fn contents_are_told_by_names_and_shapes() {
        struct Case {
            tensors: &'static [(&'static str, &'static [u64])],
            kind: Option<Kind>,
            family: Option<Family>,
            inpainting: bool,
        }
        let unet = |kind, family, inpainting, tensors| Case { tensors, kind, family, inpainting };
        let cases = [
            unet(Some(Kind::Checkpoint), Some(Family::Sd1), false, samples::SD1),
            unet(Some(Kind::Checkpoint), Some(Family::Sd1), true, samples::SD1_INPAINTING),
            unet(Some(Kind::Checkpoint), Some(Family::Sdxl), false, samples::SDXL),
            unet(Some(Kind::Lora), Some(Family::Sd1), false, samples::LORA),
            unet(Some(Kind::Lora), Some(Family::Sdxl), false, &[("lora_te2_text_model.lora_down.weight", &[4, 1280])]),
            unet(Some(Kind::Embedding), Some(Family::Sd1), false, samples::EMBEDDING),
            unet(Some(Kind::Embedding), Some(Family::Sdxl), false, &[("clip_g", &[2, 1280]), ("clip_l", &[2, 768])]),
            unet(Some(Kind::Vae), None, false, samples::VAE),
            unet(Some(Kind::Segmentation), None, false, samples::SAM),
            unet(
                None,
                None,
                false,
                &[("sam_mask_decoder.iou_token.weight", &[1, 256]), ("sam_prompt_encoder.no_mask_embed.weight", &[1, 256])],
            ),
            unet(None, None, false, samples::SAM_HQ),
            unet(None, None, false, &[("double_blocks.0.img_attn.qkv.weight", &[9, 3])]),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        for Case { tensors, kind, family, inpainting } in cases {
            std::fs::write(&path, samples::file(tensors)).unwrap();
            assert_eq!(read(&path).unwrap(), Contents { kind, family, inpainting }, "{tensors:?}");
        }
    }

    #[test]
    fn a_broken_file_is_named_broken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let whole = samples::file(samples::SD1);
        let cut = |bytes: usize| whole[..bytes].to_vec();
        let damaged = [&(5_u64.to_le_bytes())[..], b"hello"].concat();
        for (bytes, expected) in [
            (cut(4), "it is cut off: it has 4 bytes"),
            (cut(20), "it is cut off within its header"),
            (cut(whole.len() - 1), "it is cut off: "),
            (b"<!DOCTYPE html><html>".to_vec(), "it is a web page"),
            (b"version https://git-lfs.github.com/spec/v1".to_vec(), "a pointer of Git LFS"),
            (vec![0xff; 100], "it is no safetensors file"),
            (damaged, "its header is damaged"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = read(&path).unwrap_err();
            assert!(error.contains(expected), "{error}, not {expected}");
        }
        assert!(read(&folder.path().join("absent")).unwrap_err().contains("it cannot be read"));
        let metadata = header(&[("a", &[1])]).replacen('{', r#"{"__metadata__":{"format":"pt"},"#, 1);
        std::fs::write(&path, [&(metadata.len() as u64).to_le_bytes()[..], metadata.as_bytes(), &[0; 4]].concat()).unwrap();
        assert_eq!(read(&path).unwrap().kind, None);
    }
}
