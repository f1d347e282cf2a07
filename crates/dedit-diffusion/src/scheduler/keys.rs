//! Typed reading of `scheduler_config.json`: every error names the key, its value and the valid values.

use serde_json::{Map, Value};

use crate::{Error, Result};

/// The keys of a scheduler configuration. A missing or null key takes the default that is given where it is read.
#[derive(Debug, Clone)]
pub(super) struct Keys(Map<String, Value>);

impl Keys {
    pub(super) fn new(keys: Map<String, Value>) -> Self {
        Self(keys)
    }

    /// Reads JSON as Python writes it, with the literals `Infinity`, `-Infinity` and `NaN` (diffusers' `lambda_min_clipped` is `-Infinity`).
    pub(super) fn from_json(text: &str) -> Result<Self> {
        let keys = serde_json::from_str(&quote_non_finite(text))
            .map_err(|error| Error::model(format!("the scheduler configuration is no JSON object: {error}")))?;
        Ok(Self(keys))
    }

    pub(super) fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// The error for a key whose value is not among those `expected`.
    pub(super) fn unsupported(&self, key: &str, expected: &str) -> Error {
        let found = self.get(key).unwrap_or(&Value::Null);
        Error::model(format!("the scheduler configuration has {key} = {found}, expected {expected}"))
    }

    pub(super) fn optional_number(&self, key: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = match value {
            Value::String(text) if NON_FINITE.contains(&text.as_str()) => text.parse().ok(),
            other => other.as_f64(),
        };
        number.map(Some).ok_or_else(|| self.unsupported(key, "a number"))
    }

    pub(super) fn number(&self, key: &str, default: f64) -> Result<f64> {
        Ok(self.optional_number(key)?.unwrap_or(default))
    }

    pub(super) fn count(&self, key: &str, default: usize) -> Result<usize> {
        let Some(value) = self.get(key) else { return Ok(default) };
        let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
        count.ok_or_else(|| self.unsupported(key, "a whole number from 0"))
    }

    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool> {
        let Some(value) = self.get(key) else { return Ok(default) };
        value.as_bool().ok_or_else(|| self.unsupported(key, "true or false"))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&str>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.unsupported(key, "a text"))
    }

    /// The value of a key that names one of `choices`.
    pub(super) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)], default: T) -> Result<T> {
        let Some(value) = self.get(key) else { return Ok(default) };
        let found = choices.iter().find(|(name, _)| value.as_str() == Some(name));
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.unsupported(key, &format!("one of {}", names.join(", ")))
        })
    }

    pub(super) fn numbers(&self, key: &str) -> Result<Option<Vec<f64>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let numbers = value.as_array().and_then(|list| list.iter().map(Value::as_f64).collect());
        numbers.map(Some).ok_or_else(|| Error::model(format!("the scheduler configuration's {key} is no list of numbers")))
    }

    pub(super) fn counts(&self, key: &str) -> Result<Vec<usize>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let counts = value.as_array().and_then(|list| list.iter().map(|n| n.as_u64().map(|n| n as usize)).collect());
        counts.ok_or_else(|| self.unsupported(key, "a list of whole numbers"))
    }

    /// Fails where a key has a value other than the one that is implemented.
    pub(super) fn only(&self, key: &str, value: &str) -> Result<()> {
        if self.get(key).is_none_or(|found| found == value) { Ok(()) } else { Err(self.unsupported(key, &format!("\"{value}\""))) }
    }

    /// Fails where one of these switches, which are not implemented, is on.
    pub(super) fn refuse(&self, switches: &[&str]) -> Result<()> {
        for key in switches {
            if self.has(key) && self.get(key) != Some(&Value::Bool(false)) {
                return Err(self.unsupported(key, "false"));
            }
        }
        Ok(())
    }
}

const NON_FINITE: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

/// Puts quotes around Python's literals `Infinity`, `-Infinity` and `NaN`, which are not JSON.
fn quote_non_finite(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut quoted = false;
    while let Some(first) = rest.chars().next() {
        let word = NON_FINITE.iter().find(|word| !quoted && rest.starts_with(**word));
        let taken = match (word, first) {
            (Some(word), _) => {
                out.extend(["\"", word, "\""]);
                rest = &rest[word.len()..];
                continue;
            }
            (None, '\\') if quoted => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            (None, '"') => {
                quoted = !quoted;
                1
            }
            (None, other) => other.len_utf8(),
        };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}
