//! CLIP's text encoder (Radford et al. 2021, arXiv 2103.00020), as in transformers' `CLIPTextModel`: CLIP-L, OpenCLIP-H, OpenCLIP-bigG.

use std::ops::Range;

use candle_core::{DType, Device, Tensor};
use dedit_nn::autograd::Value;
use dedit_nn::layers::{AttentionMask, Layer, LayerNorm, Linear, Visit, Visitor, attention, join};
use dedit_nn::ops::{self, Activation};

use crate::build::Build;
use crate::config::{ClipTextConfig, HiddenAct};
use crate::weights::Component;
use crate::{Error, Result};

/// A text encoder.
pub struct TextEncoder {
    config: ClipTextConfig,
    token_embedding: Tensor,
    /// Rows of textual inversion, `[rows, width]` f32.
    embeddings: Option<Tensor>,
    position_embedding: Tensor,
    layers: Vec<EncoderLayer>,
    final_layer_norm: LayerNorm,
    text_projection: Option<Linear>,
}

/// The output of a text encoder for a batch of prompts of `length` tokens.
pub struct TextOutput {
    /// The last hidden states after the final norm, `[batch, length, width]`: Stable Diffusion 1 and 2 attend to these.
    pub last: Value,
    /// The hidden states before each layer and after the last one, without the final norm, `[batch, length, width]` each.
    pub states: Vec<Value>,
    /// The final state at the end token, projected where the encoder has a projection, `[batch, projection]`.
    pub pooled: Value,
}

impl TextOutput {
    /// The hidden states before the last layer, without the final norm: SDXL attends to these.
    pub fn penultimate(&self) -> &Value {
        self.states.iter().rev().nth(1).unwrap_or(&self.last)
    }
}

impl TextEncoder {
    /// Builds the encoder on `device`.
    ///
    /// # Errors
    /// When a tensor is missing or has the wrong shape, or the checkpoint has tensors that the network does not use.
    pub fn new(component: &Component<ClipTextConfig>, device: &Device) -> Result<Self> {
        let config = component.config.clone();
        let root = Build::new(component.weights.root(), device);
        let text = root.at("text_model");
        let embeddings = text.at("embeddings");
        let width = config.hidden_size;
        let layers = (0..config.num_hidden_layers)
            .map(|i| EncoderLayer::new(&text.at(format!("encoder.layers.{i}")), &config))
            .collect::<Result<_>>()?;
        let text_projection =
            if config.with_projection { Some(root.linear_no_bias("text_projection", width, config.projection_dim)?) } else { None };
        let encoder = Self {
            token_embedding: embeddings.tensor("token_embedding.weight", &[config.vocab_size, width])?,
            embeddings: None,
            position_embedding: embeddings.tensor("position_embedding.weight", &[config.max_position_embeddings, width])?,
            layers,
            final_layer_norm: text.layer_norm("final_layer_norm", width, config.layer_norm_eps)?,
            text_projection,
            config,
        };
        component.weights.finish()?;
        Ok(encoder)
    }

    /// Its configuration.
    pub fn config(&self) -> &ClipTextConfig {
        &self.config
    }

    /// The token embedding table, `[vocabulary, width]`.
    pub fn token_embedding(&self) -> &Tensor {
        &self.token_embedding
    }

    /// Adds rows of textual inversion, `[rows, width]`, and returns their ids.
    ///
    /// # Errors
    /// `Model` where the width is another.
    pub fn add_embeddings(&mut self, rows: &Tensor) -> Result<Range<u32>> {
        let (count, width) = rows.dims2()?;
        if width != self.config.hidden_size {
            let own = self.config.hidden_size;
            return Err(Error::model(format!("an embedding of width {width} does not fit a text encoder of width {own}")));
        }
        let rows = rows.to_dtype(DType::F32)?.to_device(self.token_embedding.device())?;
        let first = self.first_learned();
        self.embeddings = Some(match &self.embeddings {
            Some(others) => Tensor::cat(&[others, &rows], 0)?,
            None => rows,
        });
        Ok(first..first + count as u32)
    }

    /// The id of the first row of learned tokens: those of the vocabulary and of [textual inversion](Self::add_embeddings) come before.
    pub fn first_learned(&self) -> u32 {
        let added = self.embeddings.as_ref().map_or(0, |rows| rows.dims()[0]);
        (self.config.vocab_size + added) as u32
    }

    /// The hidden states that a number of layers, from 1, come after, counted from the end: 1 is the last one. With the final norm where `normed`.
    ///
    /// # Errors
    /// `Usage` where there are not so many layers.
    pub fn hidden(&self, output: &TextOutput, from_end: usize, normed: bool) -> Result<Value> {
        let layers = self.layers.len();
        let state = from_end.checked_sub(1).filter(|_| from_end <= layers).and_then(|skipped| output.states.iter().rev().nth(skipped));
        let Some(state) = state else {
            return Err(Error::usage(format!("a text encoder of {layers} layers cannot end {from_end} layers from its end")));
        };
        match (normed, from_end) {
            (true, 1) => Ok(output.last.clone()),
            (true, _) => Ok(self.final_layer_norm.forward(state)?),
            (false, _) => Ok(state.clone()),
        }
    }

