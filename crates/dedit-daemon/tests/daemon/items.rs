//! Which item is meant, and items set for a picture that may be a revision.

use dedit_client::About;
use dedit_protocol::answer::{Adopted, OpenedPicture};
use dedit_protocol::event::SessionInfo;
use dedit_protocol::names::SessionState;
use dedit_protocol::request::{Adopt, Choose, Edit, EditVerb, Items, ItemsOf, OpenPicture, Plan, RevisionId, Segment};
use dedit_protocol::{Blob, Failure, Pixels, Samples};

use crate::fake::Knobs;
use crate::host::Host;
use crate::scene::{columns, edit, learn, picture, replace};
use crate::within::{Within, timed};

fn with_host(test: impl FnOnce(&Within, &Host) + Send + 'static) {
    timed(|| {
        let store = tempfile::tempdir().unwrap();
        let daemon = Within::new(store.path(), Knobs::default());
        let host = daemon.client();
        test(&daemon, &host);
    });
}

fn photo() -> Pixels {
    picture(32, 32, 1)
}

/// A mask of some columns of the picture.
fn mask(which: std::ops::Range<u32>) -> Blob {
    Blob::Pixels(columns(32, 32, which))
}

fn adopt(session: &str, base: u64) -> Adopt {
    Adopt { session: session.to_owned(), base, ..Adopt::default() }
}

fn masks(session: &str, base: u64, names: &[&str], add: bool) -> Adopt {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    Adopt { items: Some(Items::Masks((0..names.len()).collect())), names, add, ..adopt(session, base) }
}

fn adopted(host: &Host, adopt: Adopt, blobs: Vec<Blob>) -> Result<Adopted, Failure> {
    Ok(host.ask(adopt, blobs)?.0)
}

/// Everything of a session that a question must not change.
fn state_of(host: &Host, session: &str) -> (SessionInfo, Vec<u64>, Vec<String>) {
    let info = host.open_session(session).unwrap();
    (info, host.revisions(session).0, host.sessions())
}

/// The item of each column at a revision.
fn row(host: &Host, session: &str, revision: u64) -> Vec<String> {
    let labels = host.items(session, revision).unwrap().unwrap();
    labels.numbers[..32].iter().map(|number| labels.names[usize::from(*number)].clone()).collect()
}

fn row_of(items: &[(&str, std::ops::Range<usize>)]) -> Vec<String> {
    let name = |x: usize| items.iter().find(|(_, columns)| columns.contains(&x)).map_or("background", |(name, _)| *name);
    (0..32).map(|x| name(x).to_owned()).collect()
}

/// A learned session with a bag in the left half, and a revision in which that is something else.
fn edited(host: &Host) -> (String, u64) {
    let session = host.open(&photo()).unwrap().session;
    adopted(host, masks(&session, 0, &["bag", "cup"], false), vec![mask(0..16), mask(16..20)]).unwrap();
    host.learn(learn(&session)).unwrap();
    let revision = host.edit(replace(&session, "a hat", 1)).unwrap().0.revision.unwrap();
    (session, revision)
}

