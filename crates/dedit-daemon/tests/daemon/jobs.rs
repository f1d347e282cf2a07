//! Jobs: edits go before learning, what is cancelled stops, what breaks ends alone.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use dedit_client::Call;
use dedit_protocol::names::{JobKind, SessionState, Stage};
use dedit_protocol::request::{Edit, EditOptions, Learn, LearnOptions, ModelChoice};
use dedit_protocol::{Event, Failure, FailureKind};
use serde::de::DeserializeOwned;

use crate::fake::Knobs;
use crate::host::Host;
use crate::scene::{file_of, learn, learn_for, picture, replace};
use crate::within::{Within, timed};

fn with_daemon(knobs: Knobs, test: impl FnOnce(&Within, &Host) + Send + 'static) {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), knobs);
        let host = daemon.client();
        test(&daemon, &host);
    });
}

fn slow(milliseconds: u64) -> Knobs {
    Knobs { step: Duration::from_millis(milliseconds), ..Knobs::default() }
}

fn draft(session: &str, seed: u64) -> Edit {
    Edit { draft: true, ..replace(session, "a hat", seed) }
}

/// Waits for the first event that fits.
fn await_event<T: DeserializeOwned>(call: &mut Call<'_, T>, found: impl Fn(&Event) -> bool) -> Event {
    loop {
        let event = call.next(Duration::from_secs(10)).unwrap().unwrap();
        if found(&event) {
            return event;
        }
        assert!(!event.is_last(), "{event:?}");
    }
}

fn await_step<T: DeserializeOwned>(call: &mut Call<'_, T>) {
    await_event(call, |event| matches!(event, Event::Progress(progress) if progress.step > 0));
}

fn job_of(event: &Event) -> u64 {
    let Event::Queued(queued) = event else { panic!("{event:?}") };
    queued.job
}

fn finish<T: DeserializeOwned>(call: Call<'_, T>) -> Result<T, Failure> {
    Ok(call.finish(&mut |_| ControlFlow::Continue(()))?.0)
}

#[test]
fn drafts_come_before_learning_that_is_under_way_and_change_nothing_of_it() {
    timed(|| {
        let stores = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let mut learned = Vec::new();
        for (interrupted, store) in stores.iter().enumerate() {
            let daemon = Within::new(store.path(), slow(4));
            let host = daemon.client();
            let info = host.prepared(&picture(32, 32, 1)).unwrap();
            let session = info.session.as_str();
            let mut call = host.begin(learn_for(session, 60));
            for seed in 0..3 * interrupted as u64 {
                await_step(&mut call);
                let (edited, _) = host.edit(draft(session, seed)).unwrap();
                assert!(edited.draft, "nothing was learned yet");
                assert_eq!(host.open_session(session).unwrap().state, SessionState::Learning);
            }
            let told = finish(call).unwrap();
            assert_eq!((told.steps, told.resumed_at), ([30, 30], [0, 0]));
            assert_eq!(host.open_session(session).unwrap().state, SessionState::Learned);
            assert!(!host.edit(replace(session, "a hat", 9)).unwrap().0.draft);
            assert_eq!(file_of(&info.folder, "learning-"), None);
            learned.push(file_of(&info.folder, "learned-").unwrap());
        }
        assert!(learned[0] == learned[1], "learning that was interrupted comes to other bytes");
    });
}

#[test]
fn jobs_are_told_where_they_are_and_status_shows_them() {
    with_daemon(slow(10), |daemon, host| {
        let info = host.prepared(&picture(32, 32, 1)).unwrap();
        let session = info.session.as_str();
        let mut learning = host.begin(learn_for(session, 1000));
        await_step(&mut learning);
        let other = daemon.client();
        let refused = other.learn(learn(session)).unwrap_err();
        assert!(refused.message.contains("being learned already"), "{refused}");
        let mut first = host.begin(Edit { options: steps(1000, 1), ..draft(session, 1) });
        await_step(&mut first);
        let mut second = other.begin(draft(session, 2));
        let queued = await_event(&mut second, |event| matches!(event, Event::Queued(_)));
        let status = host.status();
        let told: Vec<_> = status.jobs.iter().map(|job| (job.what.clone(), job.position)).collect();
        assert_eq!(told, [(JobKind::Edit, None), (JobKind::Edit, Some(1)), (JobKind::Learn, Some(2))]);
        assert!(status.jobs.iter().all(|job| job.client == "test" && job.session == session));
        assert!(host.open_session(session).unwrap().job.is_some());
        assert!(host.forget(session, false).unwrap_err().message.contains("a job is under way"));
        // One that waits is gone at once.
        let begun = Instant::now();
        host.cancel(job_of(&queued)).unwrap();
        assert_eq!(finish(second).unwrap_err().kind, FailureKind::Cancelled);
        assert!(begun.elapsed() < Duration::from_secs(2));
        // One that runs within a step.
        let begun = Instant::now();
        first.cancel().unwrap();
        assert_eq!(finish(first).unwrap_err().kind, FailureKind::Cancelled);
        assert!(begun.elapsed() < Duration::from_secs(2));
        await_step(&mut learning);
        learning.cancel().unwrap();
        assert_eq!(finish(learning).unwrap_err().kind, FailureKind::Cancelled);
        assert_eq!(host.open_session(session).unwrap().state, SessionState::Learning, "it was begun and can go on");
        assert!(host.status().jobs.is_empty() && host.revisions(session).0.is_empty());
        host.cancel(12345).unwrap();
    });
}

