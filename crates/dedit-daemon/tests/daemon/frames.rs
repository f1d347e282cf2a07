//! Pictures that are none of a session's, edited with what was learned there.

use std::ops::ControlFlow;
use std::time::Duration;

use dedit_protocol::answer::{Planned, Region};
use dedit_protocol::names::VerbName;
use dedit_protocol::pixels::SampleType;
use dedit_protocol::request::{Edit, EditOptions, EditVerb, Neighbour, Plan, Which};
use dedit_protocol::{Blob, Event, Failure, FailureKind, Pixels, Samples, features};
use dedit_schema::Verb;

use crate::fake::Knobs;
use crate::host::Host;
use crate::scene::{columns, edit, halves, items_of, learn, noise, picture, pixels, replace};
use crate::within::{Within, timed};

/// Runs a test on a session that has learned a picture of 32 × 24 pixels.
fn with_session(knobs: Knobs, test: impl FnOnce(&Host, &str) + Send + 'static) {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), knobs);
        let host = daemon.client();
        let session = host.prepared(&picture(32, 24, 1)).unwrap().session;
        host.learn(learn(&session)).unwrap();
        test(&host, &session);
    });
}

/// The edit of a frame: blob 0, and with items blob 1.
fn on_frame(edit: Edit, with_items: bool) -> Edit {
    Edit { frame: Some(0), frame_items: with_items.then_some(1), ..edit }
}

fn of_one_item(width: u32, height: u32, item: u8) -> Pixels {
    Pixels::new(width, height, 1, Samples::U8(vec![item; (width * height) as usize])).unwrap()
}

#[test]
fn a_frame_like_the_picture_comes_out_like_it_and_another_one_otherwise() {
    with_session(Knobs::default(), |host, session| {
        let (first, part) = host.edit(replace(session, "a hat", 1)).unwrap();
        assert_eq!(first.revision, Some(1));
        let before = host.history(session).unwrap();
        let same = || picture(32, 24, 1);
        for (frame, items, is_same) in [
            (same(), None, true),
            (same(), Some(halves(32, 24)), true),
            (picture(32, 24, 2), None, false),
            (noise(50, 20, 3, SampleType::U16, 3), Some(halves(50, 20)), false),
            (noise(9, 40, 1, SampleType::F32, 3), Some(halves(9, 40)), false),
        ] {
            let mut edit = on_frame(replace(session, "a hat", 1), items.is_some());
            (edit.options.steady, edit.note) = (!is_same, Some("kept nowhere".into()));
            let kind = (frame.layout().channels, frame.layout().samples);
            let (edited, found) = host.edit_with(edit, [frame].into_iter().chain(items).collect()).unwrap();
            assert_eq!((edited.revision, edited.base, edited.draft), (None, 0, false));
            assert_eq!((found.layout().channels, found.layout().samples), kind);
            assert_eq!((found == part, &edited.settings["steady"]), (is_same, &(!is_same).into()), "{kind:?}");
        }
        assert_eq!(host.history(session).unwrap(), before);
        assert_eq!(host.open_session(session).unwrap().revision, 1);
        // Not on top of that revision: what it made of the bag is nothing that was learned.
        let (_, again) = host.edit_with(on_frame(replace(session, "a hat", 1), false), vec![same()]).unwrap();
        assert_eq!(again, part);
    });
}

#[test]
fn an_item_that_is_not_in_a_frame_is_told_where_an_edit_names_it() {
    with_session(Knobs::default(), |host, session| {
        let [bag, table] = ["bag", "table"].map(str::to_owned);
        let frame = || vec![picture(20, 20, 5), of_one_item(20, 20, 1)];
        let replaced = EditVerb::Replace { item: table.clone(), prompt: "a hat".to_owned() };
        let (edited, part) = host.edit_with(on_frame(edit(session, replaced.clone(), 1), true), frame()).unwrap();
        assert_eq!((edited.items, part.width()), (vec![table.clone()], 20));
        for verb in [
            EditVerb::Replace { item: bag.clone(), prompt: "a hat".to_owned() },
            EditVerb::SwapIn { item: table.clone(), from: "target:bag".to_owned() },
            EditVerb::Swap { item: table.clone(), with: bag.clone() },
            EditVerb::Remove { items: vec![table.clone()], into: Some(bag.clone()) },
        ] {
            let failure = host.edit_with(on_frame(edit(session, verb, 1), true), frame()).unwrap_err();
            let expected = (FailureKind::Input, "the item 'bag' is not in this frame");
            assert_eq!((failure.kind, failure.message.as_str()), expected);
        }
        let unknown = EditVerb::Replace { item: "hat".to_owned(), prompt: "a hat".to_owned() };
        let failure = host.edit_with(on_frame(edit(session, unknown, 1), true), frame()).unwrap_err();
        assert!(failure.message.contains("no item 'hat'"), "{failure}");
        // One pixel is a frame too.
        let (edited, part) =
            host.edit_with(on_frame(edit(session, replaced, 1), true), vec![picture(1, 1, 5), of_one_item(1, 1, 1)]).unwrap();
        assert_eq!((edited.region.width, part.height()), (1, 1));
    });
}

