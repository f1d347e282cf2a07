//! Derivatives by finite differences.

use candle_core::{DType, Tensor};
use dedit_nn::autograd::Parameter;

/// `Σ a · b` over all tensors, in double precision.
pub(crate) fn dot(a: &[Tensor], b: &[Tensor]) -> f64 {
    let wide = |x: &Tensor| x.to_dtype(DType::F64).unwrap();
    a.iter().zip(b).map(|(a, b)| (wide(a) * wide(b)).unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap()).sum()
}

/// The Euclidean norm of all tensors taken as one vector.
pub(crate) fn norm(a: &[Tensor]) -> f64 {
    dot(a, a).sqrt()
}

/// The derivative of `loss` along `direction` by central differences of fourth order: four points at one and two steps to both sides.
pub(crate) fn slope(parameters: &[&Parameter], direction: &[Tensor], step: f64, loss: impl Fn() -> f64) -> f64 {
    let start: Vec<Tensor> = parameters.iter().map(|parameter| parameter.tensor()).collect();
    let at = |distance: f64| {
        for ((parameter, start), direction) in parameters.iter().zip(&start).zip(direction) {
            parameter.set((start + (direction * distance).unwrap()).unwrap()).unwrap();
        }
        loss()
    };
    let near = at(step) - at(-step);
    let far = at(2.0 * step) - at(-2.0 * step);
    at(0.0);
    (8.0 * near - far) / (12.0 * step)
}
