//! A GIMP with its windows, on a screen of its own.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::profile::Shortcut;
use super::{Gimp, Version, profile, server};
use crate::literal::unquoted;
use crate::process::{Group, within};
use crate::screen::Screen;
use crate::test_folder::TestFolder;

/// How long GIMP may take to show a picture on a busy machine.
const START: Duration = Duration::from_secs(120);
/// How long an expression may take.
const ANSWER: Duration = Duration::from_secs(60);

/// A GIMP that shows a picture. Dropped, it is killed with its screen.
#[derive(Debug)]
pub struct Window {
    // First, so that GIMP ends before its screen does.
    process: Group,
    screen: Screen,
    version: Version,
    port: u16,
    picture: String,
}

impl Gimp {
    /// Starts a GIMP with a window that shows `picture`, a file in the test folder, and waits until it does.
    pub fn window(&self, test_folder: &TestFolder, picture: &str, shortcuts: &[Shortcut<'_>]) -> Result<Window> {
        profile::set_shortcuts(self.version, &test_folder.profile(), shortcuts)?;
        let screen = Screen::start()?;
        let port = server::free_port()?;
        let log = test_folder.literal("server.log");
        let serve = match self.version {
            Version::V2 => format!("(plug-in-script-fu-server RUN-NONINTERACTIVE \"127.0.0.1\" {port} {log})"),
            Version::V3 => {
                format!("(plug-in-script-fu-server #:run-mode RUN-NONINTERACTIVE #:ip \"127.0.0.1\" #:port {port} #:logfile {log})")
            }
        };
        let written = File::create(test_folder.outside("gimp.log"))?;
        let program = match self.version {
            Version::V2 => "gimp-2.10",
            Version::V3 => "gimp-3.0",
        };
        let mut command = self.command(test_folder, program);
        command.env("DISPLAY", screen.display()).args(["-s", "-n", "--batch-interpreter=plug-in-script-fu-eval", "-b", &serve]);
        command.arg(test_folder.inside(picture)).stdout(written.try_clone()?).stderr(written);
        let process = Group::start(&mut command)?;
        // The title has it without its extension while the picture is as it was imported.
        let picture = Path::new(picture).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut window = Window { process, screen, version: self.version, port, picture };
        window.wait_for_start(test_folder).with_context(|| {
            let shot = crate::places::shots(super::SHOTS).map(|folder| folder.join("failed-start.png"));
            let shot = shot.and_then(|path| window.screenshot(&path).map(|()| path.display().to_string())).unwrap_or_default();
            let log = std::fs::read_to_string(test_folder.outside("gimp.log")).unwrap_or_default();
            format!("GIMP shows no picture; the screen: {shot}\n{log}")
        })?;
        Ok(window)
    }
}

impl Window {
    fn wait_for_start(&mut self, test_folder: &TestFolder) -> Result<()> {
        let load = format!("(load {})", test_folder.literal("prelude.scm"));
        let answers = within(START, || {
            if let Some(status) = self.process.ended()? {
                bail!("GIMP ended with {status}");
            }
            Ok(server::ask(self.port, &load, ANSWER).ok())
        })?;
        answers.context("its Script-Fu server does not answer")?;
        self.to_picture().map(drop)
    }

    /// The value of an expression, as text: computed in this GIMP, with all that scripts can use but `print`.
    pub fn eval(&self, expression: &str) -> Result<String> {
        let dialect = match self.version {
            Version::V2 => "",
            Version::V3 => "(script-fu-use-v3)",
        };
        let whole = format!(
            "(begin {dialect} (let* ((result #f) (failure (try-call (lambda () (set! result {expression}))))) (if failure (list 'failed failure) (list 'done result))))"
        );
        let answer = server::ask(self.port, &whole, ANSWER).with_context(|| format!("in {expression}"))?;
        let inner = |word: &str| answer.strip_prefix(word).and_then(|rest| rest.strip_suffix(')')).map(|text| unquoted(text.trim()));
        match (inner("(done"), inner("(failed")) {
            (Some(value), _) => Ok(value),
            (None, Some(failure)) => bail!("{failure}: in {expression}"),
            (None, None) => bail!("{answer}: in {expression}"),
        }
    }

    /// Evaluates until the value is the expected one; an error tells the last one.
    pub fn eval_until(&self, expression: &str, expected: &str, limit: Duration) -> Result<()> {
        let mut last = String::new();
        let reached = within(limit, || {
            last = self.eval(expression)?;
            Ok((last == expected).then_some(()))
        })?;
        reached.with_context(|| format!("{expression} is {last} and not {expected} after {limit:?}"))
    }

    /// Gives the keyboard back to the picture's window.
    pub fn to_picture(&self) -> Result<u64> {
        self.wait_window(&format!("{}.*GIMP", self.picture), START)
    }

    /// Waits for a window whose title matches, and gives it the keyboard.
    pub fn wait_window(&self, title: &str, limit: Duration) -> Result<u64> {
        self.screen.wait_window(title, limit)
    }

    /// Waits until no window has a title that matches.
    pub fn wait_no_window(&self, title: &str, limit: Duration) -> Result<()> {
        self.screen.wait_no_window(title, limit)
    }

    /// The titles of the windows that are seen.
    pub fn titles(&self) -> Result<Vec<String>> {
        self.screen.titles()
    }

    /// The title of the picture's window.
    pub fn title(&self) -> Result<String> {
        let titles = self.titles()?;
        let title = titles.iter().find(|title| title.contains(&self.picture) && title.contains("GIMP"));
        Ok(title.with_context(|| format!("none of {titles:?} shows {}", self.picture))?.clone())
    }

    /// Presses keys, such as `ctrl+alt+r`, in the window that has the keyboard.
    pub fn key(&self, keys: &str) -> Result<()> {
        self.screen.key(keys)
    }

    /// Types a text.
    pub fn type_text(&self, text: &str) -> Result<()> {
        self.screen.type_text(text)
    }

    /// Clicks at a place on the screen.
    pub fn click(&self, x: u32, y: u32) -> Result<()> {
        self.screen.click(x, y)
    }

    /// Clicks at a place in a window.
    pub fn click_in(&self, window: u64, x: u32, y: u32) -> Result<()> {
        self.screen.click_in(window, x, y)
    }

    /// Clicks with the right button at a place in a window.
    pub fn click_right_in(&self, window: u64, x: u32, y: u32) -> Result<()> {
        self.screen.click_right_in(window, x, y)
    }

    /// Drags from one place in a window to another.
    pub fn drag_in(&self, window: u64, from: (u32, u32), to: (u32, u32)) -> Result<()> {
        self.screen.drag_in(window, from, to)
    }

    /// Writes a picture of the screen.
    pub fn screenshot(&self, path: &Path) -> Result<()> {
        self.screen.screenshot(path)
    }

    /// Ends GIMP and the screen.
    pub fn close(self) {
        drop(self);
    }
}