#[test]
fn frames_that_cannot_be_edited_say_why_and_leave_nothing_behind() {
    with_session(Knobs::default(), |host, session| {
        let before = host.history(session).unwrap();
        let usual = || replace(session, "a hat", 1);
        let refine = |mask| edit(session, EditVerb::Refine { mask }, 1);
        let frame = || picture(20, 10, 5);
        let broken = Pixels::new(20, 10, 1, Samples::F32([vec![0.5; 199], vec![f32::NAN]].concat())).unwrap();
        let cases: Vec<(Edit, Vec<Pixels>, FailureKind, &str)> = vec![
            (on_frame(usual(), false), vec![frame()], FailureKind::Input, "the frame is 20×10 and the session's picture"),
            (on_frame(usual(), true), vec![frame(), halves(10, 20)], FailureKind::Input, "item numbers is 10×20 and the picture 20×10"),
            (on_frame(usual(), true), vec![frame(), of_one_item(20, 10, 2)], FailureKind::Input, "pixel (0, 0) has label 2"),
            (on_frame(usual(), true), vec![frame(), picture(20, 10, 6)], FailureKind::Input, "item numbers of 4 channels"),
            (on_frame(usual(), true), vec![broken, halves(20, 10)], FailureKind::Input, "the grey sample of pixel (19, 9) is NaN"),
            (on_frame(usual(), true), vec![frame()], FailureKind::Usage, "names blob 1 of 1"),
            (on_frame(refine(2), true), vec![frame(), halves(20, 10), columns(32, 24, 0..9)], FailureKind::Input, "the mask is 32×24"),
            (
                Edit { base: Some(0), ..on_frame(usual(), true) },
                vec![frame(), halves(20, 10)],
                FailureKind::Usage,
                "in place of a revision",
            ),
            (Edit { frame_items: Some(0), ..usual() }, vec![halves(20, 10)], FailureKind::Usage, "and not the frame"),
        ];
        for (edit, blobs, kind, fragment) in cases {
            let failure = host.edit_with(edit, blobs).unwrap_err();
            assert!(failure.kind == kind && failure.message.contains(fragment), "{failure}, not …{fragment}…");
        }
        let bare = host.open(&picture(20, 10, 7)).unwrap().session;
        let failure = host.edit_with(on_frame(replace(&bare, "a hat", 1), false), vec![frame()]).unwrap_err();
        assert!(failure.message.contains("has no items yet"), "{failure}");
        assert_eq!(host.history(session).unwrap(), before);
        let (edited, part) = host.edit_with(on_frame(refine(2), true), vec![frame(), halves(20, 10), columns(20, 10, 4..9)]).unwrap();
        assert_eq!((edited.verb, part.height()), (VerbName::Known(Verb::Refine), 10));
    });
}

