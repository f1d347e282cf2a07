//! What an edit goes on from: soft selections, alpha, earlier results, and what was learned.

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::gimp::{Arg, Gimp, Version};
use dedit_host_tests::test_folder::TestFolder;
use image::{DynamicImage, Rgba, RgbaImage};

use crate::documents::{DEFINITIONS, assert_same, by_command, draft, furthest, select};
use crate::opened;
use crate::scene::{DUCK, MUG, begin, call, gimp_with_plugin, json, run, said, table};

/// The picture with every share of alpha there is, from the left to the right.
fn see_through() -> RgbaImage {
    let table = table();
    RgbaImage::from_fn(128, 128, |x, y| {
        let [r, g, b] = table.get_pixel(x, y).0;
        Rgba([r, g, b, if x < 4 { 0 } else { (x * 2 + y % 2) as u8 }])
    })
}

/// A soft edge of the selection is the ring of the edit, and the picture's alpha stays what it is.
fn soft_edges_are_kept(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let daemon = Daemon::start(&test_folder).unwrap();
    see_through().save(test_folder.outside("see-through.png")).unwrap();
    let script = [
        DEFINITIONS.to_owned(),
        begin(&test_folder, "table.png"),
        "(feather image 12)\n".to_owned(),
        format!("(define result {})\n(print (cadr result))\n", call(&gimp, "remove", &draft(&[]))),
        format!("(print (item-parasite (car result) \"dedit-edit\"))\n(save-png image {})\n", test_folder.literal("soft.png")),
        begin(&test_folder, "see-through.png"),
        said(&call(&gimp, "refine", &draft(&[]))),
        format!("(save-png image {})\n(print (tree (layers image)))\n", test_folder.literal("refined.png")),
        // What is laid over it is known as what was made, so that the next edit goes on from it.
        said(&call(&gimp, "refine", &draft(&[]))),
    ]
    .concat();
    let batch = run(&gimp, &test_folder, &script);
    let ring = json(&batch.said[1])["plan"]["ring"].as_f64().unwrap();
    assert!((6.0..=30.0).contains(&ring), "the ring of a selection feathered by 12 pixels is {ring} wide");
    let soft = image::open(test_folder.outside("soft.png")).unwrap();
    let made = by_command(&daemon, &test_folder, &json(&batch.said[0]), "soft", &["--ring", &ring.to_string()]);
    assert_same(&soft.to_rgb8().into(), &made.to_rgb8().into(), "soft");
    let refined = image::open(test_folder.outside("refined.png")).unwrap().to_rgba8();
    let alpha =
        |image: &RgbaImage| DynamicImage::from(image::GrayImage::from_fn(128, 128, |x, y| image::Luma([image.get_pixel(x, y).0[3]])));
    assert_same(&alpha(&see_through()), &alpha(&refined), "alpha");
    let changed = see_through().pixels().zip(refined.pixels()).filter(|(one, other)| one != other).count();
    assert!(changed > 1000, "only {changed} pixels changed");
    assert_eq!(json(&batch.said[4])["results"][0]["base"], 1, "{}", batch.said[4]);
}

