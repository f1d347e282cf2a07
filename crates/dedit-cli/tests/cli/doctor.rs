//! `dedit doctor` on broken set-ups: what it says of each, and the cure.

use std::fs;
use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;

use serde_json::Value;

use super::{Outcome, scratch, stored, with_daemon};

/// A set-up that is broken in one way.
struct Case {
    what: &'static str,
    /// Breaks it, in the folder of the test.
    broken: fn(&Path),
    /// Options of the command.
    options: &'static str,
    /// An environment variable; `{}` stands for the folder of the test.
    variable: Option<(&'static str, &'static str)>,
    /// The check that tells it, a part of what is found, and a part of the cure.
    told: (&'static str, &'static str, &'static str),
}

const NOTHING: fn(&Path) = |_| {};

const CASES: [Case; 12] = [
    Case {
        what: "the default model was removed",
        broken: |folder| settings(folder, r#"{"default": "gone"}"#),
        options: "",
        variable: None,
        told: ("model", "the model that was chosen as default is not there any more: gone", "dedit model default NAME"),
    },
    Case {
        what: "the settings of models are cut off",
        broken: |folder| settings(folder, r#"{"default": "#),
        options: "",
        variable: None,
        told: ("models", "the settings of models are damaged", "repair or delete this file"),
    },
    Case {
        what: "a checkpoint is cut off",
        broken: |folder| {
            let whole = fs::read(stored("single-file-sd/checkpoint.safetensors")).unwrap();
            checkpoint(folder, &whole[..whole.len() - 9]);
        },
        options: "",
        variable: None,
        told: ("models", "it is cut off", "fetch or copy it again"),
    },
    Case {
        what: "a web page was saved in place of a checkpoint",
        broken: |folder| checkpoint(folder, b"<!DOCTYPE html><html><title>Log in</title></html>"),
        options: "",
        variable: None,
        told: ("models", "it is a web page, saved in place of the file", "fetch or copy it again"),
    },
    Case {
        what: "a repository was cloned without Git LFS",
        broken: |folder| checkpoint(folder, b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"),
        options: "",
        variable: None,
        told: ("models", "it is a pointer of Git LFS, not the file itself", "fetch or copy it again"),
    },
    Case {
        what: "DEDIT_MODEL names a file that was moved",
        broken: NOTHING,
        options: "",
        variable: Some(("DEDIT_MODEL", "{}/moved.safetensors")),
        told: ("model", "there is no such model", "a name that dedit model list shows"),
    },
    Case {
        what: "a model is named that was not fetched",
        broken: NOTHING,
        options: "--model sd15",
        variable: None,
        told: ("model", "Stable Diffusion 1.5 is not on this machine", "dedit model fetch sd15"),
    },
    Case {
        what: "a LoRA is named as the model",
        broken: |folder| {
            fs::create_dir_all(folder.join("home/ComfyUI/models/loras")).unwrap();
            fs::copy(stored("lora-sd/peft.safetensors"), folder.join("home/ComfyUI/models/loras/style.safetensors")).unwrap();
        },
        options: "--model style",
        variable: None,
        told: ("model", "this is no checkpoint but a file of the kind lora", "name a checkpoint"),
    },
    Case {
        what: "a diffusers folder has no U-Net",
        broken: |folder| {
            fs::create_dir(folder.join("half")).unwrap();
            fs::copy(stored("tiny-sd/model_index.json"), folder.join("half/model_index.json")).unwrap();
        },
        options: "--model half",
        variable: None,
        told: ("model", "half/unet", "check that it exists"),
    },
    Case {
        what: "a device is named that there is not",
        broken: NOTHING,
        options: "--model toys --device cuda:7",
        variable: None,
        told: ("model", "cuda", "cpu"),
    },
    Case {
        what: "the folder of the sessions is a file",
        broken: |folder| fs::write(folder.join("file"), "").unwrap(),
        options: "",
        variable: Some(("DEDIT_DATA", "{}/file")),
        told: ("disk", "nothing can be written to", "DEDIT_DATA"),
    },
    Case {
        what: "another program listens at the socket",
        broken: |folder| {
            fs::create_dir_all(folder.join("run")).unwrap();
            let listener = UnixListener::bind(folder.join("run/daemon.sock")).unwrap();
            thread::spawn(move || {
                for mut stream in listener.incoming().flatten() {
                    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                }
            });
        },
        options: "",
        variable: None,
        told: ("daemon", "", ""),
    },
];

fn settings(folder: &Path, text: &str) {
    fs::create_dir_all(folder.join("data/models")).unwrap();
    fs::write(folder.join("data/models/models.json"), text).unwrap();
}

fn checkpoint(folder: &Path, content: &[u8]) {
    let checkpoints = folder.join("home/ComfyUI/models/checkpoints");
    fs::create_dir_all(&checkpoints).unwrap();
    fs::write(checkpoints.join("small.safetensors"), content).unwrap();
}

fn check(case: &Case) {
    let folder = scratch();
    (case.broken)(folder.path());
    let mut command = with_daemon(folder.path(), &format!("doctor --json {}", case.options));
    command.env_remove("DEDIT_MODEL");
    if let Some((name, value)) = case.variable {
        command.env(name, value.replace("{}", folder.path().to_str().unwrap()));
    }
    let outcome: Outcome = command.output().unwrap().into();
    assert_ne!(outcome.code, Some(0), "{}: {}", case.what, outcome.stdout);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let wrong: Vec<&Value> = report["checks"].as_array().unwrap().iter().filter(|check| check["ok"] == false).collect();
    let (name, found, cure) = case.told;
    let told = wrong.iter().find(|check| check["name"] == name);
    let text = |field: &str| told.and_then(|check| check[field].as_str()).unwrap_or_default();
    println!("{:<46} {}; {}", case.what, text("found"), text("advice"));
    assert!(told.is_some() && text("found").contains(found), "{}: {report:#}", case.what);
    assert!(text("advice").contains(cure) && !text("advice").is_empty(), "{}: {report:#}", case.what);
    assert_eq!(wrong.len(), 1, "{}: nothing else is wrong: {report:#}", case.what);
}

#[test]
fn each_broken_set_up_is_told_with_its_cure() {
    CASES.iter().for_each(check);
}