fn steps(steps: usize, seed: u64) -> EditOptions {
    EditOptions { steps: Some(steps), seed: Some(seed), ..EditOptions::default() }
}

#[test]
fn learning_that_made_way_can_be_cancelled_while_it_waits() {
    with_daemon(slow(5), |_, host| {
        let info = host.prepared(&picture(32, 32, 1)).unwrap();
        let session = info.session.as_str();
        let mut learning = host.begin(learn_for(session, 1000));
        await_step(&mut learning);
        let mut edit = host.begin(Edit { options: steps(100, 1), ..draft(session, 1) });
        await_step(&mut edit);
        learning.cancel().unwrap();
        assert_eq!(finish(learning).unwrap_err().kind, FailureKind::Cancelled);
        assert_eq!(finish(edit).unwrap().revision, Some(1));
        assert!(host.status().jobs.is_empty());
    });
}

#[test]
fn an_edit_that_goes_away_while_learning_makes_way_leaves_learning_alone() {
    with_daemon(slow(3), |_, host| {
        let info = host.prepared(&picture(32, 32, 1)).unwrap();
        let session = info.session.as_str();
        let mut learning = host.begin(learn_for(session, 150));
        for seed in 0..20 {
            await_step(&mut learning);
            let mut edit = host.begin(draft(session, seed));
            // As soon as it has a number: while learning still does the step in which it makes way.
            edit.cancel().unwrap();
            let ended = finish(edit);
            assert!(ended.is_ok() || ended.unwrap_err().kind == FailureKind::Cancelled);
        }
        assert_eq!(finish(learning).unwrap().steps, [75, 75], "nobody cancelled it");
    });
}

#[test]
fn a_client_that_goes_takes_its_jobs_along_but_those_it_keeps() {
    with_daemon(slow(5), |daemon, host| {
        let photo = picture(32, 32, 1);
        let info = host.prepared(&photo).unwrap();
        let session = info.session.as_str();
        for (keep, expected) in [(false, SessionState::Learning), (true, SessionState::Learned)] {
            let other = daemon.client();
            other.open(&photo).unwrap();
            let mut learning = other.begin(Learn { keep, ..learn_for(session, 40) });
            await_step(&mut learning);
            drop(learning);
            drop(other);
            while !host.status().jobs.is_empty() {
                std::thread::sleep(Duration::from_millis(2));
            }
            assert_eq!(host.open_session(session).unwrap().state, expected);
        }
        let other = daemon.client();
        drop(other.begin(Edit { keep: true, ..replace(session, "a hat", 1) }));
        drop(other);
        let begun = Instant::now();
        while host.revisions(session).0.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(10), "an edit that was to be kept is lost");
            std::thread::sleep(Duration::from_millis(2));
        }
    });
}

#[test]
fn learning_that_was_cancelled_goes_on_to_the_same_bytes_and_begins_again_only_when_told_to() {
    timed(|| {
        let stores = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let mut learned = Vec::new();
        for (cut, store) in stores.iter().enumerate() {
            let daemon = Within::new(store.path(), slow(2));
            let host = daemon.client();
            let info = host.prepared(&picture(32, 32, 1)).unwrap();
            let session = info.session.as_str();
            for _ in 0..2 * cut {
                let mut learning = host.begin(learn_for(session, 60));
                await_step(&mut learning);
                learning.cancel().unwrap();
                assert_eq!(finish(learning).unwrap_err().kind, FailureKind::Cancelled);
            }
            if cut == 1 {
                let other = host.learn(learn_for(session, 61)).unwrap_err();
                assert!(other.message.contains("something else was begun here"), "{other}");
            }
            let told = host.learn(learn_for(session, 60)).unwrap();
            assert_eq!(told.resumed_at[0] > 0, cut == 1);
            learned.push(file_of(&info.folder, "learned-").unwrap());
            let other = Learn { options: LearnOptions { seed: 5, ..learn_for(session, 60).options }, ..learn(session) };
            assert!(host.learn(other.clone()).unwrap_err().message.contains("something else was learned here"));
            assert_eq!(host.learn(Learn { restart: true, ..other }).unwrap().resumed_at, [0, 0]);
        }
        assert!(learned[0] == learned[1]);
    });
}

