use std::path::Path;

use candle_core::{D, DType, Device};
use dedit_nn::rng::Generator;

use super::*;
use crate::Checkpoint;
use crate::unet::{Unet, UnetInput};

fn normal(rng: &mut Generator, shape: &[usize]) -> Tensor {
    rng.normal(shape, &Device::Cpu).unwrap()
}

fn distance(a: &Tensor, b: &Tensor) -> f64 {
    let wide = |x: &Tensor| x.to_dtype(DType::F64).unwrap();
    (wide(a) - wide(b)).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
}

/// A cross-attention layer with 3 heads, from 10 to 12 channels, over text of width 7.
struct Attention {
    weights: [Tensor; 3],
    layers: [Linear; 3],
}

const HEADS: usize = 3;

impl Attention {
    fn new(rng: &mut Generator) -> Self {
        let weights = [[12, 10], [12, 7], [12, 7]].map(|shape| normal(rng, &shape));
        Self { layers: weights.clone().map(|weight| Linear::new(&weight, None).unwrap()), weights }
    }

    fn attend(&self, context: &Context, x: &Tensor, size: (usize, usize)) -> Result<Value> {
        let [q, k, v] = &self.layers;
        context.attend(&Projections { q, k, v, heads: HEADS }, &Value::constant(x.clone()), size)
    }

    /// `softmax(Q Kᵀ / √d) V` of one sample `x [pixels, 10]` over `text [tokens, 7]`, head by head in double precision.
    fn dense(&self, x: &Tensor, text: &Tensor) -> Tensor {
        let project = |x: &Tensor, i: usize| {
            let wide = |x: &Tensor| x.to_dtype(DType::F64).unwrap();
            wide(x).matmul(&wide(&self.weights[i]).t().unwrap()).unwrap()
        };
        let (q, k, v) = (project(x, 0), project(text, 1), project(text, 2));
        let width = 12 / HEADS;
        let heads: Vec<Tensor> = (0..HEADS)
            .map(|head| {
                let part = |x: &Tensor| x.narrow(1, head * width, width).unwrap().contiguous().unwrap();
                let scores = (part(&q).matmul(&part(&k).t().unwrap()).unwrap() / (width as f64).sqrt()).unwrap();
                let raised = scores.exp().unwrap();
                raised.broadcast_div(&raised.sum_keepdim(D::Minus1).unwrap()).unwrap().matmul(&part(&v)).unwrap()
            })
            .collect();
        Tensor::cat(&heads, 1).unwrap()
    }
}

/// Weights of `size` pixels from a function of the pixel's index.
fn masks(size: (usize, usize), weight: impl Fn(usize) -> f32) -> Arc<BTreeMap<(usize, usize), Vec<f32>>> {
    Arc::new([(size, (0..size.0 * size.1).map(weight).collect())].into())
}

#[test]
fn regions_are_the_masked_sum_of_dense_attentions() {
    const SIZE: (usize, usize) = (3, 5);
    // Weights by column of pixels: 1, fractions, sums above 1, and 0.
    let cases: [&[[f32; 5]]; 4] = [
        &[[1.0; 5]],
        &[[1.0, 0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0, 0.0]],
        &[[1.0, 0.5, 0.25, 0.0, 0.0], [0.0, 0.5, 0.125, 0.9, 0.0], [0.0, 0.0, 0.625, 0.8, 0.0]],
        &[[0.0; 5], [0.3; 5]],
    ];
    for weights in cases {
        let mut rng = Generator::new(3);
        let layer = Attention::new(&mut rng);
        let x = normal(&mut rng, &[2, SIZE.0 * SIZE.1, 10]);
        let texts: Vec<Tensor> = (0..weights.len()).map(|i| normal(&mut rng, &[1, 4 + 3 * i, 7])).collect();
        let regions = texts
            .iter()
            .zip(weights)
            .map(|(text, of_pixel)| Region { context: Value::constant(text.clone()), masks: masks(SIZE, |pixel| of_pixel[pixel % 5]) });
        let whole = SampleContext::Whole(Value::constant(texts[0].clone()));
        let context = Context::PerSample(vec![SampleContext::Regions(regions.collect()), whole]);
        let found = layer.attend(&context, &x, SIZE).unwrap().into_tensor();
        let pixels = |sample: usize| x.get(sample).unwrap();
        let mut expected = Tensor::zeros((15, 12), DType::F64, &Device::Cpu).unwrap();
        for (text, of_pixel) in texts.iter().zip(weights) {
            let mask: Vec<f64> = (0..15).map(|pixel| f64::from(of_pixel[pixel % 5])).collect();
            let mask = Tensor::from_vec(mask, (15, 1), &Device::Cpu).unwrap();
            let dense = layer.dense(&pixels(0), &text.get(0).unwrap());
            expected = (expected + dense.broadcast_mul(&mask).unwrap()).unwrap();
        }
        assert!(distance(&found.get(0).unwrap(), &expected) < 1e-5, "{weights:?}");
        assert!(distance(&found.get(1).unwrap(), &layer.dense(&pixels(1), &texts[0].get(0).unwrap())) < 1e-5, "{weights:?}");
    }
}

