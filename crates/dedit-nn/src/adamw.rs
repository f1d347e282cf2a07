//! `AdamW` (Loshchilov & Hutter 2017, arXiv 1711.05101), as in `torch.optim.AdamW`, with moments that can be saved.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{DType, Result, Tensor, bail};

use crate::autograd::{Gradients, Parameter};
use crate::backend::{elements, fused, tensor};
use crate::kernels::pointwise;

/// Settings of [`AdamW`]; the defaults are PyTorch's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWOptions {
    /// Learning rate η.
    pub rate: f64,
    /// β₁, decay of the first moment, in `[0, 1)`.
    pub beta1: f64,
    /// β₂, decay of the second moment, in `[0, 1)`.
    pub beta2: f64,
    /// ε, added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay λ.
    pub weight_decay: f64,
}

impl Default for AdamWOptions {
    fn default() -> Self {
        Self { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }
    }
}

/// The optimiser of a fixed list of named parameters, with two f32 moments for each.
#[derive(Debug)]
pub struct AdamW {
    /// May be changed between steps, for a learning-rate schedule.
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
    ///
    /// # Errors
    /// When two parameters have the same name: moments are saved by name.
    pub fn new(parameters: Vec<(String, Parameter)>, options: AdamWOptions) -> Result<Self> {
        let mut entries: Vec<Entry> = Vec::with_capacity(parameters.len());
        let mut names = BTreeSet::new();
        for (name, parameter) in parameters {
            if !names.insert(name.clone()) {
                bail!("two parameters are named {name}");
            }
            let zeros = parameter.tensor().zeros_like()?;
            entries.push(Entry { name, first: zeros.clone(), second: zeros, parameter });
        }
        Ok(Self { options, entries, steps: 0 })
    }

    /// Number of steps taken.
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
    ///
    /// The bias correction uses one step count for all parameters, also for one that had no gradient in earlier steps.
    ///
    /// # Errors
    /// When the shape of a gradient differs from its parameter's; no parameter is changed then.
    pub fn step(&mut self, gradients: &Gradients) -> Result<()> {
        for entry in &self.entries {
            let (have, want) = (gradients.get(&entry.parameter), entry.first.dims());
            if let Some(gradient) = have.filter(|gradient| gradient.dims() != want) {
                bail!("the gradient of {} is {:?}, not {want:?}", entry.name, gradient.dims());
            }
        }
        self.steps += 1;
        let step = Step::new(self.options, self.steps);
        for entry in &mut self.entries {
            if let Some(gradient) = gradients.get(&entry.parameter) {
                entry.update(&step, gradient)?;
            }
        }
        Ok(())
    }

    /// The state to save besides the parameters: the step count, and the moments `NAME.first` and `NAME.second`.
    pub fn state(&self) -> (u32, BTreeMap<String, Tensor>) {
        let moments = self.entries.iter().flat_map(|entry| {
            [(format!("{}.first", entry.name), entry.first.clone()), (format!("{}.second", entry.name), entry.second.clone())]
        });
        (self.steps, moments.collect())
    }

    /// Restores the state that [`Self::state`] returned.
    ///
    /// # Errors
    /// When a moment is missing or its shape differs from its parameter's; nothing is changed then.
    pub fn restore(&mut self, steps: u32, moments: &BTreeMap<String, Tensor>) -> Result<()> {
        let find = |entry: &Entry, which: &str| {
            let name = format!("{}.{which}", entry.name);
            match moments.get(&name) {
                Some(tensor) if tensor.shape() == entry.first.shape() => {
                    tensor.to_device(entry.first.device())?.to_dtype(entry.first.dtype())?.contiguous()
                }
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

/// Scalar factors of one step, in f64: `1 - β₂` computed in f32 is wrong in the fifth digit.
struct Step {
    beta1: f64,
    beta2: f64,
    /// `1 - η λ`.
    keep: f64,
    /// `η / (1 - β₁ᵗ)`.
    rate: f64,
    /// `√(1 - β₂ᵗ)`.
    correction: f64,
    epsilon: f64,
}

impl Step {
    fn new(options: AdamWOptions, steps: u32) -> Self {
        let AdamWOptions { rate, beta1, beta2, epsilon, weight_decay } = options;
        let correction = |beta: f64| 1.0 - beta.powf(f64::from(steps));
        Self {
            beta1,
            beta2,
            keep: 1.0 - rate * weight_decay,
            rate: rate / correction(beta1),
            correction: correction(beta2).sqrt(),
            epsilon,
        }
    }
}

impl Entry {
    fn update(&mut self, step: &Step, gradient: &Tensor) -> Result<()> {
        let weights = self.parameter.tensor();
        if fused(&weights) {
            let gradient = gradient.to_dtype(DType::F32)?.contiguous()?;
            let (g, w) = (elements(&gradient)?, elements(&weights)?);
            let (part1, part2, beta2) = ((1.0 - step.beta1) as f32, (1.0 - step.beta2) as f32, step.beta2 as f32);
            let first = pointwise::zip(&elements(&self.first)?, &g, |m, g| m + (g - m) * part1);
            let second = pointwise::zip(&elements(&self.second)?, &g, |v, g| v * beta2 + g * g * part2);
            let (keep, rate) = (step.keep as f32, step.rate as f32);
            let (correction, epsilon) = (step.correction as f32, step.epsilon as f32);
            let updated = pointwise::zip3(&w, &first, &second, |w, m, v| w * keep - rate * m / (v.sqrt() / correction + epsilon));
            self.first = tensor(first, weights.dims())?;
            self.second = tensor(second, weights.dims())?;
            return self.parameter.set(tensor(updated, weights.dims())?);
        }
        let gradient = gradient.to_dtype(self.first.dtype())?;
        self.first = ((&self.first * step.beta1)? + (&gradient * (1.0 - step.beta1))?)?;
        self.second = ((&self.second * step.beta2)? + (gradient.sqr()? * (1.0 - step.beta2))?)?;
        let denominator = ((self.second.sqrt()? / step.correction)? + step.epsilon)?;
        let change = ((&self.first / denominator)? * step.rate)?;
        self.parameter.set(((weights * step.keep)? - change)?)
    }
}
