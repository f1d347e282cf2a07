//! A daemon that is reached through ssh, as on another machine. `cargo xtask test --only daemon` sees to it that ssh is there.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::scene::{LEARN, prepare};
use super::{Outcome, scratch, with_daemon};

fn succeed(folder: &Path, line: &str) -> serde_json::Value {
    let outcome = Outcome::from(with_daemon(folder, &format!("{line} --json")).output().unwrap());
    assert_eq!(outcome.code, Some(0), "{line}\n{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// Forwards a socket with a client and a server of ssh that know each other alone; the server speaks over a pipe and listens nowhere.
fn forward(folder: &Path, from: &Path, to: &Path) -> Child {
    let path = |name: &str| folder.join(name).display().to_string();
    for key in ["host", "user"] {
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &path(key)]).status().unwrap();
        assert!(made.success());
    }
    fs::copy(folder.join("user.pub"), folder.join("authorized")).unwrap();
    let settings =
        format!("HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPidFile none\nUsePAM no\n", path("host"), path("authorized"));
    fs::write(folder.join("sshd"), settings).unwrap();
    // Where it changes its user for what it has not checked yet; only root can make it, and only root needs it.
    let _ = fs::create_dir("/run/sshd");
    let server = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"].into_iter().find(|path| Path::new(path).exists()).unwrap();
    let mut client = Command::new("ssh");
    client.args(["-N", "-F", "none", "-i", &path("user"), "-o", &format!("ProxyCommand={server} -i -f {}", path("sshd"))]);
    client.args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ExitOnForwardFailure=yes", "-L"]);
    client.arg(format!("{}:{}", from.display(), to.display())).arg("elsewhere");
    client.stdin(Stdio::null()).stderr(fs::File::create(folder.join("ssh.log")).unwrap()).spawn().unwrap()
}

#[test]
fn ssh_forwards_the_socket() {
    let scratch = scratch();
    let folder = scratch.path();
    prepare(folder);
    let remote = folder.join("run/daemon.sock");
    succeed(folder, "daemon start --exit-after 120");
    let local = folder.join("local.sock");
    let mut ssh = forward(folder, &local, &remote);
    let begun = Instant::now();
    while !local.exists() {
        let log = fs::read_to_string(folder.join("ssh.log")).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(20) && ssh.try_wait().unwrap().is_none(), "{log}");
        thread::sleep(Duration::from_millis(20));
    }
    let through = format!("--socket {}", local.display());
    let process = succeed(folder, "daemon status")["process"].clone();
    assert_eq!(succeed(folder, &format!("daemon status {through}"))["process"], process);
    let learned = succeed(folder, &format!("learn a.png --items items --session s {LEARN} {through}"));
    assert_eq!(learned["steps"], serde_json::json!([2, 2]));
    let edit = "edit remove --item ball --steps 2 --seed 1";
    succeed(folder, &format!("{edit} --session s {through} --out there.png"));
    succeed(folder, &format!("{edit} --session s --out here.png"));
    // A session of the daemon's own store, by its name: what a machine that does not share files uses.
    let stored = succeed(folder, &format!("learn a.png --items items --session @ {LEARN} {through}"));
    let name = stored["session"].as_str().unwrap();
    succeed(folder, &format!("{edit} --session {name} {through} --out by-name.png"));
    let pixels = |name: &str| image::open(folder.join(name)).unwrap().into_bytes();
    assert_eq!(pixels("there.png"), pixels("here.png"));
    assert_eq!(pixels("there.png"), pixels("by-name.png"));
    ssh.kill().unwrap();
    ssh.wait().unwrap();
    succeed(folder, "daemon stop");
}