#[test]
fn the_numbers_of_a_frame_mean_the_items_that_it_was_sent_for() {
    with_session(Knobs { step: Duration::from_millis(5), ..Knobs::default() }, |host, session| {
        host.require(features::FRAMES).unwrap();
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let blobs = || vec![picture(32, 24, 2), halves(32, 24)];
        let changed = |failure: &Failure| {
            assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Input, "the session's items have changed since"));
            assert!(failure.hint.as_ref().unwrap().contains("try again"), "{failure}");
        };
        for (frame_names, is_same) in [
            (None, true),
            (names(&["bag", "table"]), true),
            (names(&["table", "bag"]), false),
            (names(&["bag"]), false),
            (names(&["bag", "table", "wall"]), false),
            (names(&[]), false),
        ] {
            let edit = Edit { frame_names: frame_names.clone(), ..on_frame(replace(session, "a hat", 1), true) };
            let edits = edit.edits.clone();
            let edited = host.edit_with(edit, blobs());
            let plan = Plan { session: session.to_owned(), edits, frame_items: Some(0), frame_names, ..Plan::default() };
            let planned = host.ask(plan, vec![Blob::Pixels(halves(32, 24))]);
            assert_eq!((edited.is_ok(), planned.is_ok()), (is_same, is_same));
            edited.err().iter().chain(planned.err().iter()).for_each(changed);
        }
        let alone = Edit { frame_names: names(&["bag", "table"]), ..replace(session, "a hat", 1) };
        assert_eq!(host.edit_with(alone, vec![]).unwrap_err().kind, FailureKind::Usage);
        // They change while the frame waits.
        let long = Edit { options: EditOptions { steps: Some(10_000), ..EditOptions::default() }, ..replace(session, "a hat", 1) };
        let mut before = host.begin(long);
        let edit = Edit { frame_names: names(&["bag", "table"]), ..on_frame(replace(session, "a hat", 1), true) };
        let waits = host.send(edit, blobs().into_iter().map(Blob::Pixels).collect()).unwrap();
        host.set_items(items_of(session, Which::Target, ["table", "bag"]), vec![halves(32, 24)]).unwrap();
        before.cancel().unwrap();
        changed(&waits.finish(&mut |_| ControlFlow::Continue(())).unwrap_err());
    });
}

#[test]
fn what_cannot_be_a_frame_waits_for_nothing() {
    with_session(Knobs { step: Duration::from_millis(5), ..Knobs::default() }, |host, session| {
        let long = Edit { options: EditOptions { steps: Some(10_000), ..EditOptions::default() }, ..replace(session, "a hat", 1) };
        let mut before = host.begin(long);
        let numbers_alone = Edit { frame_items: Some(0), ..replace(session, "a hat", 1) };
        let call = host.send(numbers_alone, vec![Blob::Pixels(halves(32, 24))]).unwrap();
        let failure = call.finish(&mut |event| panic!("{event:?}")).unwrap_err();
        assert!(failure.kind == FailureKind::Usage && failure.message.contains("and not the frame"), "{failure}");
        before.cancel().unwrap();
    });
}

#[test]
fn a_frame_goes_with_its_client_whatever_it_wishes() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs { step: Duration::from_millis(5), ..Knobs::default() });
        let host = daemon.client();
        let session = host.prepared(&picture(32, 24, 1)).unwrap().session;
        host.learn(learn(&session)).unwrap();
        for (is_frame, jobs) in [(true, 0), (false, 1)] {
            let other = daemon.client();
            let options = EditOptions { steps: Some(10_000), ..EditOptions::default() };
            let edit = Edit { options, keep: true, ..replace(&session, "a hat", 1) };
            let (edit, blobs) = if is_frame { (on_frame(edit, false), vec![Blob::Pixels(picture(32, 24, 2))]) } else { (edit, vec![]) };
            let mut call = other.send(edit, blobs).unwrap();
            assert!(matches!(call.next(Duration::from_secs(10)), Ok(Some(Event::Queued(_)))));
            drop(call);
            drop(other);
            host.await_alone();
            let begun = std::time::Instant::now();
            while host.status().jobs.len() > jobs && begun.elapsed() < Duration::from_secs(5) {
                std::thread::yield_now();
            }
            assert_eq!(host.status().jobs.len(), jobs, "{is_frame}");
        }
        let job = host.status().jobs[0].job;
        host.cancel(job).unwrap();
    });
}

#[test]
fn a_plan_of_a_frame_needs_its_items_alone() {
    with_session(Knobs::default(), |host, session| {
        let plan = |blobs: Vec<Pixels>, change: fn(&mut Plan)| -> Result<(Planned, Vec<Blob>), Failure> {
            let edits = vec![EditVerb::Remove { items: vec!["bag".to_owned()], into: None }];
            let mut plan = Plan { session: session.to_owned(), edits, ..Plan::default() };
            change(&mut plan);
            host.ask(plan, blobs.into_iter().map(Blob::Pixels).collect())
        };
        let (planned, blobs) = plan(vec![halves(50, 20)], |plan| plan.frame_items = Some(0)).unwrap();
        assert_eq!((planned.names.as_slice(), pixels(&blobs[0]).width(), planned.region.height), (["table".to_owned()].as_slice(), 50, 20));
        let own = plan(vec![], |_| {}).unwrap();
        assert_eq!(plan(vec![picture(32, 24, 2)], |plan| plan.frame = Some(0)).unwrap(), own);
        assert_ne!(own.0, planned);
        let missing = plan(vec![of_one_item(50, 20, 1)], |plan| plan.frame_items = Some(0)).unwrap_err();
        assert_eq!((missing.kind, missing.message.as_str()), (FailureKind::Input, "the item 'bag' is not in this frame"));
    });
}

