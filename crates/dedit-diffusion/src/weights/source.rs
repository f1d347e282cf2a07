//! The weights of one network by their diffusers names, for all naming schemes of files.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::Tensor;
use safetensors::Dtype;

use super::companions::Companions;
use super::file::SafetensorsFile;
use super::header::TensorEntry;
use super::names::{Layout, Slot};
use super::tensor::{Refusal, from_bytes};
use crate::{Error, Result};

/// The weights of one network. Tensors are read one at a time from the memory-mapped files, and the names of those that were read are recorded.
///
/// Clones share the files and the record.
#[derive(Debug, Clone)]
pub struct Weights(Arc<Source>);

#[derive(Debug)]
struct Source {
    place: PathBuf,
    files: Vec<Arc<SafetensorsFile>>,
    tensors: BTreeMap<String, Stored>,
}

#[derive(Debug)]
struct Stored {
    file: usize,
    dtype: Dtype,
    /// The shape in the network.
    shape: Vec<usize>,
    range: Range<usize>,
    layout: Layout,
    /// A factor of all numbers.
    scale: Option<f32>,
    used: AtomicBool,
}

impl Weights {
    /// Collects the tensors of `files`. `names` maps a name of the file to the tensors of the network that it holds; an empty list ignores the tensor. Errors
    /// name the file or folder `place`.
    pub(crate) fn new(place: &Path, files: &[Arc<SafetensorsFile>], names: impl Fn(&str) -> Vec<Slot>) -> Result<Self> {
        let mut tensors = BTreeMap::new();
        let companions = Companions::of(files)?;
        for (index, file) in files.iter().enumerate() {
            for entry in file.header.tensors.iter().filter(|entry| !companions.has(&entry.name)) {
                for slot in names(&entry.name) {
                    let mut stored = Stored::new(index, entry, &slot).map_err(|error| error.at(&file.path))?;
                    stored.scale = companions.scale(&entry.name);
                    match tensors.entry(slot.name) {
                        Place::Vacant(place) => {
                            place.insert(stored);
                        }
                        Place::Occupied(place) => {
                            return Err(Error::model(format!(
                                "the tensor \"{}\" is there twice (found again as \"{}\")",
                                place.key(),
                                entry.name
                            ))
                            .at(&file.path)
                            .hint("the checkpoint mixes two sets of weights: download it again"));
                        }
                    }
                }
            }
        }
        Ok(Self(Arc::new(Source { place: place.to_path_buf(), files: files.to_vec(), tensors })))
    }

    /// A tensor on the CPU, in the file's number type (f32, f16 or bf16; f64 is converted to f32, float8 to f16), times its scale if the file has one. `shape`
    /// is the network's; the weights of a 1×1 convolution and of a linear layer are interchangeable.
    ///
    /// # Errors
    /// If the tensor is missing, has the wrong shape or an unsupported number type, or holds an infinity or NaN.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let Some(stored) = self.0.tensors.get(name) else {
            return Err(Error::model(format!("the tensor \"{name}\" (shape {shape:?}) is missing"))
                .at(&self.0.place)
                .hint("the weights are incomplete or belong to another network than the configuration says"));
        };
        let file = &self.0.files[stored.file];
        if without_ones(&stored.shape) != without_ones(shape) {
            return Err(Error::model(format!("the tensor \"{name}\" has the shape {:?}, expected {shape:?}", stored.shape))
                .at(&file.path)
                .hint("the weights belong to another network than the configuration says"));
        }
        stored.used.store(true, Ordering::Relaxed);
        let bytes = file.bytes().get(stored.range.clone()).unwrap_or_default();
        let refused = |refusal: Refusal| stored.refused(name, refusal).at(&file.path);
        match stored.layout {
            Layout::AsStored => from_bytes(bytes, stored.dtype, shape, stored.scale).map_err(refused),
            Layout::Transposed => {
                let as_stored: Vec<usize> = stored.shape.iter().rev().copied().collect();
                let tensor = from_bytes(bytes, stored.dtype, &as_stored, stored.scale).map_err(refused)?;
                Ok(tensor.t()?.contiguous()?)
            }
        }
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.tensors.contains_key(name)
    }

    /// The shape of a tensor, if it is there.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.0.tensors.get(name).map(|stored| stored.shape.as_slice())
    }

    /// The names of all tensors, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.tensors.keys().map(String::as_str)
    }

    /// The tensors whose names begin with `prefix` and a dot.
    pub fn scope(&self, prefix: &str) -> Scope {
        Scope { weights: self.clone(), prefix: prefix.to_owned() }
    }

    /// All tensors as a scope with no prefix.
    pub fn root(&self) -> Scope {
        self.scope("")
    }

    /// Total number of elements.
    pub fn parameters(&self) -> usize {
        self.0.tensors.values().map(|stored| stored.shape.iter().product::<usize>()).sum()
    }

    /// The number type of most of the bytes, such as "float16".
    pub fn number_type(&self) -> &'static str {
        let mut sizes: BTreeMap<&'static str, usize> = BTreeMap::new();
        for stored in self.0.tensors.values() {
            *sizes.entry(type_name(stored.dtype)).or_default() += stored.range.len();
        }
        sizes.into_iter().max_by_key(|&(_, bytes)| bytes).map_or("no numbers", |(name, _)| name)
    }

    /// The file or folder of the weights.
    pub fn place(&self) -> &Path {
        &self.0.place
    }

    /// To be called when the network is built: fails where there are tensors that it did not read.
    ///
    /// # Errors
    /// If there are such tensors; harmless ones (position ids, moving averages, training schedules) are not counted.
    pub fn finish(&self) -> Result<()> {
        let unused: Vec<&str> =
            self.0.tensors.iter().filter(|(_, stored)| !stored.used.load(Ordering::Relaxed)).map(|(name, _)| name.as_str()).collect();
        if unused.is_empty() {
            return Ok(());
        }
        let shown = unused.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        let (count, more) = (unused.len(), if unused.len() > 3 { ", ..." } else { "" });
        let belong = if count == 1 { "tensor belongs" } else { "tensors belong" };
        Err(Error::model(format!("{count} {belong} to nothing in this network ({shown}{more})"))
            .at(&self.0.place)
            .hint("the weights are of another network than the configuration says"))
    }
}

