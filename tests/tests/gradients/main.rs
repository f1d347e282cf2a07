//! Gradients through whole networks: those of trainable weights agree with finite differences, and frozen weights have none.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in the functions it calls too")]

mod differences;
mod network;

use candle_core::{DType, Tensor};
use dedit_nn::autograd::{Gradients, Parameter};
use dedit_nn::rng::Generator;

use self::differences::{dot, norm, slope};
use self::network::{Attends, Network};

/// More levels than any network has: gradient checkpointing of all levels.
const EVERY_LEVEL: usize = usize::MAX;

/// Whether the weight of this name belongs to a group.
type Belongs = fn(&str) -> bool;

/// Groups of weights that are varied together.
const GROUPS: [(&str, Belongs); 17] = [
    ("embedding rows", |name| name.ends_with("rows")),
    ("cross-attention queries", |name| name.ends_with("attn2.to_q.weight")),
    ("cross-attention keys", |name| name.ends_with("attn2.to_k.weight")),
    ("cross-attention values", |name| name.ends_with("attn2.to_v.weight")),
    ("self-attention weights", |name| name.contains(".attn1.") && name.ends_with(".weight")),
    ("LoRA on cross-attention", |name| name.contains(".attn2.") && name.contains(".lora_")),
    ("LoRA on self-attention", |name| name.contains(".attn1.") && name.contains(".lora_")),
    ("LoRA around attention", |name| name.contains(".proj_") && name.contains(".lora_")),
    ("LoRA on feed-forward layers", |name| name.contains(".ff.") && name.contains(".lora_")),
    ("LoRA on convolutions", |name| name.contains("conv") && !name.contains("samplers") && name.contains(".lora_")),
    ("LoRA on changes of size", |name| name.contains("samplers") && name.contains(".lora_")),
    ("LoRA on the timestep", |name| name.contains("time_emb") && name.contains(".lora_")),
    ("LoRA on text encoders", |name| name.starts_with("text_encoder") && name.contains(".lora_")),
    ("convolutions", |name| name.contains("conv") && !name.contains("norm") && name.ends_with(".weight")),
    ("norms of the U-Net", |name| name.starts_with("unet") && name.contains("norm")),
    ("norms of the text encoders", |name| name.starts_with("text_encoder") && name.contains("norm")),
    ("biases", |name| !name.contains("norm") && name.ends_with("bias")),
];

/// The change of the loss in one step of a difference. The loss is rounded to about 1e-5, a share of 3e-4 of this; with steps three times as long the error
/// from the fifth derivative would be as large.
const CHANGE: f64 = 0.04;

/// The largest error of a derivative, relative to its typical size for the direction.
const TOLERANCE: f64 = 2e-3;

/// Only for SDXL, which has both kinds of text encoders and all kinds of layers: the other tiny networks are too non-linear for finite differences in float32.
/// Their gradients are compared with those of PyTorch in double precision.
#[test]
fn gradients_are_what_finite_differences_give() {
    let network = Network::new("sdxl");
    for attends in [Attends::Shared, Attends::Regions] {
        let gradients = network.gradients(attends, 0);
        for (name, belongs) in GROUPS {
            let learned = network.learned.iter().filter(|(name, _)| belongs(name));
            let (members, gradient): (Vec<&Parameter>, Vec<Tensor>) =
                learned.filter_map(|(_, parameter)| Some((parameter, gradients.get(parameter)?.clone()))).unzip();
            let size = norm(&gradient);
            let elements = gradient.iter().map(Tensor::elem_count).sum::<usize>() as f64;
            let steepest: Vec<Tensor> = gradient.iter().map(|gradient| (gradient / size).unwrap()).collect();
            let mut rng = Generator::new(5);
            let random = gradient.iter().map(|like| (rng.normal(like.shape(), like.device()).unwrap() / elements.sqrt()).unwrap());
            // Along the gradient, and along a direction that is almost perpendicular to it.
            for (direction, usual) in [(steepest, size), (random.collect(), size / elements.sqrt())] {
                let expected = slope(&members, &direction, CHANGE / usual, || network.exact_loss(attends));
                let computed = dot(&gradient, &direction);
                let error = (computed - expected).abs() / usual;
                assert!(error < TOLERANCE, "{name}, {attends:?}: slope {computed} instead of {expected}, wrong by {error:.1e} of {usual}");
            }
        }
    }
}

