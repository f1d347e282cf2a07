//! Sessions: what is kept while a picture is learned, and whatever happens to it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::scene::{LEARN, prepare};
use super::{dedit, fails, files, run, scratch, succeed};

/// Takes seconds, and saves its state several times.
fn longer(session: &str) -> String {
    format!("learn a.png --items items --session {session} --model {{tiny-sd}} --updates 60,60 --accumulation 1 --tokens 2 --no-early-stop")
}

fn learned(path: &Path, session: &str) -> Vec<u8> {
    fs::read(path.join(session).join("learned.safetensors")).unwrap()
}

/// Starts a call and waits for a state to be kept.
fn until_a_state(path: &Path, session: &str) -> Child {
    let state = path.join(session).join("learning.safetensors");
    let mut child = dedit(path, &longer(session)).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while !state.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none(), "no state was kept in time");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

fn record(path: &Path, session: &str) -> Value {
    serde_json::from_slice(&fs::read(path.join(session).join("session.json")).unwrap()).unwrap()
}

#[test]
fn what_was_killed_or_stopped_goes_on_to_the_same_end() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    succeed(path, &longer("whole"));
    let mut child = until_a_state(path, "cut");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(path.join("cut/learning.safetensors").exists() && !path.join("cut/learned.safetensors").exists());
    assert_eq!(record(path, "cut")["state"], "learning");
    let edit = "edit remove --item ball --session cut --steps 2 --out";
    let early = run(path, &format!("{edit} a-1.png"));
    fails(&early, 2, "learning has not come to its end here: cut; run dedit learn again to go on", "an unfinished session");
    succeed(path, &format!("{edit} draft.png --draft"));
    let other = run(path, &format!("{} --seed 9", longer("cut")));
    fails(&other, 2, "learning with other settings was begun here: cut; begin again with --restart", "other settings");
    let resumed = succeed(path, &longer("cut"));
    assert!(resumed["resumed_at"][0].as_u64().unwrap() > 0);
    assert!(learned(path, "cut") == learned(path, "whole"), "resumed learning ends with other numbers");
    assert!(!path.join("cut/learning.safetensors").exists());
    assert_eq!((&record(path, "cut")["state"], &record(path, "cut")["revision"]), (&"learned".into(), &1.into()), "the draft was an edit");
    // A damaged state is set aside.
    fs::create_dir(path.join("damaged")).unwrap();
    fs::write(path.join("damaged/learning.safetensors"), "no state").unwrap();
    let again = succeed(path, &longer("damaged"));
    assert!(again["notes"].to_string().contains("damaged/learning.damaged"), "{}", again["notes"]);
    assert!(learned(path, "damaged") == learned(path, "whole"));
    // Nothing is left to do.
    let done = succeed(path, &longer("whole"));
    assert_eq!((&done["steps"], &done["resumed_at"]), (&done["resumed_at"], &serde_json::json!([60, 60])));
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_state_and_two_do_not_learn_in_one_folder() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    // Would take minutes.
    let line = longer("s").replace("60,60", "9000,9000");
    let begin = || {
        let mut child = dedit(path, &format!("{line} --json")).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        (child, told)
    };
    let step = |line: &String| serde_json::from_str::<Value>(line).unwrap()["progress"]["step"].as_u64();
    let learning = |line: &String| line.contains("learning tokens");
    let (mut child, mut told) = begin();
    assert_eq!(told.by_ref().filter(learning).find_map(|line| step(&line).filter(|step| *step == 3)), Some(3));
    fails(&run(path, &line), 2, "another dedit is learning here: s; wait until it has finished", "a second one");
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = told.collect();
    assert_eq!(child.wait().unwrap().code(), Some(6), "{rest:?}");
    assert!(rest.last().unwrap().contains(r#""kind":"cancelled""#), "{rest:?}");
    let last = rest.iter().rfind(|line| learning(line)).and_then(step).unwrap();
    let (mut child, mut told) = begin();
    assert_eq!(told.find(learning).as_ref().and_then(step), Some(last + 1), "it goes on with the update that follows");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_is_begun_again_forgets_the_old_and_counts_on() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    image::open(path.join("b.png")).unwrap().save(path.join("b.webp")).unwrap();
    succeed(path, &format!("learn a.png --items items --session s {LEARN} --preview-every 1"));
    assert!(image::open(path.join("s/preview.png")).unwrap().width() >= 64);
    succeed(path, "edit remove --item ball --session s --steps 1 --out o.png");
    let other = format!("learn b.webp --items items --session s {LEARN}");
    fails(
        &run(path, &other),
        2,
        "something else was learned here: s; give another --session, or --restart to forget it",
        "another picture",
    );
    assert_eq!(fs::read(path.join("s/picture.png")).unwrap(), fs::read(path.join("a.png")).unwrap());
    succeed(path, &format!("{other} --restart"));
    assert_eq!(fs::read(path.join("s/picture.webp")).unwrap(), fs::read(path.join("b.webp")).unwrap());
    assert!(!path.join("s/picture.png").exists());
    assert_eq!(succeed(path, "edit remove --item ball --session s --steps 1 --out o.png")["session_revision"], 2);
    fs::write(path.join("s/history.json"), "[{").unwrap();
    let noted = succeed(path, "edit remove --item ball --session s --steps 1 --out o.png");
    assert!(noted["notes"].to_string().contains("s/history.damaged") && noted["session_revision"] == 3, "{noted}");
    let record = record(path, "s");
    for key in ["fingerprint", "model", "settings", "pictures"] {
        assert!(!record[key].is_null(), "{key}");
    }
    assert_eq!((&record["pictures"][0]["source"], &record["outcome"]["steps"]), (&"b.webp".into(), &serde_json::json!([2, 2])));
    // The picture of a session is that which was learned.
    fs::copy(path.join("a.png"), path.join("s/picture.webp")).unwrap();
    let changed = run(path, "edit remove --item ball --session s --steps 1 --out x.png");
    fails(&changed, 3, "this session was learned of another picture or of other items: s", "another picture in the folder");
    // Another folder's model is found from everywhere.
    fs::create_dir(path.join("elsewhere")).unwrap();
    fs::rename(path.join("s"), path.join("elsewhere/t")).unwrap();
    fs::copy(path.join("b.webp"), path.join("elsewhere/t/picture.webp")).unwrap();
    succeed(&path.join("elsewhere"), "edit remove --item ball --session t --steps 1 --out o.png");
}

/// With files limited to so many blocks of 512 bytes, as on a disk that is full.
#[cfg(unix)]
fn on_a_full_disk(path: &Path, blocks: usize, line: &str) -> super::Outcome {
    let call = dedit(path, line);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]).arg(call.get_program()).args(call.get_args());
    command.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?)))).env_remove("DEDIT_MODEL");
    command.current_dir(path).stdin(Stdio::null()).output().unwrap().into()
}

#[cfg(unix)]
#[test]
fn a_full_disk_costs_nothing_that_was_there() {
    let folder = scratch();
    let path = folder.path();
    prepare(path);
    let line = format!("learn a.png --items items --session s {LEARN}");
    // The built-in model is unpacked by now.
    succeed(path, "generate --prompt ball --steps 1 --out x.png");
    // Room for the pictures, and not for what is learned.
    fails(&on_a_full_disk(path, 40, &line), 7, "there is no room to write", "learning");
    assert!(!path.join("s/learned.safetensors").exists());
    succeed(path, &line);
    let before = (files(&path.join("s")), learned(path, "s"), fs::read(path.join("s/session.json")).unwrap());
    let edit = "edit remove --item ball --session s --steps 1 --out o.png";
    fails(&on_a_full_disk(path, 0, edit), 7, "there is no room to write", "an edit");
    assert!(!path.join("o.png").exists());
    assert_eq!((files(&path.join("s")), learned(path, "s"), fs::read(path.join("s/session.json")).unwrap()), before);
    succeed(path, edit);
}
