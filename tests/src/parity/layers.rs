//! One operation at a time: what it gives and its gradients, with the fused kernels of the CPU and with candle's operations, which other devices use.
//!
//! `meta.json` has `cases`: the `op` of each and its settings. `expected.safetensors` has for each case its inputs in PyTorch's layout (`CASE.input`,
//! `.weight`, …), `.output`, `.grad_output` (the gradient that arrives there) and `.grad_input`, `.grad_weight`, … (what it causes).

use anyhow::{Context as _, Result, bail};
use candle_core::{Device, Tensor};
use dedit_diffusion::unet::sinusoids;
use dedit_nn::autograd::{Parameter, Value, backward};
use dedit_nn::layers::{AttentionMask, Conv2d, GroupNorm, LayerNorm, Linear, attention};
use dedit_nn::ops::{self, Activation};
use dedit_nn::with_reference;
use serde_json::Value as Json;

use super::{Folder, ONE_OPERATION, Report};
use crate::loss::weighted_sum;

pub(super) fn run(folder: &Folder, report: &mut Report<'_>) -> Result<()> {
    for (name, settings) in folder.cases()? {
        let case = Case { folder, name, settings };
        report.by("fused", |report| case.compare(report));
        report.by("reference", |report| with_reference(|| case.compare(report)));
    }
    Ok(())
}

/// A result, and everything that it has a gradient for.
struct Computed {
    output: Value,
    leaves: Vec<(&'static str, Value)>,
    parameters: Vec<(&'static str, Parameter)>,
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
        let Computed { output, leaves, parameters } = self.compute()?;
        report.compare(self.folder, &self.key("output"), tolerance, || Ok(output.tensor().clone()));
        if leaves.is_empty() && parameters.is_empty() {
            return Ok(());
        }
        let gradients = backward(&weighted_sum(&output, &self.tensor("grad_output")?)?)?;
        let leaves = leaves.iter().map(|(label, leaf)| (label, gradients.of(leaf)));
        let parameters = parameters.iter().map(|(label, parameter)| (label, gradients.get(parameter)));
        for (label, gradient) in leaves.chain(parameters) {
            report.compare(self.folder, &self.key(&format!("grad_{label}")), tolerance, || {
                let gradient = gradient.context("no gradient")?;
                let is_window = *label == "weight" && gradient.rank() == 4;
                // Convolutions keep channels last.
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
        let mut parameters = vec![("weight", layer.make_trainable()?)];
        if let Some(bias) = layer.bias_mut() {
            parameters.push(("bias", bias.make_trainable()?));
        }
        let input = self.leaf("input")?;
        Ok(Computed { output: layer.forward(&input)?, leaves: vec![("input", input)], parameters })
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
        Ok(Computed { output, leaves: vec![("input", input)], parameters: vec![("weight", weight), ("bias", bias)] })
    }

    fn group_norm(self) -> Result<Computed> {
        let mut norm = GroupNorm::new(&self.tensor("weight")?, &self.tensor("bias")?, self.count("groups")?, self.number("eps")?)?;
        let parameters = vec![("weight", norm.gamma.make_trainable()?), ("bias", norm.beta.make_trainable()?)];
        let input = self.leaf("input")?;
        let x = ops::channels_last(&input)?;
        let output = if self.flag("silu")? { norm.forward_silu(&x)? } else { norm.forward(&x)? };
        Ok(Computed { output: ops::channels_first(&output)?, leaves: vec![("input", input)], parameters })
    }

    fn layer_norm(self) -> Result<Computed> {
        let mut norm = LayerNorm::new(&self.tensor("weight")?, &self.tensor("bias")?, self.number("eps")?)?;
        let parameters = vec![("weight", norm.gamma.make_trainable()?), ("bias", norm.beta.make_trainable()?)];
        let input = self.leaf("input")?;
        Ok(Computed { output: norm.forward(&input)?, leaves: vec![("input", input)], parameters })
    }

    fn pointwise(self, function: impl Fn(&Value) -> dedit_nn::Result<Value>) -> Result<Computed> {
        let input = self.leaf("input")?;
        Ok(Computed { output: function(&input)?, leaves: vec![("input", input)], parameters: Vec::new() })
    }

    fn attention(self) -> Result<Computed> {
        let mask = if self.flag("causal")? { AttentionMask::Causal } else { AttentionMask::None };
        let [query, key, value] = [self.leaf("query")?, self.leaf("key")?, self.leaf("value")?];
        let output = attention(&query, &key, &value, self.count("heads")?, &mask)?;
        Ok(Computed { output, leaves: vec![("query", query), ("key", key), ("value", value)], parameters: Vec::new() })
    }

    fn timestep_embedding(self) -> Result<Computed> {
        let timesteps: Vec<f32> = self.tensor("timesteps")?.to_vec1()?;
        let output = sinusoids(&timesteps, self.count("dim")?, true, 0.0, &Device::Cpu)?.into();
        Ok(Computed { output, leaves: Vec::new(), parameters: Vec::new() })
    }

    /// Twice the size, cut to an odd one where the network needs it.
    fn upsample(self) -> Result<Computed> {
        let [height, width] = self.counts("size")?[..] else { bail!("expected height and width as size") };
        let input = self.leaf("input")?;
        let output = ops::crop(&ops::upsample2(&ops::channels_last(&input)?)?, [height, width])?;
        Ok(Computed { output: ops::channels_first(&output)?, leaves: vec![("input", input)], parameters: Vec::new() })
    }

    /// All rows as trained ones, behind a fixed row that nobody reads.
    fn embedding(self) -> Result<Computed> {
        let weight = self.leaf("weight")?;
        let ids = self.tensor("ids")?;
        let mut dims = ids.dims().to_vec();
        let ids: Vec<u32> = ids.flatten_all()?.to_vec1::<i64>()?.into_iter().map(|id| Ok(1 + u32::try_from(id)?)).collect::<Result<_>>()?;
        let width = weight.tensor().dim(1)?;
        let fixed = Tensor::zeros((1, width), weight.tensor().dtype(), &Device::Cpu)?;
        dims.push(width);
        let output = ops::reshape(&ops::embed(&fixed, Some(&weight), &ids)?, &dims)?;
        Ok(Computed { output, leaves: vec![("weight", weight)], parameters: Vec::new() })
    }
}
