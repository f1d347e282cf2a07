//! The networks of a tiny checkpoint with all parameters trainable, and a loss through all of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};
use dedit_diffusion::Checkpoint;
use dedit_diffusion::text_encoder::TextEncoder;
use dedit_diffusion::unet::{Context, Region, SampleContext, TextTimeInput, Unet, UnetInput};
use dedit_nn::autograd::{Gradients, Parameter, Value, backward};
use dedit_nn::layers::{Adapter, Layer, Visit};
use dedit_nn::ops;
use dedit_nn::rng::Generator;
use dedit_tests::training::weighted_sum;

/// Latent size with odd sizes on the way down: 10 × 12, 5 × 6, 3 × 3, 2 × 2.
const SIZE: (usize, usize) = (10, 12);
const TIMESTEPS: [f32; 2] = [261.0, 803.0];
const RANK: usize = 2;

/// The context of the cross-attentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attends {
    /// Each sample attends to its own prompt.
    Shared,
    /// The first sample attends to both prompts by masks with fractional weights; the second to its own prompt.
    Regions,
}

/// The networks and inputs of a loss.
pub(crate) struct Network {
    unet: Unet,
    encoders: Vec<TextEncoder>,
    rows: Vec<Parameter>,
    prompts: Vec<Vec<Vec<u32>>>,
    latents: Tensor,
    weights: Tensor,
    /// Every trainable tensor, by name.
    pub(crate) learned: BTreeMap<String, Parameter>,
}

impl Network {
    /// The networks of `tiny-<kind>`.
    pub(crate) fn new(kind: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/parity").join(format!("tiny-{kind}"));
        let checkpoint = Checkpoint::open(path).unwrap();
        let mut rng = Generator::new(11);
        let mut learned = BTreeMap::new();
        let mut unet = Unet::new(checkpoint.unet(), &Device::Cpu).unwrap();
        make_trainable(&mut unet, "unet", &mut rng, &mut learned);
        let (mut encoders, mut rows, mut prompts) = (Vec::new(), Vec::new(), Vec::new());
        for (i, component) in checkpoint.text_encoders().iter().enumerate() {
            let mut encoder = TextEncoder::new(component, &Device::Cpu).unwrap();
            make_trainable(&mut encoder, &format!("text_encoder.{i}"), &mut rng, &mut learned);
            let (vocabulary, end) = (component.config.vocab_size as u32, component.config.eos_token_id.max(3));
            let item = Parameter::new((rng.normal((3, component.config.hidden_size), &Device::Cpu).unwrap() * 0.5).unwrap());
            learned.insert(format!("text_encoder.{i}.rows"), item.clone());
            // Two prompts with item tokens; the second uses one of them twice.
            prompts.push(vec![
                vec![1, 17, vocabulary, 40, vocabulary + 1, 9, end, end],
                vec![1, vocabulary + 2, 33, vocabulary + 1, 250, vocabulary + 2, end, end],
            ]);
            encoders.push(encoder);
            rows.push(item);
        }
        let shape = (2, 4, SIZE.0, SIZE.1);
        let (latents, weights) = (rng.normal(shape, &Device::Cpu).unwrap(), rng.normal(shape, &Device::Cpu).unwrap());
        Self { unet, encoders, rows, prompts, latents, weights, learned }
    }

    /// A weighted sum of the U-Net's output.
    pub(crate) fn loss(&self, attends: Attends, checkpoint_levels: usize) -> Value {
        weighted_sum(&self.predict(attends, checkpoint_levels), &self.weights).unwrap()
    }

    /// The loss without recording, summed in double precision.
    pub(crate) fn exact_loss(&self, attends: Attends) -> f64 {
        let output = self.predict(attends, 0).into_tensor().to_dtype(DType::F64).unwrap();
        (output * self.weights.to_dtype(DType::F64).unwrap()).unwrap().sum_all().unwrap().to_scalar().unwrap()
    }

    /// The gradients of [`Self::loss`].
    pub(crate) fn gradients(&self, attends: Attends, checkpoint_levels: usize) -> Gradients {
        backward(&self.loss(attends, checkpoint_levels)).unwrap()
    }

