//! Daemons that are killed: whatever was acknowledged is there when the next one comes, and learning goes on to the same bytes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use dedit_protocol::names::SessionState;
use dedit_protocol::request::{EditVerb, Which};
use dedit_protocol::{Failure, FailureKind, Pixels};

use crate::host::Host;
use crate::scene::{edit, file_of, halves, items_of, learn, learn_for, picture, replace};
use crate::stand::Stand;
use crate::within::timed;

/// What a daemon has to know of a session.
#[derive(Debug, Clone, Default, PartialEq)]
struct Known {
    state: SessionState,
    items: usize,
    reference_items: usize,
    revisions: usize,
    current: u64,
}

fn known(host: &Host, session: &str) -> Known {
    let info = host.open_session(session).unwrap();
    let (revisions, current) = host.revisions(session);
    assert_eq!((revisions.last().copied().unwrap_or(0), current), (info.newest, info.revision));
    Known { state: info.state, items: info.items.len(), reference_items: info.reference_items.len(), revisions: revisions.len(), current }
}

type Step = fn(&Host, &str) -> Result<(), Failure>;

/// Requests, and what is known of the session after each.
fn steps() -> Vec<(Step, Known)> {
    let known = |state, items, reference_items, revisions, current| Known { state, items, reference_items, revisions, current };
    vec![
        (|host, session| host.set_halves(session, &picture(40, 30, 1)).map(drop), known(SessionState::Items, 2, 0, 0, 0)),
        (|host, session| host.learn(learn(session)).map(drop), known(SessionState::Learned, 2, 0, 0, 0)),
        (|host, session| host.edit(replace(session, "a hat", 1)).map(drop), known(SessionState::Learned, 2, 0, 1, 1)),
        (|host, session| host.edit(replace(session, "a cap", 2)).map(drop), known(SessionState::Learned, 2, 0, 2, 2)),
        (|host, session| host.undo(session, 1).map(drop), known(SessionState::Learned, 2, 0, 2, 1)),
        (|host, session| host.edit(edit(session, EditVerb::Reconstruct, 3)).map(drop), known(SessionState::Learned, 2, 0, 3, 3)),
        (
            |host, session| host.open_with(&picture(20, 20, 2), |open| open.reference_of = Some(session.to_owned())).map(drop),
            known(SessionState::Opened, 2, 0, 3, 3),
        ),
        (
            |host, session| host.set_items(items_of(session, Which::Reference, ["hat", "wall"]), vec![halves(20, 20)]).map(drop),
            known(SessionState::Items, 2, 2, 3, 3),
        ),
        (|host, session| host.learn(learn(session)).map(drop), known(SessionState::Learned, 2, 2, 3, 3)),
        (
            |host, session| {
                let swap = EditVerb::SwapIn { item: "bag".to_owned(), from: "reference:hat".to_owned() };
                host.edit(edit(session, swap, 1)).map(drop)
            },
            known(SessionState::Learned, 2, 2, 4, 4),
        ),
        (|host, session| host.forget(session, true), known(SessionState::Items, 2, 2, 4, 4)),
        (|host, session| host.undo(session, 0).map(drop), known(SessionState::Items, 2, 2, 4, 0)),
    ]
}

#[test]
fn whatever_was_acknowledged_survives_a_kill_at_every_step() {
    timed(|| {
        let mut stand = Stand::new(&["--step-ms", "0"]);
        let session = stand.client().open(&picture(40, 30, 1)).unwrap().session;
        stand.restart();
        assert_eq!(known(&stand.client(), &session), Known { state: SessionState::Opened, ..Known::default() });
        let mut wholes = BTreeMap::new();
        for (step, expected) in steps() {
            let host = stand.client();
            host.open_session(&session).unwrap();
            step(&host, &session).unwrap();
            stand.restart();
            let host = stand.client();
            assert_eq!(known(&host, &session), expected);
            check_wholes(&host, &session, &mut wholes);
        }
        let host = stand.client();
        host.open_session(&session).unwrap();
        host.forget(&session, false).unwrap();
        stand.restart();
        assert!(stand.client().sessions().is_empty());
    });
}

/// Every revision has the pixels that it had before.
fn check_wholes(host: &Host, session: &str, wholes: &mut BTreeMap<u64, Pixels>) {
    for revision in host.revisions(session).0 {
        let whole = host.whole(session, revision).unwrap();
        assert_eq!(*wholes.entry(revision).or_insert_with(|| whole.clone()), whole, "revision {revision}");
    }
}

/// What is learned in one go.
fn learned_in_one_go(updates: usize) -> Vec<u8> {
    let stand = Stand::new(&["--step-ms", "0"]);
    let host = stand.client();
    let info = host.prepared(&picture(40, 30, 1)).unwrap();
    host.learn(learn_for(&info.session, updates)).unwrap();
    file_of(&info.folder, "learned-").unwrap()
}

