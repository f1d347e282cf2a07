//! A screen without a monitor, and hands for its keyboard and mouse.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::process::{Group, Output, run, succeed, within};

const SIZE: [u32; 2] = [1280, 900];
const START: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_secs(20);
/// What a toolkit needs between two events to take the second one as it is meant.
const PAUSE: Duration = Duration::from_millis(200);

/// An X server with a number that was free. Dropped, it is killed.
#[derive(Debug)]
pub struct Screen {
    _process: Group,
    display: String,
}

impl Screen {
    /// Starts one of the usual size, and waits until programs can open windows.
    pub fn start() -> Result<Self> {
        let [width, height] = SIZE;
        Self::of_size(width, height)
    }

    /// Starts one of another size.
    pub fn of_size(width: u32, height: u32) -> Result<Self> {
        // It chooses a free number and writes it to the descriptor that is named. Without `-noreset` it starts over when its last client
        // leaves, and a program that connects meanwhile (a host that starts while `xdotool` ends) is refused: Qt aborts then.
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp", "-noreset"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Group::start(&mut command)?;
        let stdout = process.child().stdout.take().context("the output of Xvfb is closed")?;
        let (sender, receiver) = mpsc::channel();
        // In a thread, since reading knows no time limit; it ends with the process.
        thread::spawn(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            let _ = sender.send(line);
        });
        let number = receiver.recv_timeout(START).context("Xvfb does not start")?;
        let number: u32 = number.trim().parse().context("Xvfb did not start")?;
        Ok(Self { _process: process, display: format!(":{number}") })
    }

    /// What `DISPLAY` has to be.
    pub fn display(&self) -> &str {
        &self.display
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.display);
        command
    }

    fn hand(&self, words: &[&str]) -> Result<String> {
        succeed(self.command("xdotool").args(words), STEP)
    }

    /// The windows that are seen and whose title matches.
    fn windows(&self, title: &str) -> Result<Vec<u64>> {
        // Nothing found is an error for it.
        let Output { stdout, .. } = run(self.command("xdotool").args(["search", "--onlyvisible", "--name", title]), STEP)?;
        Ok(stdout.lines().filter_map(|line| line.trim().parse().ok()).collect())
    }

    /// The titles of all windows that are seen.
    pub fn titles(&self) -> Result<Vec<String>> {
        let windows = self.windows(".")?;
        // One that has gone since has no title.
        let title = |window: u64| self.hand(&["getwindowname", &window.to_string()]).map(|title| title.trim().to_owned());
        Ok(windows.into_iter().filter_map(|window| title(window).ok()).collect())
    }

    /// Waits for a window whose title matches a regular expression, and gives it the keyboard.
    pub fn wait_window(&self, title: &str, limit: Duration) -> Result<u64> {
        let found = within(limit, || {
            let Some(&window) = self.windows(title)?.first() else { return Ok(None) };
            // A window that is just being shown cannot have the keyboard yet.
            Ok(self.hand(&["windowfocus", "--sync", &window.to_string()]).is_ok().then_some(window))
        })?;
        let window = found.with_context(|| format!("no window is called {title}: {:?}", self.titles().unwrap_or_default()))?;
        thread::sleep(PAUSE);
        Ok(window)
    }

    /// Waits until no window has a title that matches.
    pub fn wait_no_window(&self, title: &str, limit: Duration) -> Result<()> {
        let gone = within(limit, || Ok(self.windows(title)?.is_empty().then_some(())))?;
        gone.with_context(|| format!("a window is still called {title}"))
    }

    /// Presses keys together, such as `ctrl+alt+r`.
    pub fn key(&self, keys: &str) -> Result<()> {
        self.hand(&["key", keys])?;
        thread::sleep(PAUSE);
        Ok(())
    }

    /// Types a text.
    pub fn type_text(&self, text: &str) -> Result<()> {
        self.hand(&["type", "--delay", "20", text])?;
        thread::sleep(PAUSE);
        Ok(())
    }

    /// Clicks at a place on the screen.
    pub fn click(&self, x: u32, y: u32) -> Result<()> {
        self.hand(&["mousemove", &x.to_string(), &y.to_string()])?;
        self.press()
    }

    /// Clicks at a place in a window.
    pub fn click_in(&self, window: u64, x: u32, y: u32) -> Result<()> {
        self.hand(&["mousemove", "--window", &window.to_string(), &x.to_string(), &y.to_string()])?;
        self.press()
    }

    /// Clicks with the right button at a place in a window.
    pub fn click_right_in(&self, window: u64, x: u32, y: u32) -> Result<()> {
        self.hand(&["mousemove", "--window", &window.to_string(), &x.to_string(), &y.to_string()])?;
        thread::sleep(PAUSE);
        self.hand(&["click", "3"])?;
        thread::sleep(PAUSE);
        Ok(())
    }

    /// Drags from one place in a window to another, with stops on the way.
    pub fn drag_in(&self, window: u64, from: (u32, u32), to: (u32, u32)) -> Result<()> {
        const STOPS: u32 = 4;
        let go = |(x, y): (u32, u32)| self.hand(&["mousemove", "--window", &window.to_string(), &x.to_string(), &y.to_string()]);
        go(from)?;
        self.hand(&["mousedown", "1"])?;
        for stop in 1..=STOPS {
            let between = |a: u32, b: u32| (a * (STOPS - stop) + b * stop) / STOPS;
            go((between(from.0, to.0), between(from.1, to.1)))?;
            thread::sleep(PAUSE);
        }
        self.hand(&["mouseup", "1"])?;
        thread::sleep(PAUSE);
        Ok(())
    }

    fn press(&self) -> Result<()> {
        thread::sleep(PAUSE);
        self.hand(&["click", "1"])?;
        thread::sleep(PAUSE);
        Ok(())
    }

    /// Writes a picture of all of it.
    pub fn screenshot(&self, path: &Path) -> Result<()> {
        succeed(self.command("import").args(["-window", "root"]).arg(path), STEP).map(drop)
    }
}