#[test]
fn questions_change_nothing() {
    with_host(|_, host| {
        let (session, revision) = edited(host);
        let before = state_of(host, &session);
        let choose = |selection: Option<Blob>, name: &str, prefer_name| {
            let request = Choose {
                session: session.clone(),
                base: revision,
                selection: selection.as_ref().map(|_| 0),
                name: name.to_owned(),
                prefer_name,
            };
            host.ask(request, selection.into_iter().collect()).map(|(chosen, _)| (chosen.item, chosen.known, chosen.ring))
        };
        assert_eq!(choose(Some(mask(0..15)), "", true).unwrap(), ("bag".to_owned(), true, None));
        assert_eq!(choose(Some(mask(0..8)), "", true).unwrap(), ("selection".to_owned(), false, None));
        assert_eq!(choose(Some(mask(0..8)), "hat", true).unwrap(), ("hat".to_owned(), false, None));
        assert_eq!(choose(Some(mask(0..8)), "cup", true).unwrap(), ("cup".to_owned(), true, None));
        assert_eq!(choose(None, "cup", true).unwrap(), ("cup".to_owned(), true, None));
        assert!(choose(None, "cap", true).unwrap_err().to_string().contains("did you mean 'cup'?"));
        assert!(choose(None, "", true).unwrap_err().to_string().contains("name an item: bag, cup"));
        let ramp = (0..32 * 32).map(|index| (((index % 32) as f32 - 8.0) / 16.0).clamp(0.0, 1.0)).collect();
        let soft = Blob::Pixels(Pixels::new(32, 32, 1, Samples::F32(ramp)).unwrap());
        assert!(choose(Some(soft), "", true).unwrap().2.is_some_and(|ring| (14.0..=17.0).contains(&ring)));
        let everything = Segment { session: session.clone(), everything: Some(4), base: revision, ..Segment::default() };
        assert!(!host.ask(everything, Vec::new()).unwrap().0.names.is_empty());
        let (found, blobs) = host.ask(ItemsOf { session: session.clone(), revision, labels: false }, Vec::new()).unwrap();
        assert_eq!((found.names.len(), found.areas.iter().sum::<usize>(), blobs.len()), (3, 32 * 32, 0));
        assert_eq!(found.words["bag"].start.as_deref(), Some("bag"));
        let cropped = Plan {
            session: session.clone(),
            edits: vec![EditVerb::Remove { items: vec!["cup".to_owned()], into: None }],
            base: Some(revision),
            cropped: true,
            ..Plan::default()
        };
        let (part, blobs) = host.ask(cropped.clone(), Vec::new()).unwrap();
        let (_, whole) = host.ask(Plan { cropped: false, ..cropped }, Vec::new()).unwrap();
        let (part_pixels, whole_pixels) = (crate::scene::pixels(&blobs[1]), crate::scene::pixels(&whole[1]));
        assert_eq!((part_pixels.width() as usize, part_pixels.height() as usize), (part.region.width, part.region.height));
        assert!(part.region.width < 32 && whole_pixels.width() == 32);
        assert_eq!(state_of(host, &session), before);
    });
}

#[test]
fn the_same_items_change_nothing_and_others_become_a_session_of_their_own() {
    with_host(|_, host| {
        let (session, revision) = edited(host);
        let before = state_of(host, &session);
        // The items of the revision, and those that were set before the edit, are the same as far as an edit is concerned.
        let same = adopted(host, masks(&session, revision, &["bag", "cup"], false), vec![mask(0..16), mask(16..20)]).unwrap();
        assert_eq!((same.session.session.as_str(), same.base, same.names.len()), (session.as_str(), revision, 3));
        // As are a selection of a known item, and a name.
        let selected = Adopt { selection: Some(0), prefer_name: true, ..adopt(&session, revision) };
        let known = adopted(host, selected.clone(), vec![mask(1..16)]).unwrap();
        assert_eq!((known.base, known.item.as_deref()), (revision, Some("bag")));
        let named = adopted(host, Adopt { name: "cup".to_owned(), prefer_name: true, ..adopt(&session, revision) }, Vec::new()).unwrap();
        assert_eq!((named.base, named.item.as_deref()), (revision, Some("cup")));
        let region = adopted(host, Adopt { region: Some(0), ..adopt(&session, revision) }, vec![mask(3..9)]).unwrap();
        assert_eq!((region.base, region.item), (revision, None));
        assert_eq!(state_of(host, &session), before);
        // Another selection lies in front of the items of the revision, whose picture the daemon has.
        let other = adopted(host, selected, vec![mask(12..18)]).unwrap();
        assert_eq!((other.base, other.item.as_deref(), other.session.state), (0, Some("selection"), SessionState::Items));
        assert_ne!(other.session.session, session);
        let own = other.session.session;
        assert_eq!(row(host, &own, 0), row_of(&[("bag", 0..12), ("selection", 12..18), ("cup", 18..20)]));
        assert_eq!(host.whole(&own, 0).unwrap(), host.whole(&session, revision).unwrap());
        let after = state_of(host, &session);
        assert_eq!((after.0.items, after.0.state, after.1), (before.0.items, before.0.state, before.1), "the session is as it was");
        // There it is edited; its items are changed in place.
        assert!(
            host.edit(Edit { draft: true, ..edit(&own, EditVerb::Remove { items: vec!["selection".to_owned()], into: None }, 1) }).is_ok()
        );
        let again = adopted(host, masks(&own, 0, &["hat", "hat", "none"], true), vec![mask(0..4), mask(4..6), mask(0..0)]).unwrap();
        assert_eq!((again.session.session, again.base, again.empty), (own.clone(), 0, vec!["none".to_owned()]));
        assert_eq!(row(host, &own, 0), row_of(&[("hat", 0..4), ("hat 2", 4..6), ("bag", 6..12), ("cup", 18..20)]));
        // Alone it is the only item, also where it was known; as one that is known it changes nothing.
        let alone = Adopt { selection: Some(0), alone: true, ..adopt(&own, 0) };
        assert_eq!(adopted(host, alone, vec![mask(6..12)]).unwrap().item.as_deref(), Some("selection"));
        assert_eq!(row(host, &own, 0), row_of(&[("selection", 6..12)]));
        let labels = Adopt { everything: Some(4), labels: true, ..adopt(&own, 0) };
        let (found, blobs) = host.ask(labels, Vec::new()).unwrap();
        assert_eq!((found.labels, blobs.len()), (Some(0), 1));
        assert_eq!(host.open_session(&own).unwrap().items, found.names);
    });
}

