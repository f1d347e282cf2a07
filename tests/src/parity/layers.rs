//! Operations one by one: outputs and gradients, with the fused CPU kernels and with candle's operations, which other devices use.
//!
//! `meta.json` has `cases`: the `op` of each and its settings. `expected.safetensors` has for each case its inputs in PyTorch's layout (`CASE.input`,
//! `.weight`, …), `.output`, `.grad_output` (the gradient of the output) and `.grad_input`, `.grad_weight`, … (the resulting gradients).

use anyhow::{Context as _, Result, bail};
use candle_core::{Device, Tensor};
use dedit_diffusion::unet::sinusoids;
use dedit_nn::autograd::{Parameter, Value, backward};
use dedit_nn::layers::{AttentionMask, Conv2d, GroupNorm, LayerNorm, Linear, Vector, attention};
use dedit_nn::ops::{self, Activation};
use dedit_nn::with_reference;
use serde_json::Value as Json;

use super::{Folder, ONE_OPERATION, Report};
use crate::training::{Learned, weighted_sum};

pub(super) fn run(folder: &Folder, report: &mut Report<'_>) -> Result<()> {
    for (name, settings) in folder.cases()? {
        let case = Case { folder, name, settings };
        report.by("fused", |report| case.compare(report));
        report.by("reference", |report| with_reference(|| case.compare(report)));
    }
    Ok(())
}

/// A result, and the values that it has gradients for.
struct Computed {
    output: Value,
    learned: Vec<(&'static str, Learned)>,
}

impl Computed {
    fn new(output: Value) -> Self {
        Self { output, learned: Vec::new() }
    }

    fn leaf(mut self, label: &'static str, leaf: Value) -> Self {
        self.learned.push((label, Learned::Leaf(leaf)));
        self
    }

    fn parameter(mut self, label: &'static str, parameter: Parameter) -> Self {
        self.learned.push((label, Learned::Parameter(parameter)));
        self
    }
}

#[derive(Clone, Copy)]
struct Case<'a> {
    folder: &'a Folder,
    name: &'a str,
    settings: &'a Json,
}

impl<'a> Case<'a> {
    fn key(self, label: &str) -> String {
        format!("{}.{label}", self.name)
    }

    fn compare(self, report: &mut Report<'_>) {
        if let Err(error) = self.compare_all(report) {
            report.fail(&format!("{}/{}", self.folder.name(), self.name), &error);
        }
    }

    fn compare_all(self, report: &mut Report<'_>) -> Result<()> {
        let tolerance = self.folder.tolerance(ONE_OPERATION);
        let Computed { output, learned } = self.compute()?;
        report.compare(self.folder, &self.key("output"), tolerance, || Ok(output.tensor().clone()));
        if learned.is_empty() {
            return Ok(());
        }
        let gradients = backward(&weighted_sum(&output, &self.tensor("grad_output")?)?)?;
        for (label, learned) in learned {
            report.compare(self.folder, &self.key(&format!("grad_{label}")), tolerance, || {
                let gradient = learned.gradient(&gradients).context("no gradient")?;
                let is_window = label == "weight" && gradient.rank() == 4;
                // The weights of convolutions have channels last.
                Ok(if is_window { gradient.permute((0, 3, 1, 2))? } else { gradient.clone() })
            });
        }
        Ok(())
    }

    fn tensor(self, label: &str) -> Result<Tensor> {
        self.folder.tensor(&self.key(label))
    }

    fn leaf(self, label: &str) -> Result<Value> {
        Ok(Value::leaf(self.tensor(label)?))
    }

