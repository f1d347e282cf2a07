mod bad_files;
mod float8;
mod folders;
mod fuzz;
mod vae_files;
mod values;

use std::path::Path;
use std::sync::Arc;

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::file::SafetensorsFile;
use super::names::Slot;
use super::{Checkpoint, OpenOptions, Weights};

/// A tensor of a file made for a test.
pub(crate) struct TestTensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl TestTensor {
    /// In the form that the safetensors crate takes.
    pub(crate) fn view(&self) -> (&str, TensorView<'_>) {
        (&self.name, TensorView::new(self.dtype, self.shape.clone(), &self.bytes).unwrap())
    }
}

pub(crate) fn test_tensor(name: impl Into<String>, dtype: Dtype, shape: &[usize], bytes: Vec<u8>) -> TestTensor {
    TestTensor { name: name.into(), dtype, shape: shape.to_vec(), bytes }
}

/// 0, 1, 2, … in f32.
pub(crate) fn counting(name: impl Into<String>, shape: &[usize]) -> TestTensor {
    let bytes = (0..shape.iter().product::<usize>()).flat_map(|index| (index as f32).to_le_bytes()).collect();
    test_tensor(name, Dtype::F32, shape, bytes)
}

pub(crate) fn safetensors(tensors: &[TestTensor]) -> Vec<u8> {
    safetensors::serialize(tensors.iter().map(TestTensor::view), None).unwrap()
}

/// The weights of one file, with unchanged names.
fn weights(tensors: &[TestTensor]) -> Weights {
    mapped(tensors, |name| vec![Slot::whole(name)])
}

fn mapped(tensors: &[TestTensor], names: impl Fn(&str) -> Vec<Slot>) -> Weights {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    std::fs::write(&path, safetensors(tensors)).unwrap();
    Weights::new(&path, &[Arc::new(SafetensorsFile::open(&path).unwrap())], names).unwrap()
}

pub(crate) fn open_error(path: &Path) -> String {
    Checkpoint::open(path).unwrap_err().to_string()
}

/// Writes a file below `dir`; creates missing folders.
fn write(dir: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