#[test]
fn a_mask_that_is_missing_or_of_another_size_is_told() {
    let mut rng = Generator::new(3);
    let layer = Attention::new(&mut rng);
    let x = normal(&mut rng, &[1, 6, 10]);
    for mask in [masks((3, 2), |_| 1.0), masks((1, 6), |_| 1.0), Arc::new([((2, 3), vec![1.0; 5])].into())] {
        let region = Region { context: Value::constant(normal(&mut rng, &[1, 4, 7])), masks: mask };
        let context = Context::PerSample(vec![SampleContext::Regions(vec![region])]);
        let error = layer.attend(&context, &x, (2, 3)).err().unwrap();
        assert!(error.to_string().contains("a region has no mask of 3 × 2"), "{error}");
    }
}

/// The prediction of a tiny U-Net for two samples of odd size.
fn predict(unet: &Unet, latents: &Tensor, context: &Context) -> Result<Tensor> {
    let input = UnetInput {
        latents: &Value::constant(latents.clone()),
        timesteps: &[300.0, 700.0],
        context,
        separation: None,
        text_time: None,
        inpainting: None,
        guidance: None,
        checkpoint_levels: 0,
    };
    Ok(unet.forward(&input)?.into_tensor())
}

#[test]
fn the_same_text_in_every_form_gives_the_same_output() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/parity/tiny-sd");
    let unet = Unet::new(Checkpoint::open(path).unwrap().unet(), &Device::Cpu).unwrap();
    let mut rng = Generator::new(9);
    let (height, width) = (9, 13);
    assert_eq!(unet.attention_sizes(height, width), [(9, 13), (5, 7), (3, 4), (2, 2)]);
    let latents = normal(&mut rng, &[2, 4, height, width]);
    let text = normal(&mut rng, &[2, 6, 4]);
    let sample = |i: usize| Value::constant(text.narrow(0, i, 1).unwrap().contiguous().unwrap());
    let region = |i: usize, weight: fn(usize) -> f32| {
        let sizes = unet.attention_sizes(height, width).into_iter();
        let masks = sizes.map(|(height, width)| ((height, width), (0..height * width).map(weight).collect())).collect();
        Region { context: sample(i), masks: Arc::new(masks) }
    };
    let expected = predict(&unet, &latents, &Context::Shared(Value::constant(text.clone()))).unwrap();
    let forms = [
        vec![SampleContext::Whole(sample(0)), SampleContext::Whole(sample(1))],
        vec![SampleContext::Regions(vec![region(0, |_| 1.0)]), SampleContext::Whole(sample(1))],
        vec![
            SampleContext::Whole(sample(0)),
            SampleContext::Regions(vec![
                region(1, |pixel| [1.0, 0.0, 0.25][pixel % 3]),
                region(1, |pixel| [0.0, 1.0, 0.75][pixel % 3]),
                region(0, |_| 0.0),
            ]),
        ],
    ];
    for (i, form) in forms.into_iter().enumerate() {
        let found = predict(&unet, &latents, &Context::PerSample(form)).unwrap();
        assert!(distance(&found, &expected) < 2e-5, "form {i}: {}", distance(&found, &expected));
    }
    let other =
        predict(&unet, &latents, &Context::PerSample(vec![SampleContext::Whole(sample(1)), SampleContext::Whole(sample(0))])).unwrap();
    assert!(distance(&other, &expected) > 0.01, "the text matters");
    let error = predict(&unet, &latents, &Context::PerSample(vec![SampleContext::Whole(sample(0))])).unwrap_err();
    assert!(error.to_string().contains("2 latents were given text for 1"), "{error}");
}
