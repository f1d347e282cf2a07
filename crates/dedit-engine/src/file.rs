//! The engine's file format: safetensors with a JSON header under the metadata key `dedit`.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, Tensor};
use dedit_diffusion::{Error, ErrorKind, Result};
use safetensors::SafeTensors;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::picture::hex;

const KEY: &str = "dedit";
/// The version of the layout; files of other versions are not read.
const VERSION: u64 = 1;

/// Writes a header and tensors. The same input gives the same bytes.
pub(crate) fn write(kind: &str, header: &impl Serialize, tensors: &BTreeMap<String, Tensor>) -> Result<Vec<u8>> {
    let fault = |error: &dyn std::fmt::Display| Error::new(ErrorKind::Internal, format!("a {kind} cannot be written ({error})"));
    let header = serde_json::to_value(header).map_err(|error| fault(&error))?;
    let text = json!({"kind": kind, "version": VERSION, "sha256": checksum(tensors)?, "header": header}).to_string();
    let tensors = tensors.iter().map(|(name, tensor)| Ok((name.as_str(), tensor.to_device(&Device::Cpu)?.contiguous()?)));
    let tensors = tensors.collect::<Result<Vec<_>>>()?;
    safetensors::serialize(tensors, Some(HashMap::from([(KEY.to_owned(), text)]))).map_err(|error| fault(&error))
}

/// Reads the bytes of [`write()`].
///
/// # Errors
/// `Input` for damaged bytes, another kind or another version.
pub(crate) fn read<H: DeserializeOwned>(kind: &str, bytes: &[u8]) -> Result<(H, BTreeMap<String, Tensor>)> {
    let damaged = |what: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Input, format!("this is no whole {kind} ({what})")).hint("it may be cut off or damaged; make it again")
    };
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(&error))?;
    let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY)).ok_or_else(|| damaged(&"no header"))?;
    let mut head: Value = serde_json::from_str(text).map_err(|error| damaged(&error))?;
    if head["kind"] != kind {
        return Err(damaged(&format!("it is a {}", head["kind"].as_str().unwrap_or("file of another program"))));
    }
    if head["version"] != VERSION {
        let message = format!("this {kind} has version {}, and this program reads version {VERSION}", head["version"]);
        return Err(Error::new(ErrorKind::Input, message).hint("use the program that wrote it, or make it again"));
    }
    let header = serde_json::from_value(head["header"].take()).map_err(|error| damaged(&error))?;
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu).map_err(|error| damaged(&error))?;
    let tensors = tensors.into_iter().collect();
    if head["sha256"] != checksum(&tensors)? {
        return Err(damaged(&"its checksum is another one"));
    }
    Ok((header, tensors))
}

/// A hash of names, shapes and values.
fn checksum(tensors: &BTreeMap<String, Tensor>) -> Result<String> {
    let mut hash = Sha256::new();
    for (name, tensor) in tensors {
        hash.update(format!("{name} {:?} {:?}", tensor.dtype(), tensor.dims()));
        let values: Vec<f32> = tensor.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        hash.update(bytes);
    }
    Ok(hex(&hash.finalize()))
}
