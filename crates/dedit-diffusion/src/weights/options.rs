//! Choices when a checkpoint is opened.

use std::path::PathBuf;

/// Choices when a checkpoint is opened.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Take the files with this in their names (`fp16`, `non_ema`) where there are such; else the plain ones, then fp16, then bf16.
    pub variant: Option<String>,
    /// For single files of unusual size: a diffusers folder whose configurations, tokenizers and scheduler settings are used.
    pub config_dir: Option<PathBuf>,
}
