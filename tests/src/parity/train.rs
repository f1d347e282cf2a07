//! One training step: the loss, and the gradients of weights, embedding rows and LoRA matrices of all networks.
//!
//! `meta.json` has `cases`: the `loss` of each and the `norms` of all gradients, by name. `expected.safetensors` has the inputs (`noisy`, `noise`,
//! `timestep`, `ENCODER.ids` and for SDXL `time_ids`), `ENCODER.row_ids` (the embedding rows that are trained) and some gradients whole, as
//! `CASE.grad.NAME`.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use candle_core::{DType, Device, Tensor};
use dedit_diffusion::Checkpoint;
use dedit_diffusion::lora::Placement;
use dedit_diffusion::text_encoder::TextEncoder;
use dedit_diffusion::unet::{Context, TextTimeInput, Unet, UnetInput};
use dedit_nn::autograd::{Value, backward};
use dedit_nn::layers::{Layer, Visit};
use dedit_nn::{ops, with_reference};
use serde_json::Value as Json;

use super::ladder::encoder_name;
use super::lora::Networks;
use super::{Folder, Report, Tolerance};
use crate::training::Learned;

/// More levels than any network has: gradient checkpointing of all levels.
const EVERY_LEVEL: usize = usize::MAX;

pub(super) fn run(folder: &Folder, report: &mut Report<'_>) -> Result<()> {
    let checkpoint = Checkpoint::open(folder.checkpoint()?)?;
    for (name, case) in folder.cases()? {
        let step = match Step::new(folder, &checkpoint, case) {
            Ok(step) => step,
            Err(error) => {
                report.fail(&format!("{}/{name}", folder.name()), &error);
                continue;
            }
        };
        report.by("fused", |report| step.compare(report, name, case, 0));
        report.by("fused, checkpointed", |report| step.compare(report, name, case, EVERY_LEVEL));
        report.by("reference", |report| with_reference(|| step.compare(report, name, case, 0)));
    }
    Ok(())
}

/// A text encoder, and the rows of its embedding table that are trained.
struct Encoder {
    model: TextEncoder,
    rows: Option<Value>,
    /// Ids, in which those of trained rows are replaced.
    prompts: Vec<Vec<u32>>,
}

struct Step<'a> {
    folder: &'a Folder,
    unet: Unet,
    encoders: Vec<Encoder>,
    noisy: Value,
    learned: BTreeMap<String, Learned>,
}

impl<'a> Step<'a> {
    /// Trains a LoRA if the case names a file; otherwise the cross-attentions, the rows and the noisy latent.
    fn new(folder: &'a Folder, checkpoint: &Checkpoint, case: &Json) -> Result<Self> {
        if case["file"].is_null() { Self::with_weights(folder, checkpoint) } else { Self::with_lora(folder, checkpoint, case) }
    }

    fn with_weights(folder: &'a Folder, checkpoint: &Checkpoint) -> Result<Self> {
        let mut learned = BTreeMap::new();
        let mut unet = Unet::new(checkpoint.unet(), &Device::Cpu)?;
        train_cross_attention(&mut unet, &mut learned)?;
        let encoders =
            (0..checkpoint.text_encoders().len()).map(|i| with_trained_rows(folder, checkpoint, i)).collect::<Result<Vec<_>>>()?;
        for (i, encoder) in encoders.iter().enumerate() {
            learned.extend(encoder.rows.clone().map(|rows| (format!("{}.rows", encoder_name(i)), Learned::Leaf(rows))));
        }
        let noisy = Value::leaf(folder.tensor("noisy")?);
        learned.insert("noisy".to_owned(), Learned::Leaf(noisy.clone()));
        Ok(Self { folder, unet, encoders, noisy, learned })
    }

    fn with_lora(folder: &'a Folder, checkpoint: &Checkpoint, case: &Json) -> Result<Self> {
        let mut learned = BTreeMap::new();
        let Networks { mut unet, text_encoders } = Networks::with_lora(folder, checkpoint, case, Placement::Adapter)?;
        train_adapters(&mut unet, "unet", &mut learned)?;
        let mut encoders = Vec::new();
        for (i, mut model) in text_encoders.into_iter().enumerate() {
            let name = encoder_name(i);
            train_adapters(&mut model, &name, &mut learned)?;
            encoders.push(Encoder { model, rows: None, prompts: ids(folder, &format!("{name}.ids"))?.to_vec2()? });
        }
        Ok(Self { folder, unet, encoders, noisy: Value::constant(folder.tensor("noisy")?), learned })
    }

    fn compare(&self, report: &mut Report<'_>, name: &str, case: &Json, checkpoint_levels: usize) {
        if let Err(error) = self.compare_all(report, name, case, checkpoint_levels) {
            report.fail(&format!("{}/{name}", self.folder.name()), &error);
        }
    }

