//! A display for Krita's script runner, which shows no window but does not start without a display.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::places::Places;
use crate::process;

/// How long the X server may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// The display on which Krita is asked.
#[derive(Debug)]
pub(super) enum Display {
    /// The user's, or a system that needs none.
    Present,
    /// An X server in memory, which nobody sees.
    Own(Server),
}

impl Display {
    /// The user's display, else a new one; an error is a sentence.
    pub(super) fn open(places: &Places) -> Result<Self, String> {
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        if cfg!(not(unix)) || cfg!(target_os = "macos") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") {
            return Ok(Self::Present);
        }
        let Some(program) = places.find("Xvfb", &places.programs) else {
            return Err("there is no display to start Krita on, and no Xvfb to make one".to_owned());
        };
        Server::start(&program)
            .map(Self::Own)
            .map_err(|error| format!("there is no display, and {} makes none ({error})", program.display()))
    }

    /// Sets the environment of a program that is to use it.
    pub(super) fn lend(&self, command: &mut Command) {
        if let Self::Own(server) = self {
            command.env("DISPLAY", &server.name).env_remove("WAYLAND_DISPLAY");
        }
    }
}

/// An X server without a screen, `Xvfb`, that ends when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    name: OsString,
}

impl Server {
    fn start(program: &Path) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let printed = folder.path().join("printed");
        let mut command = Command::new(program);
        // It chooses a free display number and prints it when it is ready; `-noreset`: it does not start over when a client leaves.
        command.args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0", "1024x768x24"]);
        command.stdin(Stdio::null()).stdout(File::create(&printed)?).stderr(Stdio::null());
        let mut server = Self { child: process::start(&mut command)?, name: OsString::new() };
        let begun = Instant::now();
        loop {
            let line = fs::read_to_string(&printed)?;
            if let Some(number) = line.strip_suffix('\n') {
                server.name = format!(":{number}").into();
                return Ok(server);
            }
            if server.child.try_wait()?.is_some() {
                return Err(io::Error::other("it ended at once"));
            }
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other("it does not begin"));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // On TERM it removes its lock and socket, which it does not on KILL.
        #[cfg(unix)]
        if let Some(process) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let begun = Instant::now();
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
            while matches!(self.child.try_wait(), Ok(None)) && begun.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(20));
            }
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            process::end(&mut self.child);
        }
    }
}
