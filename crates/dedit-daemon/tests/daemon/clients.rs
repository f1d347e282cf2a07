//! Several clients at once.

use std::io::{PipeWriter, Read as _, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use dedit_protocol::names::SessionState;
use dedit_protocol::request::{Edit, Hello, OpenPicture};
use dedit_protocol::{Blob, Event, Frame, Request, handshake};

use crate::fake::Knobs;
use crate::host::{Host, hello};
use crate::scene::{learn, picture, replace};
use crate::stand::Stand;
use crate::within::{Within, timed};

/// The news of a session, once there are some that fit.
fn await_news(host: &Host, fits: impl Fn(&dedit_protocol::event::SessionInfo) -> bool) {
    let begun = Instant::now();
    while !host.news().iter().any(&fits) {
        assert!(begun.elapsed() < Duration::from_secs(10), "no such news");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn whoever_has_a_session_open_hears_of_it() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs::default());
        let (one, two, stranger) = (daemon.client(), daemon.client(), daemon.client());
        let photo = picture(32, 32, 1);
        let session = one.open(&photo).unwrap().session;
        two.open(&photo).unwrap();
        stranger.open(&picture(32, 32, 2)).unwrap();
        stranger.news();
        one.set_halves(&session, &photo).unwrap();
        await_news(&two, |info| info.items.len() == 2 && info.state == SessionState::Items);
        two.learn(learn(&session)).unwrap();
        await_news(&one, |info| info.state == SessionState::Learned && info.job.is_none());
        one.edit(replace(&session, "a hat", 1)).unwrap();
        await_news(&two, |info| info.revision == 1 && info.job.is_none());
        two.undo(&session, 0).unwrap();
        await_news(&one, |info| info.revision == 0 && info.newest == 1);
        assert!(stranger.news().is_empty());
    });
}

#[test]
fn two_hosts_that_edit_one_session_get_revisions_of_their_own() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Arc::new(Within::new(store.path(), Knobs::default()));
        let photo = picture(32, 32, 1);
        let first = daemon.client();
        let session = first.prepared(&photo).unwrap().session;
        first.learn(learn(&session)).unwrap();
        let edits = |host: Host, session: String, from: u64| {
            move || {
                (from..from + 10).map(|seed| host.edit(replace(&session, "a hat", seed)).unwrap().0.revision.unwrap()).collect::<Vec<_>>()
            }
        };
        let threads = [0, 100].map(|from| thread::spawn(edits(daemon.client(), session.clone(), from)));
        let mut revisions: Vec<u64> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        revisions.sort_unstable();
        assert_eq!(revisions, (1..=20).collect::<Vec<_>>());
        assert_eq!(first.revisions(&session), (revisions, 20));
    });
}

#[test]
fn many_who_open_the_same_picture_at_once_get_the_same_session() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs::default());
        for round in 0..4 {
            let folder = (round % 2 == 1).then(|| store.path().join(format!("folder-{round}")).display().to_string());
            let opened: Vec<_> = (0..16)
                .map(|_| {
                    let (host, folder) = (daemon.client(), folder.clone());
                    thread::spawn(move || host.open_with(&picture(64, 64, round), |open| open.folder.clone_from(&folder)).unwrap().session)
                })
                .collect();
            let names: Vec<String> = opened.into_iter().map(|thread| thread.join().unwrap()).collect();
            assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
        }
    });
}

/// A client that can send whatever it likes.
fn raw(daemon: &Within) -> (std::io::PipeReader, PipeWriter) {
    let (reader, to_client) = std::io::pipe().unwrap();
    let (from_client, writer) = std::io::pipe().unwrap();
    let daemon = daemon.0.clone();
    thread::spawn(move || daemon.converse(from_client, to_client));
    let mut both = Sides(reader, writer);
    handshake::greet(&mut both, &handshake::VERSIONS).unwrap();
    (both.0, both.1)
}

struct Sides(std::io::PipeReader, PipeWriter);

impl std::io::Read for Sides {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Sides {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.1.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.1.flush()
    }
}

fn frame(serial: u32, request: &Request, blobs: Vec<Blob>) -> Vec<u8> {
    let mut bytes = Vec::new();
    Frame { tag: request.tag(), serial, head: request.head().unwrap(), blobs }.write(&mut bytes).unwrap();
    bytes
}