#[test]
fn what_cannot_be_adopted_is_refused_and_changes_nothing() {
    with_host(|_, host| {
        let (session, revision) = edited(host);
        let before = state_of(host, &session);
        let refused = |adopt: Adopt, blobs: Vec<Blob>, words: &str| {
            let failure = adopted(host, adopt, blobs).unwrap_err();
            assert!(failure.to_string().contains(words), "{failure}");
        };
        refused(adopt(&session, revision), Vec::new(), "nothing is selected");
        refused(adopt(&session, 9), Vec::new(), "there is no revision 9");
        refused(Adopt { selection: Some(0), region: Some(1), ..adopt(&session, 0) }, vec![mask(0..1), mask(0..1)], "at most one of");
        refused(Adopt { selection: Some(0), ..adopt(&session, 0) }, vec![mask(0..0)], "'selection' is empty");
        refused(masks(&session, 0, &["a"], false), vec![mask(0..0)], "there is no mask");
        refused(masks(&session, 0, &["a", "b"], false), vec![mask(0..5), mask(1..3)], "'b' owns no pixel");
        refused(Adopt { selection: Some(0), ..adopt(&session, 0) }, vec![Blob::Pixels(columns(31, 32, 0..4))], "the mask is 31");
        assert_eq!(state_of(host, &session), before);
    });
}

fn shown(host: &Host, picture: &Pixels, change: impl Fn(&mut OpenPicture)) -> OpenedPicture {
    let mut open = OpenPicture { name: "shown.png".to_owned(), size: Some([32, 32]), labels: true, ..OpenPicture::default() };
    change(&mut open);
    let (opened, labels) = host.open_shown(picture, About::default(), open).unwrap();
    assert_eq!(labels.is_some(), !opened.names.is_empty());
    opened
}

#[test]
fn a_picture_is_found_as_the_revision_that_it_was_made_of() {
    with_host(|_, host| {
        let (session, revision) = edited(host);
        let of = |session: &str, revision| Some(RevisionId { session: session.to_owned(), revision });
        let whole = host.whole(&session, revision).unwrap();
        // What the document shows may be rounded: the client says what it is.
        for picture in [&whole, &picture(32, 32, 7)] {
            let found = shown(host, picture, |open| open.revision_of = of(&session, revision));
            assert_eq!((found.known, found.session.session.as_str(), found.base), (true, session.as_str(), revision));
            assert_eq!((found.names.len(), found.carried), (3, false));
        }
        // Where other items were set for it, those are meant.
        let own = adopted(host, Adopt { selection: Some(0), ..adopt(&session, revision) }, vec![mask(2..8)]).unwrap().session.session;
        for (last, expected) in [(&own, (own.as_str(), 0)), (&session, (session.as_str(), revision))] {
            for picture in [&whole, &picture(32, 32, 7)] {
                let found = shown(host, picture, |open| {
                    open.revision_of = of(&session, revision);
                    open.last = of(last, 0);
                });
                assert_eq!((found.session.session.as_str(), found.base), expected);
            }
        }
        // A revision that is gone, of another size, or of other items is passed by, and the picture is opened by itself.
        for (revision_of, size) in [(of("0000", 1), [32, 32]), (of(&session, 8), [32, 32]), (of(&session, revision), [8, 128])] {
            let found = shown(host, &photo(), |open| {
                open.revision_of.clone_from(&revision_of);
                open.size = Some(size);
            });
            assert_eq!((found.session.session.as_str(), found.base), (session.as_str(), 0));
        }
        adopted(host, masks(&session, 0, &["hat"], false), vec![mask(0..5)]).unwrap();
        let found = shown(host, &photo(), |open| open.revision_of = of(&session, revision));
        assert_eq!((found.session.session, found.base), (session.clone(), 0));
    });
}

