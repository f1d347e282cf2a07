//! Calls over a pipe, with daemons that say what is written here.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

mod fake;

use std::cell::Cell;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use dedit_client::Client;
use dedit_protocol::answer::{Learned, Nothing, Status};
use dedit_protocol::event::{Progress, Queued};
use dedit_protocol::request::{self, Cancel, Hello, Learn};
use dedit_protocol::{Blob, Event, Failure, FailureKind, Frame, Request};
use fake::{Piped, met};

const SOON: Duration = Duration::from_secs(20);

fn learn() -> Learn {
    Learn::default()
}

fn status() -> request::Status {
    request::Status {}
}

fn clients(clients: usize) -> Event {
    Event::finished(&Status { clients, ..Status::default() }, vec![Blob::Bytes(vec![clients as u8])])
}

fn queued() -> Event {
    Event::Queued(Queued { job: 7, position: 1 })
}

fn progress() -> Event {
    Event::Progress(Progress { stage: "training".into(), ..Progress::default() })
}

#[test]
fn answers_find_their_calls_in_whatever_order_they_come() {
    let (client, daemon) = met(|mut peer| {
        let serials = [(); 3].map(|()| peer.hear().unwrap().0);
        for at in [2, 0, 1] {
            peer.say(serials[at], progress());
            peer.say(serials[at], clients(at));
            // What comes after the end, or for nobody, is passed by.
            peer.say(serials[at], progress());
            peer.say(1000, clients(9));
        }
        peer.hear_goodbye();
    });
    let calls = [(); 3].map(|()| client.send(status(), Vec::new()).unwrap());
    thread::scope(|scope| {
        for (at, call) in calls.into_iter().enumerate() {
            scope.spawn(move || {
                let mut heard = Vec::new();
                let (answer, blobs) = call.finish_unless(&|| false, &mut |event| heard.push(event)).unwrap();
                assert_eq!((answer.clients, blobs), (at, vec![Blob::Bytes(vec![at as u8])]));
                assert_eq!(heard, [progress()]);
            });
        }
    });
    drop(client);
    daemon.join().unwrap();
}