    /// Encodes prompts of equal length, up to the encoder's maximum. Ids from [`Self::first_learned`] on address the rows of `item_tokens [n, width]`.
    ///
    /// # Errors
    /// When the prompts differ in length or are too long, or an id is outside the vocabulary.
    pub fn forward(&self, prompts: &[Vec<u32>], item_tokens: Option<&Value>) -> Result<TextOutput> {
        let length = prompts.first().map_or(0, Vec::len);
        if length == 0 || prompts.iter().any(|ids| ids.len() != length) {
            return Err(Error::usage("prompts encoded together must have the same length, at least one token"));
        }
        if length > self.config.max_position_embeddings {
            let longest = self.config.max_position_embeddings;
            return Err(Error::usage(format!("a prompt of {length} tokens is too long for a text encoder of {longest}")));
        }
        let ids: Vec<u32> = prompts.concat();
        let width = self.config.hidden_size;
        let added = match (&self.embeddings, item_tokens) {
            (Some(added), Some(items)) => Some(ops::cat_samples(&[Value::constant(added.clone()), items.clone()])?),
            (Some(added), None) => Some(Value::constant(added.clone())),
            (None, items) => items.cloned(),
        };
        let tokens = ops::reshape(&ops::embed(&self.token_embedding, added.as_ref(), &ids)?, &[prompts.len(), length, width])?;
        let positions = self.position_embedding.narrow(0, 0, length)?.to_dtype(tokens.tensor().dtype())?;
        let positions = positions.unsqueeze(0)?.broadcast_as(tokens.tensor().shape())?.contiguous()?;
        let mut hidden = ops::add(&tokens, &positions.into())?;
        let mut states = vec![hidden.clone()];
        for layer in &self.layers {
            hidden = layer.forward(&hidden)?;
            states.push(hidden.clone());
        }
        let last = self.final_layer_norm.forward(&hidden)?;
        let ends: Vec<u32> = prompts.iter().enumerate().map(|(i, ids)| (i * length + self.end_position(ids)) as u32).collect();
        let mut pooled = ops::select_rows(&ops::reshape(&last, &[prompts.len() * length, width])?, &ends)?;
        if let Some(projection) = &self.text_projection {
            pooled = projection.forward(&pooled)?;
        }
        Ok(TextOutput { last, states, pooled })
    }

    /// The position of the pooled state: the first end token. Configurations written before transformers 4.31 have the wrong end token 2; for them it is the
    /// position of the largest id, which is the end token, or the last of the item tokens. Textual inversion does not count.
    fn end_position(&self, ids: &[u32]) -> usize {
        let added = self.config.vocab_size as u32..self.first_learned();
        let wanted = self.config.eos_token_id;
        let wanted = if wanted == 2 { ids.iter().copied().filter(|id| !added.contains(id)).max().unwrap_or(0) } else { wanted };
        ids.iter().position(|&id| id == wanted).unwrap_or(0)
    }
}

impl Visit for TextEncoder {
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
        for (i, layer) in self.layers.iter_mut().enumerate() {
            layer.visit(&join(path, format!("text_model.encoder.layers.{i}")), visitor)?;
        }
        visitor(&join(path, "text_model.final_layer_norm"), Layer::LayerNorm(&mut self.final_layer_norm))?;
        if let Some(projection) = &mut self.text_projection {
            visitor(&join(path, "text_projection"), Layer::Linear(projection))?;
        }
        Ok(())
    }
}

/// One transformer layer: causal self-attention and a two-layer perceptron, each after a norm and with a residual connection.
struct EncoderLayer {
    layer_norm1: LayerNorm,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    out_proj: Linear,
    layer_norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    heads: usize,
    activation: Activation,
}

impl EncoderLayer {
    fn new(build: &Build, config: &ClipTextConfig) -> Result<Self> {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let attention = build.at("self_attn");
        Ok(Self {
            layer_norm1: build.layer_norm("layer_norm1", width, config.layer_norm_eps)?,
            q_proj: attention.linear("q_proj", width, width)?,
            k_proj: attention.linear("k_proj", width, width)?,
            v_proj: attention.linear("v_proj", width, width)?,
            out_proj: attention.linear("out_proj", width, width)?,
            layer_norm2: build.layer_norm("layer_norm2", width, config.layer_norm_eps)?,
            fc1: build.linear("mlp.fc1", width, inner)?,
            fc2: build.linear("mlp.fc2", inner, width)?,
            heads: config.num_attention_heads,
            activation: match config.hidden_act {
                HiddenAct::QuickGelu => Activation::QuickGelu,
                HiddenAct::Gelu => Activation::Gelu,
            },
        })
    }

    fn forward(&self, x: &Value) -> Result<Value> {
        let normed = self.layer_norm1.forward(x)?;
        let (q, k, v) = (self.q_proj.forward(&normed)?, self.k_proj.forward(&normed)?, self.v_proj.forward(&normed)?);
        let attended = attention(&q, &k, &v, self.heads, &AttentionMask::Causal)?;
        let x = self.out_proj.forward_onto(&attended, Some(x))?;
        let inner = ops::activate(&self.fc1.forward(&self.layer_norm2.forward(&x)?)?, self.activation)?;
        Ok(self.fc2.forward_onto(&inner, Some(&x))?)
    }
}

impl Visit for EncoderLayer {
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
        visitor(&join(path, "layer_norm1"), Layer::LayerNorm(&mut self.layer_norm1))?;
        visitor(&join(path, "layer_norm2"), Layer::LayerNorm(&mut self.layer_norm2))?;
        let linears = [
            ("self_attn.q_proj", &mut self.q_proj),
            ("self_attn.k_proj", &mut self.k_proj),
            ("self_attn.v_proj", &mut self.v_proj),
            ("self_attn.out_proj", &mut self.out_proj),
            ("mlp.fc1", &mut self.fc1),
            ("mlp.fc2", &mut self.fc2),
        ];
        for (name, linear) in linears {
            visitor(&join(path, name), Layer::Linear(linear))?;
        }
        Ok(())
    }
}