#[test]
fn learning_that_is_killed_again_and_again_comes_to_the_same_bytes() {
    timed(|| {
        let expected = learned_in_one_go(100);
        let mut random = fastrand::Rng::with_seed(1);
        let mut stand = Stand::new(&["--step-ms", "1", "--save-every", "3"]);
        let session = stand.client().prepared(&picture(40, 30, 1)).unwrap().session;
        let mut kills = 0;
        loop {
            let host = stand.client();
            host.open_session(&session).unwrap();
            let (sender, ended) = channel();
            let learning = learn_for(&session, 100);
            let learner = thread::spawn(move || drop(sender.send(host.learn(learning))));
            match ended.recv_timeout(Duration::from_millis(random.u64(10..60))) {
                Ok(learned) => {
                    assert!(learned.unwrap().resumed_at.iter().sum::<usize>() > 0);
                    break;
                }
                Err(_) => stand.restart(),
            }
            learner.join().unwrap();
            let lost = ended.recv().unwrap();
            // It may have come to its end at the last moment.
            assert!(lost.is_ok() || lost.unwrap_err().kind == FailureKind::Connection);
            kills += 1;
        }
        assert!(kills > 2, "it was killed {kills} times");
        assert!(file_of(stand.session(&session), "learned-").unwrap() == expected);
    });
}

/// Learns and edits until the daemon is gone; `progress` hears of every edit.
fn work(host: &Host, session: &str, mut seed: u64, progress: &Sender<()>) -> Vec<(u64, Pixels)> {
    let mut acknowledged = Vec::new();
    if host.open_session(session).is_err() || host.learn(learn_for(session, 30)).is_err() {
        return acknowledged;
    }
    loop {
        seed += 1;
        match host.edit(replace(session, "a hat", seed)) {
            Ok((edited, part)) => {
                acknowledged.push((edited.revision.unwrap(), part));
                let _ = progress.send(());
            }
            Err(failure) => {
                assert_eq!(failure.kind, FailureKind::Connection, "{failure}");
                return acknowledged;
            }
        }
    }
}

/// Nothing half written is left.
fn check_tidy(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(!name.contains(".part") && !name.contains(".damaged"), "{}", path.display());
        if path.is_dir() {
            check_tidy(&path);
        }
    }
}

#[test]
fn kills_at_any_moment_lose_nothing() {
    timed(|| {
        let mut random = fastrand::Rng::with_seed(7);
        let mut stand = Stand::new(&["--step-us", "200", "--save-every", "2"]);
        let session = stand.client().prepared(&picture(40, 30, 1)).unwrap().session;
        let mut acknowledged: BTreeMap<u64, Pixels> = BTreeMap::new();
        for round in 0..40 {
            let (host, name) = (stand.client(), session.clone());
            let (progress, edits) = channel();
            let worker = thread::spawn(move || work(&host, &name, round * 1000, &progress));
            // Every other kill comes after an edit, however slow the machine is; the rest at any moment.
            if round % 2 == 1 {
                let _ = edits.recv();
            }
            thread::sleep(Duration::from_micros(random.u64(0..70_000)));
            stand.kill();
            acknowledged.extend(worker.join().unwrap());
            stand.start();
            let host = stand.client();
            let info = host.open_session(&session).unwrap();
            assert_eq!(info.items.len(), 2);
            check_tidy(&stand.session(&session));
            let (there, current) = host.revisions(&session);
            assert!(acknowledged.keys().all(|revision| there.contains(revision)), "round {round}: of {acknowledged:?} there is {there:?}");
            assert!(current == 0 || there.contains(&current));
            assert!(there.len() <= acknowledged.len() + round as usize + 1, "one more may be there for each kill");
        }
        let host = stand.client();
        assert!(acknowledged.len() >= 20, "there were only {} edits", acknowledged.len());
        for (revision, part) in acknowledged {
            let of = dedit_protocol::request::ResultOf { session: session.clone(), revision, whole: false };
            let (_, blobs) = host.ask(of, Vec::new()).unwrap();
            assert_eq!(crate::scene::pixels(&blobs[0]), &part, "revision {revision}");
        }
        assert!(file_of(stand.session(&session), "learned-").unwrap() == learned_in_one_go(30));
    });
}

#[test]
fn kills_while_a_picture_is_opened_leave_nothing_behind() {
    timed(|| {
        let mut random = fastrand::Rng::with_seed(3);
        let mut stand = Stand::new(&[]);
        let photo = picture(1200, 900, 1);
        for _ in 0..10 {
            let (host, sent) = (stand.client(), photo.clone());
            let opening = thread::spawn(move || host.open(&sent).is_ok());
            thread::sleep(Duration::from_micros(random.u64(2_000..20_000)));
            stand.kill();
            let acknowledged = opening.join().unwrap();
            stand.start();
            let host = stand.client();
            let sessions = host.sessions();
            assert!(sessions.len() <= 1 && (!acknowledged || sessions.len() == 1));
            assert_eq!(std::fs::read_dir(stand.data().join("sessions")).unwrap().count(), sessions.len(), "nothing else is there");
            if let Some(session) = sessions.first() {
                assert_eq!(host.whole(session, 0).unwrap(), photo);
                check_tidy(&stand.session(session));
                host.forget(session, false).unwrap();
            }
        }
    });
}