#[test]
fn a_picture_that_was_painted_on_has_the_items_that_it_had() {
    with_host(|_, host| {
        let (session, revision) = edited(host);
        let last = |revision| Some(RevisionId { session: session.clone(), revision });
        let moved = EditVerb::Move { item: "bag".to_owned(), dx: 10.0, dy: 0.0, scale: 1.0, rotate: 0.0, into: None };
        let moved = host.edit(Edit { base: Some(revision), ..edit(&session, moved, 2) }).unwrap().0.revision.unwrap();
        let painted = picture(32, 32, 5);
        // To look at it creates nothing, and its items can be planned with.
        let before = host.sessions();
        let peeked = shown(host, &painted, |open| {
            open.last = last(revision);
            open.peek = true;
        });
        assert_eq!((peeked.known, peeked.carried, peeked.base), (false, true, revision));
        assert_eq!((peeked.session.session.as_str(), host.sessions()), (session.as_str(), before.clone()));
        let nowhere = shown(host, &painted, |open| open.peek = true);
        assert_eq!((nowhere.known, nowhere.carried, host.sessions()), (false, false, before));
        let opened = shown(host, &painted, |open| open.last = last(revision));
        assert_eq!((opened.known, opened.carried, opened.base), (true, true, 0));
        assert_eq!(row(host, &opened.session.session, 0), row(host, &session, revision));
        // Items of its own stay.
        let again = shown(host, &painted, |open| open.last = last(moved));
        assert_eq!((again.carried, again.session.items.clone()), (false, opened.session.items.clone()));
        // They are those of the revision that the client names, without what was only selected.
        let other = shown(host, &picture(32, 32, 6), |open| open.last = last(moved));
        assert_eq!(row(host, &other.session.session, 0), row(host, &session, moved));
        assert_ne!(row(host, &session, moved), row(host, &session, revision));
        adopted(host, Adopt { selection: Some(0), ..adopt(&other.session.session, 0) }, vec![mask(0..3)]).unwrap();
        let of_other = Some(RevisionId { session: other.session.session.clone(), revision: 0 });
        let third = shown(host, &picture(32, 32, 8), |open| open.last.clone_from(&of_other));
        assert!(!third.names.contains(&"selection".to_owned()) && third.carried, "{third:?}");
        // Items of a picture of another size are of no use.
        let small = picture(16, 16, 6);
        let (opened, _) = host
            .open_shown(&small, About::default(), OpenPicture { last: last(revision), labels: true, ..OpenPicture::default() })
            .unwrap();
        assert_eq!((opened.carried, opened.names.len()), (false, 0));
    });
}

#[test]
fn an_edit_tells_how_far_each_pixel_may_change() {
    with_host(|_, host| {
        let (session, revision) = edited(host);
        let plan = Plan {
            session: session.clone(),
            edits: replace(&session, "a hat", 1).edits,
            base: Some(revision),
            cropped: true,
            ..Plan::default()
        };
        let (planned, planned_blobs) = host.ask(plan, Vec::new()).unwrap();
        for (changes, expected) in [(false, None), (true, Some(1))] {
            let (edited, blobs) = host.ask(Edit { changes, base: Some(revision), ..replace(&session, "a hat", 1) }, Vec::new()).unwrap();
            assert_eq!((edited.changes, blobs.len(), edited.region), (expected, 1 + usize::from(changes), planned.region));
            if let Some(index) = edited.changes {
                assert_eq!(blobs[index], planned_blobs[1]);
            }
        }
    });
}

#[test]
fn an_edit_gives_its_layers_where_it_is_about_items() {
    with_host(|_, host| {
        let (session, revision) = edited(host);
        for (verb, blobs, expected) in [
            (EditVerb::Replace { item: "bag".into(), prompt: "a hat".into() }, Vec::new(), true),
            (EditVerb::Remove { items: vec!["bag".into()], into: None }, Vec::new(), true),
            (EditVerb::Refine { mask: 0 }, vec![mask(3..9)], false),
        ] {
            let asked = Edit { layers: true, base: Some(revision), ..edit(&session, verb.clone(), 1) };
            let (edited, blobs) = host.ask(asked, blobs).unwrap();
            assert_eq!(edited.layers.is_some(), expected, "{verb:?}");
            let Some(layers) = edited.layers else { continue };
            assert_eq!(layers.items.iter().map(|part| part.item.as_str()).collect::<Vec<_>>(), ["bag"]);
            for part in layers.items.iter().chain([&layers.plate]) {
                let Blob::Pixels(pixels) = &blobs[part.pixels] else { panic!("a layer has pixels") };
                assert_eq!((pixels.width() as usize, pixels.height() as usize), (part.region.width, part.region.height));
                assert_eq!(pixels.channels(), 4, "the picture has alpha");
            }
        }
    });
}
