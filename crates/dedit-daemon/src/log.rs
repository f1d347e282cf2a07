//! The log: one JSON object per line. A full file is renamed to `….1.log`, which replaces the one before.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

/// Most bytes of a log file.
const LARGEST: u64 = 1 << 20;

/// A log file. Errors of writing are ignored.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

impl Log {
    /// Appends to a file; `None` logs nothing.
    pub fn open(path: Option<&Path>) -> Self {
        let file = path.and_then(|path| {
            path.parent().and_then(|folder| fs::create_dir_all(folder).ok())?;
            append(path)
        });
        Self { path: path.map(Path::to_path_buf).unwrap_or_default(), file: Mutex::new(file) }
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line: an event's name, and its details.
    pub fn write(&self, event: &str, what: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = file.as_mut() else { return };
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| (since.as_secs_f64() * 1e3).round() / 1e3);
        let line = json!({"time": time, "process": std::process::id(), "event": event, "what": what});
        let _ = open.write_all(format!("{line}\n").as_bytes());
        if open.metadata().is_ok_and(|found| found.len() > LARGEST) {
            let _ = fs::rename(&self.path, self.path.with_extension("1.log"));
            *file = append(&self.path);
        }
    }
}

fn append(path: &Path) -> Option<File> {
    OpenOptions::new().create(true).append(true).open(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_stays_small_and_keeps_what_is_new() {
        let folder = std::env::temp_dir().join(format!("dedit-log-{}-{}", std::process::id(), fastrand::u32(..)));
        let log = Log::open(Some(&folder.join("deditd.log")));
        for number in 0..30_000 {
            log.write("test", &format!("line {number} \"of\" many"));
        }
        let size = |name: &str| fs::metadata(folder.join(name)).map_or(0, |found| found.len());
        assert!(size("deditd.log") <= LARGEST + 200 && size("deditd.1.log") <= LARGEST + 200 && size("deditd.1.log") > LARGEST / 2);
        let text = fs::read_to_string(folder.join("deditd.log")).unwrap();
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((&last["event"], &last["what"]), (&"test".into(), &"line 29999 \"of\" many".into()));
        fs::remove_dir_all(folder).unwrap();
    }
}
