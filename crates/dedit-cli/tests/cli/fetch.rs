//! `dedit model fetch`, through the daemon, from a server of the test: never unasked, resumed after a kill, and whole or not there.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Outcome, dedit, fails, files, scratch, stored, with_daemon};

/// A model of which the table knows neither size nor sum.
const NAME: &str = "dreamshaper8-inpainting";
const FILE: &str = "DreamShaper_8_INPAINTING.inpainting.safetensors";

/// The path and the range of each request.
type Asked = Arc<Mutex<Vec<(String, Option<u64>)>>>;

/// A server with one file, which notes what is asked for.
struct Server {
    address: String,
    asked: Asked,
}

impl Server {
    /// It stops after `first` bytes of its first answer, and keeps the connection.
    fn start(content: Vec<u8>, first: Option<usize>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Asked::default();
        let (noted, content) = (asked.clone(), Arc::new(content));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, content) = (noted.clone(), content.clone());
                thread::spawn(move || answer(stream, &content, first, &noted));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<(String, Option<u64>)> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, content: &[u8], first: Option<usize>, noted: &Mutex<Vec<(String, Option<u64>)>>) {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        text.push(byte[0]);
    }
    let text = String::from_utf8(text).unwrap().to_lowercase();
    let path = text.split(' ').nth(1).unwrap().to_owned();
    let from = text.lines().find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok());
    let number = {
        let mut noted = noted.lock().unwrap();
        noted.push((path, from));
        noted.len()
    };
    let (begin, total) = (from.unwrap_or(0), content.len());
    let range = from.map(|from| format!("Content-Range: bytes {from}-{}/{total}\r\n", total - 1)).unwrap_or_default();
    let status = if from.is_some() { 206 } else { 200 };
    let rest = &content[begin as usize..];
    let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nETag: \"a\"\r\n{range}Content-Length: {}\r\n\r\n", rest.len());
    let shown = first.filter(|_| number == 1).unwrap_or(rest.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&rest[..shown]));
    if shown < rest.len() {
        thread::sleep(Duration::from_secs(60));
    }
}

/// A scratch folder whose daemon ends with it.
struct Place(tempfile::TempDir);

impl Place {
    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, server: &Server, line: &str) -> Command {
        let mut command = with_daemon(self.path(), line);
        command.env("HF_ENDPOINT", &server.address).env_remove("DEDIT_MODEL").env_remove("HF_HUB_OFFLINE").env("NO_PROXY", "127.0.0.1");
        command
    }

    fn run(&self, server: &Server, line: &str) -> Outcome {
        self.command(server, line).output().unwrap().into()
    }

    fn succeed(&self, server: &Server, line: &str) -> Value {
        let outcome = self.run(server, &format!("{line} --json"));
        assert_eq!(outcome.code, Some(0), "{line}\n{}", outcome.stderr);
        serde_json::from_str(&outcome.stdout).unwrap()
    }

    fn model(&self) -> std::path::PathBuf {
        self.path().join("data/models").join(NAME)
    }

    /// Begins to fetch, and waits until so many bytes are there.
    fn begin(&self, server: &Server, bytes: u64) -> Child {
        let mut command = self.command(server, &format!("model fetch {NAME} --accept-licence"));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (part, begun) = (self.model().join(format!("{FILE}.part")), Instant::now());
        while fs::metadata(&part).map_or(0, |found| found.len()) < bytes {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing comes");
            thread::sleep(Duration::from_millis(20));
        }
        child
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = with_daemon(self.path(), "daemon stop").output();
    }
}

fn checkpoint() -> Vec<u8> {
    fs::read(stored("single-file-sd/checkpoint.safetensors")).unwrap()
}

