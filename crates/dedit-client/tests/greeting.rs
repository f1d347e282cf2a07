//! How a connection begins, what it tells without being asked, and how it ends.

mod fake;

use std::fs;
use std::io::{Read as _, Write as _};

use dedit_client::{Call, Client};
use dedit_protocol::answer::{Nothing, Welcome};
use dedit_protocol::event::SessionInfo;
use dedit_protocol::request;
use dedit_protocol::{Event, Failure, FailureKind, Request, features, handshake};
use fake::{Piped, hello, meet, met};

/// What a daemon does.
type Script = fn(Piped);

#[test]
fn a_daemon_that_is_none_or_of_another_version_is_told_apart() {
    const CASES: &[(&str, Script, &str)] = &[
        (
            "newer",
            |mut peer| assert_eq!(peer.greet(&(2..=3)), None),
            "versions 2 to 3 of the protocol, and this program version 1; the daemon is newer",
        ),
        ("older", |mut peer| assert_eq!(peer.greet(&(0..=0)), None), "the daemon is older: end it with `dedit daemon stop`"),
        (
            "no daemon",
            |mut peer| {
                peer.read_exact(&mut [0; 10]).unwrap();
                peer.to.write_all(b"HTTP/1.1 400 Bad Request").unwrap();
            },
            "is no D-Edit daemon",
        ),
        ("closed at once", drop, "does not answer"),
        ("closed after the greeting", |mut peer| assert_eq!(peer.greet(&handshake::VERSIONS), Some(1)), "the D-Edit daemon is gone"),
        (
            "refuses",
            |mut peer| {
                peer.greet(&handshake::VERSIONS);
                let (serial, _) = peer.hear().unwrap();
                peer.say(serial, Event::Failed(Failure::new(FailureKind::Connection, "too many clients")));
                peer.hear_goodbye();
            },
            "too many clients",
        ),
    ];
    for (name, script, words) in CASES {
        let (client, daemon) = meet(*script);
        let failure = client.unwrap_err();
        assert!(failure.kind == FailureKind::Connection && failure.to_string().contains(words), "{name}: {failure}");
        daemon.join().unwrap();
    }
}

#[test]
fn both_sides_know_each_other_and_part() {
    let welcome = Welcome { version: "1.2.3".to_owned(), process: 99, ..Welcome::default() };
    let told = welcome.clone();
    let (client, daemon) = meet(move |mut peer| {
        peer.greet(&handshake::VERSIONS);
        let (serial, request) = peer.hear().unwrap();
        assert_eq!(request, Request::Hello(hello()));
        assert_ne!(serial, 0);
        peer.say(serial, Event::Note("welcome".to_owned()));
        peer.say(serial, Event::finished(&told, Vec::new()));
        peer.hear_goodbye();
    });
    let client = client.unwrap();
    assert_eq!(client.welcome(), &welcome);
    assert!(format!("{client:?}").contains("1.2.3"));
    drop(client);
    daemon.join().unwrap();
}

#[test]
fn files_are_shared_with_a_daemon_whose_token_is_found() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("token");
    fs::write(&file, "abc123\n").unwrap();
    let absent = scratch.path().join("absent");
    for (path, token, expected) in [
        (&file, "abc123", true),
        (&file, "abc123\n", true),
        (&file, "abc12", false),
        (&file, "abc1234", false),
        (&file, "", false),
        (&absent, "abc123", false),
        (&absent, "", false),
        (&scratch.path().to_path_buf(), "abc123", false),
    ] {
        let told = Welcome { token_file: path.display().to_string(), token: token.to_owned(), ..Welcome::default() };
        let (client, daemon) = meet(move |mut peer| peer.welcome(&told));
        assert_eq!(client.unwrap().shares_files(), expected, "{} {token:?}", path.display());
        daemon.join().unwrap();
    }
}

#[test]
fn what_a_daemon_cannot_is_told_before_it_is_asked_for() {
    for (told, feature, expected) in [
        (&[][..], features::FRAMES, Some("the D-Edit daemon that runs cannot edit frames")),
        (&["frame", "later"], features::FRAMES, Some("the D-Edit daemon that runs cannot edit frames")),
        (&["later", "frames"], features::FRAMES, None),
        (&features::FEATURES, features::FRAMES, None),
        (&features::FEATURES, "later", Some("the D-Edit daemon that runs cannot do 'later'")),
    ] {
        let welcome = Welcome { features: told.iter().map(|known| (*known).to_owned()).collect(), ..Welcome::default() };
        let (client, daemon) = meet(move |mut peer| peer.welcome(&welcome));
        let failure = client.unwrap().require(feature).err();
        assert_eq!(failure.as_ref().map(|failure| failure.message.as_str()), expected, "{told:?}");
        let hint = failure.map(|failure| (failure.kind, failure.hint.unwrap().contains("dedit daemon stop")));
        assert!(hint.is_none_or(|found| found == (FailureKind::Connection, true)), "{told:?}");
        daemon.join().unwrap();
    }
}

#[test]
fn news_are_the_newest_of_each_session() {
    let info = |session: &str, revision| SessionInfo { session: session.to_owned(), revision, ..SessionInfo::default() };
    let (client, daemon) = met(move |mut peer| {
        let (serial, _) = peer.hear().unwrap();
        for (session, revision) in [("a", 1), ("b", 5), ("a", 2)] {
            peer.say(0, Event::Session(info(session, revision)));
        }
        peer.say(0, Event::Note("for nobody".to_owned()));
        // One that belongs to a request is no news.
        peer.say(serial, Event::Session(info("c", 1)));
        peer.say(serial, Event::finished(&Nothing {}, Vec::new()));
        peer.hear_goodbye();
    });
    assert_eq!(client.news(), []);
    client.ask(request::Unload {}, Vec::new()).unwrap();
    assert_eq!(client.news(), [info("b", 5), info("a", 2)]);
    assert_eq!(client.news(), []);
    drop(client);
    daemon.join().unwrap();
}

#[test]
fn clients_are_shared_and_calls_move_between_threads() {
    fn shared<T: Send + Sync>() {}
    fn moved<T: Send>() {}
    shared::<Client>();
    moved::<Call<'_, Nothing>>();
}
