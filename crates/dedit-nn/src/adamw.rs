//! `AdamW` (Loshchilov & Hutter 2017, arXiv 1711.05101), as in `torch.optim.AdamW`, with moments that can be saved.

use std::collections::BTreeMap;

use candle_core::{DType, Result, Tensor, bail};

use crate::autograd::{Gradients, Parameter};
use crate::backend::{elements, fused, tensor};
use crate::kernels::pointwise::{AdamStep, adam};

/// Settings of [`AdamW`]; the defaults are PyTorch's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWOptions {
    /// Learning rate.
    pub rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
}

impl Default for AdamWOptions {
    fn default() -> Self {
        Self { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }
    }
}

/// The optimiser of a fixed list of named parameters.
#[derive(Debug)]
pub struct AdamW {
    /// Settings; may change between steps.
    pub options: AdamWOptions,
    entries: Vec<Entry>,
    steps: u32,
}

#[derive(Debug)]
struct Entry {
    name: String,
    parameter: Parameter,
    first: Tensor,
    second: Tensor,
}

impl AdamW {
    /// An optimiser that has taken no step yet.
    pub fn new(parameters: Vec<(String, Parameter)>, options: AdamWOptions) -> Result<Self> {
        let entries = parameters
            .into_iter()
            .map(|(name, parameter)| {
                let zeros = parameter.tensor().zeros_like()?;
                Ok(Entry { name, first: zeros.clone(), second: zeros, parameter })
            })
            .collect::<Result<_>>()?;
        Ok(Self { options, entries, steps: 0 })
    }

    /// Steps taken.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// The parameters with their names.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.entries.iter().map(|entry| (entry.name.as_str(), &entry.parameter))
    }

    /// One update of every parameter that has a gradient.
    ///
    /// `m ← β₁ m + (1-β₁) g`, `v ← β₂ v + (1-β₂) g²`, `w ← w - η λ w - η m̂ / (√v̂ + ε)` with the bias-corrected moments.
    pub fn step(&mut self, gradients: &Gradients) -> Result<()> {
        self.steps += 1;
        let options = self.options;
        let correction = |beta: f64| 1.0 - beta.powf(f64::from(self.steps));
        let step = AdamStep {
            rate: options.rate as f32,
            beta1: options.beta1 as f32,
            beta2: options.beta2 as f32,
            epsilon: options.epsilon as f32,
            decay: options.weight_decay as f32,
            correction1: correction(options.beta1) as f32,
            correction2: correction(options.beta2).sqrt() as f32,
        };
        for entry in &mut self.entries {
            if let Some(gradient) = gradients.get(&entry.parameter) {
                entry.update(&step, gradient)?;
            }
        }
        Ok(())
    }

    /// Everything a resumed optimiser needs besides the parameters: `NAME.first`, `NAME.second`, and the step count.
    pub fn state(&self) -> (u32, BTreeMap<String, Tensor>) {
        let moments = self.entries.iter().flat_map(|entry| {
            [(format!("{}.first", entry.name), entry.first.clone()), (format!("{}.second", entry.name), entry.second.clone())]
        });
        (self.steps, moments.collect())
    }

    /// Restores what [`Self::state`] gave.
    ///
    /// # Errors
    /// When a moment is missing or has another shape; nothing is changed then.
    pub fn restore(&mut self, steps: u32, moments: &BTreeMap<String, Tensor>) -> Result<()> {
        let find = |entry: &Entry, which: &str| {
            let name = format!("{}.{which}", entry.name);
            match moments.get(&name) {
                Some(tensor) if tensor.shape() == entry.first.shape() => tensor.to_dtype(DType::F32),
                Some(tensor) => bail!("the saved moment {name} is {:?}, not {:?}", tensor.dims(), entry.first.dims()),
                None => bail!("the saved moment {name} is missing"),
            }
        };
        let restored = self.entries.iter().map(|entry| Ok((find(entry, "first")?, find(entry, "second")?))).collect::<Result<Vec<_>>>()?;
        for (entry, (first, second)) in self.entries.iter_mut().zip(restored) {
            (entry.first, entry.second) = (first, second);
        }
        self.steps = steps;
        Ok(())
    }
}

impl Entry {
    fn update(&mut self, step: &AdamStep, gradient: &Tensor) -> Result<()> {
        let weights = self.parameter.tensor();
        if fused(&weights) {
            let gradient = gradient.to_dtype(DType::F32)?.contiguous()?;
            let weights = weights.contiguous()?;
            let (mut first, mut second) = (elements(&self.first)?.to_vec(), elements(&self.second)?.to_vec());
            let updated = adam(step, &*elements(&weights)?, &*elements(&gradient)?, &mut first, &mut second);
            self.first = tensor(first, weights.dims())?;
            self.second = tensor(second, weights.dims())?;
            return self.parameter.set(tensor(updated, weights.dims())?);
        }
        let (beta1, beta2) = (f64::from(step.beta1), f64::from(step.beta2));
        let gradient = gradient.to_dtype(self.first.dtype())?;
        self.first = ((&self.first * beta1)? + (&gradient * (1.0 - beta1))?)?;
        self.second = ((&self.second * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?;
        let denominator = ((self.second.sqrt()? / f64::from(step.correction2))? + f64::from(step.epsilon))?;
        let change = ((&self.first / denominator)? * f64::from(step.rate / step.correction1))?;
        self.parameter.set(((weights * (1.0 - f64::from(step.rate) * f64::from(step.decay)))? - change)?)
    }
}
