//! The tensors of a checkpoint, by their official names.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;

use candle_core::{DType, Device, Tensor, pickle, safetensors};
use dedit_edit::{Error, Result};
use dedit_nn::layers::{Conv2d, LayerNorm, Linear};

use crate::error::internal;
use crate::names::official;

/// The tensors of a checkpoint, by their official names.
#[derive(Debug)]
pub struct Weights {
    tensors: HashMap<String, Tensor>,
}

impl Weights {
    /// Reads a `.safetensors` file, or PyTorch's `.pt` and `.pth`, of which only tensors are read: nothing in it is run.
    ///
    /// # Errors
    /// `Model` where the file cannot be read, is of no such format, or holds no segment-anything model that is supported.
    pub fn open(path: &Path, device: &Device) -> Result<Self> {
        let is_pickle =
            path.extension().is_some_and(|ending| ["pt", "pth", "bin", "ckpt"].iter().any(|known| ending.eq_ignore_ascii_case(known)));
        let unreadable = |error: candle_core::Error| {
            let message = format!("this is no checkpoint that can be read ({})", first_line(&error));
            let hint = if is_pickle {
                "save it as safetensors: safetensors.torch.save_file(torch.load(FILE, map_location=\"cpu\"), \"sam.safetensors\")"
            } else {
                "give a .safetensors, .pt or .pth file of SAM (ViT-B, -L, -H) or MobileSAM"
            };
            Error::model(message).at(path).hint(hint)
        };
        let tensors = if is_pickle {
            let pairs = pickle::read_all(path).map_err(unreadable)?;
            pairs
                .into_iter()
                .map(|(name, tensor)| Ok((name, tensor.to_device(device)?)))
                .collect::<candle_core::Result<_>>()
                .map_err(unreadable)?
        } else {
            safetensors::load(path, device).map_err(unreadable)?
        };
        Self::new(tensors).map_err(|error| error.at(path))
    }

    /// From tensors under official names or those of transformers.
    ///
    /// # Errors
    /// `Model` where they are those of another kind of model.
    pub fn new(tensors: HashMap<String, Tensor>) -> Result<Self> {
        let has = |part: &str| tensors.keys().any(|name| name.starts_with(part));
        let other = [
            ("image_encoder.trunk.", "SAM 2"),
            ("sam_mask_decoder.", "SAM 2"),
            ("mask_decoder.hf_token.", "SAM-HQ"),
            ("image_encoder.backbone.", "EfficientViT-SAM"),
            ("vision_encoder.backbone.", "SAM 2"),
            ("detector.", "SAM 3"),
            ("model.22.proto.", "FastSAM"),
        ];
        let hint = "give a checkpoint of SAM (ViT-B, -L, -H) or MobileSAM";
        if let Some((_, name)) = other.iter().find(|(part, _)| has(part)) {
            return Err(Error::model(format!("this is a checkpoint of {name}, which is not supported")).hint(hint));
        }
        let is_transformers = has("vision_encoder.");
        if !(is_transformers || has("image_encoder.")) || !has("prompt_encoder.") || !has("mask_decoder.") {
            return Err(Error::model("this checkpoint holds no segment-anything model").hint(hint));
        }
        let named = |name: String| if is_transformers { official(&name) } else { name };
        Ok(Self { tensors: tensors.into_iter().map(|(name, tensor)| (named(name), tensor)).collect() })
    }

    /// The tensors below a name.
    pub(crate) fn at(&self, name: &str) -> Scope<'_> {
        Scope { weights: self, path: name.to_owned() }
    }
}

fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The tensors whose names begin with a path.
#[derive(Clone)]
pub(crate) struct Scope<'a> {
    weights: &'a Weights,
    path: String,
}

impl Scope<'_> {
    /// The scope below this one.
    pub(crate) fn at(&self, name: impl Display) -> Self {
        Self { weights: self.weights, path: format!("{}.{name}", self.path) }
    }

    /// How many of `NAME.0`, `NAME.1`, … there are.
    pub(crate) fn count(&self, name: &str) -> usize {
        let prefix = format!("{}.{name}.", self.path);
        let numbers = self.weights.tensors.keys().filter_map(|key| key.strip_prefix(&prefix)?.split('.').next()?.parse::<usize>().ok());
        numbers.max().map_or(0, |last| last + 1)
    }

    /// Whether there is such a tensor.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.weights.tensors.contains_key(&format!("{}.{name}", self.path))
    }

    /// A tensor of that many dimensions, in its own precision.
    pub(crate) fn tensor(&self, name: &str, rank: usize) -> Result<Tensor> {
        let full = format!("{}.{name}", self.path);
        let Some(tensor) = self.weights.tensors.get(&full) else {
            return Err(Error::model(format!("the checkpoint lacks the tensor {full}")));
        };
        if tensor.rank() != rank || tensor.elem_count() == 0 {
            return Err(Error::model(format!("the checkpoint's tensor {full} has the shape {:?}", tensor.dims())));
        }
        Ok(tensor.clone())
    }

    /// A tensor in the precision that is computed in.
    pub(crate) fn wide(&self, name: &str, rank: usize) -> Result<Tensor> {
        let tensor = self.tensor(name, rank)?;
        if tensor.device().is_cpu() { tensor.to_dtype(DType::F32).map_err(internal) } else { Ok(tensor) }
    }

    /// Fails where a shape is not as expected.
    pub(crate) fn expect(&self, fits: bool) -> Result<()> {
        if fits {
            Ok(())
        } else {
            Err(Error::model(format!("the checkpoint's tensors of {} have sizes that do not fit each other", self.path)))
        }
    }

    fn bias(&self) -> Result<Option<Tensor>> {
        if self.has("bias") { self.tensor("bias", 1).map(Some) } else { Ok(None) }
    }

    fn built<T>(&self, layer: candle_core::Result<T>) -> Result<T> {
        layer.map_err(|error| Error::model(format!("the checkpoint's layer {} cannot be used ({})", self.path, first_line(&error))))
    }

    /// A linear layer; a weight `[out, in, 1, 1]` is one too.
    pub(crate) fn linear(&self) -> Result<Linear> {
        self.built(Linear::new(&self.tensor("weight", 2)?, self.bias()?.as_ref()))
    }

    /// Rows of a linear layer, as a layer.
    pub(crate) fn linear_rows(&self, rows: std::ops::Range<usize>) -> Result<Linear> {
        let (weight, bias) = (self.tensor("weight", 2)?, self.bias()?);
        self.expect(rows.end <= weight.dims()[0] && bias.as_ref().is_none_or(|bias| bias.elem_count() == weight.dims()[0]))?;
        let part = |tensor: &Tensor| tensor.narrow(0, rows.start, rows.len())?.contiguous();
        let bias = bias.as_ref().map(part).transpose().map_err(internal)?;
        self.built(Linear::new(&part(&weight).map_err(internal)?, bias.as_ref()))
    }

    /// A square convolution.
    pub(crate) fn conv(&self, stride: usize, pad: usize) -> Result<Conv2d> {
        self.built(Conv2d::new(&self.tensor("weight", 4)?, self.bias()?.as_ref(), stride, pad))
    }

    /// A layer norm.
    pub(crate) fn norm(&self, epsilon: f64) -> Result<LayerNorm> {
        self.built(LayerNorm::new(&self.tensor("weight", 1)?, &self.tensor("bias", 1)?, epsilon))
    }
}
