//! Tensors that belong to another tensor: the scale of a quantised weight, and notes of the program that quantised it.
//!
//! `ComfyUI` writes `layer.scale_weight`, `layer.scale_input` and a marker `scaled_fp8` for the whole network, or `layer.weight_scale`, `layer.input_scale` and
//! `layer.comfy_quant`. Scales of inputs are for products in eight bits, which are not used here: weights are widened.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use safetensors::Dtype;

use super::file::SafetensorsFile;
use super::header::TensorEntry;
use super::tensor::from_bytes;
use crate::{Error, Result};

/// The scales of weights, and the names of all tensors that belong to another one.
#[derive(Debug, Default)]
pub(super) struct Companions {
    scales: HashMap<String, f32>,
    names: HashSet<String>,
}

impl Companions {
    /// Finds the companions in the files of a network.
    ///
    /// # Errors
    /// If a scale is not one finite number.
    pub(super) fn of(files: &[Arc<SafetensorsFile>]) -> Result<Self> {
        let mut found = Self::default();
        for file in files {
            for entry in &file.header.tensors {
                if entry.name.rsplit('.').next() == Some("scaled_fp8") {
                    found.names.insert(entry.name.clone());
                    continue;
                }
                let Some((weight, is_scale)) = weight_of(&entry.name) else { continue };
                if !files.iter().any(|file| file.has_tensor(&weight)) {
                    continue;
                }
                if is_scale && found.scales.insert(weight.clone(), number(file, entry)?).is_some() {
                    return Err(Error::model(format!("the tensor \"{weight}\" has two scales"))
                        .at(&file.path)
                        .hint("the file is damaged: get another copy"));
                }
                found.names.insert(entry.name.clone());
            }
        }
        Ok(found)
    }

    /// Whether this tensor belongs to another one.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The factor of a weight.
    pub(super) fn scale(&self, weight: &str) -> Option<f32> {
        self.scales.get(weight).copied()
    }
}

/// The weight that a tensor of this name belongs to, and whether the tensor is its scale.
fn weight_of(name: &str) -> Option<(String, bool)> {
    if let Some(layer) = name.strip_suffix(".scale_weight") {
        return Some((format!("{layer}.weight"), true));
    }
    if let Some(weight) = name.strip_suffix("_scale").filter(|weight| weight.ends_with("weight")) {
        return Some((weight.to_owned(), true));
    }
    let layer = [".scale_input", ".input_scale", ".comfy_quant"].into_iter().find_map(|end| name.strip_suffix(end))?;
    Some((format!("{layer}.weight"), false))
}

/// The value of a scale.
fn number(file: &SafetensorsFile, entry: &TensorEntry) -> Result<f32> {
    let refuse = |found: &str| {
        Err(Error::model(format!("the scale \"{}\" {found}, expected one finite number", entry.name))
            .at(&file.path)
            .hint("weights with a scale for each row or block are not supported: get the checkpoint in float16"))
    };
    if entry.shape.iter().product::<usize>() != 1 {
        return refuse(&format!("has the shape {:?}", entry.shape));
    }
    if ![Dtype::F32, Dtype::F16, Dtype::BF16, Dtype::F64].contains(&entry.dtype) {
        return refuse(&format!("has the number type {}", entry.dtype));
    }
    let bytes = file.bytes().get(entry.range.clone()).unwrap_or_default();
    match from_bytes(bytes, entry.dtype, &[], None) {
        Ok(tensor) => Ok(tensor.to_dtype(candle_core::DType::F32)?.to_scalar()?),
        Err(_) => refuse("is infinite or NaN"),
    }
}
