//! Sessions in folders that users name.

use std::fs;
use std::path::Path;

use dedit_protocol::names::SessionState;
use dedit_protocol::request::Edit;

use crate::fake::Knobs;
use crate::scene::{learn, picture, replace};
use crate::within::{Within, timed};

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn nothing_is_written_before_there_is_something_to_keep_and_other_files_stay() {
    timed(|| {
        let scratch = tempfile::tempdir().unwrap();
        let daemon = Within::new(&scratch.path().join("store"), Knobs::default());
        let host = daemon.client();
        let photo = picture(32, 32, 1);
        let folder = scratch.path().join("mine");
        let named = folder.display().to_string();
        let info = host.open_with(&photo, |open| open.folder = Some(named.clone())).unwrap();
        host.set_halves(&info.session, &photo).unwrap();
        assert!(!folder.exists());
        assert!(host.open_folder(&folder).is_ok(), "it is there for whoever looks for it here");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("picture.png"), "mine").unwrap();
        fs::write(folder.join("items-old.txt"), "mine").unwrap();
        let edited = host.edit(Edit { draft: true, ..replace(&info.session, "a hat", 1) }).unwrap().0;
        assert_eq!(edited.revision, Some(1));
        assert!(folder.join("session.json").exists());
        host.learn(learn(&info.session)).unwrap();
        assert!(host.open_session(&info.session).unwrap().bytes >= 32 * 32 * 4);
        host.forget(&info.session, false).unwrap();
        assert_eq!(entries(&folder), ["items-old.txt", "picture.png"]);
        let none = host.open_folder(&folder).unwrap_err();
        assert!(none.message.contains("there is no session here"), "{none}");
    });
}

#[test]
fn a_folder_is_one_daemons_and_one_pictures() {
    timed(|| {
        let scratch = tempfile::tempdir().unwrap();
        let daemons = ["a", "b"].map(|name| Within::new(&scratch.path().join(name), Knobs::default()));
        let [one, two] = [daemons[0].client(), daemons[1].client()];
        let (photo, other) = (picture(32, 32, 1), picture(32, 32, 2));
        let folder = scratch.path().join("mine");
        let here = |open: &mut dedit_protocol::request::OpenPicture| open.folder = Some(folder.display().to_string());
        let info = one.open_with(&photo, here).unwrap();
        // Both have it, as long as nobody has written anything.
        let late = two.open_with(&photo, here).unwrap();
        two.set_halves(&late.session, &photo).unwrap();
        one.set_halves(&info.session, &photo).unwrap();
        one.learn(learn(&info.session)).unwrap();
        let refused = two.learn(learn(&late.session)).unwrap_err();
        assert!(refused.message.contains("another program is using this session"), "{refused}");
        let elsewhere = daemons[1].client();
        drop(two);
        elsewhere.await_alone();
        for refused in [elsewhere.open_with(&photo, here).unwrap_err(), elsewhere.open_folder(&folder).unwrap_err()] {
            assert!(refused.message.contains("another program is using this session"), "{refused}");
        }
        let refused = one.open_with(&other, here).unwrap_err();
        assert!(refused.message.contains("something else was learned here"), "{refused}");
        let replaced = one.open_with(&other, |open| {
            here(open);
            open.replace = true;
        });
        assert_eq!(replaced.unwrap().state, SessionState::Opened);
        assert!(!folder.join("session.json").exists());
        // With its last client the folder is let go of.
        drop(one);
        assert_eq!(elsewhere.open_with(&photo, here).unwrap().state, SessionState::Opened);
    });
}

#[test]
fn what_another_program_wrote_in_the_meantime_is_not_overwritten() {
    timed(|| {
        let scratch = tempfile::tempdir().unwrap();
        let daemons = ["a", "b"].map(|name| Within::new(&scratch.path().join(name), Knobs::default()));
        let late = daemons[1].client();
        let (photo, other) = (picture(32, 32, 1), picture(32, 32, 2));
        let folder = scratch.path().join("mine");
        let here = |open: &mut dedit_protocol::request::OpenPicture| open.folder = Some(folder.display().to_string());
        let waiting = late.open_with(&other, here).unwrap().session;
        late.set_halves(&waiting, &other).unwrap();
        let one = daemons[0].client();
        let info = one.open_with(&photo, here).unwrap();
        one.set_halves(&info.session, &photo).unwrap();
        one.learn(learn(&info.session)).unwrap();
        drop(one);
        let watching = daemons[0].client();
        watching.await_alone();
        let refused = late.learn(learn(&waiting)).unwrap_err();
        assert!(refused.message.contains("another program has put a session here"), "{refused}");
        drop(late);
        assert_eq!(watching.open_with(&photo, here).unwrap().state, SessionState::Learned);
    });
}

#[test]
fn a_session_that_was_copied_is_a_session_of_its_own() {
    timed(|| {
        let scratch = tempfile::tempdir().unwrap();
        let daemon = Within::new(&scratch.path().join("store"), Knobs::default());
        let host = daemon.client();
        let photo = picture(32, 32, 1);
        let info = host.prepared(&photo).unwrap();
        host.learn(learn(&info.session)).unwrap();
        let copy = scratch.path().join("copy");
        fs::create_dir(&copy).unwrap();
        for name in entries(Path::new(&info.folder)) {
            fs::copy(Path::new(&info.folder).join(&name), copy.join(&name)).unwrap();
        }
        let copied = host.open_folder(&copy).unwrap();
        assert_ne!(copied.session, info.session);
        host.edit(replace(&copied.session, "a hat", 1)).unwrap();
        assert_eq!((host.revisions(&copied.session).0.len(), host.revisions(&info.session).0.len()), (1, 0));
        let opened = host.open_with(&photo, |open| open.folder = Some(copy.display().to_string())).unwrap();
        assert_eq!(opened.session, copied.session);
    });
}
