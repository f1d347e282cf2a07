//! One edit in one `melt`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use image::RgbaImage;

use super::edit::{Edit, pattern, pictures};
use crate::desk::Desk;
use crate::process::{Group, within};

/// The files that a run leaves in its folder.
const DOCUMENT: &str = "edit.mlt";
const FRAMES: &str = "frames";
const STDOUT: &str = "stdout.txt";
const STDERR: &str = "stderr.txt";

/// After this time, one that has a single thread and no picture is not going to have one.
const START: Duration = Duration::from_secs(5);

/// What a run gave.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The pictures, with 8 bits whatever was written.
    pub frames: Vec<RgbaImage>,
    /// Their files, which stay as long as the desk.
    pub files: Vec<PathBuf>,
    /// What `melt` wrote to standard output.
    pub stdout: String,
    /// What `melt` wrote to standard error, with the messages of effects.
    pub stderr: String,
    /// How long it took, with its start and end.
    pub time: Duration,
    /// How it ended; `None` where it ran out of time and was killed. That effects failed or are missing is no reason for it to end badly.
    pub status: Option<ExitStatus>,
}

impl Ran {
    /// Whether it gave up before it began, for no fault of an effect: on a busy machine that happens now and then.
    pub(super) fn missed_its_start(&self, limit: Duration) -> bool {
        self.files.is_empty() && self.time < limit && self.status.is_none_or(|status| status.success())
    }

    /// Whether it ended by itself, and well.
    pub fn ended_well(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// A `melt` that renders. Dropped, it is killed.
#[derive(Debug)]
pub struct Running {
    folder: PathBuf,
    process: Group,
    started: Instant,
    limit: Duration,
}

impl Running {
    /// Starts it, in a new folder of the desk: more than one may run on it.
    pub(super) fn start(mut command: Command, desk: &Desk, edit: &Edit) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("melt-").tempdir_in(desk.outside("")).context("a folder for melt cannot be made")?;
        // It goes with the desk, since a test may want to look at it.
        let folder = folder.keep();
        fs::create_dir(folder.join(FRAMES))?;
        fs::write(folder.join(DOCUMENT), edit.document()?).context("the edit cannot be written")?;
        let target = pattern(&folder.join(FRAMES));
        command.arg("-silent").arg(folder.join(DOCUMENT)).arg("-consumer").arg(format!("avformat:{}", target.display()));
        command.args(edit.consumer()).stdout(File::create(folder.join(STDOUT))?).stderr(File::create(folder.join(STDERR))?);
        Ok(Self { folder, process: Group::start(&mut command)?, started: Instant::now(), limit: edit.limit })
    }

    /// Whether it waits for a thread of its own that has ended before it began.
    fn is_stuck(&mut self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.process.child().id())).map_or(0, Iterator::count);
        self.started.elapsed() > START && pictures(&self.folder.join(FRAMES)).is_empty() && threads == 1
    }

    /// Waits for its end, and kills it where that does not come in time.
    pub fn finish(mut self) -> Result<Ran> {
        let left = self.limit.saturating_sub(self.started.elapsed());
        let end = within(left, || if self.is_stuck() { Ok(Some(None)) } else { Ok(self.process.ended()?.map(Some)) });
        self.process.kill();
        let status = end?.flatten();
        let time = self.started.elapsed();
        let mut files = pictures(&self.folder.join(FRAMES));
        if status.is_none() {
            // It was killed, perhaps while it wrote the last one.
            files.pop();
        }
        let frames = files.iter().map(|file| opened(file)).collect::<Result<_>>()?;
        let [stdout, stderr] = [STDOUT, STDERR].map(|name| fs::read(self.folder.join(name)).unwrap_or_default());
        let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(Ran { frames, files, stdout, stderr, time, status })
    }
}

fn opened(file: &Path) -> Result<RgbaImage> {
    let picture = image::open(file).with_context(|| format!("melt wrote {}, which is no picture", file.display()))?;
    Ok(picture.to_rgba8())
}
