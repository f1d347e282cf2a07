//! `dedit daemon`: starts, inspects and stops the daemon.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use dedit_catalog::Library;
use dedit_client::Client;
use dedit_daemon::{Daemon, Settings};
use dedit_models::Catalogue;
use dedit_protocol::address;
use dedit_protocol::request;
use dedit_protocol::socket::Bound;
use dedit_session::{DEFAULT_QUOTA, SessionsSettings};
use serde_json::{Value, json};

use crate::arguments::{DaemonOptions, Reporting};
use crate::connection;
use crate::console::Console;
use crate::error::{Error, ErrorKind, Result};
use crate::format::{GIGABYTE, size_of};

/// Start the daemon, look at it, or end it; other commands start it by themselves
#[derive(Debug, Args)]
#[command(subcommand_required = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Start it, if it does not run
    Start(Start),
    /// How it is: jobs, models, sessions, memory
    Status(Common),
    /// End it; learning that is under way goes on from there another time
    Stop(Common),
    /// The last lines of its log
    Logs(Logs),
}

/// What all of them take.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    daemon: DaemonOptions,
    #[command(flatten)]
    reporting: Reporting,
}

/// How it is started.
#[derive(Debug, Args)]
struct Start {
    /// Be the daemon, instead of starting one and coming back
    #[arg(long)]
    foreground: bool,
    /// The folder of its sessions and log [default: the environment variable `DEDIT_DATA`, else the user's folder for data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Gigabytes that sessions may take on disk; what was used least recently goes
    #[arg(long, value_name = "GB", default_value_t = DEFAULT_QUOTA / GIGABYTE)]
    quota: u64,
    /// Megabytes that the weights of models may take in memory [default: as much as there is]
    #[arg(long, value_name = "MB")]
    memory: Option<u64>,
    /// Seconds after which a model that nobody uses is given back
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    unload_after: u64,
    /// Seconds after which a daemon that nobody uses ends
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    exit_after: u64,
    #[command(flatten)]
    common: Common,
}

/// Which lines.
#[derive(Debug, Args)]
struct Logs {
    /// How many
    #[arg(long, value_name = "N", default_value_t = 40)]
    lines: usize,
    #[command(flatten)]
    common: Common,
}

impl Options {
    pub(crate) fn reporting(&self) -> &Reporting {
        match &self.what {
            What::Start(start) => &start.common.reporting,
            What::Status(common) | What::Stop(common) => &common.reporting,
            What::Logs(logs) => &logs.common.reporting,
        }
    }

    /// Whether this process becomes the daemon, which hears signals itself.
    pub(crate) fn is_foreground(&self) -> bool {
        matches!(&self.what, What::Start(Start { foreground: true, .. }))
    }
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console) -> Result<()> {
    match &options.what {
        What::Start(start) if start.foreground => foreground(start),
        What::Start(start) => begin(start, console),
        What::Status(common) => status(&common.daemon, console),
        What::Stop(common) => stop(&common.daemon, console),
        What::Logs(logs) => print_log(logs, console),
    }
}

/// The log file of a folder for data.
fn log_file(data: &Path) -> PathBuf {
    data.join("deditd.log")
}

impl Start {
    fn settings(&self) -> Settings {
        let data = self.data.clone().unwrap_or_else(address::data);
        Settings {
            sessions: SessionsSettings {
                quota: self.quota.saturating_mul(GIGABYTE),
                memory_budget: self.memory.map_or(u64::MAX, |megabytes| megabytes.saturating_mul(1_000_000)),
                unload_after: Duration::from_secs(self.unload_after),
                store: data.clone(),
            },
            log: Some(log_file(&data)),
            exit_after: Duration::from_secs(self.exit_after),
            library: Arc::new(Library::new(&data)),
        }
    }
}

/// Runs the daemon in this process.
fn foreground(start: &Start) -> Result<()> {
    let socket = Bound::bind(&start.common.daemon.socket())?;
    let settings = start.settings();
    let models = Arc::new(Catalogue::new(settings.library.clone()));
    let daemon = Daemon::new(settings, models)?;
    let ending = daemon.clone();
    ctrlc::set_handler(move || ending.end())
        .map_err(|error| Error::new(ErrorKind::Internal, format!("signals cannot be taken over ({error})")))?;
    daemon.run(socket)
}

