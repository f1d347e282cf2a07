//! The autoencoder's names in single files and in diffusers: LDM numbers the decoder's levels from the picture inwards, diffusers in order of
//! execution.

/// The number of levels.
pub(super) fn levels<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    let level = |name: &'a str| name.strip_prefix("decoder.up.")?.split('.').next()?.parse::<usize>().ok();
    names.filter_map(level).max().map_or(0, |last| last.saturating_add(1))
}

/// The diffusers name of an LDM name; `None` for a name that LDM does not have.
pub(super) fn diffusers(name: &str, levels: usize) -> Option<String> {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        ["quant_conv" | "post_quant_conv", ..] | ["encoder" | "decoder", "conv_in" | "conv_out", ..] => Some(name.to_owned()),
        [side @ ("encoder" | "decoder"), "norm_out", rest @ ..] => Some(format!("{side}.conv_norm_out.{}", rest.join("."))),
        [side @ ("encoder" | "decoder"), "mid", "attn_1", rest @ ..] => Some(format!("{side}.mid_block.attentions.0.{}", attention(rest)?)),
        [side @ ("encoder" | "decoder"), "mid", "block_1", rest @ ..] => Some(format!("{side}.mid_block.resnets.0.{}", residual(rest))),
        [side @ ("encoder" | "decoder"), "mid", "block_2", rest @ ..] => Some(format!("{side}.mid_block.resnets.1.{}", residual(rest))),
        ["encoder", "down", level, rest @ ..] => Some(format!("encoder.down_blocks.{level}.{}", step(rest)?)),
        ["decoder", "up", level, rest @ ..] => {
            let level = levels.checked_sub(1)?.checked_sub(level.parse().ok()?)?;
            Some(format!("decoder.up_blocks.{level}.{}", step(rest)?))
        }
        _ => None,
    }
}

fn step(rest: &[&str]) -> Option<String> {
    match rest {
        ["block", block, rest @ ..] => Some(format!("resnets.{block}.{}", residual(rest))),
        ["downsample", rest @ ..] => Some(format!("downsamplers.0.{}", rest.join("."))),
        ["upsample", rest @ ..] => Some(format!("upsamplers.0.{}", rest.join("."))),
        _ => None,
    }
}

fn residual(rest: &[&str]) -> String {
    rest.join(".").replace("nin_shortcut", "conv_shortcut")
}

fn attention(rest: &[&str]) -> Option<String> {
    let (layer, rest) = rest.split_first()?;
    let layer = match *layer {
        "norm" => "group_norm",
        "q" => "to_q",
        "k" => "to_k",
        "v" => "to_v",
        "proj_out" => "to_out.0",
        _ => return None,
    };
    Some(format!("{layer}.{}", rest.join(".")))
}
