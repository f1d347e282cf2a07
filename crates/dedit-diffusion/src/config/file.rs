//! A JSON configuration file, read key by key so that every error names the file, the key and the value.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Error, Result};

/// Size limit: configurations have a few kB, `tokenizer.json` a few MB.
const MAX_BYTES: u64 = 64 << 20;

/// The top-level object of a JSON file.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    path: PathBuf,
    keys: Map<String, Value>,
}

impl ConfigFile {
    /// Reads a JSON object from a file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text(path)?;
        Self::parse(&text, path)
    }

    /// Like [`ConfigFile::read`], but a file that is not there is `None`.
    pub fn read_if_present(path: &Path) -> Result<Option<Self>> {
        if path.exists() { Self::read(path).map(Some) } else { Ok(None) }
    }

    /// Reads a JSON object from text; `path` is the file that errors name.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        match serde_json::from_str(text) {
            Ok(Value::Object(keys)) => Ok(Self { path: path.to_path_buf(), keys }),
            Ok(other) => Err(Error::model(format!("expected a JSON object, found {}", kind_of(&other))).at(path)),
            Err(error) => Err(Error::model(format!("this is not valid JSON ({error})")).at(path).hint("download the file again")),
        }
    }

    /// The file that it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The raw value of a key.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.keys.get(key)
    }

    /// The value of a key, `None` where it is absent or null.
    pub fn optional<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        match self.keys.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value).map(Some).map_err(|error| {
                Error::model(format!("the key \"{key}\" is {}, which cannot be used ({error})", shorten(value))).at(&self.path)
            }),
        }
    }

    /// The value of a key, or the library's default where it is absent or null.
    pub fn or<T: DeserializeOwned>(&self, key: &str, default: T) -> Result<T> {
        Ok(self.optional(key)?.unwrap_or(default))
    }

    /// A size: a whole number from 1 to 1,048,576 (every dimension of the supported networks is far below that).
    pub fn size(&self, key: &str, default: usize) -> Result<usize> {
        let size = self.or(key, default)?;
        self.check_size(key, size)
    }

    /// A size for each level, given as one number for all or as a list.
    pub fn sizes(&self, key: &str, default: usize, levels: usize) -> Result<Vec<usize>> {
        let list = match self.value(key) {
            Some(Value::Array(_)) => self.or(key, Vec::new())?,
            _ => vec![self.or(key, default)?; levels],
        };
        if list.len() != levels {
            return Err(self.unsupported(key, &format!("a number, or a list of {levels} (one for each entry of \"block_out_channels\")")));
        }
        list.into_iter().map(|size| self.check_size(key, size)).collect()
    }

    /// A list of one to eight sizes.
    pub fn size_list(&self, key: &str, default: &[usize]) -> Result<Vec<usize>> {
        let list: Vec<usize> = self.or(key, default.to_vec())?;
        if !(1..=8).contains(&list.len()) {
            return Err(self.unsupported(key, "a list of one to eight numbers"));
        }
        list.into_iter().map(|size| self.check_size(key, size)).collect()
    }

    /// The block type of each level, all among `supported`.
    pub fn blocks(&self, key: &str, supported: &[&str], default: &[&str], levels: usize) -> Result<Vec<String>> {
        let names: Vec<String> = self.or(key, default.iter().map(|&name| name.to_owned()).collect())?;
        if names.len() == levels && names.iter().all(|name| supported.contains(&name.as_str())) {
            return Ok(names);
        }
        Err(self
            .unsupported(key, &format!("a list of {levels} (one for each entry of \"block_out_channels\") of {}", supported.join(" or "))))
    }

    /// The ε of a norm, 1e-5 where it is absent.
    pub fn epsilon(&self, key: &str) -> Result<f64> {
        let epsilon = self.or(key, 1e-5)?;
        if (1e-12..=1e-1).contains(&epsilon) { Ok(epsilon) } else { Err(self.unsupported(key, "a number from 1e-12 to 0.1")) }
    }

    fn check_size(&self, key: &str, size: usize) -> Result<usize> {
        if (1..=1 << 20).contains(&size) { Ok(size) } else { Err(self.unsupported(key, "a whole number from 1 to 1048576")) }
    }

    /// Fails for a value other than null and the `supported` ones.
    pub fn require(&self, key: &str, supported: &[Value]) -> Result<()> {
        match self.keys.get(key) {
            None | Some(Value::Null) => Ok(()),
            Some(value) if supported.contains(value) => Ok(()),
            Some(_) => {
                let list: Vec<String> = supported.iter().map(Value::to_string).collect();
                let expected = if list.is_empty() { "null".to_owned() } else { list.join(" or ") };
                Err(self.unsupported(key, &expected))
            }
        }
    }

    /// The error for a valid value that is not supported.
    pub fn unsupported(&self, key: &str, expected: &str) -> Error {
        let found = self.keys.get(key).map_or_else(|| "absent".to_owned(), shorten);
        Error::model(format!("the key \"{key}\" is {found}, supported is {expected}")).at(&self.path)
    }
}

/// Reads a UTF-8 text file of reasonable size.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let cannot = |error: std::io::Error| {
        let hint = if error.kind() == std::io::ErrorKind::InvalidData {
            "it should be UTF-8 text"
        } else {
            "check that it exists and may be read"
        };
        Error::model(format!("cannot read this file ({error})")).at(path).hint(hint)
    };
    let size = std::fs::metadata(path).map_err(cannot)?.len();
    if size > MAX_BYTES {
        return Err(Error::model(format!("this file has {size} bytes, too many for a configuration or vocabulary")).at(path));
    }
    std::fs::read_to_string(path).map_err(cannot)
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn shorten(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
}