#[test]
fn an_upload_that_stalls_holds_nobody_up() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs::default());
        let host = daemon.client();
        let photo = picture(32, 32, 1);
        let session = host.prepared(&photo).unwrap().session;
        let stalled = picture(400, 300, 2);
        let open = OpenPicture { digest: stalled.digest(), pixels: Some(0), ..OpenPicture::default() };
        let bytes = frame(1, &open.clone().into(), vec![Blob::Pixels(stalled.clone())]);
        let (mut reader, mut writer) = raw(&daemon);
        writer.write_all(&bytes[..bytes.len() / 2]).unwrap();
        host.learn(learn(&session)).unwrap();
        assert_eq!(host.edit(replace(&session, "a hat", 1)).unwrap().0.revision, Some(1));
        assert_eq!(host.status().clients, 2);
        writer.write_all(&bytes[bytes.len() / 2..]).unwrap();
        let answer = Event::from_frame(Frame::read(&mut reader).unwrap()).unwrap();
        assert!(matches!(answer, Event::Finished(head, _) if head["known"] == true));
        assert!(host.knows(&stalled).unwrap().is_some());
    });
}

#[test]
fn one_that_does_not_read_holds_nobody_up() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs { step: Duration::ZERO, steps: 200, ..Knobs::default() });
        let host = daemon.client();
        let photo = picture(64, 64, 1);
        let session = host.prepared(&photo).unwrap().session;
        host.learn(learn(&session)).unwrap();
        let (mut reader, mut writer) = raw(&daemon);
        writer.write_all(&frame(1, &Hello::default().into(), Vec::new())).unwrap();
        let open = OpenPicture { digest: photo.digest(), ..OpenPicture::default() };
        writer.write_all(&frame(2, &open.into(), Vec::new())).unwrap();
        for serial in 3..33 {
            let edit = Edit { previews: true, ..replace(&session, "a hat", u64::from(serial)) };
            writer.write_all(&frame(serial, &edit.into(), Vec::new())).unwrap();
        }
        for seed in 0..10 {
            host.edit(replace(&session, "a cap", seed)).unwrap();
        }
        while !host.status().jobs.is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(host.revisions(&session).0.len(), 40);
        let mut ends = std::collections::BTreeMap::<u32, usize>::new();
        while ends.len() < 32 {
            let frame = Frame::read(&mut reader).unwrap();
            let serial = frame.serial;
            if Event::from_frame(frame).unwrap().is_last() {
                *ends.entry(serial).or_default() += 1;
            }
        }
        assert!(ends.values().all(|count| *count == 1), "{ends:?}");
        drop(writer);
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
    });
}

#[test]
fn of_many_requests_of_many_clients_none_is_lost() {
    timed(|| {
        let stand = Stand::new(&["--step-us", "100"]);
        let photo = picture(24, 24, 1);
        let first = stand.client();
        let session = first.prepared(&photo).unwrap().session;
        first.learn(learn(&session)).unwrap();
        let socket = stand.socket();
        let clients = (0..64_u64).map(|number| {
            let (socket, session, digest) = (socket.clone(), session.clone(), photo.digest());
            thread::spawn(move || {
                let host = Host(dedit_client::Client::connect(&socket, &hello()).unwrap());
                let open = OpenPicture { digest, ..OpenPicture::default() };
                for request in 0..100 {
                    match request % 10 {
                        0 => assert!(host.ask(open.clone(), Vec::new()).unwrap().0.known),
                        1..=8 => assert!(host.status().clients >= 1),
                        _ if request == 99 => drop(host.edit(replace(&session, "a hat", number)).unwrap()),
                        _ => assert_eq!(host.sessions().len(), 1),
                    }
                }
            })
        });
        let clients: Vec<_> = clients.collect();
        for client in clients {
            client.join().unwrap();
        }
        let (revisions, _) = first.revisions(&session);
        assert_eq!(revisions, (1..=64).collect::<Vec<_>>());
    });
}

/// Sessions of one picture in variants share nothing but its pixels, and each is found again.
#[test]
fn variants_of_a_picture_are_sessions_of_their_own() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs::default());
        let host = daemon.client();
        let picture = picture(32, 24, 1);
        let open = |variant: &str| host.open_with(&picture, |open| open.variant = variant.to_owned()).unwrap();
        let plain = host.prepared(&picture).unwrap();
        let (one, other) = (open("one"), open("other"));
        let names: std::collections::BTreeSet<_> = [&plain, &one, &other].iter().map(|info| info.session.clone()).collect();
        assert_eq!((names.len(), one.items.len(), plain.items.len()), (3, 0, 2));
        host.set_halves(&one.session, &picture).unwrap();
        host.learn(learn(&one.session)).unwrap();
        assert_eq!(open("one").state, SessionState::Learned);
        assert_eq!((open("").session, open("").state), (plain.session, SessionState::Items));
        let both = |open: &mut OpenPicture| (open.variant, open.folder) = ("one".to_owned(), Some("/f".to_owned()));
        assert!(host.open_with(&picture, both).unwrap_err().message.contains("variants"));
        drop(host);
        drop(daemon);
        let daemon = Within::new(store.path(), Knobs::default());
        let again = daemon.client().open_with(&picture, |open| open.variant = "one".to_owned()).unwrap();
        assert_eq!((again.session, again.state), (one.session, SessionState::Learned));
    });
}
