//! Options of opening a checkpoint.

use std::path::PathBuf;

/// Options of opening a checkpoint.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Variant of the files (`fp16`, `non_ema`). By default, and for parts without this variant, files without a variant, then fp16, then bf16.
    pub variant: Option<String>,
    /// For single files of unusual architecture: a diffusers folder with the configurations, tokenizers and scheduler settings to use.
    pub config_dir: Option<PathBuf>,
    /// An autoencoder to use instead of the checkpoint's: a diffusers folder or a file.
    pub vae: Option<PathBuf>,
}
