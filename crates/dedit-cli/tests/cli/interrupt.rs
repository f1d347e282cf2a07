//! Ctrl-C.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{dedit, files, scratch};

/// Sends a signal as a terminal does.
fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn the_program_stops_within_a_step_and_leaves_no_file() {
    for name in ["INT", "TERM"] {
        let folder = scratch();
        // Would take minutes.
        let mut command =
            dedit(folder.path(), "generate --model {tiny-sd} --prompt bag --size 512x512 --steps 900 --scheduler ddim --out a.png --json");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let mut steps = Vec::new();
        while steps.len() < 3 {
            line.clear();
            assert!(told.read_line(&mut line).unwrap() > 0, "it ended by itself");
            if line.contains("denoising") {
                steps.push(Instant::now());
            }
        }
        let step = steps[2] - steps[1];
        signal(&child, name);
        let asked = Instant::now();
        let mut rest = String::new();
        told.read_to_string(&mut rest).unwrap();
        let code = child.wait().unwrap().code();
        let took = asked.elapsed();
        // The step under way, and as much again for a machine that is busy.
        assert!(took < step * 3 + Duration::from_secs(1), "it took {took:?}, a step takes {step:?}");
        assert_eq!(code, Some(6), "{rest}");
        assert!(rest.lines().last().unwrap().contains(r#""kind":"cancelled""#), "{rest}");
        assert_eq!(files(folder.path()), Vec::<String>::new());
    }
}

#[test]
fn a_second_ctrl_c_stops_at_once() {
    let folder = scratch();
    // One step would take far longer than the test. What is said of the long prompt tells that the work has begun.
    let prompt = ["bag"; 700].join("-");
    let line = format!("generate --model {{tiny-sd}} --prompt {prompt} --size 8192x8192 --steps 5 --guidance 1 --out a.png --json");
    let mut command = dedit(folder.path(), &line);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    let mut wait_for = |word: &str| {
        while !line.contains(word) {
            line.clear();
            assert!(told.read_line(&mut line).unwrap() > 0, "it ended by itself");
        }
    };
    wait_for("was left out");
    signal(&child, "INT");
    wait_for("press ctrl-C again");
    let asked = Instant::now();
    signal(&child, "INT");
    wait_for("cancelled");
    assert_eq!(child.wait().unwrap().code(), Some(6));
    assert!(asked.elapsed() < Duration::from_secs(2), "it took {:?}", asked.elapsed());
    assert_eq!(files(folder.path()), Vec::<String>::new());
}
