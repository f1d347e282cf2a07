//! The user's folders and the environment variables in which models are looked for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy as _, choose_base_strategy};

/// The variables that say where models are.
const VARIABLES: [&str; 4] = ["COMFYUI_PATH", "INVOKEAI_ROOT", "HF_HUB_CACHE", "HF_HOME"];

/// The user's folders and variables.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The user's own folder.
    pub home: PathBuf,
    /// Folders in which programs keep settings and data, such as `~/.config` and `~/.local/share`.
    pub programs: Vec<PathBuf>,
    /// Environment variables, by name.
    pub variables: BTreeMap<String, OsString>,
}

impl Surroundings {
    /// Those of the user that this process runs for.
    pub fn of_user() -> Self {
        let variables = VARIABLES.iter().filter_map(|name| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
            Some(((*name).to_owned(), value))
        });
        let Ok(strategy) = choose_base_strategy() else { return Self { variables: variables.collect(), ..Self::default() } };
        let home = strategy.home_dir().to_path_buf();
        let mut programs = vec![strategy.config_dir(), strategy.data_dir()];
        // macOS has a folder of its own beside those of Unix.
        programs.push(home.join("Library/Application Support"));
        programs.dedup();
        Self { home, programs, variables: variables.collect() }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(name).map(PathBuf::from)
    }

    /// A path as settings of programs have it: below the user's folder after `~`, below `base` where it is relative.
    pub(crate) fn expand(&self, path: &str, base: &Path) -> PathBuf {
        match path.strip_prefix("~/").or_else(|| path.strip_prefix("~\\")) {
            Some(rest) => self.home.join(rest),
            None => base.join(path),
        }
    }
}
