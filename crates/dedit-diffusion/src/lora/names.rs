//! The names of tensors in LoRA files, which differ by the program that wrote the file.
//!
//! A name has three parts: the network (`unet.`, `lora_te1_`), the module inside it (with dots, or in kohya's files with underscores for all dots), and
//! the matrix of the pair (`.lora_A.weight`, `.lora_down.weight`, `.lora.down.weight`, `.processor.to_q_lora.down.weight`).

use super::LoraTarget;

/// The matrix or number of a module's LoRA that a tensor holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Down,
    Up,
    /// `LoHa`: the weight changes by the elementwise product of `w1_a · w1_b` and `w2_a · w2_b`.
    HadaW1A,
    HadaW1B,
    HadaW2A,
    HadaW2B,
    /// `LoKr`: it changes by the Kronecker product of `w1` and `w2`, each of which may be a product `a · b`.
    LokrW1,
    LokrW1A,
    LokrW1B,
    LokrW2,
    LokrW2A,
    LokrW2B,
    /// `DoRA`: the norms of the changed weight's rows (or columns), as the authors of `LyCORIS` store them.
    DoraScale,
    /// The same as PEFT stores them.
    Magnitude,
    Alpha,
}

/// A module as the file names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ModuleName {
    /// A path with dots, as in diffusers.
    Path(String),
    /// kohya's naming: underscores for dots.
    Flat(String),
}

impl ModuleName {
    /// Whether the module's path ends with `path`, which is written with dots.
    pub(super) fn ends_with(&self, path: &str) -> bool {
        match self {
            Self::Path(name) => name.ends_with(path),
            Self::Flat(name) => name.ends_with(&path.replace('.', "_")),
        }
    }
}

/// The parts of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) target: LoraTarget,
    pub(super) module: ModuleName,
    pub(super) role: Role,
}

/// Endings of names. In the last two rows the ending is joined to the projection's name (`to_q_lora`), with `processor` before it.
const ENDINGS: [(&str, Role); 26] = [
    (".hada_w1_a", Role::HadaW1A),
    (".hada_w1_b", Role::HadaW1B),
    (".hada_w2_a", Role::HadaW2A),
    (".hada_w2_b", Role::HadaW2B),
    (".lokr_w1", Role::LokrW1),
    (".lokr_w1_a", Role::LokrW1A),
    (".lokr_w1_b", Role::LokrW1B),
    (".lokr_w2", Role::LokrW2),
    (".lokr_w2_a", Role::LokrW2A),
    (".lokr_w2_b", Role::LokrW2B),
    (".dora_scale", Role::DoraScale),
    (".lora_magnitude_vector", Role::Magnitude),
    (".lora_magnitude_vector.weight", Role::Magnitude),
    (".lora_A.weight", Role::Down),
    (".lora_B.weight", Role::Up),
    (".lora_down.weight", Role::Down),
    (".lora_up.weight", Role::Up),
    (".lora.down.weight", Role::Down),
    (".lora.up.weight", Role::Up),
    (".lora_linear_layer.down.weight", Role::Down),
    (".lora_linear_layer.up.weight", Role::Up),
    (".lora_layer.down.weight", Role::Down),
    (".lora_layer.up.weight", Role::Up),
    (".alpha", Role::Alpha),
    ("_lora.down.weight", Role::Down),
    ("_lora.up.weight", Role::Up),
];

/// Prefixes of networks in kohya's naming.
const FLAT: [(&str, LoraTarget); 4] = [
    ("lora_unet_", LoraTarget::Unet),
    ("lora_te_", LoraTarget::TextEncoder(0)),
    ("lora_te1_", LoraTarget::TextEncoder(0)),
    ("lora_te2_", LoraTarget::TextEncoder(1)),
];
const PATHS: [(&str, LoraTarget); 3] =
    [("unet.", LoraTarget::Unet), ("text_encoder.", LoraTarget::TextEncoder(0)), ("text_encoder_2.", LoraTarget::TextEncoder(1))];
/// First modules by which the network is recognised where a name has no prefix.
const BARE: [(&str, LoraTarget); 7] = [
    ("down_blocks.", LoraTarget::Unet),
    ("mid_block.", LoraTarget::Unet),
    ("up_blocks.", LoraTarget::Unet),
    ("conv_", LoraTarget::Unet),
    ("time_embedding.", LoraTarget::Unet),
    ("add_embedding.", LoraTarget::Unet),
    ("text_model.", LoraTarget::TextEncoder(0)),
];

