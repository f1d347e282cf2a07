//! Applies a LoRA file to the networks of a model.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use dedit_nn::layers::{Adapter, Layer, Visit, window_factor};

use super::dense::DenseChange;
use super::names::Role;
use super::{LoraEntry, LoraFile, LoraTarget, Resolved};
use crate::text_encoder::TextEncoder;
use crate::unet::Unet;
use crate::{Error, Family, Result};

/// How the change of a weight is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// As an adapter beside the weight: two more low-rank products per call; it can be scaled, trained and removed.
    Adapter,
    /// Added to the weight permanently: calls take no more time, and the sum is rounded to the precision of the weight.
    Merged,
}

/// The result of applying a LoRA file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Number of changed modules.
    pub modules: usize,
    /// The modules whose weights were changed for good although adapters were asked for, in paths of their networks.
    pub merged: Vec<(LoraTarget, String)>,
    /// Names in the file of modules that the networks do not have. Callers should warn about them.
    pub unmatched: Vec<String>,
}

/// The size of a weight that a pair of factors must match.
#[derive(Debug, Clone, Copy)]
struct Size {
    inputs: usize,
    outputs: usize,
    /// Side of a convolution's window; 1 for a linear layer.
    window: usize,
}

impl LoraFile {
    /// Applies the LoRA to a U-Net and its text encoders: every weight changes by `scale · alpha / rank · up · down`. Adapters beside the weights are
    /// frozen. Changes of other kinds (`LoHa`, `LoKr`, `DoRA`) are merged wherever `placement` is, since they are as large as the weights. On an error
    /// nothing is applied.
    ///
    /// # Errors
    /// If no module of the file is found in the networks, the shapes of a pair do not match its module, or `scale` is not finite.
    pub fn apply(&self, unet: &mut Unet, text_encoders: &mut [TextEncoder], placement: Placement, scale: f64) -> Result<Applied> {
        if !scale.is_finite() {
            return Err(Error::usage(format!("the scale {scale} of a LoRA makes no sense")).hint("give a number, such as 0.8"));
        }
        let mut networks: Vec<(LoraTarget, &mut dyn Visit)> = vec![(LoraTarget::Unet, unet)];
        networks.extend(text_encoders.iter_mut().enumerate().map(|(i, encoder)| (LoraTarget::TextEncoder(i), encoder as &mut dyn Visit)));
        let (mut plan, mut dense) = (Vec::new(), Vec::new());
        let mut applied = Applied::default();
        for target in self.targets() {
            let network = networks.iter_mut().find(|(of, _)| *of == target);
            let sizes = network.map_or(Ok(BTreeMap::new()), |(_, network)| sizes(&mut **network))?;
            let modules: Vec<String> = sizes.keys().cloned().collect();
            let Resolved { entries, dense: changes, unmatched } = self.resolve(target, &modules)?;
            for change in changes {
                self.check_dense(&change, sizes.get(&change.module).copied())?;
                dense.push(change);
            }
            for entry in entries {
                self.check_size(&entry, sizes.get(&entry.module).copied())?;
                plan.push(entry);
            }
            applied.unmatched.extend(unmatched);
        }
        if plan.is_empty() && dense.is_empty() {
            return Err(Error::model("no module of this LoRA is found in the model").at(&self.path).hint(self.intended_model()));
        }
        applied.modules = plan.len() + dense.len();
        applied.merged = dense.iter().map(|change| (change.target, change.module.clone())).collect();
        for (target, network) in &mut networks {
            let entries: Vec<&LoraEntry> = plan.iter().filter(|entry| entry.target == *target).collect();
            apply_to_network(&mut **network, &entries, placement, scale)?;
            let changes: Vec<&DenseChange> = dense.iter().filter(|change| change.target == *target).collect();
            merge_into_network(&mut **network, &changes, scale)?;
        }
        Ok(applied)
    }

    fn check_size(&self, entry: &LoraEntry, size: Option<Size>) -> Result<()> {
        let Some(Size { inputs, outputs, window }) = size else { return Ok(()) };
        let expected = if window == 1 { vec![entry.rank, inputs] } else { vec![entry.rank, inputs, window, window] };
        if entry.down.dims() == expected && entry.up.dims() == [outputs, entry.rank] {
            return Ok(());
        }
        Err(Error::model(format!(
            "the LoRA matrices for \"{}\" of the {} have the shapes {:?} and {:?}, expected {expected:?} and {:?}",
            entry.module,
            entry.target,
            entry.down.dims(),
            entry.up.dims(),
            [outputs, entry.rank]
        ))
        .at(&self.path)
        .hint(self.intended_model()))
    }