/// Starts a daemon in the background.
fn begin(start: &Start, console: &Console) -> Result<()> {
    let mut program = connection::program()?;
    let mut add = |name: &str, value: String| program.arguments.extend([name.into(), value.into()]);
    if let Some(data) = &start.data {
        add("--data", std::path::absolute(data).unwrap_or_else(|_| data.clone()).to_string_lossy().into_owned());
    }
    if let Some(memory) = start.memory {
        add("--memory", memory.to_string());
    }
    add("--quota", start.quota.to_string());
    add("--unload-after", start.unload_after.to_string());
    add("--exit-after", start.exit_after.to_string());
    let socket = start.common.daemon.socket();
    let client = Client::connect_or_start(&socket, &program, &connection::hello())?;
    let process = client.welcome().process;
    let summary = format!("the daemon runs as process {process} at {}", socket.display());
    console.finish(&summary, json!({"process": process, "socket": socket, "log": client.welcome().log}));
    Ok(())
}

fn status(options: &DaemonOptions, console: &Console) -> Result<()> {
    let client = options.client()?;
    let (status, _) = client.ask(request::Status {}, Vec::new())?;
    let welcome = client.welcome().clone();
    let mut lines = vec![format!(
        "D-Edit {}, process {}, {:.0} s, {} clients, {} of memory",
        welcome.version,
        welcome.process,
        status.seconds,
        status.clients,
        size_of(status.rss_bytes.unwrap_or_default()),
    )];
    lines.extend(status.models.iter().map(|model| format!("model {} ({}) on {}", model.name, model.description, model.device)));
    lines.extend(status.jobs.iter().map(|job| {
        let position = job.position.map_or("runs".to_owned(), |position| format!("waits behind {position}"));
        format!("job {}: {} of {} for {} {position}", job.job, job.what, job.session, job.client)
    }));
    lines.push(format!(
        "{} sessions, {} of {}: {}",
        status.sessions,
        size_of(status.store_bytes),
        size_of(status.store_quota),
        status.store
    ));
    let mut report = json!(status);
    for (key, value) in [("version", json!(welcome.version)), ("process", json!(welcome.process)), ("log", json!(welcome.log))] {
        report[key] = value;
    }
    report["socket"] = json!(options.socket());
    console.finish(&lines.join("\n"), report);
    Ok(())
}

/// How long a daemon may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

fn stop(options: &DaemonOptions, console: &Console) -> Result<()> {
    let client = options.client()?;
    let process = client.welcome().process;
    match client.ask(request::Shutdown {}, Vec::new()) {
        // It may end before its answer is written.
        Err(failure) if failure.kind != ErrorKind::Connection => return Err(failure),
        _ => drop(client),
    }
    let asked = Instant::now();
    while options.client().is_ok_and(|client| client.welcome().process == process) {
        if asked.elapsed() > PATIENCE {
            return Err(Error::new(ErrorKind::Connection, format!("the daemon, process {process}, does not end"))
                .hint("it may be within a long step; wait, or end the process"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    console.finish(&format!("the daemon, process {process}, has ended"), json!({"process": process}));
    Ok(())
}

/// Prints the end of the log, whether a daemon runs or not.
fn print_log(logs: &Logs, console: &Console) -> Result<()> {
    let running = logs.common.daemon.client().ok().map(|client| PathBuf::from(&client.welcome().log));
    let file = running.unwrap_or_else(|| log_file(&address::data()));
    let text = fs::read_to_string(&file).map_err(|error| {
        Error::usage(format!("there is no log ({error})")).at(&file).hint("a daemon writes it; dedit daemon start starts one")
    })?;
    let lines: Vec<&str> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(logs.lines)..];
    let read: Vec<Value> = last.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    console.finish(&last.join("\n"), json!({"file": crate::output::as_text(&file), "lines": read}));
    Ok(())
}