/// What a daemon writes, for the request `serial`.
type Writes = fn(&mut Piped, u32);
/// What becomes of the call: a number in the answer, or a kind of failure and words of it.
type Outcome = Result<usize, (FailureKind, &'static str)>;

/// A frame whose head is not that of an event of this tag.
fn write_nonsense(peer: &mut Piped, serial: u32, tag: u32) {
    let head = serde_json::json!({"kind": 5, "step": "five", "job": "seven"});
    Frame { tag, serial, head: head.as_object().unwrap().clone(), blobs: Vec::new() }.write(&mut peer.to).unwrap();
}

/// A frame whose head is no JSON.
fn write_refusable(peer: &mut Piped, serial: u32, tag: u32) {
    let mut bytes: Vec<u8> = [tag, serial, 2, 0, 0].into_iter().flat_map(u32::to_le_bytes).collect();
    bytes.extend(b"{]");
    peer.to.write_all(&bytes).unwrap();
}

#[test]
fn a_call_ends_as_the_daemon_says() {
    const CASES: &[(&str, Writes, Outcome)] = &[
        ("finished", |peer, serial| peer.say(serial, clients(3)), Ok(3)),
        (
            "failed",
            |peer, serial| peer.say(serial, Event::Failed(Failure::new(FailureKind::Model, "no model").at("x").hint("get one"))),
            Err((FailureKind::Model, "no model: x; get one")),
        ),
        ("cancelled", |peer, serial| peer.say(serial, Event::Cancelled), Err((FailureKind::Cancelled, "cancelled"))),
        ("gone", |_, _| {}, Err((FailureKind::Connection, "the D-Edit daemon is gone; try again: it is started anew"))),
        ("gone within a frame", |peer, _| peer.to.write_all(&[106, 0, 0]).unwrap(), Err((FailureKind::Connection, "is gone"))),
        ("broken", |peer, _| peer.to.write_all(&[255; 20]).unwrap(), Err((FailureKind::Connection, "is gone"))),
        (
            "events that only newer versions know, and nonsense that ends nothing",
            |peer, serial| {
                peer.say(serial, Event::Unknown(4000));
                write_nonsense(peer, serial, 102);
                write_refusable(peer, serial, 101);
                write_refusable(peer, serial, 4000);
                peer.say(serial, clients(4));
            },
            Ok(4),
        ),
        ("a failure that is nonsense", |peer, serial| write_nonsense(peer, serial, 107), Err((FailureKind::Internal, "not understood"))),
        ("an answer that is no JSON", |peer, serial| write_refusable(peer, serial, 106), Err((FailureKind::Internal, "not understood"))),
        (
            "an answer of another type",
            |peer, serial| {
                let head = serde_json::json!({"clients": "many"});
                peer.say(serial, Event::Finished(head.as_object().unwrap().clone(), Vec::new()));
            },
            Err((FailureKind::Internal, "not understood")),
        ),
    ];
    for (name, writes, expected) in CASES {
        let (client, daemon) = met(|mut peer| {
            let (serial, request) = peer.hear().unwrap();
            assert_eq!(request, status().into());
            writes(&mut peer, serial);
        });
        match (client.ask(status(), Vec::new()), expected) {
            (Ok((answer, _)), Ok(expected)) => assert_eq!(answer.clients, *expected, "{name}"),
            (Err(failure), Err((kind, words))) => {
                assert!(failure.kind == *kind && failure.to_string().contains(words), "{name}: {failure:?}");
            }
            (outcome, _) => panic!("{name}: {outcome:?}"),
        }
        daemon.join().unwrap();
    }
}

#[test]
fn events_are_waited_for_no_longer_than_asked() {
    let (client, daemon) = met(|mut peer| {
        let (serial, _) = peer.hear().unwrap();
        assert_eq!(peer.hear().unwrap().1, status().into());
        peer.say(serial, queued());
        peer.say(serial, clients(1));
        peer.hear_goodbye();
    });
    let mut call = client.send(learn(), Vec::new()).unwrap();
    assert_eq!(call.next(Duration::ZERO).unwrap(), None);
    assert_eq!(call.next(Duration::from_millis(50)).unwrap(), None);
    // A call that is dropped hears nothing, and disturbs nobody.
    drop(client.send(status(), Vec::new()).unwrap());
    assert_eq!(call.next(SOON).unwrap(), Some(queued()));
    assert_eq!(call.next(SOON).unwrap(), Some(clients(1)));
    assert_eq!(call.next(SOON).unwrap(), None, "at once, when all was heard");
    let failure = call.finish(&mut |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Internal, "{failure}");
    drop(client);
    daemon.join().unwrap();
}

/// A daemon that says `first` of a job and stops it when it is told to, which it is once.
fn stops(first: &'static [fn() -> Event]) -> (Client, thread::JoinHandle<()>) {
    met(move |mut peer| {
        let (serial, request) = peer.hear().unwrap();
        assert_eq!(request, learn().into());
        for event in first {
            peer.say(serial, event());
        }
        let (cancelling, request) = peer.hear().unwrap();
        assert_eq!(request, Request::Cancel(Cancel { job: 7 }));
        peer.say(cancelling, Event::finished(&Nothing {}, Vec::new()));
        peer.say(serial, progress());
        peer.say(serial, Event::Cancelled);
        peer.hear_goodbye();
    })
}

fn was_cancelled<T: std::fmt::Debug>(outcome: Result<T, Failure>) {
    assert_eq!(outcome.unwrap_err(), Failure::new(FailureKind::Cancelled, "cancelled"));
}

#[test]
fn a_job_is_stopped_by_what_hears_of_it() {
    let (client, daemon) = stops(&[queued, progress, progress]);
    let mut heard = 0;
    let outcome = client.send(learn(), Vec::new()).unwrap().finish(&mut |_| {
        heard += 1;
        if heard > 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    was_cancelled(outcome);
    assert_eq!(heard, 4);
    drop(client);
    daemon.join().unwrap();
}

#[test]
fn a_job_is_stopped_though_no_event_comes() {
    let (client, daemon) = stops(&[queued]);
    let heard = Cell::new(0);
    let call = client.send(learn(), Vec::new()).unwrap();
    was_cancelled(call.finish_unless(&|| heard.get() > 0, &mut |_| heard.set(heard.get() + 1)));
    drop(client);
    daemon.join().unwrap();
}

#[test]
fn a_job_is_stopped_once_it_has_a_number() {
    let (cancelled, waits) = channel();
    let (client, daemon) = met(move |mut peer| {
        let (serial, _) = peer.hear().unwrap();
        waits.recv().unwrap();
        peer.say(serial, progress());
        peer.say(serial, queued());
        assert_eq!(peer.hear().unwrap().1, Request::Cancel(Cancel { job: 7 }));
        peer.say(serial, queued());
        peer.say(serial, Event::Cancelled);
        peer.hear_goodbye();
    });
    let mut call = client.send(learn(), Vec::new()).unwrap();
    call.cancel().unwrap();
    call.cancel().unwrap();
    cancelled.send(()).unwrap();
    was_cancelled(call.finish(&mut |_| ControlFlow::Break(())));
    drop(client);
    daemon.join().unwrap();
}

#[test]
fn a_job_is_stopped_before_anybody_has_taken_the_event_with_its_number() {
    let (client, daemon) = stops(&[queued]);
    let call = client.send(learn(), Vec::new()).unwrap();
    was_cancelled(call.finish_unless(&|| true, &mut |_| {}));
    drop(client);
    daemon.join().unwrap();
}

#[test]
fn a_job_that_was_faster_than_its_cancel_has_an_answer() {
    let (client, daemon) = met(|mut peer| {
        let (serial, _) = peer.hear().unwrap();
        peer.say(serial, queued());
        peer.say(serial, Event::finished(&Learned { steps: [5, 6], ..Learned::default() }, Vec::new()));
    });
    let call = client.send(learn(), Vec::new()).unwrap();
    // It cannot even be told any more.
    daemon.join().unwrap();
    assert_eq!(call.finish(&mut |_| ControlFlow::Break(())).unwrap().0.steps, [5, 6]);
}

#[test]
fn everybody_who_waits_hears_at_once_that_the_daemon_is_gone() {
    const CALLS: usize = 8;
    let (client, daemon) = met(|mut peer| {
        let serials: Vec<u32> = (0..CALLS).map(|_| peer.hear().unwrap().0).collect();
        peer.say(serials[0], clients(1));
    });
    let calls: Vec<_> = (0..CALLS).map(|_| client.send(status(), Vec::new()).unwrap()).collect();
    let begun = Instant::now();
    daemon.join().unwrap();
    let outcomes: Vec<Result<(Status, _), _>> = thread::scope(|scope| {
        let waits = calls.into_iter().map(|call| scope.spawn(|| call.finish(&mut |_| ControlFlow::Continue(()))));
        waits.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(begun.elapsed() < Duration::from_secs(5));
    // What was said before still counts.
    assert_eq!(outcomes[0].as_ref().unwrap().0.clients, 1);
    let later = client.send(status(), Vec::new()).map(drop).unwrap_err();
    for failure in outcomes.iter().skip(1).map(|outcome| outcome.as_ref().unwrap_err()).chain([&later]) {
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Connection, "the D-Edit daemon is gone"));
    }
}

#[test]
fn a_request_that_fits_into_no_message_harms_nothing() {
    let (client, daemon) = met(|mut peer| {
        let (serial, _) = peer.hear().unwrap();
        peer.say(serial, clients(2));
        peer.hear_goodbye();
    });
    let huge = Hello { client: "x".repeat(2 << 20), version: String::new() };
    let failure = client.ask(huge, Vec::new()).unwrap_err();
    assert!(failure.kind == FailureKind::Usage && failure.to_string().contains("'hello' cannot be sent"), "{failure}");
    assert_eq!(client.ask(status(), Vec::new()).unwrap().0.clients, 2);
    drop(client);
    daemon.join().unwrap();
}
