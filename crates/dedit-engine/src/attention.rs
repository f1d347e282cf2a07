//! The changes of fine-tuning to the denoiser's attention: LoRA adapters, or new cross-attention weights.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use dedit_diffusion::unet::Unet;
use dedit_diffusion::{Error, Result};
use dedit_nn::autograd::Parameter;
use dedit_nn::layers::{Adapter, Layer, Linear, Visit};
use dedit_nn::rng::Generator;
use serde::{Deserialize, Serialize};

/// Which weights the second stage trains.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrainedAttention {
    /// The weights of queries, keys and values in every cross-attention, as published. 126 MB for Stable Diffusion 1.5.
    CrossAttention,
    /// A LoRA on queries, keys, values and output of every attention. 3 MB for Stable Diffusion 1.5 at rank 4.
    Lora {
        /// Rank of the factors, at least 1.
        rank: usize,
        /// Numerator of the scale alpha / rank; peft's `lora_alpha`.
        alpha: f64,
    },
}

impl TrainedAttention {
    fn covers(self, path: &str) -> bool {
        let cross = path.contains(".attn2.");
        let own = path.contains(".attn1.");
        let projections = [".to_q", ".to_k", ".to_v"].iter().any(|end| path.ends_with(end));
        match self {
            Self::CrossAttention => cross && projections,
            Self::Lora { .. } => (cross || own) && (projections || path.ends_with(".to_out.0")),
        }
    }
}

/// The trained change of one layer.
#[derive(Debug, Clone)]
pub(crate) enum LayerDelta {
    /// `A [rank, in]`, `B [out, rank]` and the scale of their product.
    Lora { down: Tensor, up: Tensor, scale: f64 },
    /// The weight itself, `[out, in]` f32.
    Weight(Tensor),
}

/// Changes by layer path.
pub(crate) type AttentionDelta = BTreeMap<String, LayerDelta>;

/// What is needed to restore a U-Net: the paths of layers with an added adapter, and the replaced weights.
#[derive(Default)]
pub(crate) struct Mounted {
    adapters: Vec<String>,
    weights: BTreeMap<String, Tensor>,
}

/// Calls `visit` for every linear layer.
fn each_linear(unet: &mut Unet, visit: &mut dyn FnMut(&str, &mut Linear) -> dedit_nn::Result<()>) -> Result<()> {
    Ok(unet.visit("", &mut |path, layer| match layer {
        Layer::Linear(linear) => visit(path, linear),
        _ => Ok(()),
    })?)
}

impl Mounted {
    /// Applies a delta to the denoiser.
    ///
    /// # Errors
    /// When a layer is missing or has another shape; the denoiser is unchanged then.
    pub(crate) fn mount(unet: &mut Unet, delta: &AttentionDelta) -> Result<Self> {
        let mut mounted = Self::default();
        let unfit = |error: Error| Error::model(format!("what was learned does not fit this model ({})", error.message()));
        let outcome = mounted.put(unet, delta).map_err(unfit);
        let missing = delta.keys().find(|path| !mounted.adapters.contains(path) && !mounted.weights.contains_key(*path));
        let outcome = match (outcome, missing) {
            (Ok(()), Some(path)) => Err(Error::model(format!("the model has no layer {path}, for which something was learned"))),
            (outcome, _) => outcome,
        };
        if let Err(error) = outcome {
            mounted.unmount(unet)?;
            return Err(error);
        }
        Ok(mounted)
    }

    fn put(&mut self, unet: &mut Unet, delta: &AttentionDelta) -> Result<()> {
        each_linear(unet, &mut |path, linear| {
            match delta.get(path) {
                Some(LayerDelta::Lora { down, up, scale }) => {
                    let device = linear.device();
                    let adapter = Adapter::new(&down.to_device(&device)?, &up.to_device(&device)?, *scale)?;
                    adapter.down.set_trainable(false);
                    adapter.up.set_trainable(false);
                    linear.attach(adapter)?;
                    self.adapters.push(path.to_owned());
                }
                Some(LayerDelta::Weight(weight)) => {
                    let original = linear.weight()?.to_dtype(linear.dtype())?;
                    linear.set_weight(weight)?;
                    self.weights.insert(path.to_owned(), original);
                }
                None => {}
            }
            Ok(())
        })
    }

