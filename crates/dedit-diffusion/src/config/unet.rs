use serde_json::{Value, json};

use super::ConfigFile;
use crate::Result;

/// A level of the U-Net.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Residual blocks only (`DownBlock2D`, `UpBlock2D`).
    Plain,
    /// A transformer after each residual block (`CrossAttnDownBlock2D`, `CrossAttnUpBlock2D`).
    CrossAttention,
}

/// The middle of the U-Net.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MidBlock {
    /// Residual block, transformer, residual block (`UNetMidBlock2DCrossAttn`).
    CrossAttention,
    /// Nothing (`mid_block_type` is null, in distilled checkpoints).
    Absent,
}

/// SDXL's conditioning on the pooled text and the six size numbers (`addition_embed_type` is `text_time`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextTime {
    /// Width of the sinusoidal embedding of each number (256).
    pub addition_time_embed_dim: usize,
    /// Width of the pooled text and the embedded numbers together (2816).
    pub projection_class_embeddings_input_dim: usize,
}

/// The denoiser (diffusers' `UNet2DConditionModel`). Lists have one entry for each level, from the latents inwards.
#[derive(Debug, Clone, PartialEq)]
pub struct UnetConfig {
    /// Side of the latents it was trained on, in latent pixels, if the configuration has it.
    pub sample_size: Option<usize>,
    /// Input channels: 4, or 9 for inpainting.
    pub in_channels: usize,
    /// Output channels (4).
    pub out_channels: usize,
    /// Channels of each level; every level but the last halves the size.
    pub block_out_channels: Vec<usize>,
    /// Kinds of the levels on the way down, in order.
    pub down_block_types: Vec<BlockKind>,
    /// The block between the way down and the way up.
    pub mid_block_type: MidBlock,
    /// Kinds of the levels on the way up, in order of execution: the first belongs to the last level of `down_block_types`.
    pub up_block_types: Vec<BlockKind>,
    /// Residual blocks for each level on the way down; one more on the way up.
    pub layers_per_block: Vec<usize>,
    /// Transformer blocks inside each transformer.
    pub transformer_layers_per_block: Vec<usize>,
    /// Heads of the attentions. diffusers reads them from `attention_head_dim`, despite the name, unless `num_attention_heads` is there.
    pub num_attention_heads: Vec<usize>,
    /// Width of the text embeddings that each level's cross-attentions attend to.
    pub cross_attention_dim: Vec<usize>,
    /// Whether a transformer's `proj_in` and `proj_out` are linear layers (else 1×1 convolutions).
    pub use_linear_projection: bool,
    /// Groups of every group norm.
    pub norm_num_groups: usize,
    /// ε of the group norms in residual blocks.
    pub norm_eps: f64,
    /// Whether attention scores must be computed in f32.
    pub upcast_attention: bool,
    /// Whether the timestep embedding is (cos, sin) rather than (sin, cos).
    pub flip_sin_to_cos: bool,
    /// Offset in the exponent of the timestep frequencies.
    pub freq_shift: f64,
    /// Padding of the downsampling convolutions (1).
    pub downsample_padding: usize,
    /// SDXL's added conditioning.
    pub text_time: Option<TextTime>,
    /// Width of the guidance embedding of distilled (LCM) checkpoints.
    pub time_cond_proj_dim: Option<usize>,
}

/// Keys of which only some values are supported, with these values.
fn fixed_keys() -> Vec<(&'static str, Vec<Value>)> {
    let off = || vec![json!(false)];
    let one = || vec![json!(1), json!(1.0)];
    vec![
        ("_class_name", vec![json!("UNet2DConditionModel")]),
        ("act_fn", vec![json!("silu"), json!("swish")]),
        ("center_input_sample", off()),
        ("only_cross_attention", off()),
        ("mid_block_only_cross_attention", off()),
        ("dual_cross_attention", off()),
        ("class_embeddings_concat", off()),
        ("resnet_skip_time_act", off()),
        ("mid_block_scale_factor", one()),
        ("resnet_out_scale_factor", one()),
        ("resnet_time_scale_shift", vec![json!("default")]),
        ("time_embedding_type", vec![json!("positional")]),
        ("attention_type", vec![json!("default")]),
        ("conv_in_kernel", vec![json!(3)]),
        ("conv_out_kernel", vec![json!(3)]),
        ("class_embed_type", vec![]),
        ("num_class_embeds", vec![]),
        ("encoder_hid_dim", vec![]),
        ("encoder_hid_dim_type", vec![]),
        ("cross_attention_norm", vec![]),
        ("time_embedding_dim", vec![]),
        ("time_embedding_act_fn", vec![]),
        ("timestep_post_act", vec![]),
        ("reverse_transformer_layers_per_block", vec![]),
        ("addition_embed_type", vec![json!("text_time")]),
    ]
}