    fn setting(self, key: &str) -> Result<&'a Json> {
        self.settings.get(key).with_context(|| format!("meta.json gives {} no {key}", self.name))
    }

    fn count(self, key: &str) -> Result<usize> {
        let count = self.setting(key)?.as_u64().with_context(|| format!("{key} of {} is no count", self.name))?;
        Ok(usize::try_from(count)?)
    }

    fn number(self, key: &str) -> Result<f64> {
        self.setting(key)?.as_f64().with_context(|| format!("{key} of {} is no number", self.name))
    }

    fn flag(self, key: &str) -> Result<bool> {
        self.setting(key)?.as_bool().with_context(|| format!("{key} of {} is neither true nor false", self.name))
    }

    fn counts(self, key: &str) -> Result<Vec<usize>> {
        Ok(serde_json::from_value(self.setting(key)?.clone())?)
    }

    fn compute(self) -> Result<Computed> {
        match self.setting("op")?.as_str().unwrap_or_default() {
            "linear" => self.linear(),
            "conv2d" => self.conv2d(),
            "group_norm" => self.group_norm(),
            "layer_norm" => self.layer_norm(),
            "silu" => self.pointwise(|x| ops::activate(x, Activation::Silu)),
            "gelu" => self.pointwise(|x| ops::activate(x, Activation::Gelu)),
            "quick_gelu" => self.pointwise(|x| ops::activate(x, Activation::QuickGelu)),
            "geglu" => self.pointwise(ops::geglu),
            "attention" => self.attention(),
            "timestep_embedding" => self.timestep_embedding(),
            "upsample" => self.upsample(),
            "embedding" => self.embedding(),
            other => bail!("there is no operation {other:?} here"),
        }
    }

    fn linear(self) -> Result<Computed> {
        let bias = if self.folder.has(&self.key("bias")) { Some(self.tensor("bias")?) } else { None };
        let mut layer = Linear::new(&self.tensor("weight")?, bias.as_ref())?;
        let weight = layer.make_trainable()?;
        let bias = layer.bias_mut().map(Vector::make_trainable).transpose()?;
        let input = self.leaf("input")?;
        let computed = Computed::new(layer.forward(&input)?).leaf("input", input).parameter("weight", weight);
        Ok(match bias {
            Some(bias) => computed.parameter("bias", bias),
            None => computed,
        })
    }

    fn conv2d(self) -> Result<Computed> {
        let (stride, pad) = (self.count("stride")?, self.counts("pad")?);
        let [left, right, top, bottom] = pad[..] else { bail!("expected four numbers as pad") };
        if left != top || right != bottom {
            bail!("a convolution that pads by {pad:?} is not known here");
        }
        let mut layer = Conv2d::new(&self.tensor("weight")?, Some(&self.tensor("bias")?), stride, left)?.pad_end(right);
        let weight = layer.make_trainable()?;
        let bias = layer.bias_mut().context("no bias")?.make_trainable()?;
        let input = self.leaf("input")?;
        let output = ops::channels_first(&layer.forward(&ops::channels_last(&input)?)?)?;
        Ok(Computed::new(output).leaf("input", input).parameter("weight", weight).parameter("bias", bias))
    }

    fn group_norm(self) -> Result<Computed> {
        let mut norm = GroupNorm::new(&self.tensor("weight")?, &self.tensor("bias")?, self.count("groups")?, self.number("eps")?)?;
        let (gamma, beta) = (norm.gamma.make_trainable()?, norm.beta.make_trainable()?);
        let input = self.leaf("input")?;
        let x = ops::channels_last(&input)?;
        let output = ops::channels_first(&if self.flag("silu")? { norm.forward_silu(&x)? } else { norm.forward(&x)? })?;
        Ok(Computed::new(output).leaf("input", input).parameter("weight", gamma).parameter("bias", beta))
    }

    fn layer_norm(self) -> Result<Computed> {
        let mut norm = LayerNorm::new(&self.tensor("weight")?, &self.tensor("bias")?, self.number("eps")?)?;
        let (gamma, beta) = (norm.gamma.make_trainable()?, norm.beta.make_trainable()?);
        let input = self.leaf("input")?;
        Ok(Computed::new(norm.forward(&input)?).leaf("input", input).parameter("weight", gamma).parameter("bias", beta))
    }

    fn pointwise(self, function: impl Fn(&Value) -> dedit_nn::Result<Value>) -> Result<Computed> {
        let input = self.leaf("input")?;
        Ok(Computed::new(function(&input)?).leaf("input", input))
    }

    fn attention(self) -> Result<Computed> {
        let mask = if self.flag("causal")? { AttentionMask::Causal } else { AttentionMask::None };
        let [query, key, value] = [self.leaf("query")?, self.leaf("key")?, self.leaf("value")?];
        let output = attention(&query, &key, &value, self.count("heads")?, &mask)?;
        Ok(Computed::new(output).leaf("query", query).leaf("key", key).leaf("value", value))
    }

    fn timestep_embedding(self) -> Result<Computed> {
        let timesteps: Vec<f32> = self.tensor("timesteps")?.to_vec1()?;
        Ok(Computed::new(sinusoids(&timesteps, self.count("dim")?, true, 0.0, &Device::Cpu)?.into()))
    }

    /// Upsampling to twice the size, cropped to an odd size where the case has one.
    fn upsample(self) -> Result<Computed> {
        let [height, width] = self.counts("size")?[..] else { bail!("expected height and width as size") };
        let input = self.leaf("input")?;
        let output = ops::crop(&ops::upsample2(&ops::channels_last(&input)?)?, [height, width])?;
        Ok(Computed::new(ops::channels_first(&output)?).leaf("input", input))
    }

    /// All rows are trainable ones, after a fixed row that is not used.
    fn embedding(self) -> Result<Computed> {
        let (weight, ids) = (self.leaf("weight")?, self.tensor("ids")?);
        let width = weight.tensor().dim(1)?;
        let fixed = Tensor::zeros((1, width), weight.tensor().dtype(), &Device::Cpu)?;
        let dims = [ids.dims(), &[width]].concat();
        let ids: Vec<i64> = ids.flatten_all()?.to_vec1()?;
        let ids: Vec<u32> = ids.into_iter().map(|id| Ok(1 + u32::try_from(id)?)).collect::<Result<_>>()?;
        Ok(Computed::new(ops::reshape(&ops::embed(&fixed, Some(&weight), &ids)?, &dims)?).leaf("weight", weight))
    }
}
