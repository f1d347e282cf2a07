//! What cannot be done is said, with what to do about it, and changes nothing.

use std::thread;
use std::time::{Duration, Instant};

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::gimp::{Arg, Gimp, Version};
use dedit_host_tests::test_folder::TestFolder;

use crate::documents::{DEFINITIONS, draft};
use crate::opened;
use crate::scene::{begin, call, call_on, gimp_with_plugin, json, run, said, table};

/// What scripts use here, over the definitions of documents.
const REFUSED: &str = r#"
; The layers with their eyes open, so that what is hidden is seen too.
(define (save-all image path)
  (let ((copy (copy-of image)))
    (for-each (lambda (layer) (gimp-item-set-visible layer TRUE)) (layers copy))
    (save-png copy path)
    (gimp-image-delete copy)))
(define (refused image path thunk)
  (gimp-image-clean-all image)
  (let ((count (length (leaves (layers image)))) (failure (try-call thunk)))
    (print (if failure failure "nothing"))
    (print (list (- (length (leaves (layers image))) count) (yes? (value (gimp-image-is-dirty image))) (length (images))))
    (save-all image path)
    (gimp-image-delete image)))
"#;

/// A call that is refused.
struct Refusal {
    name: &'static str,
    /// What makes the picture, with the mug selected, such that it is.
    made_by: &'static str,
    verb: &'static str,
    drawable: &'static str,
    given: Vec<(&'static str, Arg)>,
    /// What is wrong, and what to do.
    told: [&'static str; 2],
}

const LAYER: &str = "(active-layer image)";
const NONE: &str = "(select-nothing image)";
const CHANNEL: &str =
    "(gimp-item-set-name (value (gimp-selection-save image)) \"mug\") (choose-layer image (car (layers image))) (select-nothing image)";

fn on_document() -> Vec<Refusal> {
    let refusal = |name, made_by, drawable, told| Refusal { name, made_by, verb: "remove", drawable, given: Vec::new(), told };
    vec![
        refusal("nothing", NONE, LAYER, ["nothing is selected", "select the thing that is meant"]),
        refusal(
            "outside",
            "(gimp-image-resize image 300 128 0 0) (select-rectangle image 200 10 50 50)",
            LAYER,
            ["the selection lies outside of the layer 'Background'", "select a part of it"],
        ),
        refusal("hidden", "(gimp-item-set-visible (active-layer image) FALSE)", LAYER, ["'Background' is not visible", "open its eye"]),
        refusal(
            "locked",
            "(gimp-item-set-lock-content (active-layer image) TRUE)",
            LAYER,
            ["the pixels of the layer 'Background' are locked", "unlock them"],
        ),
        refusal(
            "group",
            "(define group (new-group image \"things\")) (insert-layer image group no-parent 0)",
            "group",
            ["'things' is a group of layers", "click the layer with the picture"],
        ),
        refusal(
            "channel",
            "(define channel (value (gimp-selection-save image)))",
            "channel",
            ["a channel is active, not a layer", "leave the quick mask"],
        ),
    ]
}

fn on_values(version: Version) -> Vec<Refusal> {
    let refusal = |name, made_by, verb, given: &[(&'static str, Arg)], told| Refusal {
        name,
        made_by,
        verb,
        drawable: LAYER,
        given: given.to_vec(),
        told,
    };
    let text = |name, text| (name, Arg::Text(str::to_owned(text)));
    let mut refusals = vec![
        refusal(
            "unknown",
            CHANNEL,
            "remove",
            &[text("item", "hat"), text("items", "channels")],
            ["there is no item 'hat'", "the items are 'mug'"],
        ),
        // The picture is known by now, with its items.
        refusal("unknown-too", NONE, "remove", &[text("item", "hat")], ["there is no item 'hat'", "the items are 'mug'"]),
        refusal("channels", "", "remove", &[text("items", "channels")], ["there are no saved channels", "Save to Channel"]),
        refusal("wordless", "", "replace", &[], ["replace needs 'prompt'", "give what it becomes"]),
        refusal("still", "", "move", &[], ["move changes nothing", "give 'dx'"]),
        refusal("alone", "", "swap", &[], ["swap needs 'with'", "give the other item"]),
        refusal("first", "", "redo", &[], ["there is no result yet", "edit something first"]),
        refusal("no-other", "", "swap-in", &[], ["no other picture is named", "choose an open image or a file"]),
        refusal("no-file", "", "swap-in", &[text("from-file", "/absent/other.png")], ["/absent/other.png", "choose a picture"]),
        refusal("no-picture", "", "swap-in", &[("from-file", Arg::Expression("NOTES".to_owned()))], ["notes.png", "choose a picture"]),
        refusal("no-model", "", "remove", &[text("model", "/absent/model")], ["/absent/model", "model"]),
    ];
    if version == Version::V2 {
        // GIMP 3 keeps such values from the plug-in, and says so itself.
        refusals.extend([
            refusal(
                "range",
                "",
                "remove",
                &[("variations", Arg::from(0))],
                ["'variations' is 0", "remove takes whole numbers from 1 to 64"],
            ),
            refusal("choice", "", "remove", &[text("fit", "tight")], ["'fit' is 'tight'", "remove takes auto, exact, loose or box"]),
        ]);
    }
    refusals
}

fn refusal(gimp: &Gimp, test_folder: &TestFolder, refusal: &Refusal) -> String {
    let given = if ["redo", "learn"].contains(&refusal.verb) { Vec::new() } else { draft(&refusal.given) };
    let asked = call_on(gimp, refusal.verb, refusal.drawable, &given);
    let file = test_folder.literal(format!("{}.png", refusal.name));
    format!("{}{}\n(refused image {file} (lambda () {asked}))\n", begin(test_folder, "table.png"), refusal.made_by)
}

fn what_cannot_be_done_is_said(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let _daemon = Daemon::start(&test_folder).unwrap();
    let refusals: Vec<Refusal> = on_document().into_iter().chain(on_values(version)).collect();
    let calls = refusals.iter().map(|asked| refusal(&gimp, &test_folder, asked));
    let good = begin(&test_folder, "table.png") + &said(&call(&gimp, "remove", &draft(&[])));
    std::fs::write(test_folder.outside("notes.png"), "no picture").unwrap();
    let notes = format!("(define NOTES {})\n", test_folder.literal("notes.png"));
    let script: String = [DEFINITIONS.to_owned(), REFUSED.to_owned(), notes].into_iter().chain(calls).chain([good]).collect();
    let batch = run(&gimp, &test_folder, &script);
    let mut wrong = Vec::new();
    for (refusal, said) in refusals.iter().zip(batch.said.chunks_exact(2)) {
        if let Some(missing) = refusal.told.iter().find(|fragment| !said[0].contains(**fragment)) {
            wrong.push(format!("{}: '{missing}' is not said: {}", refusal.name, said[0]));
        }
        // No layer more, nothing to be saved, and no image but this one.
        assert_eq!(said[1], "(0 #f 1)", "{}", refusal.name);
        let shown = opened(&test_folder.outside(format!("{}.png", refusal.name)));
        assert!(table().enumerate_pixels().all(|(x, y, pixel)| pixel == shown.get_pixel(x, y)), "{}: the picture changed", refusal.name);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(json(batch.said.last().unwrap())["results"][0]["draft"], true, "the next good call works");
}

/// Kills the daemon as soon as it has something to do.
fn kill_at_work(daemon: &mut Daemon<'_>) {
    let started = Instant::now();
    loop {
        assert!(started.elapsed() < Duration::from_secs(90), "the daemon was given nothing to do");
        let status = daemon.dedit(&["daemon", "status", "--json"]).unwrap();
        if status.succeeded() && json(status.stdout.trim())["jobs"].as_array().is_some_and(|jobs| !jobs.is_empty()) {
            return daemon.kill();
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// A daemon that dies in the middle, and one that cannot be started: both are said, GIMP lives on, and with a daemon again all is well.
fn a_lost_daemon_is_said(version: Version) {
    let (gimp, mut test_folder) = gimp_with_plugin(version);
    test_folder.set("DEDIT_DAEMON", "/absent/dedit");
    let mut daemon = Daemon::start(&test_folder).unwrap();
    let asked = |file: &str, when: &str| {
        let asked = call(&gimp, "remove", &[("when", Arg::from(when)), ("seed", Arg::from(7))]);
        format!("{}(refused image {} (lambda () {asked}))\n", begin(&test_folder, "table.png"), test_folder.literal(file))
    };
    let script = [DEFINITIONS, REFUSED, &asked("at-work.png", "learned"), &asked("absent.png", "draft")].concat();
    let batch = thread::scope(|scope| {
        let batch = scope.spawn(|| run(&gimp, &test_folder, &script));
        kill_at_work(&mut daemon);
        batch.join().unwrap()
    });
    for (at, told) in [(0, ["the D-Edit daemon is gone", "try again"]), (2, ["/absent/dedit", "DEDIT_DAEMON"])] {
        assert!(told.iter().all(|fragment| batch.said[at].contains(fragment)), "{told:?} is not said: {}", batch.said[at]);
        assert_eq!(batch.said[at + 1], "(0 #f 1)");
    }
    for file in ["at-work.png", "absent.png"] {
        assert_eq!(opened(&test_folder.outside(file)), table(), "{file}");
    }
    drop(daemon);
    // The plug-in starts the one that was installed with it.
    test_folder.set("DEDIT_DAEMON", "");
    let good = begin(&test_folder, "table.png") + &said(&call(&gimp, "remove", &draft(&[])));
    let batch = run(&gimp, &test_folder, &good);
    assert_eq!(json(&batch.said[0])["results"][0]["draft"], true);
}

#[test]
fn gimp2_what_cannot_be_done_is_said() {
    what_cannot_be_done_is_said(Version::V2);
}

#[test]
fn gimp3_what_cannot_be_done_is_said() {
    what_cannot_be_done_is_said(Version::V3);
}

#[test]
fn gimp2_a_lost_daemon_is_said() {
    a_lost_daemon_is_said(Version::V2);
}

#[test]
fn gimp3_a_lost_daemon_is_said() {
    a_lost_daemon_is_said(Version::V3);
}
