//! Attention on sizes around the blocks of queries (96), keys (512) and panels (64).

use candle_core::{Device, Tensor};
use dedit_nn::layers::{AttentionMask, attention};

use crate::support::{DIFFERENCE, Probe, ROUNDING, normal, numbers};

const WIDTHS: [usize; 7] = [1, 5, 8, 40, 64, 80, 160];
const TOKENS: [usize; 7] = [1, 63, 64, 65, 97, 513, 1030];

/// A mask of the given kind: none, causal, random numbers, random numbers of which a third hides its key, or every third query hidden altogether.
fn mask(kind: usize, queries: usize, keys: usize) -> AttentionMask {
    let scores = |hidden: &dyn Fn(usize, usize, f32) -> bool| {
        let random = numbers(&normal(77, &[queries, keys]));
        let value = |(i, &value): (usize, &f32)| if hidden(i / keys, i % keys, value) { f32::NEG_INFINITY } else { value };
        AttentionMask::Scores(Tensor::from_vec(random.iter().enumerate().map(value).collect(), (queries, keys), &Device::Cpu).unwrap())
    };
    match kind {
        0 => AttentionMask::None,
        1 => AttentionMask::Causal,
        2 => scores(&|_, _, _| false),
        3 => scores(&|_, key, value| key > 0 && value < -0.43),
        _ => scores(&|query, _, _| query % 3 == 0),
    }
}

fn probe(batch: usize, heads: usize, width: usize, (queries, keys): (usize, usize), kind: usize) -> Probe<'static> {
    let columns = heads * width;
    let inputs = vec![normal(1, &[batch, queries, columns]), normal(2, &[batch, keys, columns]), normal(3, &[batch, keys, columns])];
    let name = format!("batch {batch}, {heads} heads of {width}, {queries} queries, {keys} keys, mask {kind}");
    let mask = mask(kind, queries, keys);
    Probe::new(name, inputs, move |x| attention(&x[0], &x[1], &x[2], heads, &mask))
}

#[test]
fn every_block_border_agrees_with_the_reference() {
    let mut count = 0;
    for width in WIDTHS {
        for queries in TOKENS {
            for keys in TOKENS {
                let (batch, heads) = if queries * keys > 100_000 { (1, 1 + count % 2) } else { (1 + count % 2, 1 + count % 3) };
                probe(batch, heads, width, (queries, keys), count % 5).agrees_with_reference(ROUNDING);
                count += 1;
            }
        }
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for kind in 0..5 {
        for (queries, keys) in [(1, 1), (5, 7), (7, 5), (3, 70)] {
            probe(2, 2, 5, (queries, keys), kind).agrees_with_differences(DIFFERENCE);
        }
    }
}

#[test]
fn a_query_that_sees_no_key_gives_zeros_and_passes_no_gradient() {
    for run in [|probe: &Probe<'_>| probe.run(), |probe: &Probe<'_>| dedit_nn::with_reference(|| probe.run())] {
        let results = run(&probe(1, 2, 4, (7, 600), 4));
        for (query, row) in numbers(&results[0]).chunks(8).enumerate() {
            assert_eq!(row.iter().all(|&value| value == 0.0), query % 3 == 0, "query {query}: {row:?}");
        }
        assert!(numbers(&results[1]).chunks(8).step_by(3).flatten().all(|&value| value == 0.0));
        assert!(results.iter().all(|tensor| numbers(tensor).iter().all(|value| value.is_finite())));
    }
}

#[test]
fn a_hidden_key_has_no_influence_at_all() {
    let (q, k, v) = (normal(1, &[1, 3, 8]), normal(2, &[1, 20, 8]), normal(3, &[1, 20, 8]));
    let mut scores = vec![0f32; 60];
    scores.iter_mut().skip(19).step_by(20).for_each(|score| *score = f32::NEG_INFINITY);
    let mask = AttentionMask::Scores(Tensor::from_vec(scores, (3, 20), &Device::Cpu).unwrap());
    let huge = Tensor::cat(&[&v.narrow(1, 0, 19).unwrap(), &Tensor::full(1e38f32, (1, 1, 8), &Device::Cpu).unwrap()], 1).unwrap();
    let run = |v: &Tensor| numbers(attention(&q.clone().into(), &k.clone().into(), &v.clone().into(), 2, &mask).unwrap().tensor());
    assert_eq!(run(&v), run(&huge));
}

#[test]
fn large_scores_neither_overflow_nor_lose_the_sum() {
    // Scores up to some thousands, in blocks whose maxima rise and fall.
    let (q, k, v) = (normal(1, &[1, 70, 8]), normal(2, &[1, 1100, 8]), normal(3, &[1, 1100, 8]));
    let inputs = vec![(q * 30.0).unwrap(), (k * 30.0).unwrap(), v];
    // Rounding of a score of 5000 is 3·10⁻⁴, and so is then that of its exponential.
    Probe::new("large", inputs, |x| attention(&x[0], &x[1], &x[2], 1, &AttentionMask::None)).agrees_with_reference(2e-3);
}

#[test]
fn no_keys_give_zeros() {
    let (q, none) = (normal(1, &[2, 3, 8]), Tensor::zeros((2, 0, 8), candle_core::DType::F32, &Device::Cpu).unwrap());
    let y = attention(&q.into(), &none.clone().into(), &none.into(), 2, &AttentionMask::None).unwrap();
    assert_eq!(y.dims(), [2, 3, 8]);
    assert!(numbers(y.tensor()).iter().all(|&value| value == 0.0));
}
