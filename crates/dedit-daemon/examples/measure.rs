//! Measures the daemon with an engine that takes no time: a line for each figure, with what it should be.
//!
//! `cargo build --release -p dedit-daemon --examples`, then `target/release/examples/measure`: the daemon is `stand_in`, which lies beside this program.

use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dedit_client::Client;
use dedit_protocol::event::SessionInfo;
use dedit_protocol::request::{self, Edit, EditOptions, EditVerb, Hello, Items, Learn, OpenPicture, SetItems, Which};
use dedit_protocol::{Blob, Event, Pixels, Samples};
use tempfile::TempDir;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A daemon with a store of its own.
struct Daemon {
    child: Child,
    folder: TempDir,
}

impl Daemon {
    fn start(arguments: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let program = std::env::current_exe()?.with_file_name("stand_in");
        let mut command = Command::new(program);
        command.arg("--socket").arg(folder.path().join("run/daemon.sock")).arg("--data").arg(folder.path().join("data"));
        let child = command.args(arguments).stdin(Stdio::null()).spawn()?;
        let daemon = Self { child, folder };
        let begun = Instant::now();
        while daemon.client().is_err() && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(daemon)
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("run/daemon.sock")
    }

    fn client(&self) -> Result<Client> {
        connect(&self.socket())
    }

    /// Kilobytes of its memory: `VmRSS:` now, `VmHWM:` at most so far.
    fn kilobytes(&self, name: &str) -> Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
        Ok(line.split_whitespace().next().ok_or("no number")?.parse()?)
    }

    /// Seconds that it has computed.
    fn busy(&self) -> Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).map_or(Ok(0), |field| field.parse::<u64>());
        // In hundredths, as Linux tells everywhere.
        Ok((ticks(11)? + ticks(12)?) as f64 / 100.0)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect(socket: &Path) -> Result<Client> {
    Ok(Client::connect(socket, &Hello { client: "measure".to_owned(), version: String::new() })?)
}

/// A picture of something that no compression makes small.
fn picture(side: u32) -> Result<Pixels> {
    let samples = (0..side * side * 4).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    Pixels::new(side, side, 4, Samples::U8(samples)).ok_or_else(|| "no picture".into())
}

fn open(client: &Client, picture: &Pixels, digest: &str, send: bool) -> Result<SessionInfo> {
    let open = OpenPicture { digest: digest.to_owned(), pixels: send.then_some(0), ..OpenPicture::default() };
    let blobs = if send { vec![Blob::Pixels(picture.clone())] } else { Vec::new() };
    let (answer, _) = client.ask(open, blobs)?;
    if answer.known { Ok(answer.session) } else { Err("the picture is not known".into()) }
}

/// A session of a picture whose middle, a quarter of it, is an item.
fn learned(client: &Client, picture: &Pixels) -> Result<String> {
    let side = picture.width();
    let session = open(client, picture, &picture.digest(), true)?.session;
    let middle = side / 4..side * 3 / 4;
    let labels = (0..side * side).map(|index| u8::from(!(middle.contains(&(index % side)) && middle.contains(&(index / side))))).collect();
    let labels = Pixels::new(side, side, 1, Samples::U8(labels)).ok_or("no items")?;
    let names = vec!["bag".to_owned(), "table".to_owned()];
    let items = SetItems { session: session.clone(), picture: Which::Target, names, items: Items::Labels(0), words: None };
    client.ask(items, vec![Blob::Pixels(labels)])?;
    client.ask(Learn { session: session.clone(), ..Learn::default() }, Vec::new())?;
    Ok(session)
}