    fn predict(&self, attends: Attends, checkpoint_levels: usize) -> Value {
        let encoded = self.encoders.iter().zip(&self.rows).zip(&self.prompts);
        let encoded: Vec<_> = encoded.map(|((encoder, rows), prompts)| encoder.forward(prompts, Some(&rows.value())).unwrap()).collect();
        let (text, text_time) = match &encoded[..] {
            [only] => (only.last.clone(), None),
            [first, second, ..] => (
                ops::cat_channels(first.penultimate(), second.penultimate()).unwrap(),
                Some(TextTimeInput { pooled: second.pooled.clone(), time_ids: vec![[96.0, 80.0, 0.0, 0.0, 96.0, 80.0]; 2] }),
            ),
            [] => panic!("no text encoder"),
        };
        let context = match attends {
            Attends::Shared => Context::Shared(text),
            Attends::Regions => self.regions(&text),
        };
        let input = UnetInput {
            latents: &Value::constant(self.latents.clone()),
            timesteps: &TIMESTEPS,
            context: &context,
            separation: None,
            text_time: text_time.as_ref(),
            inpainting: None,
            guidance: None,
            checkpoint_levels,
        };
        self.unet.forward(&input).unwrap()
    }

    fn regions(&self, text: &Value) -> Context {
        let masks = |weight: fn(usize) -> f32| {
            let sizes = self.unet.attention_sizes(SIZE.0, SIZE.1).into_iter();
            Arc::new(sizes.map(|(height, width)| ((height, width), (0..height * width).map(weight).collect())).collect())
        };
        let prompt = |i| ops::samples(text, i, 1).unwrap();
        // Pixels of one region, of the other, fractions of both, and of none.
        let regions = vec![
            Region { context: prompt(0), masks: masks(|pixel| [1.0, 0.0, 0.3, 1.0, 0.0][pixel % 5]) },
            Region { context: prompt(1), masks: masks(|pixel| [0.0, 1.0, 0.7, 0.5, 0.0][pixel % 5]) },
        ];
        Context::PerSample(vec![SampleContext::Regions(regions), SampleContext::Whole(prompt(1))])
    }
}

/// Makes all weights, biases and norms of a network trainable, and attaches a LoRA to every weight.
fn make_trainable(network: &mut impl Visit, name: &str, rng: &mut Generator, learned: &mut BTreeMap<String, Parameter>) {
    let visited = network.visit(name, &mut |path, layer| {
        let mut add = |part: &str, parameter: Parameter| learned.insert(format!("{path}.{part}"), parameter);
        match layer {
            Layer::Linear(layer) => {
                let adapter = adapter(layer.inputs(), layer.outputs(), rng)?;
                add("lora_down", adapter.down.clone());
                add("lora_up", adapter.up.clone());
                layer.attach(adapter)?;
                add("weight", layer.make_trainable()?);
                if let Some(bias) = layer.bias_mut() {
                    add("bias", bias.make_trainable()?);
                }
            }
            Layer::Conv2d(layer) => {
                let adapter = adapter(layer.inputs() * layer.kernel() * layer.kernel(), layer.outputs(), rng)?;
                add("lora_down", adapter.down.clone());
                add("lora_up", adapter.up.clone());
                layer.attach(adapter)?;
                add("weight", layer.make_trainable()?);
                if let Some(bias) = layer.bias_mut() {
                    add("bias", bias.make_trainable()?);
                }
            }
            Layer::GroupNorm(norm) => {
                add("weight", norm.gamma.make_trainable()?);
                add("bias", norm.beta.make_trainable()?);
            }
            Layer::LayerNorm(norm) => {
                add("weight", norm.gamma.make_trainable()?);
                add("bias", norm.beta.make_trainable()?);
            }
        }
        Ok(())
    });
    visited.unwrap();
}

/// An adapter that changes the output of its layer by about a tenth.
fn adapter(inputs: usize, outputs: usize, rng: &mut Generator) -> Result<Adapter> {
    let down = (rng.normal((RANK, inputs), &Device::Cpu)? * (1.0 / (inputs as f64).sqrt()))?;
    let up = (rng.normal((outputs, RANK), &Device::Cpu)? * (1.0 / (RANK as f64).sqrt()))?;
    Adapter::new(&down, &up, 0.1)
}