    /// Makes the layers of `trained` trainable and returns their parameters by name. The output of the denoiser does not change.
    pub(crate) fn for_training(
        unet: &mut Unet,
        trained: TrainedAttention,
        rng: &mut Generator,
    ) -> Result<(Self, Vec<(String, Parameter)>)> {
        let (mut mounted, mut parameters) = (Self::default(), Vec::new());
        let outcome = each_linear(unet, &mut |path, linear| {
            if !trained.covers(path) {
                return Ok(());
            }
            match trained {
                TrainedAttention::CrossAttention => {
                    mounted.weights.insert(path.to_owned(), linear.weight()?.to_dtype(linear.dtype())?);
                    parameters.push((format!("{path}.weight"), linear.make_trainable()?));
                }
                TrainedAttention::Lora { rank, alpha } => {
                    let Adapter { down, up, .. } = linear.attach_gaussian(rank, alpha, rng)?;
                    mounted.adapters.push(path.to_owned());
                    parameters.push((format!("{path}.lora_A.weight"), down));
                    parameters.push((format!("{path}.lora_B.weight"), up));
                }
            }
            Ok(())
        });
        if let Err(error) = outcome {
            mounted.unmount(unet)?;
            return Err(error);
        }
        Ok((mounted, parameters))
    }

    /// Restores the denoiser.
    pub(crate) fn unmount(&mut self, unet: &mut Unet) -> Result<()> {
        let Self { adapters, weights } = std::mem::take(self);
        if adapters.is_empty() && weights.is_empty() {
            return Ok(());
        }
        each_linear(unet, &mut |path, linear| {
            if adapters.iter().any(|own| own == path) {
                linear.adapters_mut().pop();
            }
            weights.get(path).map_or(Ok(()), |weight| linear.set_weight(weight))
        })
    }
}

/// The trained parameters of [`Mounted::for_training`] as a delta on the CPU.
pub(crate) fn learned(parameters: &[(String, Parameter)], trained: TrainedAttention) -> Result<AttentionDelta> {
    let by_name: BTreeMap<&str, &Parameter> = parameters.iter().map(|(name, parameter)| (name.as_str(), parameter)).collect();
    let value = |name: &str| -> Result<Tensor> {
        let parameter = by_name.get(name).ok_or_else(|| Error::model(format!("nothing was learned for {name}")))?;
        Ok(parameter.tensor().to_device(&Device::Cpu)?.to_dtype(DType::F32)?)
    };
    let mut delta = AttentionDelta::new();
    for name in by_name.keys() {
        if let Some(path) = name.strip_suffix(".lora_A.weight") {
            let TrainedAttention::Lora { rank, alpha } = trained else { continue };
            let up = value(&format!("{path}.lora_B.weight"))?;
            delta.insert(path.to_owned(), LayerDelta::Lora { down: value(name)?, up, scale: alpha / rank as f64 });
        } else if let (Some(path), TrainedAttention::CrossAttention) = (name.strip_suffix(".weight"), trained)
            && !path.ends_with(".lora_B")
        {
            delta.insert(path.to_owned(), LayerDelta::Weight(value(name)?));
        }
    }
    Ok(delta)
}

/// The tensors of a delta, named as in PEFT and diffusers.
pub(crate) fn named(delta: &AttentionDelta) -> BTreeMap<String, Tensor> {
    let mut tensors = BTreeMap::new();
    for (path, layer) in delta {
        match layer {
            LayerDelta::Lora { down, up, .. } => {
                tensors.insert(format!("unet.{path}.lora_A.weight"), down.clone());
                tensors.insert(format!("unet.{path}.lora_B.weight"), up.clone());
            }
            LayerDelta::Weight(weight) => {
                tensors.insert(format!("unet.{path}.weight"), weight.clone());
            }
        }
    }
    tensors
}

/// The inverse of [`named`].
///
/// # Errors
/// A sentence, for tensors with other names, factors without their counterpart, or a rank that differs from `trained`.
pub(crate) fn from_named(tensors: &BTreeMap<String, Tensor>, trained: TrainedAttention) -> std::result::Result<AttentionDelta, String> {
    let mut delta = AttentionDelta::new();
    for (name, tensor) in tensors {
        let unknown = || format!("nothing is known of its tensor {name}");
        let path = name.strip_prefix("unet.").ok_or_else(unknown)?;
        match trained {
            TrainedAttention::CrossAttention => {
                let path = path.strip_suffix(".weight").ok_or_else(unknown)?;
                delta.insert(path.to_owned(), LayerDelta::Weight(tensor.clone()));
            }
            TrainedAttention::Lora { rank, alpha } => {
                let part = [".lora_A.weight", ".lora_B.weight"].into_iter().find_map(|end| path.strip_suffix(end));
                let path = part.ok_or_else(unknown)?;
                let [down, up] = ["A", "B"].map(|factor| tensors.get(&format!("unet.{path}.lora_{factor}.weight")));
                let fits =
                    |down: &Tensor, up: &Tensor| down.rank() == 2 && up.rank() == 2 && down.dims()[0] == rank && up.dims()[1] == rank;
                match (down, up) {
                    (Some(down), Some(up)) if fits(down, up) => {
                        let layer = LayerDelta::Lora { down: down.clone(), up: up.clone(), scale: alpha / rank as f64 };
                        delta.insert(path.to_owned(), layer);
                    }
                    _ => return Err(format!("the LoRA factors of {path} do not fit a rank of {rank}")),
                }
            }
        }
    }
    Ok(delta)
}