fn edit(session: &str, seed: u64) -> Edit {
    Edit {
        session: session.to_owned(),
        edits: vec![EditVerb::Replace { item: "bag".to_owned(), prompt: "a hat".to_owned() }],
        options: EditOptions { seed: Some(seed), ..EditOptions::default() },
        base: Some(0),
        ..Edit::default()
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn round_trip() -> Result<()> {
    let daemon = Daemon::start(&["--step-ms", "0", "--steps", "1", "--timed", "1"])?;
    let client = daemon.client()?;
    let picture = picture(1024)?;
    let (session, digest) = (learned(&client, &picture)?, picture.digest());
    let (mut opened, mut edited) = (Vec::new(), Vec::new());
    for seed in 0..50 {
        let begun = Instant::now();
        open(&client, &picture, &digest, false)?;
        opened.push(begun.elapsed().as_secs_f64() * 1e3);
        let begun = Instant::now();
        let (told, _) = client.ask(edit(&session, seed), Vec::new())?;
        let engine = told.settings["engine_seconds"].as_f64().unwrap_or_default();
        edited.push((begun.elapsed().as_secs_f64() - engine) * 1e3);
    }
    let (opened, edited) = (median(opened), median(edited));
    println!("open and edit 1024x1024, without the engine: {:.1} ms ({opened:.1} + {edited:.1}); at most 5", opened + edited);
    Ok(())
}

fn large_picture() -> Result<()> {
    let daemon = Daemon::start(&[])?;
    let samples = (0..8000_u32 * 6000 * 4).map(|index| (index.wrapping_mul(2_654_435_761) >> 16) as u16).collect();
    let picture = Pixels::new(8000, 6000, 4, Samples::U16(samples)).ok_or("no picture")?;
    let (client, digest) = (daemon.client()?, picture.digest());
    let before = daemon.kilobytes("VmRSS:")?;
    let begun = Instant::now();
    open(&client, &picture, &digest, true)?;
    let seconds = begun.elapsed().as_secs_f64();
    let share = (daemon.kilobytes("VmHWM:")? - before) * 1024.0 / (8000.0 * 6000.0 * 8.0);
    println!("open 8000x6000 of 16 bits: {seconds:.1} s, memory {share:.2} times the picture; below 1.3");
    Ok(())
}

fn second_edit() -> Result<()> {
    const STEP: Duration = Duration::from_millis(20);
    let daemon = Daemon::start(&["--step-ms", "20", "--updates", "4"])?;
    let client = daemon.client()?;
    let session = learned(&client, &picture(1024)?)?;
    let mut waited = Vec::new();
    for seed in 0..10 {
        let begun = Instant::now();
        let mut first = None;
        let call = client.send(edit(&session, seed), Vec::new())?;
        call.finish(&mut |event| {
            if matches!(&event, Event::Progress(progress) if progress.step == 1) {
                first.get_or_insert(begun.elapsed());
            }
            ControlFlow::Continue(())
        })?;
        waited.push(first.ok_or("no progress")?.saturating_sub(STEP).as_secs_f64() * 1e3);
    }
    println!("first step of a second edit: after {:.1} ms, without the step itself; at most 50", median(waited.split_off(1)));
    Ok(())
}

fn many_clients() -> Result<()> {
    let daemon = Daemon::start(&[])?;
    let begun = Instant::now();
    let clients: Vec<_> = (0..64)
        .map(|_| {
            let socket = daemon.socket();
            std::thread::spawn(move || -> std::result::Result<usize, String> {
                let client = connect(&socket).map_err(|error| error.to_string())?;
                let asked = (0..100).map(|_| client.ask(request::Status {}, Vec::new()));
                Ok(asked.flatten().count())
            })
        })
        .collect();
    let answered: usize =
        clients.into_iter().map(|client| client.join().map_or(Ok(0), |answered| answered)).sum::<std::result::Result<_, _>>()?;
    println!("64 clients, 100 requests each: {answered} answered in {:.2} s; all 6400", begun.elapsed().as_secs_f64());
    Ok(())
}

fn idle() -> Result<()> {
    let daemon = Daemon::start(&[])?;
    let client = daemon.client()?;
    let (before, begun) = (daemon.busy()?, Instant::now());
    std::thread::sleep(Duration::from_secs(10));
    let share = (daemon.busy()? - before) / begun.elapsed().as_secs_f64() * 100.0;
    let megabytes = daemon.kilobytes("VmRSS:")? / 1024.0;
    drop(client);
    println!("idle, before a model is loaded: {share:.1} % of a core and {megabytes:.1} MB; at most 1 and 30");
    Ok(())
}

fn main() -> Result<()> {
    round_trip()?;
    large_picture()?;
    second_edit()?;
    many_clients()?;
    idle()
}
