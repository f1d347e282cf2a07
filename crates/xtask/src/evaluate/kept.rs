//! Measurements in a file, so that a long evaluation can be gone on with.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::measure::Measured;
use super::method::Method;

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    seed: u64,
    method: String,
    #[serde(flatten)]
    measured: Measured,
}

/// What was measured.
pub(super) struct Kept {
    file: Option<File>,
    measured: BTreeMap<(u64, &'static str), Measured>,
}

impl Kept {
    /// With what a file holds, if one is named.
    pub(super) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self { file: None, measured: BTreeMap::new() }) };
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            read => read.with_context(|| format!("{} cannot be read", path.display()))?,
        };
        let mut measured = BTreeMap::new();
        for line in text.lines() {
            let Line { seed, method, measured: found } =
                serde_json::from_str(line).with_context(|| format!("{}: {line}", path.display()))?;
            let method = Method::ALL.into_iter().find(|known| known.name() == method);
            measured.insert((seed, method.with_context(|| format!("{}: an unknown way in {line}", path.display()))?.name()), found);
        }
        let file = OpenOptions::new().append(true).create(true).open(path);
        Ok(Self { file: Some(file.with_context(|| format!("{} cannot be written", path.display()))?), measured })
    }

    pub(super) fn get(&self, seed: u64, method: Method) -> Option<&Measured> {
        self.measured.get(&(seed, method.name()))
    }

    pub(super) fn add(&mut self, seed: u64, method: Method, measured: Measured) -> Result<()> {
        if let Some(file) = &mut self.file {
            let line = serde_json::to_string(&Line { seed, method: method.name().to_owned(), measured: measured.clone() })?;
            writeln!(file, "{line}").context("the measurements cannot be written")?;
        }
        self.measured.insert((seed, method.name()), measured);
        Ok(())
    }
}
