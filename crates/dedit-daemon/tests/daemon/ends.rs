//! How daemons end, what keeps two of them apart, and what happens when room runs out.

use std::fs;
use std::time::{Duration, Instant};

use dedit_client::Client;
use dedit_protocol::names::SessionState;
use dedit_protocol::request;
use dedit_protocol::{Event, FailureKind};

use crate::host::{Host, hello};
use crate::scene::{file_of, learn, learn_for, picture, replace};
use crate::stand::Stand;
use crate::within::timed;

#[test]
fn one_that_nobody_needs_ends_and_one_that_works_does_not() {
    timed(|| {
        let mut stand = Stand::new(&["--exit-ms", "300", "--step-ms", "20"]);
        let host = stand.client();
        let session = host.prepared(&picture(32, 24, 1)).unwrap().session;
        let keep = dedit_protocol::request::Learn { keep: true, ..learn_for(&session, 80) };
        drop(host.begin(keep));
        drop(host);
        assert!(!stand.ends_within(Duration::from_millis(1400)), "a job is under way");
        assert!(stand.ends_within(Duration::from_secs(8)));
        assert!(!stand.socket().exists());
        assert!(file_of(stand.session(&session), "learned-").is_some());
        assert_eq!(stand.log("idle").len(), 1);
        stand.start();
        assert_eq!(stand.client().open_session(&session).unwrap().state, SessionState::Learned);
    });
}

#[test]
fn one_that_is_asked_to_end_tells_everybody_and_learning_goes_on_another_time() {
    timed(|| {
        let mut stand = Stand::new(&["--step-ms", "3"]);
        let host = stand.client();
        let session = host.prepared(&picture(32, 24, 1)).unwrap().session;
        let mut learning = host.begin(learn_for(&session, 2000));
        while !matches!(learning.next(Duration::from_secs(9)).unwrap(), Some(Event::Progress(progress)) if progress.step > 5) {}
        stand.client().ask(request::Shutdown {}, Vec::new()).unwrap();
        let told = learning.finish(&mut |_| std::ops::ControlFlow::Continue(())).unwrap_err();
        assert_eq!(told.kind, FailureKind::Cancelled);
        assert!(stand.ends_within(Duration::from_secs(5)));
        stand.set(&["--step-ms", "0"]);
        stand.start();
        assert!(stand.client().learn(learn_for(&session, 2000)).unwrap().resumed_at[0] > 5);
    });
}