#[test]
fn a_model_is_fetched_once_its_licence_is_accepted_and_then_used_by_its_name() {
    let (place, server) = (Place(scratch()), Server::start(checkpoint(), None));
    let refused = place.run(&server, &format!("model fetch {NAME}"));
    fails(
        &refused,
        2,
        "the licence of DreamShaper 8, inpainting, CreativeML OpenRAIL-M with an addendum, was not accepted: https://",
        "licence",
    );
    assert!(refused.stderr.contains("--accept-licence") && !place.path().join("run").exists(), "{}", refused.stderr);
    fails(&place.run(&server, "model fetch nothing"), 4, "there is no such model: nothing", "unknown");
    assert!(server.asked().is_empty());
    let mut offline = place.command(&server, &format!("model fetch {NAME} --accept-licence --no-daemon"));
    fails(&offline.env("HF_HUB_OFFLINE", "1").output().unwrap().into(), 5, "HF_HUB_OFFLINE is set", "offline");
    assert!(server.asked().is_empty());
    // Accepted once.
    let fetched = place.succeed(&server, &format!("model fetch {NAME}"));
    let size = checkpoint().len();
    assert_eq!((fetched["received"].as_u64(), fetched["bytes"].as_u64()), (Some(size as u64), Some(size as u64)));
    assert_eq!(server.asked(), [(format!("/lykon/dreamshaper/resolve/main/{}", FILE.to_lowercase()), None)]);
    assert_eq!((fs::read(place.model().join(FILE)).unwrap(), files(&place.model())), (checkpoint(), vec![FILE.to_owned()]));
    assert_eq!(place.succeed(&server, &format!("model fetch {NAME}"))["received"], 0);
    let info = place.succeed(&server, &format!("model info {NAME}"));
    assert_eq!((&info["present"], info["files"][0]["sha256"].as_str().map(str::len)), (&true.into(), Some(64)));
    assert!(place.run(&server, &format!("model verify {NAME}")).stdout.contains("its SHA-256 is right"));
    let generate = "generate --config-dir {tiny-sd} --prompt bag --size 8x8 --steps 1 --out a.png";
    let line = format!("{generate} --model {NAME}");
    assert_eq!(place.run(&server, &line).code, Some(0));
    place.succeed(&server, &format!("model default {NAME}"));
    assert_eq!(place.run(&server, generate).code, Some(0));
    place.succeed(&server, &format!("model remove {NAME}"));
    assert!(!place.model().exists());
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn after_a_kill_the_rest_alone_is_asked_for() {
    let content = checkpoint();
    let half = content.len() / 2;
    let (place, server) = (Place(scratch()), Server::start(content.clone(), Some(half)));
    let child = place.begin(&server, half as u64);
    let status = place.succeed(&server, "daemon status");
    assert_eq!(status["jobs"][0]["what"], "fetch", "{status}");
    assert!(Command::new("kill").args(["-9", &status["process"].to_string()]).status().unwrap().success());
    let cut: Outcome = child.wait_with_output().unwrap().into();
    fails(&cut, 5, "the D-Edit daemon is gone", "it was killed");
    assert!(!place.model().join(FILE).exists());
    let fetched = place.succeed(&server, &format!("model fetch {NAME}"));
    assert_eq!(fetched["received"], (content.len() - half) as u64);
    assert_eq!((fs::read(place.model().join(FILE)).unwrap(), files(&place.model())), (content, vec![FILE.to_owned()]));
    assert_eq!(server.asked().iter().map(|(_, from)| *from).collect::<Vec<_>>(), [None, Some(half as u64)]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_part_and_two_programs_share_a_fetch() {
    let content = checkpoint();
    let half = content.len() / 2;
    let (place, server) = (Place(scratch()), Server::start(content.clone(), Some(half)));
    let first = place.begin(&server, half as u64);
    let second = place.begin(&server, half as u64);
    let interrupt = |child: &Child| assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    interrupt(&first);
    let first: Outcome = first.wait_with_output().unwrap().into();
    assert_eq!(first.code, Some(6), "{}", first.stderr);
    // The other one goes on where the first was.
    let second: Outcome = second.wait_with_output().unwrap().into();
    assert_eq!(second.code, Some(0), "{}", second.stderr);
    assert_eq!(fs::read(place.model().join(FILE)).unwrap(), content);
    assert_eq!(server.asked().iter().map(|(_, from)| *from).collect::<Vec<_>>(), [None, Some(half as u64)]);
}

#[test]
fn what_is_no_model_is_not_kept() {
    let (place, server) = (Place(scratch()), Server::start(vec![0xff; 5000], None));
    let line = format!("model fetch {NAME} --accept-licence --no-daemon");
    fails(&place.run(&server, &line), 4, "what came is not DreamShaper 8, inpainting: it is no safetensors file", "no model");
    assert!(!place.model().exists());
}

#[test]
fn nothing_is_fetched_unasked() {
    let (place, server) = (Place(scratch()), Server::start(checkpoint(), None));
    for line in [
        "model list",
        "model find",
        "model info sd15",
        "model verify",
        "model verify sd15",
        "model default sd15",
        "model remove sd15",
        "doctor",
        "doctor --model sd15",
        "generate --model sd15 --prompt bag --size 8x8 --steps 1 --out a.png",
        "generate --prompt bag --size 8x8 --steps 1 --out a.png",
        "daemon start",
        "daemon status",
    ] {
        let mut command = place.command(&server, line);
        // Any connection over HTTP would come here.
        command
            .env("HTTP_PROXY", &server.address)
            .env("HTTPS_PROXY", &server.address)
            .env("ALL_PROXY", &server.address)
            .env("NO_PROXY", "");
        command.output().unwrap();
        assert_eq!(server.asked(), [], "{line}");
    }
    let refused: Outcome = dedit(place.path(), "generate --model sd15 --prompt bag --out a.png").output().unwrap().into();
    fails(&refused, 4, "fetch it with dedit model fetch sd15", "what to do is said");
}
