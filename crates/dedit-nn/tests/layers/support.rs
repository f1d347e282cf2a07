//! Runs a computation for its output and all its gradients, and compares.

use candle_core::{DType, Device, Result, Tensor};
use dedit_nn::autograd::{Parameter, Value, backward, record};
use dedit_nn::layers::{Adapter, Linear, Vector};
use dedit_nn::rng::Generator;
use dedit_nn::with_reference;

/// Tolerance between the fused kernels and candle's operations, relative to the largest element: both round to f32 (2⁻²⁴ = 6·10⁻⁸) in sums of up to 10⁴
/// terms in different orders, whose error grows with the root of the count.
pub(crate) const ROUNDING: f64 = 2e-5;

/// Tolerance between a central difference of fourth order with step 0.02 and the gradient, relative to the gradient's length: about 10⁻⁶ of truncation,
/// and the f32 rounding of the outputs, 10⁻⁶ / 0.02.
pub(crate) const DIFFERENCE: f64 = 1e-3;

/// Standard normal numbers.
pub(crate) fn normal(seed: u64, dims: &[usize]) -> Tensor {
    Generator::new(seed).normal(dims, &Device::Cpu).unwrap()
}

/// Normal values with deviation `1 / √inputs`, in the given precision.
pub(crate) fn weight(seed: u64, dims: &[usize], inputs: usize, dtype: DType) -> Tensor {
    (normal(seed, dims) * (1.0 / (inputs.max(1) as f64).sqrt())).unwrap().to_dtype(dtype).unwrap()
}

/// `Σ y · w` with fixed random `w`: a loss with a different gradient for every element of `y`.
pub(crate) fn weighted_sum(y: &Value) -> Value {
    let w = normal(99, y.dims());
    let slot = y.slot();
    let sum = (y.tensor() * &w).unwrap().sum_all().unwrap();
    record(sum, &[y], move |gradient, gradients| gradients.add(&slot, w.broadcast_mul(gradient)?))
}

type Function<'f> = dyn Fn(&[Value]) -> Result<Value> + 'f;

/// A differentiable function with its inputs and parameters.
pub(crate) struct Probe<'f> {
    pub(crate) name: String,
    pub(crate) inputs: Vec<Tensor>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) function: Box<Function<'f>>,
}

impl<'f> Probe<'f> {
    pub(crate) fn new(name: impl Into<String>, inputs: Vec<Tensor>, function: impl Fn(&[Value]) -> Result<Value> + 'f) -> Self {
        Self { name: name.into(), inputs, parameters: Vec::new(), function: Box::new(function) }
    }

    pub(crate) fn with(mut self, parameters: Vec<Parameter>) -> Self {
        self.parameters = parameters;
        self
    }

    /// The output, then the gradient of every input and every parameter; zeros where the loss does not depend on one.
    pub(crate) fn run(&self) -> Vec<Tensor> {
        let leaves: Vec<Value> = self.inputs.iter().cloned().map(Value::leaf).collect();
        let y = (self.function)(&leaves).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let gradients = backward(&weighted_sum(&y)).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let mut results = vec![y.into_tensor()];
        results.extend(leaves.iter().map(|leaf| gradients.of(leaf).cloned().unwrap_or(leaf.tensor().zeros_like().unwrap())));
        results.extend(self.parameters.iter().map(|p| gradients.get(p).cloned().unwrap_or(p.tensor().zeros_like().unwrap())));
        results
    }

    /// Compares the fused kernels with candle's operations.
    pub(crate) fn agrees_with_reference(&self, tolerance: f64) {
        let (fused, reference) = (self.run(), with_reference(|| self.run()));
        for (i, (got, want)) in fused.iter().zip(&reference).enumerate() {
            let what = if i == 0 { "output".to_owned() } else { format!("gradient {i}") };
            close(&format!("{}: {what}", self.name), got, want, tolerance);
        }
    }

    /// Compares every gradient, of both implementations, with central differences along three random directions.
    pub(crate) fn agrees_with_differences(&self, tolerance: f64) {
        for (path, results) in [("fused", self.run()), ("reference", with_reference(|| self.run()))] {
            for (i, gradient) in results[1..].iter().enumerate() {
                let length = dot(gradient, gradient).sqrt();
                for seed in 0..3 {
                    let direction = normal(1000 + seed, gradient.dims());
                    let (got, want) = (dot(gradient, &direction), self.slope(i, &direction));
                    assert!(
                        (got - want).abs() <= tolerance * (length + 1e-3),
                        "{} ({path}): along direction {seed} gradient {i} gives {got}, differences give {want}",
                        self.name
                    );
                }
            }
        }
    }