#[test]
fn a_socket_that_is_removed_comes_back() {
    timed(|| {
        let stand = Stand::new(&[]);
        let before = stand.client();
        fs::remove_file(stand.socket()).unwrap();
        let begun = Instant::now();
        let again = loop {
            match Client::connect(&stand.socket(), &hello()) {
                Ok(client) => break Host(client),
                Err(_) => assert!(begun.elapsed() < Duration::from_secs(2), "the daemon is not found again"),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(again.welcome().process, stand.process());
        assert_eq!(before.status().clients, 2, "who was there before stays");
    });
}

#[test]
fn a_second_daemon_is_refused_in_a_sentence() {
    timed(|| {
        let stand = Stand::new(&[]);
        let host = stand.client();
        assert!(host.shares_files());
        let same_socket = stand.refused(&stand.socket());
        assert!(same_socket.contains("another daemon is running"), "{same_socket}");
        let same_store = stand.refused(&stand.folder.path().join("other/daemon.sock"));
        assert!(same_store.contains("another daemon is using this store of sessions"), "{same_store}");
        assert_eq!(host.status().clients, 1);
        assert!(host.shares_files(), "its token is still there");
        assert_eq!(stand.client().welcome().process, stand.process());
    });
}

#[test]
#[cfg(unix)]
fn a_full_disk_is_told_of_and_loses_nothing() {
    timed(|| {
        let mut stand = Stand::new(&[]);
        let photo = picture(200, 100, 1);
        let host = stand.client();
        let session = host.prepared(&photo).unwrap().session;
        host.learn(learn(&session)).unwrap();
        host.edit(replace(&session, "a hat", 1)).unwrap();
        let learned = file_of(stand.session(&session), "learned-").unwrap();
        stand.kill();
        // Records fit, pixels and what is learned do not.
        stand.limit(Some(2));
        stand.start();
        let host = stand.client();
        host.open_session(&session).unwrap();
        let (edited, _) = host.edit(replace(&session, "a cap", 2)).unwrap();
        assert_eq!(edited.revision, None, "the result is there, and not in the history");
        assert_eq!(host.revisions(&session), (vec![1], 1));
        let refused = host.open(&picture(200, 100, 2)).unwrap_err();
        assert!(refused.kind == FailureKind::Resources && refused.message.contains("there is no room"), "{refused}");
        assert_eq!(host.sessions(), [session.as_str()]);
        assert_eq!(fs::read_dir(stand.data().join("sessions")).unwrap().count(), 1, "nothing half written is left");
        assert_eq!(file_of(stand.session(&session), "learned-").unwrap(), learned);
        stand.kill();
        stand.limit(None);
        stand.start();
        let host = stand.client();
        host.open_session(&session).unwrap();
        assert_eq!(host.edit(replace(&session, "a cap", 2)).unwrap().0.revision, Some(2));
        assert_eq!(host.whole(&session, 0).unwrap(), photo);
        assert!(host.open(&picture(200, 100, 2)).is_ok());
    });
}

#[test]
#[cfg(unix)]
fn learning_on_a_full_disk_says_so_and_goes_on_when_there_is_room() {
    timed(|| {
        let mut stand = Stand::new(&["--step-ms", "1", "--save-every", "1000"]);
        let photo = picture(20, 10, 1);
        let session = stand.client().prepared(&photo).unwrap().session;
        stand.kill();
        stand.limit(Some(2));
        stand.start();
        let host = stand.client();
        host.open_session(&session).unwrap();
        let failure = host.learn(learn_for(&session, 20)).unwrap_err();
        assert!(
            failure.kind == FailureKind::Resources && failure.message.contains("the picture is learned and can be edited"),
            "{failure}"
        );
        assert!(!host.edit(replace(&session, "a hat", 1)).unwrap().0.draft, "it can be");
        stand.kill();
        stand.limit(None);
        stand.start();
        let host = stand.client();
        host.open_session(&session).unwrap();
        assert!(host.learn(learn_for(&session, 20)).is_ok());
        stand.restart();
        assert_eq!(stand.client().open_session(&session).unwrap().state, SessionState::Learned);
    });
}

#[test]
fn room_is_made_by_what_was_used_least_recently_and_never_by_what_is_open() {
    timed(|| {
        // Four pictures of 40 kB.
        let mut stand = Stand::new(&["--quota", "170000"]);
        let photos: Vec<_> = (0..7).map(|seed| picture(100, 100, seed)).collect();
        let host = stand.client();
        let sessions: Vec<String> = photos[..3].iter().map(|photo| stand.client().open(photo).unwrap().session).collect();
        // The first is used again, the second stays open.
        stand.client().open_session(&sessions[0]).unwrap();
        host.open_session(&sessions[1]).unwrap();
        host.await_alone();
        let fourth = stand.client().open(&photos[3]).unwrap().session;
        host.await_alone();
        assert_eq!(host.sessions(), [&fourth, &sessions[1], &sessions[0], &sessions[2]].map(String::clone));
        let fifth = stand.client().open(&photos[4]).unwrap().session;
        host.await_alone();
        assert_eq!(host.sessions(), [&fifth, &fourth, &sessions[1], &sessions[0]].map(String::clone), "the third went");
        assert!(host.status().store_bytes <= 170_000);
        // A clock that was wrong changes the order once, and then all is as usual.
        drop(host);
        stand.kill();
        let record = stand.session(&sessions[0]).join("session.json");
        let text = fs::read_to_string(&record).unwrap();
        let used = text.lines().find(|line| line.contains("\"used\"")).unwrap();
        fs::write(&record, text.replace(used, "  \"used\": 9000000000000")).unwrap();
        stand.start();
        let host = stand.client();
        host.open_session(&fourth).unwrap();
        assert_eq!(host.sessions()[..2], [&fourth, &sessions[0]].map(String::clone), "later than what was used before");
        drop(host);
        stand.kill();
        let text = fs::read_to_string(&record).unwrap();
        let used = text.lines().find(|line| line.contains("\"used\"")).unwrap();
        fs::write(&record, text.replace(used, &format!("  \"used\": {}", u64::MAX))).unwrap();
        stand.start();
        let host = stand.client();
        for photo in &photos[5..] {
            stand.client().open(photo).unwrap();
            host.await_alone();
        }
        let left = host.sessions();
        assert!(!left.contains(&sessions[0]) && left.len() == 4 && left.contains(&fourth), "a time that makes no sense is none: {left:?}");
    });
}
