//! Daemons at a socket: found, started, and used by many at once.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

mod fake;

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use dedit_client::{Client, Program};
use dedit_protocol::request::{self, Hello};
use dedit_protocol::{Blob, FailureKind, socket};
use fake::{hello, serve};

/// This test program, told to be the daemon below.
fn stand_in() -> Program {
    let arguments = ["--exact", "is_a_daemon_when_started_as_one", "--nocapture", "--"];
    Program { executable: std::env::current_exe().unwrap(), arguments: arguments.map(OsString::from).to_vec() }
}

/// A script that is told the socket as `$1`.
fn shell(script: &str) -> Program {
    Program { executable: PathBuf::from("/bin/sh"), arguments: ["-c", script].map(OsString::from).to_vec() }
}

/// Where a stand-in notes that it was started.
fn starts(socket: &Path) -> PathBuf {
    socket.with_extension("starts")
}

#[test]
fn is_a_daemon_when_started_as_one() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--socket").skip(1);
    let Some(socket) = arguments.next().map(PathBuf::from) else { return };
    let mut noted = fs::File::options().create(true).append(true).open(starts(&socket)).unwrap();
    writeln!(noted, "{}", std::process::id()).unwrap();
    // Long enough for others to find nobody and want to start one as well.
    thread::sleep(Duration::from_millis(200));
    serve(&socket, 20);
}

fn shut_down(client: &Client) {
    client.ask(request::Shutdown {}, Vec::new()).unwrap();
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn where_no_daemon_lives_that_is_said() {
    let scratch = tempfile::tempdir().unwrap();
    let failure = Client::connect(&scratch.path().join("daemon.sock"), &hello()).unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Connection, "no D-Edit daemon is running"));
    assert!(failure.hint.unwrap().contains("`dedit daemon start`"));
}

#[test]
fn of_many_that_want_a_daemon_one_starts_it() {
    let scratch = tempfile::tempdir().unwrap();
    let socket = scratch.path().join("daemon.sock");
    let together = Barrier::new(10);
    let clients: Vec<Client> = thread::scope(|scope| {
        let start = || {
            together.wait();
            Client::connect_or_start(&socket, &stand_in(), &hello()).unwrap()
        };
        let threads: Vec<_> = (0..10).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let started = fs::read_to_string(starts(&socket)).unwrap();
    let process = clients[0].welcome().process;
    assert_eq!(started, format!("{process}\n"));
    assert!(clients.iter().all(|client| client.welcome().process == process));
    if cfg!(target_os = "linux") {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        let group = stat.rsplit(") ").next().unwrap().split(' ').nth(2).unwrap();
        assert_eq!(group, process.to_string(), "what is typed at this terminal does not reach it");
    }
    shut_down(&clients[0]);
    drop(clients);
    eventually("it ends and is no zombie", || !Path::new(&format!("/proc/{process}")).exists() && !socket.exists());
}

#[test]
fn a_daemon_that_was_about_to_end_is_replaced() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("daemon.sock");
    let mut bound = socket::Bound::bind(&path).unwrap();
    let ends = thread::spawn(move || {
        let mut met = Vec::new();
        while met.len() < 4 {
            met.extend(bound.accept().unwrap());
        }
        drop(bound);
    });
    let clients: Vec<Client> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| Client::connect_or_start(&path, &stand_in(), &hello()).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    ends.join().unwrap();
    assert_eq!(fs::read_to_string(starts(&path)).unwrap().lines().count(), 1);
    shut_down(&clients[0]);
}

#[test]
fn a_daemon_that_does_not_start_is_reported_with_what_it_said() {
    let scratch = tempfile::tempdir().unwrap();
    let socket = scratch.path().join("daemon.sock");
    let plain = scratch.path().join("plain");
    fs::write(&plain, "").unwrap();
    let at = |executable: &Path| Program { executable: executable.to_path_buf(), arguments: Vec::new() };
    for (program, words) in [
        (shell("echo no luck >&2; exit 3"), "(exit status: 3) and said 'no luck': /bin/sh"),
        (shell("head -c 100000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 1"), "xxxthe end': /bin/sh"),
        (shell("exit 0"), "ended as soon as it was started (exit status: 0): /bin/sh"),
        (shell("kill -9 $$"), "signal: 9"),
        (at(&scratch.path().join("absent")), "cannot be started"),
        (at(&plain), "cannot be started"),
    ] {
        let failure = Client::connect_or_start(&socket, &program, &hello()).unwrap_err();
        let told = failure.to_string();
        assert!(failure.kind == FailureKind::Connection && told.contains(words) && told.len() < 1500, "{words}: {told}");
    }
}

#[test]
fn the_arguments_come_before_the_socket() {
    let scratch = tempfile::tempdir().unwrap();
    let socket = scratch.path().join("daemon.sock");
    let failure = Client::connect_or_start(&socket, &shell("echo $0 $1 >&2; exit 1"), &hello()).unwrap_err();
    assert!(failure.message.contains(&format!("said '--socket {}'", socket.display())), "{failure}");
}

#[test]
fn one_daemon_serves_many_clients() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("daemon.sock");
    let daemon = thread::spawn({
        let path = path.clone();
        move || serve(&path, 20)
    });
    eventually("it listens", || path.exists());
    let ask = |client: &Client, name: String| {
        let request = Hello { client: name.clone(), version: String::new() };
        let blobs = vec![Blob::Bytes(name.clone().into_bytes())];
        let (answer, answered) = client.ask(request, blobs.clone()).unwrap();
        assert_eq!((answer.version, answered), (name, blobs));
    };
    let shared = Client::connect(&path, &hello()).unwrap();
    thread::scope(|scope| {
        for number in 0..64 {
            let (path, shared) = (&path, &shared);
            scope.spawn(move || {
                let client = Client::connect(path, &hello()).unwrap();
                for turn in 0..100 {
                    ask(&client, format!("{number}, {turn}"));
                    ask(shared, format!("{number}, {turn}, with others"));
                }
            });
        }
    });
    shut_down(&shared);
    daemon.join().unwrap();
}