    /// The derivative of the loss along `direction` in the `which`-th input or parameter: central differences of fourth order.
    fn slope(&self, which: usize, direction: &Tensor) -> f64 {
        let step = 0.02;
        let at = |steps: f64| {
            let mut inputs = self.inputs.clone();
            let moved = |tensor: &Tensor| (tensor + (direction * (steps * step * size(tensor))).unwrap()).unwrap();
            let before = self.parameters.iter().map(Parameter::tensor).collect::<Vec<_>>();
            match which.checked_sub(inputs.len()) {
                None => inputs[which] = moved(&inputs[which]),
                Some(parameter) => self.parameters[parameter].set(moved(&before[parameter])).unwrap(),
            }
            let inputs: Vec<Value> = inputs.into_iter().map(Value::constant).collect();
            let y = (self.function)(&inputs).unwrap().into_tensor();
            self.parameters.iter().zip(before).for_each(|(parameter, tensor)| parameter.set(tensor).unwrap());
            dot(&y, &normal(99, y.dims()))
        };
        let moved =
            if which < self.inputs.len() { size(&self.inputs[which]) } else { size(&self.parameters[which - self.inputs.len()].tensor()) };
        (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * step * moved)
    }
}

/// The root mean square, which scales the step of a difference; 1 for zeros.
fn size(tensor: &Tensor) -> f64 {
    let size = (dot(tensor, tensor) / tensor.elem_count() as f64).sqrt();
    if size > 0.0 { size } else { 1.0 }
}

/// The scalar product, in f64.
pub(crate) fn dot(a: &Tensor, b: &Tensor) -> f64 {
    numbers(a).iter().zip(numbers(b)).map(|(a, b)| f64::from(*a) * f64::from(b)).sum()
}

/// The elements of a tensor.
pub(crate) fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Fails unless `got` has the shape of `want` and differs by at most `tolerance` times the larger of 1 and its largest element: where larger terms cancel
/// to a small result, their rounding error remains.
pub(crate) fn close(what: &str, got: &Tensor, want: &Tensor, tolerance: f64) {
    assert_eq!(got.dims(), want.dims(), "{what}");
    let (got, want) = (numbers(got), numbers(want));
    let size = want.iter().fold(1.0, |size: f64, value| size.max(f64::from(value.abs())));
    for (i, (got, want)) in got.iter().zip(&want).enumerate() {
        let error = f64::from((got - want).abs());
        assert!(error <= tolerance * size, "{what}: element {i} is {got}, not {want} (largest {size:.3e})");
    }
}

/// Which parameters of a layer are trainable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Frozen,
    Trainable,
    Lora,
}

pub(crate) const KINDS: [Kind; 3] = [Kind::Frozen, Kind::Trainable, Kind::Lora];
pub(crate) const STORED: [DType; 3] = [DType::F32, DType::F16, DType::BF16];

/// Makes the parameters of `kind` trainable and returns them: the weight and the bias, or the factors of an adapter of rank 2.
pub(crate) fn prepare(
    kind: Kind,
    (inputs, outputs): (usize, usize),
    mut trainable: impl FnMut() -> Vec<Parameter>,
    attach: impl FnOnce(Adapter),
) -> Vec<Parameter> {
    match kind {
        Kind::Frozen => Vec::new(),
        Kind::Trainable => trainable(),
        Kind::Lora => {
            let (down, up) = (weight(31, &[2, inputs], inputs, DType::F32), weight(32, &[outputs, 2], 2, DType::F32));
            let adapter = Adapter::new(&down, &up, 0.7).unwrap();
            let parameters = vec![adapter.down.clone(), adapter.up.clone()];
            attach(adapter);
            parameters
        }
    }
}

/// A linear layer of the given kind with its parameters.
pub(crate) fn linear(kind: Kind, inputs: usize, outputs: usize, dtype: DType, bias: bool) -> (Linear, Vec<Parameter>) {
    let bias = bias.then(|| normal(22, &[outputs]));
    let layer = Linear::new(&weight(21, &[outputs, inputs], inputs, dtype), bias.as_ref()).unwrap();
    let layer = std::cell::RefCell::new(layer);
    let trainable = || {
        let mut layer = layer.borrow_mut();
        let mut parameters = vec![layer.make_trainable().unwrap()];
        parameters.extend(layer.bias_mut().map(|bias| Vector::make_trainable(bias).unwrap()));
        parameters
    };
    let parameters = prepare(kind, (inputs, outputs), trainable, |adapter| layer.borrow_mut().attach(adapter).unwrap());
    (layer.into_inner(), parameters)
}
