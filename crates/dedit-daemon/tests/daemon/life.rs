//! The life of a session, from its picture to its end.

use dedit_client::About;
use dedit_protocol::answer::Edited;
use dedit_protocol::names::{ItemChange, SessionState};
use dedit_protocol::pixels::SampleType;
use dedit_protocol::request::{self, EditVerb, Fetch, Items, OpenPicture, Plan, Segment, SetItems, Which, Words};
use dedit_protocol::{Blob, Pixels, Samples};
use dedit_schema::Verb;

use crate::fake::Knobs;
use crate::host::Host;
use crate::scene::{columns, edit, halves, items_of, learn, noise, picture, pixels, replace};
use crate::within::{Within, timed};

fn with_daemon(test: impl FnOnce(&Within, &Host) + Send + 'static) {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs::default());
        let host = daemon.client();
        test(&daemon, &host);
    });
}

#[test]
fn pixels_are_sent_once_and_the_same_picture_is_the_same_session() {
    with_daemon(|daemon, host| {
        let photo = picture(40, 30, 1);
        assert_eq!(host.knows(&photo).unwrap(), None);
        let info = host.open(&photo).unwrap();
        assert_eq!((info.state, info.size, info.name.as_str(), info.open), (SessionState::Opened, [40, 30], "picture.png", true));
        let other = daemon.client();
        assert_eq!(other.knows(&photo).unwrap().unwrap().session, info.session);
        assert_ne!(other.open(&picture(40, 30, 2)).unwrap().session, info.session);
        let wrong = host.open_with(&picture(3, 3, 3), |open| open.digest = photo.digest() + "0").unwrap_err();
        assert!(wrong.message.contains("digest"), "{wrong}");
    });
}

/// An ICC profile of greys with a curve of this gamma (ICC.1:2010), as small as one can be.
fn grey_profile(gamma: f32) -> Vec<u8> {
    let mut profile = vec![0; 128];
    for (at, part) in [(8, b"\x02\x40\0\0"), (12, b"mntr"), (16, b"GRAY"), (20, b"XYZ "), (36, b"acsp")] {
        profile[at..at + 4].copy_from_slice(part);
    }
    for number in [1, u32::from_be_bytes(*b"kTRC"), 144, 14] {
        profile.extend(number.to_be_bytes());
    }
    profile.extend(b"curv\0\0\0\0\0\0\0\x01");
    profile.extend(((gamma * 256.0) as u16).to_be_bytes());
    profile.extend([0, 0]);
    let length = profile.len() as u32;
    profile[..4].copy_from_slice(&length.to_be_bytes());
    profile
}

#[test]
fn what_is_known_of_a_picture_besides_its_pixels_tells_sessions_apart_or_is_kept() {
    with_daemon(|_, host| {
        let photo = noise(16, 9, 1, SampleType::U8, 4);
        let linear = grey_profile(1.0);
        let opened = |profile: Option<&[u8]>, metadata: Option<&[u8]>| {
            let session = host.open_picture(&photo, About { profile, metadata }, OpenPicture::default()).unwrap().session;
            let (fetched, blobs) = host.ask(Fetch { session: session.clone(), pixels: true, ..Fetch::default() }, Vec::new()).unwrap();
            let bytes =
                |blob: Option<usize>| blob.map(|blob| if let Blob::Bytes(bytes) = &blobs[blob] { bytes.clone() } else { Vec::new() });
            (session, bytes(fetched.profile), bytes(fetched.metadata))
        };
        let plain = opened(None, Some(b"first"));
        assert_eq!((&plain.1, plain.2.as_deref()), (&None, Some(&b"first"[..])));
        let other = opened(Some(&linear), None);
        assert_ne!(other.0, plain.0, "another colour space is another picture");
        assert_eq!(other.1.as_ref(), Some(&linear));
        for (profile, metadata, session, kept) in [
            (None, Some(&b"second"[..]), &plain.0, Some(&b"second"[..])),
            (None, None, &plain.0, Some(b"second")),
            (Some(linear.as_slice()), Some(b"third"), &other.0, Some(b"third")),
            // What cannot be used, and so means nothing, tells nothing apart.
            (Some(b"no profile"), None, &plain.0, Some(b"second")),
            (None, None, &plain.0, Some(b"second")),
        ] {
            let found = opened(profile, metadata);
            assert_eq!((&found.0, found.1.as_deref(), found.2.as_deref()), (session, profile, kept));
        }
        // Clients of earlier releases ask by the digest alone.
        assert!(host.knows(&photo).unwrap().is_some());
    });
}

