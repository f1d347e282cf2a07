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
        let attended = attend(&linear(&self.q, q)?, &linear(&self.k, k)?, &linear(&self.v, v)?, HEADS)?;
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
        let layers = (0..scope.count("layers")).map(|index| Layer::new(&scope.at("layers").at(index)));
        Ok(Self {
            layers: layers.collect::<dedit_edit::Result<_>>()?,
            last: Attention::new(&scope.at("final_attn_token_to_image"))?,
            last_norm: scope.at("norm_final_attn").norm(EPSILON)?,
        })
    }

    /// Tokens `[1, tokens, channels]` and picture `[1, pixels, channels]` with its positions, to both of them as they come out.
    pub(crate) fn forward(&self, tokens: &Tensor, picture: &Tensor, positions: &Tensor) -> Result<(Tensor, Tensor)> {
        let (mut queries, mut keys) = (tokens.clone(), picture.clone());
        for (index, layer) in self.layers.iter().enumerate() {
            let [first, second, third, fourth] = &layer.norms;
            queries = if index == 0 {
                layer.among_tokens.forward(&queries, &queries, &queries, None)?
            } else {
                let placed = add(&queries, tokens)?;
                layer.among_tokens.forward(&placed, &placed, &queries, Some(&queries))?
            };
            queries = norm(first, &queries)?;
            let placed_keys = add(&keys, positions)?;
            queries = layer.to_picture.forward(&add(&queries, tokens)?, &placed_keys, &keys, Some(&queries))?;
            queries = norm(second, &queries)?;
            queries = linear_onto(&layer.down, &linear(&layer.up, &queries)?.relu()?, &queries)?;
            queries = norm(third, &queries)?;
            keys = layer.to_tokens.forward(&placed_keys, &add(&queries, tokens)?, &queries, Some(&keys))?;
            keys = norm(fourth, &keys)?;
        }
        let attended = self.last.forward(&add(&queries, tokens)?, &add(&keys, positions)?, &keys, Some(&queries))?;
        Ok((norm(&self.last_norm, &attended)?, keys))
    }
}
