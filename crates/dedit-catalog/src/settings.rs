//! The user's choices about models, in `models.json` in the folder of models.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use dedit_error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The user's choices. Fields of later versions are kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// The model that is used where none is named, as a name or a path.
    pub(crate) default: Option<String>,
    /// The segment-anything model that is used where none is named, as a name or a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) segmentation: Option<String>,
    /// Links of the licences that were accepted.
    pub(crate) accepted: BTreeSet<String>,
    /// Files and folders that were added.
    pub(crate) added: Vec<PathBuf>,
    /// SHA-256 of fetched files, by `NAME/PATH`.
    pub(crate) sums: BTreeMap<String, String>,
    #[serde(flatten)]
    later: BTreeMap<String, serde_json::Value>,
}

fn file(folder: &Path) -> PathBuf {
    folder.join("models.json")
}

impl Settings {
    /// Those of a folder; the usual ones where there are none.
    ///
    /// # Errors
    /// `Usage` where the file is damaged.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let path = file(folder);
        let Ok(text) = fs::read(&path) else { return Ok(Self::default()) };
        serde_json::from_slice(&text).map_err(|error| {
            Error::usage(format!("the settings of models are damaged ({error})")).at(path).hint("repair or delete this file")
        })
    }

    /// Changes those of a folder.
    ///
    /// # Errors
    /// As [`Self::read`]; and where the file cannot be written.
    pub(crate) fn change(folder: &Path, change: impl FnOnce(&mut Self)) -> Result<()> {
        dedit_files::create_folder(folder)?;
        let path = file(folder);
        let lock = fs::File::create(folder.join(".models.lock")).map_err(|error| dedit_files::cannot_write(&error, folder))?;
        // Without locks, as on some network file systems, the last writer wins.
        let _ = lock.lock();
        let mut settings = Self::read(folder)?;
        change(&mut settings);
        let text = serde_json::to_vec_pretty(&settings).unwrap_or_default();
        dedit_files::write(&path, &text)
    }
}
