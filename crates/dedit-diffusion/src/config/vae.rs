use serde_json::json;

use super::ConfigFile;
use crate::Result;

/// The autoencoder (diffusers' `AutoencoderKL`).
#[derive(Debug, Clone, PartialEq)]
pub struct VaeConfig {
    /// Channels of the picture (3).
    pub in_channels: usize,
    /// Channels of the decoded picture (3).
    pub out_channels: usize,
    /// Channels of the latents (4).
    pub latent_channels: usize,
    /// Channels of each level, from the picture inwards; every level but the last halves the size.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks for each level of the encoder; the decoder has one more.
    pub layers_per_block: usize,
    /// Groups of every group norm.
    pub norm_num_groups: usize,
    /// latent = (sample − `shift_factor`)·`scaling_factor`.
    pub scaling_factor: f64,
    /// See `scaling_factor`; 0 in Stable Diffusion.
    pub shift_factor: f64,
    /// Per-channel mean that latents are normalised by, where the checkpoint has one.
    pub latents_mean: Option<Vec<f64>>,
    /// Per-channel standard deviation that latents are normalised by, where the checkpoint has one.
    pub latents_std: Option<Vec<f64>>,
    /// Whether there is a 1×1 convolution after the encoder.
    pub use_quant_conv: bool,
    /// Whether there is a 1×1 convolution before the decoder.
    pub use_post_quant_conv: bool,
    /// Whether the middle blocks have self-attention (one head).
    pub mid_block_add_attention: bool,
}

impl VaeConfig {
    /// Reads `vae/config.json`.
    pub fn from_file(file: &ConfigFile) -> Result<Self> {
        file.require("_class_name", &[json!("AutoencoderKL")])?;
        file.require("act_fn", &[json!("silu"), json!("swish")])?;
        let block_out_channels: Vec<usize> = file.size_list("block_out_channels", &[64])?;
        let levels = block_out_channels.len();
        file.blocks("down_block_types", &["DownEncoderBlock2D"], &["DownEncoderBlock2D"], levels)?;
        file.blocks("up_block_types", &["UpDecoderBlock2D"], &["UpDecoderBlock2D"], levels)?;
        let latent_channels = file.size("latent_channels", 4)?;
        let per_channel = |key: &str| -> Result<Option<Vec<f64>>> {
            let list: Option<Vec<f64>> = file.optional(key)?;
            match &list {
                Some(list) if list.len() != latent_channels => Err(file.unsupported(key, &format!("a list of {latent_channels} numbers"))),
                _ => Ok(list),
            }
        };
        let config = Self {
            in_channels: file.size("in_channels", 3)?,
            out_channels: file.size("out_channels", 3)?,
            latent_channels,
            layers_per_block: file.size("layers_per_block", 1)?,
            norm_num_groups: file.size("norm_num_groups", 32)?,
            scaling_factor: file.or("scaling_factor", 0.18215)?,
            shift_factor: file.or("shift_factor", 0.0)?,
            latents_mean: per_channel("latents_mean")?,
            latents_std: per_channel("latents_std")?,
            use_quant_conv: file.or("use_quant_conv", true)?,
            use_post_quant_conv: file.or("use_post_quant_conv", true)?,
            mid_block_add_attention: file.or("mid_block_add_attention", true)?,
            block_out_channels,
        };
        if config.scaling_factor == 0.0 || !config.scaling_factor.is_finite() {
            return Err(file.unsupported("scaling_factor", "a number other than 0"));
        }
        if config.block_out_channels.iter().any(|channels| !channels.is_multiple_of(config.norm_num_groups)) {
            return Err(file.unsupported("norm_num_groups", "a number that divides every entry of \"block_out_channels\""));
        }
        Ok(config)
    }

    /// Picture pixels per latent pixel along each side (8).
    pub fn pixels_per_latent(&self) -> usize {
        1 << (self.block_out_channels.len() - 1)
    }
}
