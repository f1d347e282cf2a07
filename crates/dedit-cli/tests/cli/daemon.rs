//! Calls that share a daemon: started by the first, ended here.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::scene::{LEARN, prepare};
use super::{Outcome, fails, scratch, with_daemon};

/// A scratch folder whose daemon ends with it.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(scratch());
        prepare(place.path());
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, line: &str) -> Outcome {
        with_daemon(self.path(), line).output().unwrap().into()
    }

    fn succeed(&self, line: &str) -> Value {
        let outcome = self.run(&format!("{line} --json"));
        assert_eq!(outcome.code, Some(0), "{line}\n{}", outcome.stderr);
        serde_json::from_str(&outcome.stdout).unwrap()
    }

    fn kill_the_daemon(&self) {
        let process = self.succeed("daemon status")["process"].to_string();
        assert!(Command::new("kill").args(["-9", &process]).status().unwrap().success());
        // The system takes a moment.
        while Command::new("kill").args(["-0", &process]).stderr(Stdio::null()).status().unwrap().success() {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = with_daemon(self.path(), "daemon stop").output();
    }
}

fn pixels(path: &Path) -> Vec<u8> {
    image::open(path).unwrap().into_bytes()
}

#[test]
fn what_one_call_learned_another_edits_whatever_happens_to_the_daemon_between() {
    let place = Place::new();
    let learned = place.succeed(&format!("learn a.png --items items --session s {LEARN}"));
    let edit = "edit remove --item ball --session s --steps 2 --seed 4 --out";
    let first = place.succeed(&format!("{edit} one.png"));
    let process = place.succeed("daemon status")["process"].clone();
    assert_eq!(place.succeed("daemon status")["process"], process, "calls share a daemon");
    // Somebody removes its socket: it is put back, and no second daemon takes its place.
    fs::remove_file(place.path().join("run/daemon.sock")).unwrap();
    place.succeed("daemon start");
    assert_eq!(place.succeed("daemon status")["process"], process);
    place.kill_the_daemon();
    fails(&place.run("daemon status"), 5, "no D-Edit daemon is running", "after it was killed");
    let second = place.succeed(&format!("{edit} two.png"));
    assert_eq!((&first["session_revision"], &second["session_revision"]), (&1.into(), &2.into()));
    assert_eq!(second["draft"], false, "nothing was learned again");
    assert_eq!(pixels(&place.path().join("one.png")), pixels(&place.path().join("two.png")));
    let status = place.succeed("daemon status");
    assert_ne!(status["process"], process);
    assert_eq!(status["models"][0]["name"], "toys", "the session knows its model");
    let again = place.succeed(&format!("learn a.png --items items --session s {LEARN}"));
    assert_eq!((&again["resumed_at"], &again["steps"]), (&learned["steps"], &learned["steps"]));
    // The engine in the call's own process makes the same picture; the daemon has let go of the folder.
    place.succeed(&format!("{edit} three.png --no-daemon"));
    assert_eq!(pixels(&place.path().join("one.png")), pixels(&place.path().join("three.png")));
    let stopped = place.succeed("daemon stop");
    assert_eq!(stopped["process"], status["process"]);
    fails(&place.run("daemon stop"), 5, "no D-Edit daemon is running", "twice");
    let log = place.succeed("daemon logs --lines 400")["lines"].to_string();
    for event in ["started", "loaded", "ended"] {
        assert!(log.contains(&format!(r#""event":"{event}""#)), "{event}: {log}");
    }
}

#[test]
fn commands_send_few_requests() {
    let place = Place::new();
    place.succeed(&format!("learn a.png --items items --session s {LEARN}"));
    let requests = || place.succeed("daemon status")["requests"].as_u64().unwrap();
    // `hello` and the session come first; pixels are fetched only where a picture is written.
    for (line, expected) in [
        ("edit replace --item ball --prompt cube --session s --steps 2 --out one.png", 4),
        ("edit remove --item ball --session s --on 1 --steps 2 --out two.png", 5),
        ("edit remove --item ball --session s --steps 2 --out three.png --variations 3", 6),
        ("plan move --item ball --dx 9 --session s", 3),
        ("plan move --item ball --dx 9 --session s --out plan.png --labels labels.png", 4),
        ("show --session s", 4),
        ("show --session s --out show.png", 5),
    ] {
        let before = requests();
        place.succeed(line);
        // Two are those of `daemon status`.
        assert_eq!(requests() - before - 2, expected, "{line}");
    }
}

#[test]
fn of_many_calls_at_once_one_starts_the_daemon() {
    let place = Place::new();
    let line = "edit remove --item ball --picture a.png --items items --draft --model {tiny-sd} --steps 1 --seed 1 --quiet --out";
    let calls: Vec<_> = (0..10)
        .map(|call| with_daemon(place.path(), &format!("{line} o{call}.png")).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
        .collect();
    for call in calls {
        let outcome = call.wait_with_output().unwrap();
        assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
    }
    let log = fs::read_to_string(place.path().join("data/deditd.log")).unwrap();
    assert_eq!(log.matches(r#""event":"started""#).count(), 1, "{log}");
    let first = pixels(&place.path().join("o0.png"));
    assert!((1..10).all(|call| pixels(&place.path().join(format!("o{call}.png"))) == first));
    // One picture, one session.
    assert_eq!(place.succeed("daemon status")["sessions"], 1);
}

#[test]
fn a_call_that_is_stopped_or_killed_stops_its_job() {
    let place = Place::new();
    // Would take minutes.
    let line = format!("learn a.png --items items --session s {LEARN} --json").replace("--updates 2,2", "--updates 9000,9000");
    assert!(line.contains("9000"), "{line}");
    for (signal, code) in [("-INT", Some(6)), ("-KILL", None)] {
        let mut call = with_daemon(place.path(), &line).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let until = |done: &dyn Fn(&Value) -> bool| {
            let begun = Instant::now();
            while !done(&place.succeed("daemon status")) {
                assert!(begun.elapsed() < Duration::from_secs(30), "it took too long");
                thread::sleep(Duration::from_millis(20));
            }
        };
        let runs = |status: &Value| status["jobs"][0]["what"] == "learn" && status["jobs"][0]["client"] == "dedit";
        let begun = Instant::now();
        // The daemon is started by the call itself.
        while place.run("daemon status").code != Some(0) {
            assert!(begun.elapsed() < Duration::from_secs(30), "no daemon");
            thread::sleep(Duration::from_millis(20));
        }
        until(&runs);
        assert!(Command::new("kill").args([signal, &call.id().to_string()]).status().unwrap().success());
        assert_eq!(call.wait().unwrap().code(), code);
        until(&|status| status["jobs"].as_array().unwrap().is_empty());
    }
    assert_eq!(place.succeed("show --session s")["state"], "learning", "what was begun is kept");
}

#[test]
fn the_doctor_says_what_is_there() {
    let place = Place::new();
    let checks = |report: &Value| -> Vec<String> {
        let checks = report["checks"].as_array().unwrap();
        checks.iter().map(|check| format!("{} {}", check["name"].as_str().unwrap(), check["ok"])).collect()
    };
    let before = place.succeed("doctor");
    assert_eq!(checks(&before)[..2], ["daemon null", "model true"]);
    place.succeed("daemon start --exit-after 60");
    assert_eq!(checks(&place.succeed("doctor"))[..2], ["daemon true", "model true"]);
    let wrong = place.run("doctor --model nowhere");
    assert!(wrong.stdout.contains("WRONG  model    there is no such model: nowhere; give a diffusers folder"), "{}", wrong.stdout);
    assert_eq!(wrong.code, Some(5));
    let second = place.run("daemon start --foreground");
    fails(&second, 5, "another daemon is running", "a second daemon");
}

#[test]
fn the_quota_is_in_decimal_gigabytes_whoever_sets_it() {
    for (option, bytes) in [("", 20_000_000_000u64), ("--quota 3", 3_000_000_000)] {
        let place = Place::new();
        place.succeed(&format!("daemon start {option}"));
        assert_eq!(place.succeed("daemon status")["store_quota"], bytes, "{option}");
    }
}

#[test]
fn another_program_at_the_socket_is_no_daemon_and_not_none() {
    let place = Place::new();
    let daemon = || {
        let report: Value = serde_json::from_str(&place.run("doctor --json").stdout).unwrap();
        report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "daemon").unwrap().clone()
    };
    assert!(daemon()["ok"].is_null(), "none runs: {}", daemon());
    let socket = place.path().join("run/daemon.sock");
    fs::create_dir_all(socket.parent().unwrap()).unwrap();
    let _ = fs::remove_file(&socket);
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let found = daemon();
    assert_eq!(found["ok"], false, "{found}");
    assert!(!found["found"].as_str().unwrap().contains("none runs"), "{found}");
}