impl Stored {
    fn new(file: usize, entry: &TensorEntry, slot: &Slot) -> Result<Self> {
        let (mut shape, mut range) = (entry.shape.clone(), entry.range.clone());
        if let Some((index, parts)) = slot.part {
            match shape.first_mut() {
                Some(rows) if rows.is_multiple_of(parts) => *rows /= parts,
                _ => {
                    let name = &entry.name;
                    return Err(Error::model(format!(
                        "the tensor \"{name}\" has the shape {shape:?}, expected rows for {parts} equal parts"
                    )));
                }
            }
            let size = range.len() / parts;
            range = range.start + index * size..range.start + (index + 1) * size;
        }
        if slot.layout == Layout::Transposed {
            if shape.len() != 2 {
                return Err(Error::model(format!("the tensor \"{}\" has the shape {shape:?}, expected two dimensions", entry.name)));
            }
            shape.reverse();
        }
        Ok(Self { file, dtype: entry.dtype, shape, range, layout: slot.layout, scale: None, used: AtomicBool::new(false) })
    }

    fn refused(&self, name: &str, refusal: Refusal) -> Error {
        match refusal {
            Refusal::Type => {
                Error::model(format!("the tensor \"{name}\" has the number type {}, expected f32, f16, bf16, f64 or float8", self.dtype))
                    .hint("get the checkpoint in float16 or float32")
            }
            Refusal::NotFinite(index) => {
                Error::model(format!("the tensor \"{name}\" holds an infinity or NaN (element {index}), expected finite numbers"))
                    .hint("the checkpoint is damaged or was saved after training diverged: get another copy")
            }
            Refusal::Scale(scale) => {
                Error::model(format!("the tensor \"{name}\" times its scale {scale:e} is too large for {}", type_name(Dtype::F16)))
                    .hint("the checkpoint is damaged: get another copy")
            }
            Refusal::Candle(error) => error.into(),
        }
    }
}

/// The tensors of [`Weights`] below a name prefix. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scope {
    weights: Weights,
    prefix: String,
}

impl Scope {
    /// A tensor of this scope; see [`Weights::tensor`].
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        self.weights.tensor(&self.path(name), shape)
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.weights.has(&self.path(name))
    }

    /// The shape of a tensor, if it is there.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.weights.shape(&self.path(name))
    }

    /// The scope of a part of this one.
    #[must_use]
    pub fn scope(&self, name: impl std::fmt::Display) -> Self {
        Self { weights: self.weights.clone(), prefix: self.path(&name.to_string()) }
    }

    /// The full name of a tensor of this scope; the prefix itself for an empty name.
    pub fn path(&self, name: &str) -> String {
        match (self.prefix.as_str(), name) {
            ("", name) => name.to_owned(),
            (prefix, "") => prefix.to_owned(),
            (prefix, name) => format!("{prefix}.{name}"),
        }
    }

    /// The weights of this scope.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }
}

fn without_ones(shape: &[usize]) -> &[usize] {
    let end = shape.iter().rposition(|&size| size != 1).map_or(0, |last| last + 1);
    &shape[..end]
}

fn type_name(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F16 => "float16",
        Dtype::BF16 => "bfloat16",
        Dtype::F32 => "float32",
        Dtype::F64 => "float64",
        Dtype::F8_E4M3 | Dtype::F8_E5M2 => "float8",
        _ => "other number types",
    }
}
