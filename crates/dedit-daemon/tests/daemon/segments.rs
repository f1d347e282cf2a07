//! Items found by a segment-anything model: the picture is encoded once, and clicks do not wait for learning.

use std::ops::ControlFlow;
use std::time::Duration;

use dedit_protocol::names::{JobKind, Stage};
use dedit_protocol::request::{Segment, Unload};
use dedit_protocol::{Blob, Event, Failure, FailureKind, Pixels, Samples, features};

use crate::fake::Knobs;
use crate::host::Host;
use crate::scene::{learn_for, picture};
use crate::within::{Within, settings, timed};

fn click(session: &str, model: &str, inside: &[[usize; 2]]) -> Segment {
    Segment { session: session.to_owned(), model: Some(model.to_owned()), inside: inside.to_vec(), ..Segment::default() }
}

/// A mask, and whether the encoder ran for it. Other stages may be passed by, where the next one comes soon.
type Found = (Vec<f32>, bool);

fn segment(host: &Host, segment: Segment, blobs: Vec<Blob>) -> Result<Found, Failure> {
    let mut encoded = false;
    let call = host.send(segment, blobs)?;
    let (_, blobs) = call.finish(&mut |event| {
        encoded |= matches!(event, Event::Progress(progress) if progress.stage == Stage::Encoding);
        ControlFlow::Continue(())
    })?;
    let Some(Blob::Pixels(mask)) = blobs.first() else { panic!("no mask") };
    let Samples::F32(mask) = mask.samples() else { panic!("a mask of other samples") };
    Ok((mask.clone(), encoded))
}

#[test]
fn a_picture_is_encoded_once() {
    struct Case {
        about: &'static str,
        session: usize,
        model: &'static str,
        encoded: bool,
    }
    let case = |about, session, model, encoded| Case { about, session, model, encoded };
    let cases = [
        case("the first click", 0, "eyes", true),
        case("another one", 0, "eyes", false),
        case("another picture", 1, "eyes", true),
        case("the first again", 0, "eyes", false),
        case("another model", 0, "glasses", true),
        case("the first model again", 0, "eyes", true),
        case("a third picture", 2, "eyes", true),
        case("a fourth", 3, "eyes", true),
        case("a fifth", 4, "eyes", true),
        case("four fit", 0, "eyes", false),
        case("a sixth", 1, "eyes", true),
        case("the one that was not used for longest is gone", 2, "eyes", true),
        case("none is needed", 0, "patches", false),
    ];
    timed(move || {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs::default());
        let host = daemon.client();
        assert!(host.require(features::SEGMENT_ANYTHING).is_ok());
        let sessions: Vec<String> = (0..5).map(|seed| host.prepared(&picture(32, 32, seed)).unwrap().session).collect();
        for Case { about, session, model, encoded } in cases {
            let (mask, runs) = segment(&host, click(&sessions[session], model, &[[3, 2]]), Vec::new()).unwrap();
            assert_eq!((runs, mask.len()), (encoded, 32 * 32), "{about}");
            assert!(mask[2 * 32 + 3] > 0.5, "{about}");
        }
        let everything = Segment { everything: Some(3), ..click(&sessions[0], "eyes", &[]) };
        let (found, _) = host.ask(everything, Vec::new()).unwrap();
        assert_eq!(found.names, ["item 1", "item 2", "item 3"]);
        host.ask(Unload {}, Vec::new()).unwrap();
        let (_, runs) = segment(&host, click(&sessions[0], "eyes", &[[3, 2]]), Vec::new()).unwrap();
        assert!(runs, "what is unloaded is gone");
        assert_eq!(host.status().models.len(), 1, "the model is one that is loaded");
    });
}

