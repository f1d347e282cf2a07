//! Files that are damaged are set aside under their names, and the rest goes on working.

use std::fs;
use std::path::{Path, PathBuf};

use dedit_protocol::names::SessionState;

use crate::fake::Knobs;
use crate::host::Host;
use crate::scene::{learn, learn_for, path_of, picture, replace};
use crate::stand::Stand;
use crate::within::{Within, timed};

/// A store with a session that is learned and has three revisions; the daemon is gone.
fn prepared(store: &Path) -> PathBuf {
    let daemon = Within::new(store, Knobs::default());
    let host = daemon.client();
    let info = host.prepared(&picture(32, 24, 1)).unwrap();
    host.learn(learn(&info.session)).unwrap();
    for seed in 1..4 {
        host.edit(replace(&info.session, "a hat", seed)).unwrap();
    }
    PathBuf::from(info.folder)
}

/// Damages a file in each of some ways, and looks at what a new daemon makes of it.
fn damaged(beginning: &'static str, check: fn(&Host, &str, &Path)) {
    let ways: [fn(&Path); 3] = [
        |path| fs::write(path, "").unwrap(),
        |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() - 3]).unwrap();
        },
        |path| {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            bytes[middle / 2] ^= 0x55;
            fs::write(path, bytes).unwrap();
        },
    ];
    timed(move || {
        // One bit more or less in a record may be another record.
        let ways = if beginning == "session.json" { &ways[..2] } else { &ways };
        for damage in ways {
            let store = tempfile::tempdir().unwrap();
            let folder = prepared(store.path());
            let session = folder.file_name().unwrap().to_str().unwrap().to_owned();
            let file = path_of(&folder, beginning).unwrap();
            damage(&file);
            let daemon = Within::new(store.path(), Knobs::default());
            check(&daemon.client(), &session, &folder);
            let aside = file.with_file_name(format!("{}.damaged", file.file_name().unwrap().to_str().unwrap()));
            assert!(aside.exists(), "{} is not there", aside.display());
        }
    });
}

/// What else the session holds is there.
fn check_rest(host: &Host, session: &str) {
    let info = host.open_session(session).unwrap();
    assert_eq!((info.state, info.items.len()), (SessionState::Learned, 2));
    assert_eq!(host.revisions(session), (vec![1, 2, 3], 3));
    assert_eq!(host.edit(replace(session, "a cap", 9)).unwrap().0.revision, Some(4));
}

#[test]
fn pixels() {
    damaged("picture.pixels", |host, session, _| {
        let photo = picture(32, 24, 1);
        assert_eq!(host.open_session(session).unwrap().state, SessionState::Learned);
        let refused = host.fetch(session).unwrap_err();
        assert!(refused.message.contains("damaged") && refused.hint.unwrap().contains("open the same picture again"));
        assert_eq!(host.knows(&photo).unwrap(), None, "they are to be sent");
        assert_eq!(host.open(&photo).unwrap().session, session);
        assert_eq!(host.whole(session, 0).unwrap(), photo);
        check_rest(host, session);
    });
}

#[test]
fn items() {
    damaged("items-", |host, session, _| {
        let photo = picture(32, 24, 1);
        let info = host.open(&photo).unwrap();
        assert_eq!((info.state, info.items.len()), (SessionState::Opened, 0));
        assert!(host.edit(replace(session, "a hat", 1)).is_err());
        assert_eq!(host.set_halves(session, &photo).unwrap().state, SessionState::Learned, "what was learned of them is there");
        check_rest(host, session);
    });
}

#[test]
fn learned() {
    damaged("learned-", |host, session, _| {
        let refused = host.edit(replace(session, "a hat", 1)).unwrap_err();
        assert!(refused.message.contains("nothing was learned"), "{refused}");
        assert_eq!(host.learn(learn(session)).unwrap().resumed_at, [0, 0]);
        check_rest(host, session);
    });
}

#[test]
fn record() {
    damaged("session.json", |host, session, _| {
        let photo = picture(32, 24, 1);
        let refused = host.open_session(session).unwrap_err();
        assert!(refused.message.contains("this session is damaged"), "{refused}");
        assert_eq!(host.open(&photo).unwrap().session, session);
        assert_eq!(host.revisions(session), (vec![1, 2, 3], 3));
        assert_eq!(host.set_halves(session, &photo).unwrap().state, SessionState::Learned);
        check_rest(host, session);
    });
}

#[test]
fn state_of_learning() {
    timed(|| {
        let mut stand = Stand::new(&["--step-ms", "1"]);
        let host = stand.client();
        let info = host.prepared(&picture(32, 24, 1)).unwrap();
        let session = info.session;
        let call = host.begin(learn_for(&session, 1000));
        while path_of(&info.folder, "learning-").is_none() {
            std::thread::yield_now();
        }
        stand.kill();
        drop(call);
        fs::write(path_of(&info.folder, "learning-").unwrap(), "nonsense").unwrap();
        stand.start();
        let host = stand.client();
        assert_eq!(host.open_session(&session).unwrap().state, SessionState::Learning);
        // Nobody knows what it was the way to.
        let (learned, heard) = host.learn_heard(learn(&session));
        assert_eq!(learned.unwrap().resumed_at, [0, 0]);
        let noted = |event: &dedit_protocol::Event| matches!(event, dedit_protocol::Event::Note(note) if note.contains("is set aside"));
        assert!(heard.iter().any(noted));
        assert!(path_of(&info.folder, "learning-").unwrap().to_str().unwrap().ends_with(".damaged"));
    });
}

#[test]
fn entries() {
    timed(|| {
        for (number, current, left) in [(3, 2, vec![1, 2]), (2, 1, vec![1, 3]), (1, 0, vec![2, 3])] {
            let store = tempfile::tempdir().unwrap();
            let folder = prepared(store.path());
            let session = folder.file_name().unwrap().to_str().unwrap().to_owned();
            fs::write(folder.join(format!("history/{number}/entry.json")), "{\"version\":").unwrap();
            let daemon = Within::new(store.path(), Knobs::default());
            let host = daemon.client();
            assert_eq!(host.revisions(&session), (left, current), "it goes to the newest revision that is whole");
            assert!(folder.join(format!("history/{number}.damaged/entry.json")).exists());
            assert_eq!(host.open_session(&session).unwrap().state, SessionState::Learned);
            let (edited, _) = host.edit(replace(&session, "a cap", 9)).unwrap();
            assert_eq!((edited.base, edited.revision), (current, Some(4)), "no number is given twice");
        }
    });
}

#[test]
fn a_session_of_another_version_is_left_alone() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let folder = prepared(store.path());
        let session = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(folder.join("session.json")).unwrap();
        fs::write(folder.join("session.json"), text.replacen("\"version\": 3", "\"version\": 99", 1)).unwrap();
        let daemon = Within::new(store.path(), Knobs::default());
        let host = daemon.client();
        let refused = host.open_session(&session).unwrap_err();
        assert!(refused.message.contains("another version of D-Edit (its format is 99"), "{refused}");
        assert!(host.sessions().is_empty());
        assert_eq!(host.open(&picture(32, 24, 1)).unwrap().state, SessionState::Opened);
        let aside = folder.with_file_name(format!("{session}.damaged"));
        assert!(aside.join("history/3/entry.json").exists(), "all of it is kept");
    });
}
