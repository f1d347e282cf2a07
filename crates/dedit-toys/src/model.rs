//! The built-in model: a diffusers folder that is embedded in the program and unpacked on first use.
//!
//! The unpacked folder is loaded like any other model. Its model card is `model/README.md`.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

/// Its name on the command line and in sessions.
pub const NAME: &str = "toys";

/// A file of the folder: its path and its bytes; weights are compressed with gzip.
type Packed = (&'static str, &'static [u8]);

macro_rules! files {
    ($($path:literal),+ $(,)?) => { &[$(($path, include_bytes!(concat!("../model/", $path)))),+] };
}

const FILES: &[Packed] = files![
    "model_index.json",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/model.safetensors.gz",
    "tokenizer/tokenizer_config.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors.gz",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors.gz",
];

/// Unpacks the model's folder into another one, unless it exists there already, and returns its path. The operation is atomic, also when several programs do
/// it at the same time.
///
/// # Errors
/// Errors of the file system.
pub fn unpack(into: &Path) -> io::Result<PathBuf> {
    let folder = into.join(format!("{NAME}-{}", digest()));
    if is_whole(&folder)? {
        return Ok(folder);
    }
    fs::create_dir_all(into)?;
    let beside = tempfile::Builder::new().prefix(".unpacking-").tempdir_in(into)?;
    for (path, packed) in FILES {
        let path = beside.path().join(unpacked_name(path));
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, unpacked(packed)?)?;
    }
    match fs::rename(beside.path(), &folder) {
        Ok(()) => Ok(folder),
        // Another program has unpacked it meanwhile.
        Err(_) if is_whole(&folder)? => Ok(folder),
        // An incomplete folder is moved away, atomically as well.
        Err(_) => {
            let aside = tempfile::Builder::new().prefix(".damaged-").tempdir_in(into)?;
            fs::rename(&folder, aside.path().join(NAME))?;
            fs::rename(beside.path(), &folder)?;
            Ok(folder)
        }
    }
}

/// The words of a prompt that are not in the model's training set.
pub fn unknown_words(prompt: &str) -> Vec<String> {
    // The same as in the training recipe, crates/xtask/recipe/vocabulary.py.
    const KNOWN: &str = "a an and on the of photo toy floor ball cube cone ring star heart mushroom tree house mug rocket duck snowman car red orange \
        yellow green blue purple white grass sand wood marble stone wall sky pink grey gray sunset background sphere box block donut torus cup jeep violet \
        crimson lawn concrete wooden beach v";
    let words = prompt.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase);
    words.filter(|word| !KNOWN.split_whitespace().any(|known| known == word)).collect()
}

fn unpacked_name(path: &str) -> &str {
    path.strip_suffix(".gz").unwrap_or(path)
}

fn unpacked(packed: &[u8]) -> io::Result<Vec<u8>> {
    if !packed.starts_with(&[0x1f, 0x8b]) {
        return Ok(packed.to_vec());
    }
    let mut bytes = Vec::with_capacity(length(packed));
    GzDecoder::new(packed).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The uncompressed length in bytes, from the end of the gzip data.
fn length(packed: &[u8]) -> usize {
    match packed {
        [0x1f, 0x8b, .., a, b, c, d] => u32::from_le_bytes([*a, *b, *c, *d]) as usize,
        plain => plain.len(),
    }
}

/// Whether all files exist with the right length.
fn is_whole(folder: &Path) -> io::Result<bool> {
    for (path, packed) in FILES {
        match fs::metadata(folder.join(unpacked_name(path))) {
            Ok(found) if found.len() == length(packed) as u64 => {}
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// A hash that identifies the version of the model.
fn digest() -> String {
    let mut hash = Sha256::new();
    for (path, packed) in FILES {
        hash.update(path);
        hash.update(packed);
    }
    hash.finalize()[..6].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
