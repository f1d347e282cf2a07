//! The mask decoder's transformer: tokens attend to the picture and the picture to the tokens.

use candle_core::{Result, Tensor};
use dedit_nn::layers::{LayerNorm, Linear};

use crate::layers::{add, attend, linear, linear_onto, norm};
use crate::weights::Scope;

/// ε of the norms.
const EPSILON: f64 = 1e-5;
/// Heads of every attention, which the weights do not determine: all published models have 8.
const HEADS: usize = 8;

/// Attention with projections, which may have fewer channels inside.
#[derive(Debug)]
struct Attention {
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
}

impl Attention {
    fn new(scope: &Scope<'_>) -> dedit_edit::Result<Self> {
        let part = |name: &str| scope.at(name).linear();
        let layer = Self { q: part("q_proj")?, k: part("k_proj")?, v: part("v_proj")?, out: part("out_proj")? };
        let inner = layer.q.outputs();
        scope.expect(
            inner.is_multiple_of(HEADS) && layer.k.outputs() == inner && layer.v.outputs() == inner && layer.out.inputs() == inner,
        )?;
        Ok(layer)
    }

    /// `residual + attention`, or without one the attention itself.
    fn forward(&self, q: &Tensor, k: &Tensor, v: &Tensor, residual: Option<&Tensor>) -> Result<Tensor> {
        self.projected(&linear(&self.q, q)?, &linear(&self.k, k)?, &linear(&self.v, v)?, residual)
    }

    /// The same from queries, keys and values that are projected already.
    fn projected(&self, q: &Tensor, k: &Tensor, v: &Tensor, residual: Option<&Tensor>) -> Result<Tensor> {
        let attended = attend(q, k, v, HEADS)?;
        match residual {
            Some(residual) => linear_onto(&self.out, &attended, residual),
            None => linear(&self.out, &attended),
        }
    }
}

#[derive(Debug)]
struct Layer {
    among_tokens: Attention,
    to_picture: Attention,
    up: Linear,
    down: Linear,
    to_tokens: Attention,
    norms: [LayerNorm; 4],
}

impl Layer {
    fn new(scope: &Scope<'_>) -> dedit_edit::Result<Self> {
        let layer_norm = |index: usize| scope.at(format!("norm{index}")).norm(EPSILON);
        Ok(Self {
            among_tokens: Attention::new(&scope.at("self_attn"))?,
            to_picture: Attention::new(&scope.at("cross_attn_token_to_image"))?,
            up: scope.at("mlp.lin1").linear()?,
            down: scope.at("mlp.lin2").linear()?,
            to_tokens: Attention::new(&scope.at("cross_attn_image_to_token"))?,
            norms: [layer_norm(1)?, layer_norm(2)?, layer_norm(3)?, layer_norm(4)?],
        })
    }

    /// What this layer makes of a picture.
    fn of_picture(&self, picture: &Tensor, positions: &Tensor) -> Result<Prepared> {
        let placed = add(picture, positions)?;
        let (k, v) = (linear(&self.to_picture.k, &placed)?, linear(&self.to_picture.v, picture)?);
        Ok(Prepared { picture: picture.clone(), k, v, q: linear(&self.to_tokens.q, &placed)? })
    }
}

/// A picture, and what a layer makes of it whatever the tokens are, each `[1, pixels, …]`.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    picture: Tensor,
    /// Keys and values for the tokens.
    k: Tensor,
    v: Tensor,
    /// Queries to the tokens.
    q: Tensor,
}

impl Prepared {
    /// Bytes of memory that it holds.
    pub(crate) fn bytes(&self) -> usize {
        let bytes = |tensor: &Tensor| tensor.elem_count() * tensor.dtype().size_in_bytes();
        [&self.picture, &self.k, &self.v, &self.q].into_iter().map(bytes).sum()
    }
}

/// The transformer.
#[derive(Debug)]
pub(crate) struct Transformer {
    layers: Vec<Layer>,
    last: Attention,
    last_norm: LayerNorm,
}

impl Transformer {
    pub(crate) fn new(scope: &Scope<'_>) -> dedit_edit::Result<Self> {
        scope.expect(scope.count("layers") > 0)?;
        let layers = (0..scope.count("layers")).map(|index| Layer::new(&scope.at("layers").at(index)));
        Ok(Self {
            layers: layers.collect::<dedit_edit::Result<_>>()?,
            last: Attention::new(&scope.at("final_attn_token_to_image"))?,
            last_norm: scope.at("norm_final_attn").norm(EPSILON)?,
        })
    }

    /// What depends on the picture `[1, pixels, channels]` and its positions alone.
    pub(crate) fn prepare(&self, picture: &Tensor, positions: &Tensor) -> Result<Prepared> {
        self.layers[0].of_picture(picture, positions)
    }

    /// Tokens `[1, tokens, channels]` and a picture with its positions, to both of them as they come out.
    pub(crate) fn forward(&self, tokens: &Tensor, prepared: &Prepared, positions: &Tensor) -> Result<(Tensor, Tensor)> {
        let (mut queries, mut keys) = (tokens.clone(), prepared.picture.clone());
        for (index, layer) in self.layers.iter().enumerate() {
            let [first, second, third, fourth] = &layer.norms;
            queries = if index == 0 {
                layer.among_tokens.forward(&queries, &queries, &queries, None)?
            } else {
                let placed = add(&queries, tokens)?;
                layer.among_tokens.forward(&placed, &placed, &queries, Some(&queries))?
            };
            queries = norm(first, &queries)?;
            let own = if index == 0 { None } else { Some(layer.of_picture(&keys, positions)?) };
            let Prepared { k, v, q, .. } = own.as_ref().unwrap_or(prepared);
            queries = layer.to_picture.projected(&linear(&layer.to_picture.q, &add(&queries, tokens)?)?, k, v, Some(&queries))?;
            queries = norm(second, &queries)?;
            queries = linear_onto(&layer.down, &linear(&layer.up, &queries)?.relu()?, &queries)?;
            queries = norm(third, &queries)?;
            let attention = &layer.to_tokens;
            let (k, v) = (linear(&attention.k, &add(&queries, tokens)?)?, linear(&attention.v, &queries)?);
            keys = attention.projected(q, &k, &v, Some(&keys))?;
            keys = norm(fourth, &keys)?;
        }
        let attended = self.last.forward(&add(&queries, tokens)?, &add(&keys, positions)?, &keys, Some(&queries))?;
        Ok((norm(&self.last_norm, &attended)?, keys))
    }
}
