//! The U-Net's names in single files ("LDM", as in the original code of Stable Diffusion) and in diffusers.
//!
//! LDM numbers the blocks of the way down consecutively: the first convolution, then for each level its residual blocks (each with its transformer) and the
//! downsampling. On the way up each level has one more residual block, and the upsampling has the number of the last one.

/// The number of residual blocks per level, which determines the numbers where levels begin.
pub(super) fn blocks_per_level<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    let steps = names.filter_map(|name| {
        let mut parts = name.strip_prefix("input_blocks.")?.split('.');
        let step: usize = parts.next()?.parse().ok()?;
        Some((step, parts.next() == Some("0") && parts.next() == Some("op")))
    });
    let (mut first_downsampling, mut last) = (None, 0);
    for (step, downsampling) in steps {
        last = step.max(last);
        if downsampling {
            first_downsampling = Some(first_downsampling.map_or(step, |first: usize| first.min(step)));
        }
    }
    first_downsampling.map_or(last, |step| step.saturating_sub(1)).max(1)
}

/// The diffusers name of an LDM name; `None` for a name that LDM does not have. `blocks` is [`blocks_per_level`].
pub(crate) fn diffusers(name: &str, blocks: usize) -> Option<String> {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        ["time_embed", layer, rest @ ..] => Some(format!("time_embedding.linear_{}.{}", first_or_second(layer)?, rest.join("."))),
        ["label_emb", "0", layer, rest @ ..] => Some(format!("add_embedding.linear_{}.{}", first_or_second(layer)?, rest.join("."))),
        ["input_blocks", "0", "0", rest @ ..] => Some(format!("conv_in.{}", rest.join("."))),
        ["input_blocks", step, part, rest @ ..] => down(step.parse().ok()?, part, rest, blocks),
        ["middle_block", "0", rest @ ..] => Some(format!("mid_block.resnets.0.{}", residual(rest)?)),
        ["middle_block", "1", rest @ ..] => Some(format!("mid_block.attentions.0.{}", rest.join("."))),
        ["middle_block", "2", rest @ ..] => Some(format!("mid_block.resnets.1.{}", residual(rest)?)),
        ["output_blocks", step, part, rest @ ..] => up(step.parse().ok()?, part, rest, blocks),
        ["out", "0", rest @ ..] => Some(format!("conv_norm_out.{}", rest.join("."))),
        ["out", "2", rest @ ..] => Some(format!("conv_out.{}", rest.join("."))),
        _ => None,
    }
}

fn first_or_second(layer: &str) -> Option<usize> {
    match layer {
        "0" => Some(1),
        "2" => Some(2),
        _ => None,
    }
}

fn down(step: usize, part: &str, rest: &[&str], blocks: usize) -> Option<String> {
    let step = step.checked_sub(1)?;
    let (level, block) = (step / (blocks + 1), step % (blocks + 1));
    match (part, rest) {
        ("0", ["op", rest @ ..]) => Some(format!("down_blocks.{level}.downsamplers.0.conv.{}", rest.join("."))),
        ("0", rest) => Some(format!("down_blocks.{level}.resnets.{block}.{}", residual(rest)?)),
        ("1", rest) => Some(format!("down_blocks.{level}.attentions.{block}.{}", rest.join("."))),
        _ => None,
    }
}

fn up(step: usize, part: &str, rest: &[&str], blocks: usize) -> Option<String> {
    let (level, block) = (step / (blocks + 1), step % (blocks + 1));
    match (part, rest) {
        ("1" | "2", ["conv", rest @ ..]) => Some(format!("up_blocks.{level}.upsamplers.0.conv.{}", rest.join("."))),
        ("0", rest) => Some(format!("up_blocks.{level}.resnets.{block}.{}", residual(rest)?)),
        ("1", rest) => Some(format!("up_blocks.{level}.attentions.{block}.{}", rest.join("."))),
        _ => None,
    }
}

fn residual(rest: &[&str]) -> Option<String> {
    let (layer, rest) = match rest {
        ["in_layers", "0", rest @ ..] => ("norm1", rest),
        ["in_layers", "2", rest @ ..] => ("conv1", rest),
        ["emb_layers", "1", rest @ ..] => ("time_emb_proj", rest),
        ["out_layers", "0", rest @ ..] => ("norm2", rest),
        ["out_layers", "3", rest @ ..] => ("conv2", rest),
        ["skip_connection", rest @ ..] => ("conv_shortcut", rest),
        _ => return None,
    };
    Some(format!("{layer}.{}", rest.join(".")))
}
