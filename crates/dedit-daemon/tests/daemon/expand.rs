//! A canvas that grows, and what follows for the revisions after it.

use dedit_protocol::request::{Edit, EditVerb, Plan};
use dedit_protocol::{Pixels, Samples};
use dedit_schema::Verb;

use crate::fake::Knobs;
use crate::host::Host;
use crate::scene::{columns, edit, learn, picture, replace};
use crate::within::{Within, timed};

const WIDE: u32 = 64;
const HIGH: u32 = 48;

fn expand() -> EditVerb {
    EditVerb::Expand { left: 6, right: 0, top: 0, bottom: 0, into: None }
}

/// The pixels of a part.
fn part(pixels: &Pixels, left: u32, top: u32, width: u32, height: u32) -> Vec<u8> {
    let Samples::U8(samples) = pixels.samples() else { panic!("no bytes") };
    let (stride, channels) = (pixels.width() as usize, usize::from(pixels.channels()));
    let row = |y: u32| &samples[(y as usize * stride + left as usize) * channels..][..width as usize * channels];
    (top..top + height).flat_map(row).copied().collect()
}

fn learned(host: &Host) -> String {
    let session = host.prepared(&picture(WIDE, HIGH, 1)).unwrap().session;
    host.learn(learn(&session)).unwrap();
    session
}

#[test]
fn old_pixels_stay_and_later_edits_have_the_larger_canvas() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs::default());
        let host = daemon.client();
        let session = learned(&host);
        let (edited, _) = host.edit(edit(&session, expand(), 3)).unwrap();
        assert_eq!((edited.revision, edited.verb.clone()), (Some(1), Verb::Expand.into()));
        let (before, after) = (host.whole(&session, 0).unwrap(), host.whole(&session, 1).unwrap());
        assert_eq!((after.width(), after.height()), (WIDE + 6, HIGH));
        // Beyond the soft ring, which lies on old pixels.
        assert!(part(&after, 40, 0, 30, HIGH) == part(&before, 34, 0, 30, HIGH));

        let (moved, _) = host.edit(replace(&session, "a hat", 4)).unwrap();
        assert_eq!((moved.revision, moved.base), (Some(2), 1));
        let (refined, _) = host.edit_with(edit(&session, EditVerb::Refine { mask: 0 }, 5), vec![columns(WIDE + 6, HIGH, 0..4)]).unwrap();
        assert_eq!((refined.revision, refined.region.x), (Some(3), 0));
        let small = host.edit_with(edit(&session, EditVerb::Refine { mask: 0 }, 5), vec![columns(WIDE, HIGH, 0..4)]).unwrap_err();
        assert!(small.message.contains("the mask is 64×48 and the picture 70×48"), "{small}");
        let twice = EditVerb::Expand { left: 0, right: 30, top: 0, bottom: 20, into: None };
        host.edit(edit(&session, twice, 6)).unwrap();
        assert_eq!(host.whole(&session, 4).map(|whole| (whole.width(), whole.height())).unwrap(), (WIDE + 36, HIGH + 20));
        assert_eq!(host.undo(&session, 0).unwrap().size, [WIDE, HIGH], "the picture itself is as large as it was");

        // All of it is on the disk.
        let wholes: Vec<_> = (0..=4).map(|revision| host.whole(&session, revision).unwrap()).collect();
        let (history, _) = host.history(&session).unwrap();
        assert_eq!(history.revisions[0].edits, [serde_json::to_value(expand()).unwrap()]);
        drop(host);
        drop(daemon);
        let again = Within::new(store.path(), Knobs::default()).client();
        again.open(&picture(WIDE, HIGH, 1)).unwrap();
        assert!((0..=4).map(|revision| again.whole(&session, revision).unwrap()).collect::<Vec<_>>() == wholes);
    });
}

#[test]
fn what_cannot_be_expanded_says_why() {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs::default());
        let host = daemon.client();
        let session = learned(&host);
        let sides = |left: usize, into: Option<&str>| EditVerb::Expand { left, right: 0, top: 0, bottom: 0, into: into.map(str::to_owned) };
        for (verbs, expected) in [
            (vec![sides(0, None)], "no pixel at any side"),
            (vec![sides(70_000, None)], "65000"),
            (vec![sides(5, Some("bga"))], "there is no item 'bga'"),
            (vec![sides(5, None), EditVerb::Remove { items: vec!["bag".to_owned()], into: None }], "expand concerns the whole picture"),
        ] {
            let plan = Plan { session: session.clone(), edits: verbs.clone(), ..Plan::default() };
            let failure = host.0.ask(plan, Vec::new()).unwrap_err();
            assert!(failure.to_string().contains(expected), "{failure}");
            let failure = host.edit(Edit { edits: verbs, ..edit(&session, expand(), 1) }).unwrap_err();
            assert!(failure.to_string().contains(expected), "{failure}");
        }
    });
}
