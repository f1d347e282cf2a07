//! The built-in model: a diffusers folder carried inside the program, and unpacked where it is needed.
//!
//! It is read by the loader that reads every other model. What it can draw, and how well, its card says: `model/README.md`.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

/// What calls it on the command line and in sessions.
pub const NAME: &str = "toys";

/// A file of the folder: its path there, and its bytes; those of weights are packed with gzip.
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

/// Puts the model's folder into another one, unless it is there already, and gives its path. At any moment, and whoever else does the same, it is
/// there as a whole or not at all.
///
/// # Errors
/// What the file system says.
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
        // Somebody else was faster.
        Err(_) if is_whole(&folder)? => Ok(folder),
        // One that is there and not whole is of no use to anybody: it goes aside, in one step as well.
        Err(_) => {
            let aside = tempfile::Builder::new().prefix(".damaged-").tempdir_in(into)?;
            fs::rename(&folder, aside.path().join(NAME))?;
            fs::rename(beside.path(), &folder)?;
            Ok(folder)
        }
    }
}

/// The words of a prompt that the model was never shown.
pub fn unknown_words(prompt: &str) -> Vec<String> {
    // As the training recipe has them: crates/xtask/recipe/vocabulary.py.
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

/// How long a file is when it is unpacked: gzip ends with it.
fn length(packed: &[u8]) -> usize {
    match packed {
        [0x1f, 0x8b, .., a, b, c, d] => u32::from_le_bytes([*a, *b, *c, *d]) as usize,
        plain => plain.len(),
    }
}

/// Whether every file is there and as long as it should be.
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

/// Tells versions of the model apart.
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