#[test]
fn pictures_of_every_kind_come_back_as_they_were() {
    with_daemon(|_, host| {
        let mut seed = 0;
        for samples in [SampleType::U8, SampleType::U16, SampleType::F32] {
            for channels in 1..=4 {
                seed += 1;
                let photo = noise(16, 9, channels, samples, seed);
                let info = host.prepared(&photo).unwrap();
                let (edited, part) =
                    host.edit(dedit_protocol::request::Edit { draft: true, ..replace(&info.session, "a hat", 1) }).unwrap();
                assert!(edited.draft && edited.revision == Some(1));
                assert_eq!(part.channels(), channels);
                assert_eq!(host.whole(&info.session, 0).unwrap(), photo);
                assert_eq!(host.fetch(&info.session).unwrap().1.iter().map(pixels).find(|found| **found == photo), Some(&photo));
                assert_ne!(host.whole(&info.session, 1).unwrap(), photo);
            }
        }
    });
}

#[test]
fn learned_edited_undone_and_edited_on() {
    with_daemon(|_, host| {
        let photo = picture(64, 48, 1);
        let info = host.prepared(&photo).unwrap();
        assert_eq!((info.state, info.items), (SessionState::Items, vec!["bag".to_owned(), "table".to_owned()]));
        let session = info.session.as_str();
        let refused = host.edit(replace(session, "a hat", 1)).unwrap_err();
        assert!(refused.message.contains("nothing was learned here yet"), "{refused}");
        let learned = host.learn(learn(session)).unwrap();
        assert_eq!((learned.steps, learned.resumed_at, learned.items.len()), ([10, 10], [0, 0], 2));
        assert!(learned.loss_first > learned.loss_last);
        assert_eq!(host.learn(learn(session)).unwrap().resumed_at, [10, 10], "nothing is left to be learned");
        let (first, part) = host.edit(replace(session, "a hat", 7)).unwrap();
        assert_eq!((first.revision, first.base, first.seed, first.verb, first.draft), (Some(1), 0, 7, Verb::Replace.into(), false));
        assert_eq!((part.width() as usize, part.height() as usize), (first.region.width, first.region.height));
        let (second, _) = host.edit(replace(session, "a cap", 8)).unwrap();
        assert_eq!((second.revision, second.base), (Some(2), 1));
        assert_eq!(host.undo(session, 1).unwrap().revision, 1);
        let (third, _) = host.edit(replace(session, "a cup", 9)).unwrap();
        assert_eq!((third.revision, third.base), (Some(3), 1), "it goes on where the session is");
        let (fourth, _) = host.edit(dedit_protocol::request::Edit { base: Some(0), ..replace(session, "a pot", 9) }).unwrap();
        assert_eq!((fourth.revision, fourth.base), (Some(4), 0));
        assert_eq!(host.revisions(session), (vec![1, 2, 3, 4], 4));
        assert_eq!(host.whole(session, 0).unwrap(), photo);
        assert!(host.undo(session, 9).unwrap_err().message.contains("there is no revision 9"));
        assert_eq!(host.undo(session, 0).unwrap().revision, 0);
    });
}

#[test]
fn a_revision_is_made_again_from_the_history_alone() {
    with_daemon(|_, host| {
        let info = host.prepared(&picture(64, 48, 1)).unwrap();
        let session = info.session.as_str();
        host.learn(learn(session)).unwrap();
        host.edit(replace(session, "a hat", 3)).unwrap();
        let reshape = EditVerb::Reshape { item: "bag".to_owned(), mask: 0, into: None };
        let mut request = edit(session, reshape, 5);
        request.edits.push(EditVerb::Refine { mask: 1 });
        request.note = Some(serde_json::json!({"layer": "a copy"}));
        let masks = vec![columns(64, 48, 10..30), columns(64, 48, 40..50)];
        let (made, part) = host.edit_with(request, masks).unwrap();
        assert_eq!((made.revision, made.base), (Some(2), 1));
        let (history, blobs) = host.history(session).unwrap();
        let told = &history.revisions[1];
        assert_eq!((told.note.clone(), told.masks.len()), (Some(serde_json::json!({"layer": "a copy"})), 2));
        let Blob::Bytes(thumbnail) = &blobs[told.thumbnail.unwrap()] else { panic!("no file") };
        assert!(thumbnail.starts_with(b"\x89PNG"));
        let edits = told.edits.iter().map(|edit| serde_json::from_value(edit.clone()).unwrap()).collect();
        let again = dedit_protocol::request::Edit { edits, base: Some(told.base), ..edit(session, EditVerb::Reconstruct, told.seed) };
        let masks = told.masks.iter().map(|&mask| pixels(&blobs[mask]).clone()).collect();
        let (remade, same) = host.edit_with(again, masks).unwrap();
        assert_eq!((remade.region, &remade.settings, same), (made.region, &told.settings, part));
        assert_eq!(host.whole(session, 3).unwrap(), host.whole(session, 2).unwrap());
    });
}

