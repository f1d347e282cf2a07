//! A run of `melt`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use image::RgbaImage;

use super::edit::{Edit, pattern, pictures};
use crate::process::{Group, within};
use crate::test_folder::TestFolder;

/// The files of a run in its folder.
const DOCUMENT: &str = "edit.mlt";
const FRAMES: &str = "frames";
const STDOUT: &str = "stdout.txt";
const STDERR: &str = "stderr.txt";

/// A run with a single thread and no picture after this time hangs.
const START: Duration = Duration::from_secs(5);

/// The result of a run.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The pictures, converted to 8 bits.
    pub frames: Vec<RgbaImage>,
    /// Their files, which exist as long as the folder of the test.
    pub files: Vec<PathBuf>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error, with messages of effects.
    pub stderr: String,
    /// Its duration.
    pub time: Duration,
    /// Its exit status; `None` where it was killed after its time. It also succeeds where effects fail or are missing.
    pub status: Option<ExitStatus>,
}

impl Ran {
    /// Whether it ended before the first picture for no fault of an effect, as happens on a busy machine.
    pub(super) fn missed_its_start(&self, limit: Duration) -> bool {
        self.files.is_empty() && self.time < limit && self.status.is_none_or(|status| status.success())
    }

    /// Whether it ended by itself and succeeded.
    pub fn ended_well(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// A running `melt`, killed on drop.
#[derive(Debug)]
pub struct Running {
    folder: PathBuf,
    process: Group,
    started: Instant,
    limit: Duration,
}

impl Running {
    /// Starts it in a new folder of the test, so that several may run at once.
    pub(super) fn start(mut command: Command, test_folder: &TestFolder, edit: &Edit) -> Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("melt-").tempdir_in(test_folder.outside("")).context("a folder for melt cannot be created")?;
        // Removed with the folder of the test, which may look at it.
        let folder = folder.keep();
        fs::create_dir(folder.join(FRAMES))?;
        fs::write(folder.join(DOCUMENT), edit.document()?).context("the edit cannot be written")?;
        let target = pattern(&folder.join(FRAMES));
        command.arg("-silent").arg(folder.join(DOCUMENT)).arg("-consumer").arg(format!("avformat:{}", target.display()));
        command.args(edit.consumer()).stdout(File::create(folder.join(STDOUT))?).stderr(File::create(folder.join(STDERR))?);
        Ok(Self { folder, process: Group::start(&mut command)?, started: Instant::now(), limit: edit.limit })
    }

    /// Whether it hangs: it waits for a thread that ended before it started.
    fn is_stuck(&mut self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.process.child().id())).map_or(0, Iterator::count);
        self.started.elapsed() > START && pictures(&self.folder.join(FRAMES)).is_empty() && threads == 1
    }

    /// Waits for it, and kills it after its time.
    pub fn finish(mut self) -> Result<Ran> {
        let left = self.limit.saturating_sub(self.started.elapsed());
        let end = within(left, || if self.is_stuck() { Ok(Some(None)) } else { Ok(self.process.ended()?.map(Some)) });
        self.process.kill();
        let status = end?.flatten();
        let time = self.started.elapsed();
        let mut files = pictures(&self.folder.join(FRAMES));
        if status.is_none() {
            // It may have been killed while writing the last one.
            files.pop();
        }
        let frames = files.iter().map(|file| opened(file)).collect::<Result<_>>()?;
        let [stdout, stderr] = [STDOUT, STDERR].map(|name| fs::read(self.folder.join(name)).unwrap_or_default());
        let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(Ran { frames, files, stdout, stderr, time, status })
    }
}

fn opened(file: &Path) -> Result<RgbaImage> {
    let picture = image::open(file).with_context(|| format!("melt wrote {}, which is not a picture", file.display()))?;
    Ok(picture.to_rgba8())
}
