//! A real daemon with an engine that computes next to nothing: what tests start, kill and measure.
//!
//! `stand_in --socket PATH --data DIR`, and how it behaves as further pairs, such as `--step-ms 5`; see `knobs` and `settings`.

#[path = "../tests/fake/mod.rs"]
mod fake;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dedit_catalog::{Library, Surroundings};
use dedit_daemon::{Daemon, Settings};
use dedit_protocol::socket::Bound;
use dedit_session::SessionsSettings;

use crate::fake::{FakeModels, Knobs};

/// What the command line says.
struct Arguments(BTreeMap<String, String>);

impl Arguments {
    fn read() -> Self {
        let words: Vec<String> = std::env::args().skip(1).collect();
        Self(words.chunks_exact(2).map(|pair| (pair[0].trim_start_matches('-').to_owned(), pair[1].clone())).collect())
    }

    fn path(&self, name: &str) -> Result<PathBuf, String> {
        self.0.get(name).map(PathBuf::from).ok_or_else(|| format!("--{name} is missing"))
    }

    fn number(&self, name: &str, usual: u64) -> Result<u64, String> {
        self.0.get(name).map_or(Ok(usual), |word| word.parse().map_err(|error| format!("--{name} {word}: {error}")))
    }

    fn knobs(&self) -> Result<Knobs, String> {
        let usual = Knobs::default();
        Ok(Knobs {
            step: Duration::from_micros(self.number("step-us", self.number("step-ms", usual.step.as_millis() as u64)? * 1000)?),
            load: Duration::from_millis(self.number("load-ms", 0)?),
            updates: self.number("updates", usual.updates as u64)? as usize,
            save_every: self.number("save-every", usual.save_every as u64)? as usize,
            steps: self.number("steps", usual.steps as u64)? as usize,
            panic_seed: Some(self.number("panic-seed", 666)?),
            model_bytes: self.number("model-bytes", usual.model_bytes)?,
            timed: self.number("timed", 0)? != 0,
        })
    }

    fn settings(&self, data: &Path) -> Result<Settings, String> {
        Ok(Settings {
            sessions: SessionsSettings {
                store: data.to_path_buf(),
                quota: self.number("quota", u64::MAX)?,
                memory_budget: self.number("memory", u64::MAX)?,
                unload_after: Duration::from_millis(self.number("unload-ms", 300_000)?),
            },
            log: Some(data.join("deditd.log")),
            exit_after: Duration::from_millis(self.number("exit-ms", 600_000)?),
            library: Arc::new(Library::with(data, Surroundings::default())),
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read();
    let settings = arguments.settings(&arguments.path("data")?)?;
    let socket = Bound::bind(&arguments.path("socket")?)?;
    let daemon = Daemon::new(settings, Arc::new(FakeModels(arguments.knobs()?)))?;
    Ok(daemon.run(socket)?)
}