#[test]
fn an_earlier_mask_is_improved_and_what_makes_no_sense_is_refused() {
    struct Case {
        about: &'static str,
        change: fn(&mut Segment),
        size: (u32, u32),
        expected: Result<f32, &'static str>,
    }
    let case = |about, change: fn(&mut Segment), expected| Case { about, change, size: (32, 32), expected };
    let cases = [
        case("two clicks more", |segment| (segment.inside, segment.outside) = (vec![[1, 1]], vec![[0, 0]]), Ok(32.0)),
        case("the mask alone", |segment| segment.inside.clear(), Ok(32.0)),
        case(
            "a click outside",
            |segment| segment.inside = vec![[32, 0]],
            Err("the point (32, 0) does not lie within the picture of 32×32"),
        ),
        case("a box of no area", |segment| segment.region = Some([4, 4, 0, 9]), Err("has no area; give a box of at least one pixel")),
        case("a box beyond", |segment| segment.region = Some([4, 4, 40, 9]), Err("does not lie within the picture of 32×32")),
        case("no such model", |segment| segment.model = Some("nose".to_owned()), Err("there is no such model: nose")),
        Case {
            about: "a mask of another size without a model",
            change: |segment| segment.model = None,
            size: (16, 32),
            expected: Err("16×32"),
        },
        case("too large a model", |segment| segment.model = Some("large".to_owned()), Err("and 100 MB may be used: large")),
        case("no such revision", |segment| segment.base = 7, Err("there is no revision 7")),
        Case { about: "a mask of another size", change: |_| {}, size: (16, 32), expected: Err("16×32") },
    ];
    timed(move || {
        let store = tempfile::tempdir().unwrap();
        let mut settings = settings(store.path());
        settings.sessions.memory_budget = 100_000_000;
        let daemon = Within::with(settings, Knobs { model_bytes: 1_000_000, ..Knobs::default() });
        let host = daemon.client();
        let session = host.prepared(&picture(32, 32, 1)).unwrap().session;
        for Case { about, change, size: (width, height), expected } in cases {
            // The first row.
            let samples = (0..width * height).map(|index| if index < width { 255 } else { 0 }).collect();
            let mask = Blob::Pixels(Pixels::new(width, height, 1, Samples::U8(samples)).unwrap());
            let mut asked = Segment { earlier: Some(0), ..click(&session, "eyes", &[]) };
            change(&mut asked);
            match (segment(&host, asked, vec![mask]), expected) {
                (Ok((mask, _)), Ok(area)) => assert!((mask.iter().sum::<f32>() - area).abs() < 1e-3, "{about}"),
                (Err(failure), Err(fragment)) => assert!(failure.to_string().contains(fragment), "{about}: {failure}"),
                (found, _) => panic!("{about}: {found:?}"),
            }
        }
    });
}

#[test]
fn clicks_do_not_wait_for_learning_and_an_encoder_is_stopped() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs { step: Duration::from_millis(20), ..Knobs::default() });
        let host = daemon.client();
        let session = host.prepared(&picture(32, 32, 1)).unwrap().session;
        let mut learning = host.begin(learn_for(&session, 10_000));
        segment(&host, click(&session, "eyes", &[[3, 2]]), Vec::new()).unwrap();
        assert_eq!(host.status().jobs.iter().map(|job| job.what.clone()).collect::<Vec<_>>(), [JobKind::Learn]);
        let mut call = host.begin(click(&session, "glasses", &[[3, 2]]));
        loop {
            match call.next(Duration::from_secs(10)).unwrap().unwrap() {
                Event::Progress(progress) if progress.stage == Stage::Encoding && progress.step == 1 => call.cancel().unwrap(),
                Event::Progress(progress) => assert!(progress.step < 10, "it goes on"),
                event if event.is_last() => break assert!(matches!(event, Event::Cancelled), "{event:?}"),
                _ => {}
            }
        }
        learning.cancel().unwrap();
        assert_eq!(learning.finish(&mut |_| ControlFlow::Continue(())).unwrap_err().kind, FailureKind::Cancelled);
    });
}

#[test]
fn a_click_on_a_known_item_is_noted() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs::default());
        let host = daemon.client();
        let info = host.prepared(&picture(32, 32, 1)).unwrap();
        let mut notes = Vec::new();
        let call = host.send(click(&info.session, "eyes", &[[16, 16]]), Vec::new()).unwrap();
        call.finish(&mut |event| {
            if let Event::Note(note) = event {
                notes.push(note);
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].contains("is an item already where the new one was clicked"), "{notes:?}");
    });
}