    fn check_dense(&self, change: &DenseChange, size: Option<Size>) -> Result<()> {
        let Some(Size { inputs, outputs, window }) = size else { return Ok(()) };
        let (found, expected) = (change.factors.size()?, (outputs, inputs * window * window));
        if found == expected && change.inputs().is_none_or(|count| count == inputs) {
            return Ok(());
        }
        Err(Error::model(format!(
            "the change of \"{}\" of the {} has {} × {} elements, expected {} × {}",
            change.module, change.target, found.0, found.1, expected.0, expected.1
        ))
        .at(&self.path)
        .hint(self.intended_model()))
    }

    /// The models that it was made for, from the width of the text that its cross-attentions read, or from its text encoders.
    fn intended_model(&self) -> String {
        const TEXT_WIDTHS: [(usize, Family); 3] = [(768, Family::Sd1), (1024, Family::Sd2), (2048, Family::Sdxl)];
        let width = self.modules.iter().find_map(|((_, name), parts)| {
            let reads_text = name.ends_with("attn2.to_k") || name.ends_with("attn2.to_v");
            let down = parts.get(&Role::Down).or_else(|| parts.get(&Role::HadaW1B));
            down.filter(|_| reads_text).and_then(|down| self.weights.shape(down)?.get(1).copied())
        });
        let by_width = TEXT_WIDTHS.iter().find(|(text, _)| Some(*text) == width).map(|(_, family)| *family);
        let by_encoder = self.targets().contains(&LoraTarget::TextEncoder(1)).then_some(Family::Sdxl);
        match (by_width.or(by_encoder), width) {
            (Some(family), _) => format!("it seems to be for {family}"),
            (None, Some(width)) => format!("it seems to be for a model whose text is {width} wide"),
            (None, None) => "it seems to be for another kind of model".to_owned(),
        }
    }
}

/// The layers of a network that a LoRA may change.
fn sizes(network: &mut dyn Visit) -> Result<BTreeMap<String, Size>> {
    let mut sizes = BTreeMap::new();
    network.visit("", &mut |path, layer| {
        let size = match layer {
            Layer::Linear(layer) => Size { inputs: layer.inputs(), outputs: layer.outputs(), window: 1 },
            Layer::Conv2d(layer) => Size { inputs: layer.inputs(), outputs: layer.outputs(), window: layer.kernel() },
            Layer::GroupNorm(_) | Layer::LayerNorm(_) => return Ok(()),
        };
        sizes.insert(path.to_owned(), size);
        Ok(())
    })?;
    Ok(sizes)
}

/// Applies entries, whose shapes were checked, to the modules of one network.
fn apply_to_network(network: &mut dyn Visit, entries: &[&LoraEntry], placement: Placement, scale: f64) -> Result<()> {
    let mut by_module: BTreeMap<&str, Vec<&LoraEntry>> = BTreeMap::new();
    for entry in entries {
        by_module.entry(&entry.module).or_default().push(entry);
    }
    network.visit("", &mut |path, mut layer| {
        for entry in by_module.get(path).into_iter().flatten() {
            match &mut layer {
                Layer::Linear(layer) => {
                    let adapter = adapter(entry, &layer.device(), scale)?;
                    if placement == Placement::Merged { layer.merge(&adapter)? } else { layer.attach(adapter)? }
                }
                Layer::Conv2d(layer) => {
                    let adapter = adapter(entry, &layer.device(), scale)?;
                    if placement == Placement::Merged { layer.merge(&adapter)? } else { layer.attach(adapter)? }
                }
                Layer::GroupNorm(_) | Layer::LayerNorm(_) => {}
            }
        }
        Ok(())
    })?;
    Ok(())
}

/// Adds changes, whose sizes were checked, to the weights of one network.
fn merge_into_network(network: &mut dyn Visit, changes: &[&DenseChange], scale: f64) -> Result<()> {
    let by_module: BTreeMap<&str, &DenseChange> = changes.iter().map(|change| (change.module.as_str(), *change)).collect();
    let wrapped = |delta: Result<Tensor>| delta.map_err(candle_core::Error::wrap);
    network.visit("", &mut |path, layer| {
        let Some(change) = by_module.get(path) else { return Ok(()) };
        match layer {
            Layer::Linear(layer) => layer.add_to_weight(&wrapped(change.delta(&layer.weight()?, layer.inputs(), scale))?),
            Layer::Conv2d(layer) => layer.add_to_weight(&wrapped(change.delta(&layer.weight()?, layer.inputs(), scale))?),
            Layer::GroupNorm(_) | Layer::LayerNorm(_) => Ok(()),
        }
    })?;
    Ok(())
}

/// An entry as a frozen adapter.
fn adapter(entry: &LoraEntry, device: &Device, scale: f64) -> dedit_nn::Result<Adapter> {
    let down = if entry.down.rank() == 4 { window_factor(&entry.down)? } else { entry.down.clone() };
    let adapter = Adapter::new(&down.to_device(device)?, &entry.up.to_device(device)?, scale * entry.scale())?;
    adapter.down.set_trainable(false);
    adapter.up.set_trainable(false);
    Ok(adapter)
}

#[cfg(test)]
mod tests;