impl UnetConfig {
    /// Channels of the latents that it denoises.
    pub fn latent_channels(&self) -> usize {
        if self.is_inpainting() { (self.in_channels - 1) / 2 } else { self.in_channels }
    }

    /// Whether it also takes a mask and the latents of a masked picture.
    pub fn is_inpainting(&self) -> bool {
        self.in_channels == 2 * self.out_channels + 1
    }

    /// Reads `unet/config.json`.
    pub fn from_file(file: &ConfigFile) -> Result<Self> {
        for (key, supported) in fixed_keys() {
            file.require(key, &supported)?;
        }
        let block_out_channels = file.size_list("block_out_channels", &[320, 640, 1280, 1280])?;
        let levels = block_out_channels.len();
        let text_time = match file.value("addition_embed_type") {
            None | Some(Value::Null) => None,
            Some(_) => Some(TextTime {
                addition_time_embed_dim: file.size("addition_time_embed_dim", 256)?,
                projection_class_embeddings_input_dim: file.size("projection_class_embeddings_input_dim", 2816)?,
            }),
        };
        let config = Self {
            // Some checkpoints give height and width instead; then the default picture size is the family's.
            sample_size: file.value("sample_size").and_then(Value::as_u64).map(|size| size as usize),
            in_channels: file.size("in_channels", 4)?,
            out_channels: file.size("out_channels", 4)?,
            down_block_types: down_blocks(file, levels)?,
            mid_block_type: mid_block(file)?,
            up_block_types: up_blocks(file, levels)?,
            layers_per_block: file.sizes("layers_per_block", 2, levels)?,
            transformer_layers_per_block: file.sizes("transformer_layers_per_block", 1, levels)?,
            num_attention_heads: attention_heads(file, &block_out_channels)?,
            cross_attention_dim: file.sizes("cross_attention_dim", 1280, levels)?,
            use_linear_projection: file.or("use_linear_projection", false)?,
            norm_num_groups: file.size("norm_num_groups", 32)?,
            norm_eps: file.epsilon("norm_eps")?,
            upcast_attention: file.or("upcast_attention", false)?,
            flip_sin_to_cos: file.or("flip_sin_to_cos", true)?,
            freq_shift: file.or("freq_shift", 0.0)?,
            downsample_padding: file.or("downsample_padding", 1)?,
            text_time,
            time_cond_proj_dim: file.optional("time_cond_proj_dim")?,
            block_out_channels,
        };
        if config.block_out_channels.iter().any(|channels| !channels.is_multiple_of(config.norm_num_groups)) {
            return Err(file.unsupported("norm_num_groups", "a number that divides every entry of \"block_out_channels\""));
        }
        Ok(config)
    }
}

fn down_blocks(file: &ConfigFile, levels: usize) -> Result<Vec<BlockKind>> {
    let default = ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"];
    let names = file.blocks("down_block_types", &["CrossAttnDownBlock2D", "DownBlock2D"], &default, levels)?;
    Ok(kinds(&names, "DownBlock2D"))
}

fn up_blocks(file: &ConfigFile, levels: usize) -> Result<Vec<BlockKind>> {
    let default = ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"];
    let names = file.blocks("up_block_types", &["CrossAttnUpBlock2D", "UpBlock2D"], &default, levels)?;
    Ok(kinds(&names, "UpBlock2D"))
}

fn kinds(names: &[String], plain: &str) -> Vec<BlockKind> {
    names.iter().map(|name| if name == plain { BlockKind::Plain } else { BlockKind::CrossAttention }).collect()
}

fn mid_block(file: &ConfigFile) -> Result<MidBlock> {
    file.require("mid_block_type", &[json!("UNetMidBlock2DCrossAttn")])?;
    Ok(if matches!(file.value("mid_block_type"), Some(Value::Null)) { MidBlock::Absent } else { MidBlock::CrossAttention })
}

fn attention_heads(file: &ConfigFile, channels: &[usize]) -> Result<Vec<usize>> {
    let given = file.value("num_attention_heads").is_some_and(|value| !value.is_null());
    let key = if given { "num_attention_heads" } else { "attention_head_dim" };
    let heads = file.sizes(key, 8, channels.len())?;
    if heads.iter().zip(channels).all(|(heads, channels)| channels.is_multiple_of(*heads)) {
        Ok(heads)
    } else {
        Err(file.unsupported(key, "numbers of heads that divide the entries of \"block_out_channels\""))
    }
}