#[test]
fn items_come_as_masks_and_what_was_learned_for_others_is_kept() {
    with_daemon(|_, host| {
        let photo = picture(32, 32, 1);
        let info = host.open(&photo).unwrap();
        let session = info.session.as_str();
        let start = Words { start: Some("a bag".into()), template: Some("my [v] here".into()) };
        let items = SetItems {
            items: Items::Masks(vec![0]),
            names: vec!["bag".to_owned()],
            words: Some([("bag".to_owned(), start.clone())].into()),
            ..items_of(session, Which::Target, ["", ""])
        };
        let info = host.set_items(items, vec![columns(32, 32, 4..9)]).unwrap();
        assert_eq!(info.items, ["bag", "background"]);
        let (fetched, blobs) = host.fetch(session).unwrap();
        assert_eq!(fetched.words["bag"], start);
        let Samples::U16(labels) = pixels(&blobs[fetched.labels.unwrap()]).samples() else { panic!("no numbers") };
        assert_eq!(labels.iter().filter(|label| **label == 0).count(), 5 * 32);
        host.learn(learn(session)).unwrap();
        let (first, _) = host.edit(replace(session, "a hat", 1)).unwrap();
        assert_eq!(host.set_halves(session, &photo).unwrap().state, SessionState::Items);
        let refused = host.edit(replace(session, "a hat", 1)).unwrap_err();
        assert!(refused.message.contains("revision 1 was made with other items"), "{refused}");
        host.learn(learn(session)).unwrap();
        let halves = dedit_protocol::request::Edit { base: Some(0), ..replace(session, "a hat", 1) };
        assert_eq!(host.edit(halves).unwrap().0.revision, Some(2));
        let items = SetItems {
            items: Items::Masks(vec![0]),
            names: vec!["bag".to_owned()],
            words: Some([("bag".to_owned(), start)].into()),
            ..items_of(session, Which::Target, ["", ""])
        };
        assert_eq!(host.set_items(items, vec![columns(32, 32, 4..9)]).unwrap().state, SessionState::Learned, "it was learned before");
        let again = dedit_protocol::request::Edit { base: first.revision, ..replace(session, "a cap", 1) };
        assert_eq!(host.edit(again).unwrap().0.base, 1);
    });
}

#[test]
fn items_are_taken_from_a_reference_picture() {
    with_daemon(|_, host| {
        let (photo, other) = (picture(32, 24, 1), picture(20, 20, 2));
        let info = host.prepared(&photo).unwrap();
        let session = info.session.as_str();
        let reference = |open: &mut dedit_protocol::request::OpenPicture| open.reference_of = Some(session.to_owned());
        host.open_with(&other, reference).unwrap();
        assert!(host.learn(learn(session)).unwrap_err().message.contains("the reference picture has no items"));
        let items = items_of(session, Which::Reference, ["hat", "wall"]);
        assert_eq!(host.set_items(items, vec![halves(20, 20)]).unwrap().reference_items, ["hat", "wall"]);
        assert_eq!(host.open_with(&other, reference).unwrap().reference_items, ["hat", "wall"], "the same again keeps its items");
        assert_eq!(host.learn(learn(session)).unwrap().reference_items, ["hat", "wall"]);
        let swap = EditVerb::SwapIn { item: "bag".to_owned(), from: "reference:hat".to_owned() };
        host.edit(edit(session, swap, 1)).unwrap();
        let blend = EditVerb::Blend { item: "table".to_owned(), with: "reference:wall".to_owned(), amount: 0.25 };
        assert_eq!(host.edit(edit(session, blend, 1)).unwrap().0.base, 1);
        let fetch = Fetch { session: session.to_owned(), picture: Which::Reference, pixels: true };
        let (_, blobs) = host.ask(fetch, Vec::new()).unwrap();
        assert_eq!(pixels(&blobs[1]), &other);
        let away = |open: &mut dedit_protocol::request::OpenPicture| {
            open.reference_of = Some(session.to_owned());
            open.digest.clear();
        };
        let info = host.open_with(&other, away).unwrap();
        assert_eq!((info.reference_items.len(), info.state), (0, SessionState::Items));
    });
}

