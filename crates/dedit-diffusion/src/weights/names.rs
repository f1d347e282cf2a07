//! Names of tensors in diffusers folders, including those of older versions.

use super::markers::is_marker;

/// The layout of a tensor in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// As in the network.
    AsStored,
    /// With swapped dimensions.
    Transposed,
}

/// The tensor, or part of a tensor, of a network that a tensor of a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(super) name: String,
    /// (index, count): one of several equal parts along the first dimension.
    pub(super) part: Option<(usize, usize)>,
    pub(super) layout: Layout,
}

impl Slot {
    /// The whole tensor, unchanged, with this name.
    pub(crate) fn whole(name: impl Into<String>) -> Self {
        Self { name: name.into(), part: None, layout: Layout::AsStored }
    }
}

/// Names of a U-Net, which are unchanged.
pub(super) fn unet(name: &str) -> Vec<Slot> {
    if is_marker(name) { Vec::new() } else { vec![Slot::whole(name)] }
}

/// Names of an autoencoder: older files have `query`, `key`, `value` and `proj_attn` for the attention.
pub(super) fn vae(name: &str) -> Vec<Slot> {
    let old = [(".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0.")];
    match old.into_iter().find(|(old, _)| name.contains(".attentions.") && name.contains(old)) {
        Some((old, new)) => vec![Slot::whole(name.replace(old, new))],
        None => vec![Slot::whole(name)],
    }
}

/// Names of a text encoder: some files leave out `text_model.`; position ids are always 0, 1, 2, … and ignored, as is a projection that the configuration
/// does not have.
pub(super) fn text_encoder(name: &str, with_projection: bool) -> Vec<Slot> {
    if name.ends_with("position_ids") || name == "logit_scale" || (name == "text_projection.weight" && !with_projection) {
        return Vec::new();
    }
    let bare = ["embeddings.", "encoder.", "final_layer_norm."].iter().any(|start| name.starts_with(start));
    vec![if bare { Slot::whole(format!("text_model.{name}")) } else { Slot::whole(name) }]
}