fn largest(x: &Tensor) -> f32 {
    x.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
}

/// Whether a weight has an effect: SDXL uses the states before the last layer of its first encoder, so that layer and the norm after it have none.
fn is_read(kind: &str, name: &str) -> bool {
    let unread = ["text_encoder.0.text_model.encoder.layers.1.", "text_encoder.0.text_model.final_layer_norm."];
    kind != "sdxl" || !unread.iter().any(|part| name.starts_with(part))
}

#[test]
fn every_trainable_weight_gets_a_finite_gradient_that_is_not_zero() {
    for kind in ["sd", "sd2", "sdxl"] {
        let network = Network::new(kind);
        for (attends, levels) in
            [(Attends::Shared, 0), (Attends::Shared, EVERY_LEVEL), (Attends::Regions, 0), (Attends::Regions, EVERY_LEVEL)]
        {
            let gradients = network.gradients(attends, levels);
            for (name, parameter) in &network.learned {
                let gradient = gradients.get(parameter);
                assert_eq!(gradient.is_some(), is_read(kind, name), "{kind}: the gradient of {name}");
                let Some(gradient) = gradient else { continue };
                assert_eq!(gradient.dims(), parameter.tensor().dims(), "{kind}: {name}");
                assert_eq!(gradient.dtype(), DType::F32, "{kind}: {name}");
                let largest = largest(gradient);
                assert!(largest.is_finite(), "{kind}: the gradient of {name} is not finite");
                // Adding the same vector to all keys does not change the attention.
                assert!(largest > 0.0 || name.ends_with("k_proj.bias"), "{kind}: the gradient of {name} is zero");
            }
        }
    }
}

/// Fails where two sets of gradients differ by more than `tolerance` times a weight's largest gradient, which allows for another order of summation.
fn assert_same<'a>(
    learned: impl IntoIterator<Item = (&'a String, &'a Parameter)>,
    (found, expected): (&Gradients, &Gradients),
    tolerance: f32,
    what: &str,
) {
    for (name, parameter) in learned {
        match (found.get(parameter), expected.get(parameter)) {
            (None, None) => {}
            (Some(found), Some(expected)) => {
                let (error, largest) = (largest(&(found - expected).unwrap()), largest(expected));
                // Gradients that consist only of rounding errors are not compared relatively.
                assert!(error <= tolerance * largest.max(0.1), "{what}: the gradient of {name}, up to {largest}, differs by {error}");
            }
            (found, _) => panic!("{what}: the gradient of {name} is there: {}", found.is_some()),
        }
    }
}

#[test]
fn checkpointing_changes_no_gradient() {
    // The text encoder of "sd" has a width of 4, whose norms amplify rounding errors.
    for (kind, tolerance) in [("sd", 2e-3), ("sdxl", 1e-4)] {
        let network = Network::new(kind);
        for attends in [Attends::Shared, Attends::Regions] {
            let kept = network.gradients(attends, 0);
            for levels in [1, 2, EVERY_LEVEL] {
                let what = format!("{kind}, {attends:?}, {levels} levels");
                assert_same(&network.learned, (&network.gradients(attends, levels), &kept), tolerance, &what);
            }
        }
    }
}

#[test]
fn a_frozen_weight_gets_no_gradient_and_changes_nobody_elses() {
    let network = Network::new("sdxl");
    for attends in [Attends::Shared, Attends::Regions] {
        let all = network.gradients(attends, 0);
        for (group, belongs) in GROUPS {
            network.learned.iter().for_each(|(name, parameter)| parameter.set_trainable(belongs(name)));
            for levels in [0, EVERY_LEVEL] {
                let what = format!("{group} alone, {attends:?}, {levels} levels");
                let some = network.gradients(attends, levels);
                let (trained, frozen): (Vec<_>, Vec<_>) = network.learned.iter().partition(|(name, _)| belongs(name));
                assert_same(trained, (&some, &all), 1e-4, &what);
                for (name, parameter) in frozen {
                    assert!(some.get(parameter).is_none(), "{what}: {name} is frozen and got a gradient");
                }
            }
            network.learned.values().for_each(|parameter| parameter.set_trainable(true));
        }
    }
}
