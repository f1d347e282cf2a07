//! Results do not depend on the number of threads, nor on the run.

use dedit_nn::layers::{AttentionMask, Conv2d, GroupNorm, LayerNorm, attention};
use dedit_nn::ops::{self, Activation};

use crate::support::{KINDS, Probe, STORED, linear, normal, numbers, weight};

/// Every kernel, on sizes that make several tasks.
fn probes() -> Vec<Probe<'static>> {
    let mut probes = Vec::new();
    for (kind, dtype) in KINDS.into_iter().zip(STORED) {
        let (layer, parameters) = linear(kind, 300, 200, dtype, true);
        let run = move |x: &[dedit_nn::autograd::Value]| layer.forward(&x[0]);
        probes.push(Probe::new(format!("linear {kind:?}"), vec![normal(1, &[1300, 300])], run).with(parameters));
    }
    let conv = Conv2d::new(&weight(2, &[70, 40, 3, 3], 360, STORED[1]), None, 1, 1).unwrap();
    let mut norm = GroupNorm::new(&normal(3, &[40]), &normal(4, &[40]), 8, 1e-5).unwrap();
    let learnt = vec![norm.gamma.make_trainable().unwrap(), norm.beta.make_trainable().unwrap()];
    let image = vec![normal(5, &[2, 29, 31, 40])];
    probes.push(Probe::new("norm and convolution", image, move |x| conv.forward(&norm.forward_silu(&x[0])?)).with(learnt));
    let mut norm = LayerNorm::new(&normal(3, &[130]), &normal(4, &[130]), 1e-5).unwrap();
    let learnt = vec![norm.gamma.make_trainable().unwrap()];
    let rows = vec![normal(6, &[2, 700, 130])];
    probes.push(Probe::new("layer norm and geglu", rows, move |x| ops::geglu(&norm.forward(&x[0])?)).with(learnt));
    let tokens = [normal(7, &[2, 700, 48]), normal(8, &[2, 600, 48]), normal(9, &[2, 600, 48])];
    probes.push(Probe::new("attention", tokens.to_vec(), |x| attention(&x[0], &x[1], &x[2], 3, &AttentionMask::Causal)));
    probes.push(Probe::new("gelu", vec![normal(10, &[100_000])], |x| ops::activate(&x[0], Activation::Gelu)));
    probes
}

#[test]
fn one_thread_two_and_five_give_the_same_bits() {
    let bits = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| probes().iter().map(|probe| probe.run().iter().map(numbers).collect()).collect::<Vec<Vec<Vec<f32>>>>())
    };
    let one = bits(1);
    for threads in [2, 2, 5] {
        for ((probe, one), other) in probes().iter().zip(&one).zip(bits(threads)) {
            assert!(*one == other, "{} on {threads} threads", probe.name);
        }
    }
}
