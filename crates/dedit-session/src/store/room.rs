//! Removes sessions: one that a client names, or as many as a new one needs room.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use dedit_edit::{Error, Result};

use super::Store;
use crate::files;
use crate::opening::Opening;
use crate::session::Session;

/// How long to wait for threads that briefly look at a session which is to be removed.
const PATIENCE: Duration = Duration::from_secs(2);

impl Store {
    /// Removes a session from memory and disk, unless another client than this one uses it; `keep_folder` leaves its empty folder.
    pub(crate) fn remove(&self, session: Arc<Session>, client: Option<u64>, keep_folder: bool) -> Result<()> {
        let begun = Instant::now();
        let mut open = self.open();
        // One reference is ours, one the list's; others are short looks at it, or jobs.
        while Arc::strong_count(&session) > 2 {
            drop(open);
            let used = session.lock().has_jobs() || begun.elapsed() > PATIENCE;
            if used {
                return Err(in_use(&session));
            }
            thread::sleep(Duration::from_millis(1));
            open = self.open();
        }
        if session.lock().is_open_by_others(client) {
            return Err(in_use(&session));
        }
        open.remove(&session.name);
        let Some(session) = Arc::into_inner(session) else { return Ok(()) };
        match session.into_folder() {
            Some(folder) if keep_folder => folder.clear(),
            Some(folder) => folder.remove(),
            None => Ok(()),
        }
    }

    /// Removes the sessions used least recently until a picture fits into the quota; never one that a client has open.
    pub(super) fn make_room(&self, opening: &Opening) {
        let needed = opening.bytes();
        let (_, mut held) = self.usage();
        if held + needed <= self.quota {
            return;
        }
        held = held.saturating_sub(self.remove_damaged());
        let mut infos = self.infos();
        infos.retain(|info| info.folder == self.folder_of(&info.session) && !info.open && info.job.is_none());
        while held + needed > self.quota {
            let Some(oldest) = infos.pop() else { return };
            let Ok(session) = self.session(&oldest.session) else { continue };
            match self.remove(session, None, false) {
                Ok(()) => {
                    held = held.saturating_sub(oldest.bytes);
                    (self.log)("evicted", &oldest.session);
                }
                Err(error) => (self.log)("kept", &format!("{}: {error}", oldest.session)),
            }
        }
    }

    /// Removes sessions that were set aside; gives their bytes.
    fn remove_damaged(&self) -> u64 {
        let entries = fs::read_dir(self.sessions_folder()).into_iter().flatten().flatten();
        let damaged = entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(files::DAMAGED));
        let remove = |path: PathBuf| {
            let bytes = files::bytes_below(&path);
            if fs::remove_dir_all(&path).is_ok() { bytes } else { 0 }
        };
        damaged.map(|entry| remove(entry.path())).sum()
    }
}

fn in_use(session: &Session) -> Error {
    Error::usage("this session is in use").at(session.lock().path()).hint("close it in the other program first, or cancel its job")
}
