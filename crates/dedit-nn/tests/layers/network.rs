//! Gradients through a small network with every kind of layer.

use std::sync::Arc;

use candle_core::{DType, Result, Tensor};
use dedit_nn::autograd::{Parameter, Value, checkpoint};
use dedit_nn::layers::{AttentionMask, Conv2d, GroupNorm, LayerNorm, Linear, attention};
use dedit_nn::ops::{self, Activation};

use crate::support::{DIFFERENCE, Kind, Probe, ROUNDING, linear, normal, weight};

/// Channels of every layer.
const WIDTH: usize = 8;

/// A residual block, a transformer block and a downsampling convolution, as in a U-Net.
struct Network {
    conv_in: Conv2d,
    norm: GroupNorm,
    conv: Conv2d,
    time: Linear,
    layer_norm: LayerNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    geglu: Linear,
    down: Conv2d,
}

fn conv(seed: u64, stride: usize) -> Conv2d {
    Conv2d::new(&weight(seed, &[WIDTH, WIDTH, 3, 3], 9 * WIDTH, DType::F16), Some(&normal(seed + 1, &[WIDTH])), stride, 1).unwrap()
}

/// The network and its trainable parameters: of a convolution, an adapter, a projection and a norm. All else is frozen.
fn network() -> (Network, Vec<Parameter>) {
    let (q, mut parameters) = linear(Kind::Lora, WIDTH, WIDTH, DType::BF16, false);
    let (k, more) = linear(Kind::Trainable, 5, WIDTH, DType::F32, false);
    parameters.extend(more);
    let frozen = |inputs, outputs| linear(Kind::Frozen, inputs, outputs, DType::F16, true).0;
    let ones = normal(1, &[WIDTH]).ones_like().unwrap();
    let mut network = Network {
        conv_in: conv(1, 1),
        norm: GroupNorm::new(&ones, &normal(2, &[WIDTH]), 4, 1e-5).unwrap(),
        conv: conv(3, 1),
        time: frozen(6, WIDTH),
        layer_norm: LayerNorm::new(&ones, &normal(4, &[WIDTH]), 1e-5).unwrap(),
        q,
        k,
        v: frozen(5, WIDTH),
        out: frozen(WIDTH, WIDTH),
        geglu: frozen(WIDTH, 2 * WIDTH),
        down: conv(5, 2),
    };
    parameters.push(network.conv.make_trainable().unwrap());
    parameters.push(network.layer_norm.gamma.make_trainable().unwrap());
    (network, parameters)
}

impl Network {
    fn residual(&self, x: &Value, time: &Value) -> Result<Value> {
        let h = self.conv.forward(&self.norm.forward_silu(x)?)?;
        let h = ops::add_per_sample(&h, &self.time.forward(&ops::activate(time, Activation::Silu)?)?)?;
        self.conv.forward_onto(&h, Some(x))
    }

    fn transform(&self, x: &Value, context: &Value) -> Result<Value> {
        let image = x.dims().to_vec();
        let tokens = ops::reshape(x, &[image[0], image[1] * image[2], WIDTH])?;
        let normed = self.layer_norm.forward(&tokens)?;
        let (q, k, v) = (self.q.forward(&normed)?, self.k.forward(context)?, self.v.forward(context)?);
        let attended = attention(&q, &k, &v, 2, &AttentionMask::None)?;
        let tokens = self.out.forward_onto(&attended, Some(&tokens))?;
        let tokens = ops::add(&ops::geglu(&self.geglu.forward(&tokens)?)?, &tokens)?;
        ops::reshape(&tokens, &image)
    }
}

/// `[latents, time, context]` to an image; each block a checkpoint if asked.
fn run(network: &Arc<Network>, x: &[Value], checkpoints: bool) -> Result<Value> {
    let segment = |inputs: &[&Value], body: fn(&Network, &[Value]) -> Result<Value>| {
        let network = network.clone();
        let inputs_owned: Vec<Value> = inputs.iter().map(|&value| value.clone()).collect();
        if checkpoints { checkpoint(inputs, move |x| body(&network, x)) } else { body(&network, &inputs_owned) }
    };
    let h = network.conv_in.forward(&x[0])?;
    let skip = segment(&[&h, &x[1]], |network, x| network.residual(&x[0], &x[1]))?;
    let h = segment(&[&skip, &x[2]], |network, x| network.transform(&x[0], &x[1]))?;
    let h = segment(&[&h], |network, x| ops::upsample2(&network.down.forward(&x[0])?))?;
    ops::cat_channels(&h, &skip)
}

fn probe(checkpoints: bool) -> Probe<'static> {
    let (network, parameters) = network();
    let network = Arc::new(network);
    let inputs: Vec<Tensor> = vec![normal(11, &[2, 4, 6, WIDTH]), normal(12, &[2, 6]), normal(13, &[2, 7, 5])];
    Probe::new(format!("network, checkpoints {checkpoints}"), inputs, move |x| run(&network, x, checkpoints)).with(parameters)
}

#[test]
fn gradients_are_those_of_finite_differences() {
    // Through a dozen layers the truncation error of the differences adds up.
    probe(false).agrees_with_differences(5.0 * DIFFERENCE);
    probe(true).agrees_with_differences(5.0 * DIFFERENCE);
}

#[test]
fn fused_and_reference_agree() {
    probe(true).agrees_with_reference(5.0 * ROUNDING);
}

#[test]
fn checkpoints_change_no_bit() {
    let bits = |checkpoints| probe(checkpoints).run().iter().map(crate::support::numbers).collect::<Vec<_>>();
    assert_eq!(bits(false), bits(true));
}
