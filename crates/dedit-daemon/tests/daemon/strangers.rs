//! Clients that break off, talk nonsense, or speak another version; none of them is anybody else's trouble.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use dedit_protocol::names::SessionState;
use dedit_protocol::request::{self, Edit, Goodbye, Hello, History, Items, Learn, OpenPicture, OpenSession, SetItems, Which};
use dedit_protocol::{Blob, Event, Failure, FailureKind, Frame, Request, handshake};

use crate::scene::{halves, learn, picture, replace};
use crate::stand::Stand;
use crate::within::timed;

fn connected(stand: &Stand) -> UnixStream {
    let stream = UnixStream::connect(stand.socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

fn greeted(stand: &Stand) -> UnixStream {
    let mut stream = connected(stand);
    handshake::greet(&mut stream, &handshake::VERSIONS).unwrap();
    stream
}

fn bytes_of(request: &Request, blobs: Vec<Blob>, serial: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    Frame { tag: request.tag(), serial, head: request.head().unwrap(), blobs }.write(&mut bytes).unwrap();
    bytes
}

/// The last event of a request.
fn answer(stream: &mut UnixStream, serial: u32) -> Event {
    loop {
        let frame = Frame::read(stream).unwrap();
        let (of, event) = (frame.serial, Event::from_frame(frame).unwrap());
        if of == serial && event.is_last() {
            return event;
        }
    }
}

/// What a plug-in sends, from its first request to its last.
fn exchange(session: &str) -> Vec<(Request, Vec<Blob>)> {
    let photo = picture(32, 24, 1);
    let open = OpenPicture { digest: photo.digest(), pixels: Some(0), ..OpenPicture::default() };
    let items = SetItems {
        session: session.to_owned(),
        picture: Which::Target,
        names: vec!["bag".into(), "table".into()],
        items: Items::Labels(0),
        words: None,
    };
    let edit = |keep| Request::Edit(Box::new(Edit { keep, draft: true, ..replace(session, "a hat", 1) }));
    vec![
        (Request::Hello(Hello::default()), vec![]),
        (Request::OpenPicture(open), vec![Blob::Pixels(photo)]),
        (Request::SetItems(items), vec![Blob::Pixels(halves(32, 24))]),
        (edit(false), vec![]),
        (Request::Learn(Learn { keep: true, ..learn(session) }), vec![]),
        (edit(true), vec![]),
        (Request::History(History { session: session.to_owned(), thumbnails: true, masks: true }), vec![]),
        (Request::OpenSession(OpenSession { session: Some(session.to_owned()), folder: None, folder_bytes: None }), vec![]),
        (Request::Goodbye(Goodbye {}), vec![]),
    ]
}

#[test]
fn clients_that_break_off_at_any_step_hold_nobody_up() {
    timed(|| {
        let stand = Stand::new(&["--step-us", "300"]);
        let watching = stand.client();
        let session = watching.prepared(&picture(32, 24, 1)).unwrap().session;
        let exchange = exchange(&session);
        for last in 0..exchange.len() {
            // Cut off before the request, in its prefix, in its head, in its pixels, and right behind it.
            for share in [0.0, 0.01, 0.5, 0.9, 1.0] {
                let mut stream = greeted(&stand);
                for (serial, (request, blobs)) in exchange[..last].iter().enumerate() {
                    stream.write_all(&bytes_of(request, blobs.clone(), serial as u32 + 1)).unwrap();
                    assert!(!matches!(answer(&mut stream, serial as u32 + 1), Event::Cancelled));
                }
                let (request, blobs) = &exchange[last];
                let bytes = bytes_of(request, blobs.clone(), 99);
                stream.write_all(&bytes[..(bytes.len() as f64 * share) as usize]).unwrap();
            }
        }
        while watching.status().clients > 1 || !watching.status().jobs.is_empty() {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(watching.open_session(&session).unwrap().state, SessionState::Learned);
        watching.edit(replace(&session, "a hat", 1)).unwrap();
        let (revisions, current) = watching.revisions(&session);
        assert_eq!(revisions, (1..=current).collect::<Vec<_>>());
    });
}

#[test]
fn nonsense_ends_its_connection_with_a_sentence_and_no_other() {
    timed(|| {
        let stand = Stand::new(&[]);
        let watching = stand.client();
        let mut random = fastrand::Rng::with_seed(5);
        for round in 0..40 {
            let mut stream = greeted(&stand);
            let noise: Vec<u8> = (0..random.usize(20..400)).map(|_| random.u8(..)).collect();
            let _ = stream.write_all(&noise);
            if round % 2 == 0 {
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                let mut heard = Vec::new();
                // It may be closed while there is still something of ours to be read.
                let _ = stream.read_to_end(&mut heard);
                if let Ok(frame) = Frame::read(&mut heard.as_slice()) {
                    assert!(matches!(Event::from_frame(frame), Ok(Event::Failed(failure)) if failure.kind == FailureKind::Usage));
                }
            }
        }
        // A length beyond the limits is told of, and ends it.
        let mut stream = greeted(&stand);
        stream.write_all(&[0xff; 20]).unwrap();
        let frame = Frame::read(&mut stream).unwrap();
        assert_eq!(frame.serial, 0);
        assert!(matches!(Event::from_frame(frame), Ok(Event::Failed(failure)) if failure.message.contains("is no message")));
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the connection has ended");
        let mut stranger = connected(&stand);
        stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert!(matches!(stranger.read(&mut [0]), Ok(0) | Err(_)));
        assert_eq!(watching.status().sessions, 0);
    });
}

#[test]
fn what_is_not_understood_is_answered_and_the_connection_goes_on() {
    timed(|| {
        let stand = Stand::new(&[]);
        let mut stream = greeted(&stand);
        let head = |text: &str| serde_json::from_str(text).unwrap();
        let frames = [
            (4711, "{}", "does not know requests of number 4711"),
            (6, "{}", "the request 'set_items' is not understood"),
            (4, r#"{"digest": 5}"#, "the request 'open_picture' is not understood"),
            (17, r#"{"of the future": [1, 2]}"#, ""),
        ];
        for (serial, (tag, text, expected)) in (1..).zip(frames) {
            Frame { tag, serial, head: head(text), blobs: Vec::new() }.write(&mut stream).unwrap();
            match answer(&mut stream, serial) {
                Event::Finished(..) => assert_eq!(expected, ""),
                Event::Failed(failure) => assert!(!expected.is_empty() && failure.message.contains(expected), "{failure}"),
                event => panic!("{event:?}"),
            }
        }
        // A head that is no JSON, of a frame that is right about its length.
        let mut bytes = Vec::new();
        bytes.extend([17_u32, 9, 3].into_iter().flat_map(u32::to_le_bytes));
        bytes.extend(0_u64.to_le_bytes());
        bytes.extend(b"not");
        stream.write_all(&bytes).unwrap();
        assert!(matches!(answer(&mut stream, 9), Event::Failed(failure) if failure.message.contains("is no JSON")));
        stream.write_all(&bytes_of(&request::Status {}.into(), Vec::new(), 10)).unwrap();
        assert!(matches!(answer(&mut stream, 10), Event::Finished(..)));
    });
}

#[test]
fn versions_that_do_not_meet_are_told_which_side_is_older() {
    timed(|| {
        let stand = Stand::new(&[]);
        for (versions, expected) in [(2..=9, "the daemon is older"), (0..=0, "the daemon is newer"), (0..=9, "")] {
            let mut stream = connected(&stand);
            match handshake::greet(&mut stream, &versions) {
                Ok(version) => assert_eq!((version, expected), (1, "")),
                Err(error) => {
                    let failure = Failure::from(error);
                    assert!(!expected.is_empty() && failure.to_string().contains(expected), "{failure}");
                    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the connection has ended");
                }
            }
        }
        stand.client().await_alone();
    });
}