#[test]
fn items_that_change_while_they_are_learned_do_not_get_what_belongs_to_others() {
    with_daemon(slow(3), |_, host| {
        let photo = picture(32, 32, 1);
        let info = host.prepared(&photo).unwrap();
        let session = info.session.as_str();
        let mut learning = host.begin(learn_for(session, 40));
        await_step(&mut learning);
        let items = crate::scene::items_of(session, dedit_protocol::request::Which::Target, ["hat", "wall"]);
        host.set_items(items, vec![crate::scene::halves(32, 32)]).unwrap();
        let told = finish(learning).unwrap();
        assert_eq!(told.items, ["bag", "table"]);
        assert_eq!(host.open_session(session).unwrap().state, SessionState::Items, "nothing was learned of these");
        assert_eq!(host.learn(learn_for(session, 40)).unwrap().items, ["hat", "wall"]);
        assert_eq!(host.set_halves(session, &photo).unwrap().state, SessionState::Learned, "and of those all was");
        assert_eq!(host.edit(replace(session, "a hat", 1)).unwrap().0.revision, Some(1));
    });
}

#[test]
fn an_engine_that_panics_ends_its_job_and_the_next_one_works() {
    with_daemon(slow(1), |_, host| {
        let info = host.prepared(&picture(32, 32, 1)).unwrap();
        let session = info.session.as_str();
        let learning = Learn { options: LearnOptions { seed: 666, ..LearnOptions::default() }, ..learn(session) };
        for _ in 0..2 {
            let failure = host.learn(learning.clone()).unwrap_err();
            assert!(failure.kind == FailureKind::Internal && failure.message.contains("the seed was 666"), "{failure}");
        }
        host.learn(Learn { restart: true, ..learn(session) }).unwrap();
        let failure = host.edit(replace(session, "a hat", 666)).unwrap_err();
        assert!(failure.kind == FailureKind::Internal && failure.hint.is_some(), "{failure}");
        assert_eq!(host.edit(replace(session, "a hat", 1)).unwrap().0.revision, Some(1));
        assert!(host.status().jobs.is_empty());
    });
}

#[test]
fn previews_notes_and_the_model_are_heard_of_where_they_are_wanted() {
    with_daemon(slow(1), |_, host| {
        let info = host.prepared(&picture(32, 32, 1)).unwrap();
        let session = info.session.as_str();
        let (learned, heard) = host.learn_heard(learn(session));
        learned.unwrap();
        let stages: Vec<_> = heard
            .iter()
            .filter_map(|event| match event {
                Event::Progress(progress) => Some(&progress.stage),
                _ => None,
            })
            .collect();
        assert_eq!(stages[0], &Stage::LoadingModel);
        assert!(stages.contains(&&Stage::LearningTokens) && stages.contains(&&Stage::LearningAttention));
        for (previews, prompt, shown, noted) in [(false, "a hat", 0, 0), (true, "something unheard of", 3, 1)] {
            let mut edit = host.begin(Edit { previews, ..replace(session, prompt, 1) });
            let (mut previews, mut notes) = (0, 0);
            loop {
                match edit.next(Duration::from_secs(10)).unwrap().unwrap() {
                    Event::Preview(_) => previews += 1,
                    Event::Note(_) => notes += 1,
                    event if event.is_last() => break,
                    _ => {}
                }
            }
            assert!(previews <= shown && (previews > 0) == (shown > 0), "{previews}");
            assert_eq!(notes, noted);
        }
        let nowhere = ModelChoice { model: Some("nowhere".to_owned()), ..ModelChoice::default() };
        let failure = host.edit(Edit { model: nowhere, ..replace(session, "a hat", 1) }).unwrap_err();
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Model, "there is no such model"));
    });
}

#[test]
fn a_job_that_is_kept_comes_to_its_end_when_nobody_is_left_at_all() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon =
            dedit_daemon::Daemon::new(crate::within::settings(store.path()), std::sync::Arc::new(crate::fake::FakeModels(slow(3))))
                .unwrap();
        let host = crate::within::client_of(&daemon);
        let info = host.prepared(&picture(32, 32, 1)).unwrap();
        let mut learning = host.begin(Learn { keep: true, ..learn_for(&info.session, 60) });
        await_step(&mut learning);
        drop(learning);
        drop(host);
        let last = std::sync::Arc::downgrade(&daemon);
        drop(daemon);
        while last.strong_count() > 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(file_of(&info.folder, "learned-").is_some());
        let next = Within::new(store.path(), slow(1));
        assert_eq!(next.client().open_session(&info.session).unwrap().state, SessionState::Learned);
    });
}
