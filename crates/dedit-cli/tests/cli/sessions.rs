//! Sessions: what is kept while a picture is learned, and whatever happens to it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::scene::{LEARN, prepare};
use super::{dedit, fails, files, run, scratch, succeed};

/// Takes seconds, and saves its state several times.
fn longer(session: &str) -> String {
    format!("learn a.png --items items --session {session} --model {{tiny-sd}} --updates 60,60 --accumulation 1 --tokens 2 --no-early-stop")
}

/// The files of a session whose names begin so.
fn named(path: &Path, session: &str, start: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(path.join(session)).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|file| file.file_name().unwrap().to_str().unwrap().starts_with(start)).collect()
}

fn learned(path: &Path, session: &str) -> Vec<u8> {
    fs::read(&named(path, session, "learned-")[0]).unwrap()
}

/// Starts a call and waits for a state to be kept.
fn until_a_state(path: &Path, session: &str) -> Child {
    let mut child = dedit(path, &longer(session)).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while named(path, session, "learning-").is_empty() {
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
    assert!(named(path, "cut", "learned-").is_empty());
    assert_eq!(succeed(path, "show --session cut")["state"], "learning");
    let edit = "edit remove --item ball --session cut --steps 2 --out";
    let early = run(path, &format!("{edit} a-1.png"));
    fails(&early, 2, "learning has not come to its end here: cut; learn the picture, or edit with --draft", "an unfinished session");
    succeed(path, &format!("{edit} draft.png --draft"));
    let other = run(path, &format!("{} --seed 9", longer("cut")));
    fails(&other, 2, "learning with other settings was begun here: cut; begin again with --restart", "other settings");
    let resumed = succeed(path, &longer("cut"));
    assert!(resumed["resumed_at"][0].as_u64().unwrap() > 0);
    assert!(learned(path, "cut") == learned(path, "whole"), "resumed learning ends with other numbers");
    assert!(named(path, "cut", "learning-").is_empty());
    let shown = succeed(path, "show --session cut");
    assert_eq!((&shown["state"], &shown["revision"]), (&"learned".into(), &1.into()), "the draft was an edit");
    // A damaged state is set aside.
    let mut child = until_a_state(path, "damaged");
    child.kill().unwrap();
    child.wait().unwrap();
    fs::write(&named(path, "damaged", "learning-")[0], "no state").unwrap();
    let again = succeed(path, &longer("damaged"));
    assert!(again["notes"].to_string().contains(".safetensors.damaged"), "{}", again["notes"]);
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
    fails(&run(path, &line), 2, "another program is using this session: s; wait until it has finished", "a second one");
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
    succeed(path, &format!("{other} --restart"));
    let shown = succeed(path, "show --session s");
    assert_eq!((&shown["state"], &shown["revisions"]), (&"learned".into(), &serde_json::json!([])), "another picture has another history");
    let edit = "edit remove --item ball --session s --steps 1 --out o.png";
    assert_eq!((&succeed(path, edit)["session_revision"], &succeed(path, edit)["session_revision"]), (&1.into(), &2.into()));
    // A damaged revision is set aside, and the others are as they were.
    fs::write(path.join("s/history/2/entry.json"), "[{").unwrap();
    assert_eq!(succeed(path, "show --session s")["revisions"].as_array().unwrap().len(), 1);
    assert!(path.join("s/history/2.damaged/entry.json").exists());
    let record = record(path, "s");
    assert_eq!((&record["pictures"][0]["source"], &record["version"]), (&"b.webp".into(), &3.into()));
    assert_eq!(record["model"]["model"], "toys");
    // The picture of a session is that which was learned.
    let pixels = fs::read(path.join("s/picture.pixels")).unwrap();
    fs::write(path.join("s/picture.pixels"), vec![7; pixels.len()]).unwrap();
    let changed = run(path, "edit remove --item ball --session s --steps 1 --out x.png");
    fails(&changed, 3, "its picture is not the one that was opened", "another picture in the folder");
    // Another folder's model is found from everywhere.
    fs::create_dir(path.join("elsewhere")).unwrap();
    fs::rename(path.join("s"), path.join("elsewhere/t")).unwrap();
    fs::write(path.join("elsewhere/t/picture.pixels"), pixels).unwrap();
    succeed(&path.join("elsewhere"), "edit remove --item ball --session t --steps 1 --out o.png");
}

/// With files limited to so many blocks of 512 bytes, as on a disk that is full.
#[cfg(unix)]
fn on_a_full_disk(path: &Path, blocks: usize, line: &str) -> super::Outcome {
    let call = dedit(path, line);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]).arg(call.get_program()).args(call.get_args());
    command.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
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
    assert!(named(path, "s", "learned-").is_empty());
    succeed(path, &line);
    let before = (files(&path.join("s")), learned(path, "s"));
    let edit = "edit remove --item ball --session s --steps 1 --out o.png";
    fails(&on_a_full_disk(path, 0, edit), 7, "there is no room to write", "an edit");
    assert!(!path.join("o.png").exists());
    assert_eq!((files(&path.join("s")), learned(path, "s")), before);
    succeed(path, edit);
}
