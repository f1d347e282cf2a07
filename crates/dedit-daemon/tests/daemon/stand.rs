//! A daemon that is a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dedit_client::Client;
use tempfile::TempDir;

use crate::host::{Host, hello};

/// Where the program is: tests are built beside the examples.
pub(crate) fn program() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join(format!("examples/stand_in{}", std::env::consts::EXE_SUFFIX))
}

/// A daemon, killed when this is dropped; its store stays until then.
pub(crate) struct Stand {
    pub(crate) folder: TempDir,
    child: Option<Child>,
    arguments: Vec<String>,
    /// What is run: the program, or a shell that runs it.
    limit: Option<u64>,
}

impl Stand {
    /// Starts a daemon in a folder of its own.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut stand = Self { folder, child: None, arguments: arguments.iter().map(|&word| word.to_owned()).collect(), limit: None };
        stand.start();
        stand
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("run/daemon.sock")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder of a session.
    pub(crate) fn session(&self, name: &str) -> PathBuf {
        self.data().join("sessions").join(name)
    }

    fn command(&self, socket: &Path) -> Command {
        let mut command = match self.limit {
            None => Command::new(program()),
            Some(blocks) => {
                let mut shell = Command::new("sh");
                // Without a signal what is too large fails as a full disk does.
                shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]).arg(program());
                shell
            }
        };
        command.arg("--socket").arg(socket).arg("--data").arg(self.data()).args(&self.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Starts it, and waits until it can be reached.
    pub(crate) fn start(&mut self) {
        assert!(self.child.is_none(), "it runs");
        self.child = Some(self.command(&self.socket()).spawn().unwrap());
        let begun = Instant::now();
        while Client::connect(&self.socket(), &hello()).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(120), "the daemon cannot be reached");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// No file may be larger than so many kilobytes, from the next start on.
    pub(crate) fn limit(&mut self, kilobytes: Option<u64>) {
        // Of 512 bytes in some shells and 1024 in others: both are small enough.
        self.limit = kilobytes;
    }

    /// Other arguments, from the next start on.
    pub(crate) fn set(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(|&word| word.to_owned()).collect();
    }

    pub(crate) fn client(&self) -> Host {
        Host(Client::connect(&self.socket(), &hello()).unwrap())
    }

    /// Ends it without a warning.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.kill();
        self.start();
    }

    /// Waits until it has ended by itself; says whether that was in time.
    pub(crate) fn ends_within(&mut self, patience: Duration) -> bool {
        let begun = Instant::now();
        let child = self.child.as_mut().unwrap();
        while begun.elapsed() < patience {
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                self.child = None;
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Starts another one that is refused, and gives what it says.
    pub(crate) fn refused(&self, socket: &Path) -> String {
        let output = self.command(socket).stderr(Stdio::piped()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    /// The lines of its log that tell of an event.
    pub(crate) fn log(&self, event: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.data().join("deditd.log")).unwrap();
        let wanted = format!("\"event\":\"{event}\"");
        text.lines().filter(|line| line.contains(&wanted)).map(str::to_owned).collect()
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