    fn compare_all(&self, report: &mut Report<'_>, name: &str, case: &Json, checkpoint_levels: usize) -> Result<()> {
        let tolerance = |key, default| self.folder.tolerance_of(key, default);
        let (of_loss, of_gradient) = (tolerance("loss_relative", 1e-5), tolerance("gradient_relative", 1e-3));
        let loss = self.loss(checkpoint_levels)?;
        let expected = case["loss"].as_f64().context("meta.json has no loss")?;
        report.compare_number(self.folder, &format!("{name}.loss"), of_loss, expected, f64::from(loss.tensor().to_scalar::<f32>()?));
        let gradients = backward(&loss)?;
        let norms = case["norms"].as_object().context("meta.json has no norms")?;
        if let Some(unknown) = norms.keys().find(|key| !self.learned.contains_key(*key)) {
            bail!("nothing called {unknown} is trained here");
        }
        for (key, learned) in &self.learned {
            let gradient = learned.gradient(&gradients);
            match (gradient, norms.get(key).and_then(Json::as_f64)) {
                (Some(gradient), Some(norm)) => {
                    report.compare_number(self.folder, &format!("{name}.norm.{key}"), of_gradient, norm, norm_of(gradient)?);
                    let stored = format!("{name}.grad.{key}");
                    if self.folder.has(&stored) {
                        report.compare(self.folder, &stored, Tolerance::OfLargest(of_gradient), || Ok(gradient.clone()));
                    }
                }
                (None, None) => {}
                (Some(_), None) => bail!("{key} got a gradient, in PyTorch it gets none"),
                (None, Some(_)) => bail!("{key} got no gradient"),
            }
        }
        Ok(())
    }

    /// The mean squared error of the predicted noise.
    fn loss(&self, checkpoint_levels: usize) -> Result<Value> {
        let outputs = self.encoders.iter().map(|encoder| Ok(encoder.model.forward(&encoder.prompts, encoder.rows.as_ref())?));
        let outputs = outputs.collect::<Result<Vec<_>>>()?;
        let (context, text_time) = match &outputs[..] {
            [only] => (only.last.clone(), None),
            [first, second] => {
                let numbers: Vec<Vec<f32>> = self.folder.tensor("time_ids")?.to_vec2()?;
                let time_ids = numbers.iter().map(|row| Ok(<[f32; 6]>::try_from(row.as_slice())?)).collect::<Result<_>>()?;
                let context = ops::cat_channels(first.penultimate(), second.penultimate())?;
                (context, Some(TextTimeInput { pooled: second.pooled.clone(), time_ids }))
            }
            _ => bail!("{} text encoders", outputs.len()),
        };
        let timesteps: Vec<f32> = self.folder.tensor("timestep")?.to_dtype(DType::F32)?.to_vec1()?;
        let predicted = self.unet.forward(&UnetInput {
            latents: &self.noisy,
            timesteps: &timesteps,
            context: &Context::Shared(context),
            separation: None,
            text_time: text_time.as_ref(),
            inpainting: None,
            guidance: None,
            checkpoint_levels,
        })?;
        Ok(ops::mean_squared_error(&predicted, &self.folder.tensor("noise")?, None)?)
    }
}

fn ids(folder: &Folder, key: &str) -> Result<Tensor> {
    Ok(folder.tensor(key)?.to_dtype(DType::U32)?)
}

/// The text encoder `index` with the trained rows as item tokens after its vocabulary, and prompts that use them.
fn with_trained_rows(folder: &Folder, checkpoint: &Checkpoint, index: usize) -> Result<Encoder> {
    let name = encoder_name(index);
    let prompts: Vec<Vec<u32>> = ids(folder, &format!("{name}.ids"))?.to_vec2()?;
    let trained: Vec<u32> = ids(folder, &format!("{name}.row_ids"))?.to_vec1()?;
    let mut component = checkpoint.text_encoders()[index].clone();
    let first = u32::try_from(component.config.vocab_size)?;
    let moved = |id: u32| trained.binary_search(&id).map_or(id, |row| first + row as u32);
    // The end token is among the trained ones. With the value 2 the largest id counts, which it still is.
    if component.config.eos_token_id != 2 {
        component.config.eos_token_id = moved(component.config.eos_token_id);
    }
    let model = TextEncoder::new(&component, &Device::Cpu)?;
    let rows = model.token_embedding().index_select(&Tensor::new(trained.as_slice(), &Device::Cpu)?, 0)?.to_dtype(DType::F32)?;
    let prompts = prompts.iter().map(|prompt| prompt.iter().map(|&id| moved(id)).collect()).collect();
    Ok(Encoder { model, rows: Some(Value::leaf(rows)), prompts })
}

/// Makes the projections of every cross-attention trainable.
fn train_cross_attention(unet: &mut Unet, learned: &mut BTreeMap<String, Learned>) -> Result<()> {
    Ok(unet.visit("unet", &mut |path, layer| {
        if let (true, Layer::Linear(linear)) = ([".attn2.to_q", ".attn2.to_k", ".attn2.to_v"].iter().any(|end| path.ends_with(end)), layer)
        {
            learned.insert(format!("{path}.weight"), Learned::Parameter(linear.make_trainable()?));
        }
        Ok(())
    })?)
}

/// Makes the adapters of a network trainable, named as in PEFT's files.
fn train_adapters(network: &mut impl Visit, name: &str, learned: &mut BTreeMap<String, Learned>) -> Result<()> {
    Ok(network.visit(name, &mut |path, layer| {
        let adapters = match layer {
            Layer::Linear(layer) => layer.adapters_mut(),
            Layer::Conv2d(layer) => layer.adapters_mut(),
            Layer::GroupNorm(_) | Layer::LayerNorm(_) => return Ok(()),
        };
        for adapter in adapters {
            for (part, matrix) in [("lora_A", &adapter.down), ("lora_B", &adapter.up)] {
                matrix.set_trainable(true);
                learned.insert(format!("{path}.{part}.weight"), Learned::Parameter(matrix.clone()));
            }
        }
        Ok(())
    })?)
}

fn norm_of(tensor: &Tensor) -> Result<f64> {
    Ok(tensor.to_dtype(DType::F64)?.sqr()?.sum_all()?.to_scalar::<f64>()?.sqrt())
}
