//! Names of tensors in diffusers folders, where older writers differ from today's.

/// How a tensor lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// As the network wants it.
    AsStored,
    /// With its two dimensions swapped.
    Transposed,
}

/// Where a tensor of a file belongs in a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(super) name: String,
    /// (index, count): one of several equal parts along the first dimension.
    pub(super) part: Option<(usize, usize)>,
    pub(super) layout: Layout,
}

impl Slot {
    /// The whole tensor as it is, under this name.
    pub(crate) fn whole(name: impl Into<String>) -> Self {
        Self { name: name.into(), part: None, layout: Layout::AsStored }
    }
}

/// Of a U-Net: as they are.
pub(super) fn unet(name: &str) -> Vec<Slot> {
    vec![Slot::whole(name)]
}

/// Of an autoencoder: the attention was once called `query`, `key`, `value`, `proj_attn`.
pub(super) fn vae(name: &str) -> Vec<Slot> {
    let old = [(".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0.")];
    match old.into_iter().find(|(old, _)| name.contains(".attentions.") && name.contains(old)) {
        Some((old, new)) => vec![Slot::whole(name.replace(old, new))],
        None => vec![Slot::whole(name)],
    }
}

/// Of a text encoder: some writers leave out `text_model.`; position ids are 0, 1, 2 and so on; a projection that the configuration does not ask for
/// is not used.
pub(super) fn text_encoder(name: &str, with_projection: bool) -> Vec<Slot> {
    if name.ends_with("position_ids") || name == "logit_scale" || (name == "text_projection.weight" && !with_projection) {
        return Vec::new();
    }
    let bare = ["embeddings.", "encoder.", "final_layer_norm."].iter().any(|start| name.starts_with(start));
    vec![if bare { Slot::whole(format!("text_model.{name}")) } else { Slot::whole(name) }]
}
