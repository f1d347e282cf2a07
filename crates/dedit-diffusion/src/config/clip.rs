use serde_json::json;

use super::ConfigFile;
use crate::Result;

/// The activation inside CLIP's feed-forward layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HiddenAct {
    /// x·σ(1.702·x): the original CLIP-L.
    QuickGelu,
    /// The exact (erf) GELU: OpenCLIP's H and bigG.
    Gelu,
}

/// A CLIP text encoder (transformers' `CLIPTextConfig`).
#[derive(Debug, Clone, PartialEq)]
pub struct ClipTextConfig {
    /// Rows of the token embedding.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub hidden_size: usize,
    /// Width inside the feed-forward layers.
    pub intermediate_size: usize,
    /// Transformer layers.
    pub num_hidden_layers: usize,
    /// Attention heads; divides `hidden_size`.
    pub num_attention_heads: usize,
    /// Longest prompt in tokens.
    pub max_position_embeddings: usize,
    /// Activation of the feed-forward layers.
    pub hidden_act: HiddenAct,
    /// ε of the layer norms.
    pub layer_norm_eps: f64,
    /// Width of the projected pooled output.
    pub projection_dim: usize,
    /// Whether there is a text projection (`architectures` is `CLIPTextModelWithProjection`).
    pub with_projection: bool,
    /// Where the pooled output is taken: at the first token with this id; but for 2, which older configurations have with any vocabulary, at the token with
    /// the largest id.
    pub eos_token_id: u32,
    /// The padding id of the configuration. Prompts are padded with the tokenizer's instead.
    pub pad_token_id: u32,
}

impl ClipTextConfig {
    /// Reads `text_encoder/config.json`.
    pub fn from_file(file: &ConfigFile) -> Result<Self> {
        file.require("model_type", &[json!("clip_text_model"), json!("clip")])?;
        let architectures: Vec<String> = file.or("architectures", Vec::new())?;
        let hidden_act = match file.or("hidden_act", "quick_gelu".to_owned())?.as_str() {
            "quick_gelu" => HiddenAct::QuickGelu,
            "gelu" => HiddenAct::Gelu,
            _ => return Err(file.unsupported("hidden_act", "\"quick_gelu\" or \"gelu\"")),
        };
        let config = Self {
            vocab_size: file.size("vocab_size", 49_408)?,
            hidden_size: file.size("hidden_size", 512)?,
            intermediate_size: file.size("intermediate_size", 2048)?,
            num_hidden_layers: file.size("num_hidden_layers", 12)?,
            num_attention_heads: file.size("num_attention_heads", 8)?,
            max_position_embeddings: file.size("max_position_embeddings", 77)?,
            hidden_act,
            layer_norm_eps: file.epsilon("layer_norm_eps")?,
            projection_dim: file.size("projection_dim", 512)?,
            with_projection: architectures.iter().any(|name| name == "CLIPTextModelWithProjection"),
            eos_token_id: file.or("eos_token_id", 49_407)?,
            pad_token_id: file.or("pad_token_id", 1)?,
        };
        if !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            return Err(file.unsupported("num_attention_heads", &format!("a divisor of \"hidden_size\", {}", config.hidden_size)));
        }
        Ok(config)
    }
}
