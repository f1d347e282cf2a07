//! The header of a safetensors file: names, types, shapes and byte ranges of the tensors.

use std::collections::HashMap;
use std::ops::Range;

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::diagnosis;
use super::fault::Fault;

/// Size of the header's length at the start of the file.
const LENGTH_BYTES: usize = 8;
/// The limit of the format in bytes.
const MAX_HEADER: u64 = 100_000_000;

/// A tensor's entry in the header. `range` lies inside the file and holds exactly the elements of `shape`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TensorEntry {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    pub(super) range: Range<usize>,
}

/// All tensors of a file in order of name, and its `__metadata__`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) tensors: Vec<TensorEntry>,
    pub(super) notes: HashMap<String, String>,
}

impl Header {
    /// Parses the header of a file, given all of its bytes.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.get(LENGTH_BYTES) != Some(&b'{') {
            return Err(diagnosis::not_safetensors(bytes));
        }
        let (length, rest) = bytes.split_at(LENGTH_BYTES);
        let length = length.iter().rev().fold(0_u64, |sum, &byte| (sum << 8) | u64::from(byte));
        if length > MAX_HEADER {
            return Err(Fault::new(
                format!("the header claims {length} bytes, more than the format's limit of {MAX_HEADER}"),
                "the file is damaged or no safetensors file: download it again",
            ));
        }
        let length = length as usize;
        let Some(text) = rest.get(..length) else {
            return Err(Fault::new(
                format!("the header claims {length} bytes and the file has only {} after it", rest.len()),
                "the file is truncated: download it again",
            ));
        };
        let metadata: Metadata = serde_json::from_slice(text).map_err(|error| diagnosis::bad_header(text, rest.len() - length, &error))?;
        if metadata.data_len() != rest.len() - length {
            return Err(diagnosis::wrong_size(metadata.data_len(), rest.len() - length));
        }
        let start = LENGTH_BYTES + length;
        let mut tensors: Vec<TensorEntry> = metadata
            .tensors()
            .into_iter()
            .map(|(name, info)| {
                let range = start + info.data_offsets.0..start + info.data_offsets.1;
                TensorEntry { name, dtype: info.dtype, shape: info.shape.clone(), range }
            })
            .collect();
        tensors.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { tensors, notes: metadata.metadata().clone().unwrap_or_default() })
    }
}