#[test]
fn a_frame_is_cancelled_like_any_edit_and_a_draft_starts_from_the_sessions_own_pictures() {
    with_session(Knobs { step: Duration::from_millis(5), ..Knobs::default() }, |host, session| {
        let options = EditOptions { steps: Some(10_000), steady: true, ..EditOptions::default() };
        let edit = Edit { options, ..on_frame(replace(session, "a hat", 1), false) };
        let call = host.send(edit, vec![Blob::Pixels(picture(32, 24, 2))]).unwrap();
        let stopped = call.finish(&mut |event| match event {
            Event::Progress(progress) if progress.step > 2 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        assert_eq!(stopped.unwrap_err().kind, FailureKind::Cancelled);
        assert!(host.status().jobs.is_empty() && host.revisions(session).0.is_empty());
        host.set_items(items_of(session, Which::Target, ["bag", "wall"]), vec![halves(32, 24)]).unwrap();
        let frame = |draft| Edit { draft, ..on_frame(replace(session, "a hat", 1), false) };
        let failure = host.edit_with(frame(false), vec![picture(32, 24, 2)]).unwrap_err();
        assert!(failure.message.contains("nothing was learned here yet"), "{failure}");
        let (edited, _) = host.edit_with(frame(true), vec![picture(32, 24, 2)]).unwrap();
        assert!(edited.draft && edited.revision.is_none());
        assert!(host.revisions(session).0.is_empty());
    });
}

#[test]
fn other_frames_come_to_the_engine_with_their_items_and_how_they_were_edited() {
    with_session(Knobs::default(), |host, session| {
        host.require(features::NEIGHBOURS).unwrap();
        let region = Region { x: 3, y: 2, width: 2, height: 1 };
        let neighbour = |offset, frame, frame_items, edited| Neighbour { offset, frame, frame_items, edited, region };
        let with = |neighbours: Vec<Neighbour>| Edit { neighbours, ..on_frame(replace(session, "a hat", 1), true) };
        // Blobs 0 and 1 are the frame's.
        let blobs = |more: &[Pixels]| [&[picture(32, 24, 2), halves(32, 24)], more].concat();
        let part = || picture(2, 1, 9);
        let all =
            [picture(32, 24, 3), halves(32, 24), part(), picture(32, 24, 4), picture(20, 10, 5), of_one_item(20, 10, 1), picture(9, 9, 6)];
        let sent = vec![
            neighbour(-1.0, 2, Some(3), Some(4)),
            neighbour(2.5, 5, None, None),
            neighbour(3.0, 6, Some(7), None),
            // Without items it would have to be of the size of the session's picture.
            neighbour(4.0, 8, None, None),
        ];
        let (edited, _) = host.edit_with(with(sent), blobs(&all)).unwrap();
        let both = ["bag", "table"];
        let expected = serde_json::json!([[-1.0, 32, both, true], [2.5, 32, both, null], [3.0, 20, ["table"], null]]);
        assert_eq!(edited.settings["neighbours"], expected);
        for (edit, more, kind, fragment) in [
            (
                with(vec![neighbour(1.0, 2, Some(3), None)]),
                vec![picture(32, 24, 3), halves(9, 24)],
                FailureKind::Input,
                "item numbers is 9×24",
            ),
            (with(vec![neighbour(1.0, 2, Some(3), None)]), vec![picture(9, 9, 3), of_one_item(9, 9, 7)], FailureKind::Input, "has label 7"),
            (with(vec![neighbour(1.0, 0, None, None)]), vec![], FailureKind::Usage, "names it twice"),
            (with(vec![neighbour(1.0, 2, None, Some(3))]), vec![picture(4, 3, 3), part()], FailureKind::Usage, "4×3"),
            (with(vec![Neighbour::default(); 65]), vec![], FailureKind::Usage, "65 other frames"),
            (
                Edit { frame: None, ..with(vec![neighbour(1.0, 2, None, None)]) },
                vec![part()],
                FailureKind::Usage,
                "no frame that is edited",
            ),
        ] {
            let failure = host.edit_with(edit, blobs(&more)).unwrap_err();
            assert!(failure.kind == kind && failure.message.contains(fragment), "{failure}, not …{fragment}…");
        }
    });
}