/// Splits a name into its parts; `None` if it does not belong to a LoRA for these networks.
pub(super) fn parse(name: &str) -> Option<Parsed> {
    let (stem, role, glued) = ending(name)?;
    if let Some((module, target)) = FLAT.iter().find_map(|&(start, target)| Some((stem.strip_prefix(start)?, target))) {
        return Some(Parsed { target, module: ModuleName::Flat(module.to_owned()), role });
    }
    let stem = stem.strip_prefix("base_model.model.").unwrap_or(stem);
    let with_network = PATHS.iter().find_map(|&(start, target)| Some((stem.strip_prefix(start)?, target)));
    let (module, target) =
        with_network.or_else(|| BARE.iter().find_map(|&(start, target)| stem.starts_with(start).then_some((stem, target))))?;
    let module = if glued { unglue(module, target) } else { module.to_owned() };
    Some(Parsed { target, module: ModuleName::Path(module), role })
}

/// The name before its ending, the role, and whether the ending is joined to the projection's name.
fn ending(name: &str) -> Option<(&str, Role, bool)> {
    if let Some((stem, role)) = ENDINGS.iter().find_map(|&(end, role)| Some((name.strip_suffix(end)?, role))) {
        return Some((stem, role, name.ends_with("_lora.down.weight") || name.ends_with("_lora.up.weight")));
    }
    if let Some((stem, _)) = name.strip_suffix(".weight").unwrap_or(name).rsplit_once(".lora_magnitude_vector.") {
        return Some((stem, Role::Magnitude, false));
    }
    // PEFT may insert the adapter's name: `.lora_A.default.weight`.
    let (stem, rest) = name.strip_suffix(".weight")?.rsplit_once(".lora_")?;
    match rest.split_once('.')? {
        ("A", adapter) if !adapter.contains('.') => Some((stem, Role::Down, false)),
        ("B", adapter) if !adapter.contains('.') => Some((stem, Role::Up, false)),
        _ => None,
    }
}

/// `attn1.processor.to_out` → `attn1.to_out.0`; in a text encoder `self_attn.to_q` → `self_attn.q_proj`.
fn unglue(module: &str, target: LoraTarget) -> String {
    let module = module.replace(".processor.", ".");
    let Some((parent, layer)) = module.rsplit_once('.') else { return module };
    let layer = match (target, layer) {
        (LoraTarget::Unet, "to_out") => "to_out.0",
        (LoraTarget::TextEncoder(_), "to_q") => "q_proj",
        (LoraTarget::TextEncoder(_), "to_k") => "k_proj",
        (LoraTarget::TextEncoder(_), "to_v") => "v_proj",
        (LoraTarget::TextEncoder(_), "to_out") => "out_proj",
        (_, layer) => layer,
    };
    format!("{parent}.{layer}")
}

/// The name of the unsupported kind of adapter that this tensor belongs to.
pub(super) fn unsupported(name: &str) -> Option<&'static str> {
    const KINDS: [(&[&str], &str); 5] = [
        (&["hada_t1", "hada_t2"], "a LoHa with a middle factor"),
        (&["lokr_t1", "lokr_t2"], "a LoKr with a middle factor"),
        (&["lora_mid"], "a LoCon with a middle factor"),
        (&["oft_blocks", "oft_diag"], "an OFT (with rotations)"),
        (&["diff", "diff_b", "set_weight"], "an adapter with whole weights"),
    ];
    if name.ends_with(".lora_B.bias") {
        return Some("a LoRA with biases");
    }
    KINDS.iter().find(|(signs, _)| name.split('.').any(|part| signs.contains(&part))).map(|(_, what)| *what)
}

/// Inserts the dots around the block numbers of a flat name in the numbering of the original code (kohya's SDXL files):
/// `input_blocks_4_1_transformer_blocks_0_attn1_to_q` to `input_blocks.4.1.transformer_blocks_0_attn1_to_q`; `None` for other names.
pub(super) fn original_blocks(flat: &str) -> Option<String> {
    for blocks in ["input_blocks", "output_blocks"] {
        if let Some(rest) = flat.strip_prefix(blocks).and_then(|rest| rest.strip_prefix('_')) {
            let mut parts = rest.splitn(3, '_');
            let (step, part, rest) = (parts.next()?, parts.next()?, parts.next());
            return Some(with_rest(&format!("{blocks}.{step}.{part}"), rest));
        }
    }
    if let Some(rest) = flat.strip_prefix("middle_block_") {
        let (part, rest) = rest.split_once('_')?;
        return Some(with_rest(&format!("middle_block.{part}"), Some(rest)));
    }
    match flat {
        "time_embed_0" | "time_embed_2" | "label_emb_0_0" | "label_emb_0_2" | "out_2" => {
            Some(flat.replace('_', ".").replace("time.embed", "time_embed").replace("label.emb", "label_emb"))
        }
        _ => None,
    }
}

fn with_rest(block: &str, rest: Option<&str>) -> String {
    let Some(rest) = rest else { return block.to_owned() };
    let layers = ["in_layers_", "emb_layers_", "out_layers_"];
    match layers.iter().find_map(|layers| Some((layers, rest.strip_prefix(layers)?))) {
        Some((layers, number)) => format!("{block}.{}.{number}", layers.trim_end_matches('_')),
        None => format!("{block}.{rest}"),
    }
}
