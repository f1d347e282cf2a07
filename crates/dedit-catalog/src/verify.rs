//! Whether files are what they should be.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// What a check of a file has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// Its SHA-256 is the one of the table, or the one recorded when it was fetched.
    Same,
    /// There is nothing to compare with; its header and its length are right.
    Whole,
    /// It is something else, or damaged: how, as a phrase.
    Broken(String),
}

/// The SHA-256 of a file in lower-case hexadecimal digits. `heard` is told the bytes read so far, and says whether to go on.
///
/// # Errors
/// Those of the file system; `Interrupted` where `heard` says stop.
pub fn digest(path: &Path, heard: &mut dyn FnMut(u64) -> bool) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut sum = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut done = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(sum.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")));
        }
        sum.update(&buffer[..read]);
        done += read as u64;
        if !heard(done) {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
}