fn edits_go_on_from_results(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let _daemon = Daemon::start(&test_folder).unwrap();
    let item = |name: &str| ("item", Arg::from(name));
    let dx = ("dx", Arg::from(5.0));
    let keep = |name: &str, at| format!("{}\n(gimp-item-set-name (value (gimp-selection-save image)) \"{name}\")\n", select(at));
    let result = |call: String| format!("(define result {call})\n(print (cadr result))\n");
    let script = [
        begin(&test_folder, "table.png"),
        "(define source (active-layer image))\n".to_owned(),
        keep("mug", MUG),
        keep("duck", DUCK),
        "(select-nothing image)\n(choose-layer image source)\n".to_owned(),
        result(call(&gimp, "remove", &draft(&[item("mug")]))),
        "(define removed (car result))\n".to_owned(),
        result(call(&gimp, "move", &draft(&[item("duck"), dx.clone()]))),
        "(define moved (car result))\n(print (layer-names image))\n".to_owned(),
        "(gimp-item-set-visible removed FALSE)\n(gimp-item-set-visible moved FALSE)\n".to_owned(),
        result(call(&gimp, "remove", &draft(&[item("duck")]))),
        // What is painted on a result is the user's own.
        "(gimp-item-set-visible (car result) FALSE)\n(gimp-item-set-visible removed TRUE)\n".to_owned(),
        format!("{}\n(invert removed)\n(select-nothing image)\n", select([20, 50, 20, 20])),
        result(call(&gimp, "move", &draft(&[item("duck"), dx]))),
        "(gimp-item-set-visible (car result) FALSE)\n".to_owned(),
        said(&call(&gimp, "items", &[("items", Arg::from("session"))])),
        layered(&gimp, &test_folder),
    ]
    .concat();
    let batch = run(&gimp, &test_folder, &script);
    check_layered(&test_folder, &batch.said[6..]);
    let told: Vec<_> = [0, 1, 3, 4, 5].iter().map(|at| json(&batch.said[*at])).collect();
    let base = |at: usize| told[at]["results"][0]["base"].as_u64().unwrap();
    let session = |at: usize| told[at]["session"].as_str().unwrap();
    assert_eq!((base(0), base(1), base(2), base(3)), (0, told[0]["results"][0]["revision"].as_u64().unwrap(), 0, 0));
    assert_eq!(batch.said[2], "(\"Move duck (draft)\" \"Remove mug (draft)\" \"Background\")");
    assert_eq!((session(1), session(2)), (session(0), session(0)));
    assert_ne!(session(3), session(0), "what was painted on is the user's");
    // The items of what was seen before: the mug was removed there.
    assert_eq!((session(4), &told[4]["items"]), (session(3), &serde_json::json!(["duck"])));
}

/// The mug is lifted, the duck is moved as layers, and both are edited again: each call is made on what the one before has left active.
fn layered(gimp: &Gimp, test_folder: &TestFolder) -> String {
    let item = |name: &str| ("item", Arg::from(name));
    let as_layers = [item("duck"), ("dx", Arg::from(5.0)), ("output", Arg::from("layers"))];
    let instant = [item("duck"), ("when", Arg::from("instant")), ("seed", Arg::from(7))];
    [
        "(for-each (lambda (layer) (gimp-item-set-visible layer FALSE)) (layers image))\n",
        "(gimp-item-set-visible source TRUE)\n(choose-layer image source)\n",
        &said(&call(gimp, "lift", &draft(&[item("mug")]))),
        &format!("(save-png image {})\n", test_folder.literal("lifted.png")),
        "(gimp-item-set-visible (active-layer image) FALSE)\n",
        &said(&call(gimp, "move", &draft(&as_layers))),
        "(print (layer-names image))\n",
        &said(&call(gimp, "redo", &[("seed", Arg::from(8))])),
        "(print (layer-names image))\n",
        &said(&call(gimp, "remove", &instant)),
    ]
    .concat()
}

fn check_layered(test_folder: &TestFolder, said: &[String]) {
    let [lifted, moved, redone, instant] = [0, 1, 3, 5].map(|at| json(&said[at])["results"][0].clone());
    let inside = |picture: image::RgbImage| {
        let [x, y, width, height] = MUG;
        DynamicImage::from(image::imageops::crop_imm(&picture, x + width / 4, y + height / 4, width / 2, height / 2).to_image())
    };
    let most = furthest(&inside(table()), &inside(opened(&test_folder.outside("lifted.png"))));
    assert!(most <= 2.0 / 255.0, "the lifted mug is {most} from what it was");
    assert_eq!((&lifted["layers"], &lifted["base"]), (&serde_json::json!(["mug"]), &0.into()));
    assert_eq!(
        (&moved["layers"], &moved["base"]),
        (&serde_json::json!(["duck"]), &lifted["revision"]),
        "the mug is no part of the picture"
    );
    // The lifted mug lies above what is made of the picture later.
    // GIMP numbers names that are there already.
    assert!(said[2].contains("\"mug\" \"duck\" \"clean plate (draft)"), "{}", said[2]);
    assert_eq!((&redone["layers"], &redone["base"], &redone["seed"]), (&moved["layers"], &moved["base"], &8.into()));
    assert!(said[4].contains("\"mug\" \"duck"), "{}", said[4]);
    assert_eq!((&instant["base"], &instant["model"]), (&redone["revision"], &"patches".into()));
}