#[test]
fn plans_segments_and_lists_need_no_model() {
    with_daemon(|_, host| {
        let samples =
            (0..48 * 32).map(|index| if (16..32).contains(&(index % 48)) && index / 48 > 8 && index / 48 < 24 { 220 } else { 20 });
        let photo = Pixels::new(48, 32, 1, Samples::U8(samples.collect())).unwrap();
        let info = host.prepared(&photo).unwrap();
        let session = info.session.clone();
        let plan = Plan {
            session: session.clone(),
            edits: vec![EditVerb::Remove { items: vec!["bag".to_owned()], into: None }],
            ..Plan::default()
        };
        let (planned, blobs) = host.ask(plan, Vec::new()).unwrap();
        assert_eq!((planned.names, blobs.len()), (vec!["table".to_owned()], 2));
        assert_eq!(planned.items[0].changes, [ItemChange::Removed]);
        let segment = Segment { session: session.clone(), region: Some([12, 6, 24, 22]), ..Segment::default() };
        let (_, blobs) = host.ask(segment, Vec::new()).unwrap();
        let Samples::F32(mask) = pixels(&blobs[0]).samples() else { panic!("no mask") };
        assert!(mask[16 * 48 + 24] > 0.5 && mask[0] < 0.5);
        let everything = Segment { session: session.clone(), everything: Some(4), ..Segment::default() };
        let (told, blobs) = host.ask(everything, Vec::new()).unwrap();
        assert!((1..=4).contains(&told.names.len()) && blobs.len() == 1);
        assert_eq!(host.sessions(), [session]);
        let status = host.status();
        assert_eq!((status.clients, status.sessions, status.jobs.len(), status.models.len()), (1, 1, 0, 0));
        assert!(status.store_bytes >= 48 * 32 && status.rss_bytes.is_none_or(|bytes| bytes > 0));
        let (models, _) = host.ask(request::Models {}, Vec::new()).unwrap();
        assert_eq!(models.models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["first", "second", "large"]);
    });
}

#[test]
fn what_is_forgotten_is_gone() {
    with_daemon(|daemon, host| {
        let photo = picture(32, 32, 1);
        let info = host.prepared(&photo).unwrap();
        let session = info.session.as_str();
        host.learn(learn(session)).unwrap();
        host.edit(replace(session, "a hat", 1)).unwrap();
        host.forget(session, true).unwrap();
        assert_eq!(host.open_session(session).unwrap().state, SessionState::Items);
        assert_eq!(host.revisions(session), (vec![1], 1));
        let other = daemon.client();
        other.open(&photo).unwrap();
        assert!(host.forget(session, false).unwrap_err().message.contains("in use"), "another has it open");
        drop(other);
        host.await_alone();
        host.forget(session, false).unwrap();
        assert!(host.sessions().is_empty());
        assert!(!std::path::Path::new(&info.folder).exists());
        assert!(host.history(session).unwrap_err().message.contains("there is no session"));
        assert_eq!(host.knows(&photo).unwrap(), None);
        assert_eq!(host.open(&photo).unwrap().session, session, "the picture can be opened again");
    });
}

#[test]
fn what_is_wrong_with_a_request_is_said_in_a_sentence() {
    with_daemon(|_, host| {
        let photo = picture(32, 32, 1);
        let session = host.open(&photo).unwrap().session;
        let session = session.as_str();
        let edited = |verb| host.edit(edit(session, verb, 1)).map(|(edited, _): (Edited, _)| edited.revision);
        let mut told = vec![
            (host.learn(learn(session)).err(), "the picture has no items yet"),
            (edited(EditVerb::Reconstruct).err(), "the picture has no items yet"),
            (host.learn(learn("../../etc")).err(), "there is no session '../../etc'"),
            (host.open_session("unheard-of").err(), "there is no session"),
            (
                host.set_items(items_of(session, Which::Target, ["a", "b"]), vec![halves(16, 32)]).err(),
                "the picture of item numbers is 16×32",
            ),
            (host.set_items(items_of(session, Which::Reference, ["a", "b"]), vec![halves(16, 32)]).err(), "no reference picture"),
            (host.set_items(items_of(session, Which::Target, ["a", "b"]), vec![]).err(), "names blob 0 of 0"),
        ];
        host.set_halves(session, &photo).unwrap();
        host.learn(learn(session)).unwrap();
        told.extend([
            (edited(EditVerb::Replace { item: "hat".into(), prompt: "a".into() }).err(), "hat"),
            (edited(EditVerb::SwapIn { item: "bag".into(), from: "reference:hat".into() }).err(), "reference"),
            (edited(EditVerb::Refine { mask: 3 }).err(), "names blob 3"),
        ]);
        for (failure, fragment) in told {
            let failure = failure.unwrap().to_string();
            assert!(failure.contains(fragment), "{failure} does not say '{fragment}'");
        }
    });
}
