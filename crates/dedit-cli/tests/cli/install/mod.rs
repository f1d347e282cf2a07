//! D-Edit installed into GIMP, Krita and the folders of `OpenFX`, and removed. Scripts stand for the hosts, and a tiny library for the effect.

mod gimp;
mod krita;
// The tiny library is for this processor alone.
#[cfg(target_arch = "x86_64")]
mod openfx;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::{Outcome, scratch, with_daemon};

/// A user's home. `PATH` is its folder `bin` alone.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(scratch());
        home.put("built", "the plug-in");
        home
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), content).unwrap();
    }

    /// A program that is this shell script.
    fn program(&self, name: &str, does: &str) {
        let name = format!("bin/{name}");
        self.put(&name, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{does}\n"));
        fs::set_permissions(self.at(&name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn call(&self, line: &str, variables: &[(&str, &str)]) -> Outcome {
        self.command(line, variables).output().unwrap().into()
    }

    fn command(&self, line: &str, variables: &[(&str, &str)]) -> Command {
        let mut command = with_daemon(self.0.path(), line);
        command.env("HOME", self.0.path()).env("PATH", self.at("bin"));
        let unset = [
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "PYTHONPATH",
            "GIMP2_DIRECTORY",
            "GIMP3_DIRECTORY",
            "OFX_PLUGIN_PATH",
        ];
        for name in unset {
            command.env_remove(name);
        }
        for (name, folder) in variables {
            command.env(name, self.at(folder));
        }
        command
    }
}

/// The doctor's line about a host: whether all is well, and what was found with what to do.
fn diagnosis(home: &Home, host: &str) -> (Value, String) {
    diagnosis_with(home, host, &[])
}

fn diagnosis_with(home: &Home, host: &str, variables: &[(&str, &str)]) -> (Value, String) {
    let outcome = home.call("doctor --json", variables);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == host).unwrap().clone();
    (check["ok"].clone(), format!("{}; {}", check["found"].as_str().unwrap(), check["advice"].as_str().unwrap_or_default()))
}

fn json(outcome: &Outcome) -> Value {
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}
