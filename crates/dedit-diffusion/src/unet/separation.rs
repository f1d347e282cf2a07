//! Self-attention in which some pixels do not attend to each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use dedit_nn::autograd::Value;
use dedit_nn::layers::{AttentionMask, attention};
use dedit_nn::ops;

use crate::{Error, Result};

/// Pixels of each sample that attend to all pixels except these pixels themselves: a removed area is filled from its surroundings only, so that the object
/// does not reappear (self-attention redirection of Attentive Eraser, arXiv 2412.12974).
#[derive(Debug, Clone)]
pub struct Separation {
    /// At each attention resolution, (height, width) → row-major, whether a pixel is one of them; see [`super::Unet::attention_sizes`]. If all pixels are,
    /// attention is the usual one.
    pub pixels: Arc<BTreeMap<(usize, usize), Vec<bool>>>,
}

impl Separation {
    /// Attention of `[batch, height · width, channels]` each, with `heads` heads.
    pub(super) fn attend(&self, [q, k, v]: [&Value; 3], heads: usize, size: (usize, usize)) -> Result<Value> {
        let (batch, count, width) = q.tensor().dims3()?;
        let Some(separated) = self.pixels.get(&size).filter(|pixels| pixels.len() == count) else {
            return Err(Error::usage(format!("the pixels to separate are not given at {} × {}", size.1, size.0)));
        };
        let rows = |wanted: bool| -> Vec<u32> { (0..).zip(separated).filter(|(_, is)| **is == wanted).map(|(row, _)| row).collect() };
        let (inside, outside) = (rows(true), rows(false));
        if inside.is_empty() || outside.is_empty() {
            return Ok(attention(q, k, v, heads, &AttentionMask::None)?);
        }
        let of_batch = |rows: &[u32]| -> Vec<u32> {
            (0..batch as u32).flat_map(|sample| rows.iter().map(move |row| sample * count as u32 + row)).collect()
        };
        let (inside, outside) = (of_batch(&inside), of_batch(&outside));
        let select = |x: &Value, rows: &[u32]| -> Result<Value> {
            let flat = ops::reshape(x, &[batch * count, width])?;
            Ok(ops::reshape(&ops::select_rows(&flat, rows)?, &[batch, rows.len() / batch, width])?)
        };
        let part = |q: &Value, k: &Value, v: &Value, rows: Vec<u32>| -> Result<(Value, Vec<u32>)> {
            let out = attention(&select(q, &rows)?, k, v, heads, &AttentionMask::None)?;
            Ok((ops::reshape(&out, &[rows.len(), width])?, rows))
        };
        let (k_outside, v_outside) = (select(k, &outside)?, select(v, &outside)?);
        let parts = [part(q, &k_outside, &v_outside, inside)?, part(q, k, v, outside)?];
        Ok(ops::reshape(&ops::scatter_rows(&parts, batch * count, width, q.tensor())?, &[batch, count, width])?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};
    use dedit_nn::rng::Generator;

    use super::*;

    #[test]
    fn separated_pixels_see_only_the_others() {
        let (batch, size, heads, width) = (2, (3, 4), 2, 8);
        let count = size.0 * size.1;
        let mut rng = Generator::new(4);
        let [q, k, v] = [(); 3].map(|()| Value::constant(rng.normal((batch, count, width), &Device::Cpu).unwrap()));
        let separated: Vec<bool> = (0..count).map(|i| i % 5 == 0 || i == 7).collect();
        let separation = Separation { pixels: Arc::new([(size, separated.clone())].into()) };
        let hidden = |i: usize| if separated[i / count] && separated[i % count] { f32::NEG_INFINITY } else { 0.0 };
        let scores = Tensor::from_vec((0..count * count).map(hidden).collect::<Vec<_>>(), (count, count), &Device::Cpu).unwrap();
        let expected = attention(&q, &k, &v, heads, &AttentionMask::Scores(scores)).unwrap();
        let found = separation.attend([&q, &k, &v], heads, size).unwrap();
        let difference = (found.tensor() - expected.tensor()).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(difference < 1e-5, "{difference}");
        // All pixels separated: the usual attention.
        let all = Separation { pixels: Arc::new([(size, vec![true; count])].into()) };
        let usual = attention(&q, &k, &v, heads, &AttentionMask::None).unwrap();
        let alone = all.attend([&q, &k, &v], heads, size).unwrap();
        assert_eq!(
            alone.tensor().flatten_all().unwrap().to_vec1::<f32>().unwrap(),
            usual.tensor().flatten_all().unwrap().to_vec1::<f32>().unwrap()
        );
        assert!(all.attend([&q, &k, &v], heads, (4, 3)).is_err());
    }
}
