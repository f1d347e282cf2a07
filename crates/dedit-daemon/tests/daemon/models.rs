//! Models in memory: loaded when they are needed, given back when they are not.

use std::time::{Duration, Instant};

use dedit_protocol::FailureKind;
use dedit_protocol::request::{self, Edit, ModelChoice};

use crate::fake::Knobs;
use crate::host::Host;
use crate::scene::{learn, picture, replace};
use crate::within::{Within, settings, timed};

fn named(name: &str) -> ModelChoice {
    ModelChoice { model: Some(name.to_owned()), ..ModelChoice::default() }
}

fn loaded(host: &Host) -> Vec<String> {
    host.status().models.into_iter().map(|model| model.name).collect()
}

fn await_loaded(host: &Host, expected: &[&str]) {
    let begun = Instant::now();
    while loaded(host) != expected {
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?} instead of {expected:?}", loaded(host));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_model_that_nobody_uses_is_given_back() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let mut settings = settings(store.path());
        settings.sessions.unload_after = Duration::from_millis(100);
        let daemon = Within::with(settings, Knobs::default());
        let host = daemon.client();
        let (told, _) = host.ask(request::Load(named("second")), Vec::new()).unwrap();
        assert!(told.models.iter().any(|model| model.name == "second" && model.loaded));
        await_loaded(&host, &["second"]);
        await_loaded(&host, &[]);
        let session = host.prepared(&picture(32, 32, 1)).unwrap().session;
        host.learn(learn(&session)).unwrap();
        await_loaded(&host, &[]);
        host.edit(replace(&session, "a hat", 1)).unwrap();
        assert_eq!(loaded(&host), ["first"]);
        host.ask(request::Unload {}, Vec::new()).unwrap();
        await_loaded(&host, &[]);
        assert_eq!(host.edit(replace(&session, "a hat", 1)).unwrap().0.revision, Some(2));
    });
}

#[test]
fn models_take_turns_in_a_memory_that_holds_one_and_one_that_never_fits_is_refused() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let mut settings = settings(store.path());
        settings.sessions.memory_budget = 1500;
        let daemon = Within::with(settings, Knobs { model_bytes: 1000, ..Knobs::default() });
        let host = daemon.client();
        let session = host.prepared(&picture(32, 32, 1)).unwrap().session;
        host.learn(learn(&session)).unwrap();
        for name in ["second", "first", "second"] {
            let edit = Edit { model: named(name), draft: true, ..replace(&session, "a hat", 1) };
            assert_eq!(host.edit(edit).unwrap().0.model, name);
            assert_eq!(loaded(&host), [name]);
        }
        let refused = host.edit(Edit { model: named("large"), ..replace(&session, "a hat", 1) }).unwrap_err();
        assert!(refused.kind == FailureKind::Resources && refused.message.contains("of memory"), "{refused}");
        assert_eq!(loaded(&host), ["second"], "nothing was given up for it");
        assert_eq!(host.edit(replace(&session, "a hat", 1)).unwrap().0.model, "first", "the session's own");
    });
}

#[test]
fn a_job_that_is_cancelled_while_its_model_loads_does_not_run() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs { load: Duration::from_millis(150), ..Knobs::default() });
        let host = daemon.client();
        let session = host.prepared(&picture(32, 32, 1)).unwrap().session;
        let mut edit = host.begin(Edit { draft: true, ..replace(&session, "a hat", 1) });
        std::thread::sleep(Duration::from_millis(30));
        edit.cancel().unwrap();
        let ended = edit.finish(&mut |_| std::ops::ControlFlow::Continue(())).unwrap_err();
        assert_eq!(ended.kind, FailureKind::Cancelled);
        assert!(host.revisions(&session).0.is_empty());
    });
}