/// Items that are set where a result is seen are those of what is seen, and a selection round all of one takes its place.
fn items_set_on_results_stay(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let _daemon = Daemon::start(&test_folder).unwrap();
    let [x, y, width, height] = DUCK;
    let items = |from: &str| said(&call(&gimp, "items", &[("items", Arg::from(from))]));
    let script = [
        begin(&test_folder, "table.png"),
        "(define source (active-layer image))\n".to_owned(),
        said(&call(&gimp, "remove", &draft(&[]))),
        format!("{}\n(gimp-item-set-name (value (gimp-selection-save image)) \"duck\")\n", select(DUCK)),
        "(select-nothing image)\n(choose-layer image source)\n".to_owned(),
        items("channels"),
        items("session"),
        select([x - 2, y - 2, width + 4, height + 4]) + "\n",
        said(&call(&gimp, "remove", &draft(&[]))),
    ]
    .concat();
    let batch = run(&gimp, &test_folder, &script);
    let told: Vec<_> = batch.said.iter().map(|said| json(said)).collect();
    assert_ne!(told[1]["session"], told[0]["session"], "the picture with the result is one of its own");
    assert_eq!((&told[2]["session"], &told[2]["items"]), (&told[1]["session"], &serde_json::json!(["duck"])));
    assert_eq!(told[3]["results"][0]["edits"][0]["items"], serde_json::json!(["selection"]));
    assert_eq!(told[3]["session"], told[1]["session"]);
}

/// One learning for a picture and its items: what comes after it needs none.
fn learning_is_done_once(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let _daemon = Daemon::start(&test_folder).unwrap();
    let when = |when: &str| vec![("when", Arg::from(when)), ("seed", Arg::from(7))];
    let show = "(print (map (lambda (layer) (list (name-of layer) (yes? (value (gimp-item-get-visible layer))))) (layers image)))\n";
    let script = [
        DEFINITIONS,
        &begin(&test_folder, "table.png"),
        &said(&call(&gimp, "remove", &when("both"))),
        show,
        "(for-each (lambda (layer) (gimp-item-set-visible layer FALSE)) (layers image))\n(gimp-item-set-visible (active-layer image) TRUE)\n",
        &said(&call(&gimp, "learn", &[("items", Arg::from("selection"))])),
        &said(&call(&gimp, "remove", &when("learned"))),
        show,
    ]
    .concat();
    let batch = run(&gimp, &test_folder, &script);
    let (both, learned, removed) = (json(&batch.said[0]), json(&batch.said[2]), json(&batch.said[3]));
    assert_eq!(both["results"][0]["draft"], false);
    assert_eq!(batch.said[1], "((\"Remove selection\" #t) (\"Remove selection (draft)\" #f) (\"Background\" #t))");
    assert_eq!((&learned["session"], &learned["items"]), (&both["session"], &serde_json::json!(["selection"])));
    assert!(learned["seconds"].as_f64().unwrap() < 10.0, "it was learned again: {learned}");
    assert_eq!(
        (&removed["session"], &removed["results"][0]["draft"], &removed["results"][0]["base"]),
        (&both["session"], &false.into(), &0.into())
    );
    assert!(batch.said[4].contains(" #t) (\"Background\" #t))") && batch.said[4].matches("(draft)").count() == 1, "{}", batch.said[4]);
}

#[test]
fn gimp2_soft_edges_are_kept() {
    soft_edges_are_kept(Version::V2);
}

#[test]
fn gimp3_soft_edges_are_kept() {
    soft_edges_are_kept(Version::V3);
}

#[test]
fn gimp2_edits_go_on_from_results() {
    edits_go_on_from_results(Version::V2);
}

#[test]
fn gimp3_edits_go_on_from_results() {
    edits_go_on_from_results(Version::V3);
}

#[test]
fn gimp2_learning_is_done_once() {
    learning_is_done_once(Version::V2);
}

#[test]
fn gimp3_learning_is_done_once() {
    learning_is_done_once(Version::V3);
}

#[test]
fn gimp2_items_set_on_results_stay() {
    items_set_on_results_stay(Version::V2);
}

#[test]
fn gimp3_items_set_on_results_stay() {
    items_set_on_results_stay(Version::V3);
}
