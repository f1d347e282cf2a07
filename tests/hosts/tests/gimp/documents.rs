//! Documents of every kind: what an edit does not change stays as it is to the bit, and results lie where their pictures lie.

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::gimp::{Arg, Gimp, Version};
use dedit_host_tests::test_folder::TestFolder;
use image::DynamicImage;
use serde_json::Value;

use crate::profile;
use crate::scene::{MUG, begin, call, call_on, gimp_with_plugin, json, run, said};

/// What the scripts here use, over what all scripts use.
pub(crate) const DEFINITIONS: &str = r"
(define (yes? answer) (if (number? answer) (= answer TRUE) answer))
(define (children-of item) (if (yes? (value (gimp-item-is-group item))) (layers-in item) '()))
(define (tree items)
  (map (lambda (item) (if (null? (children-of item)) (name-of item) (cons (name-of item) (tree (children-of item))))) items))
(define (leaves items)
  (if (null? items) '()
    (append (if (null? (children-of (car items))) (list (car items)) (leaves (children-of (car items)))) (leaves (cdr items)))))
(define (merged image path write)
  (let* ((copy (copy-of image)) (layer (value (gimp-image-merge-visible-layers copy CLIP-TO-IMAGE))))
    ; GIMP 2.10 writes a layer and not the canvas.
    (gimp-layer-resize-to-image-size layer)
    ; TIFF has a page for every layer, hidden ones too.
    (for-each (lambda (leaf) (if (not (equal? leaf layer)) (gimp-image-remove-layer copy leaf))) (layers copy))
    (write copy layer path)
    (gimp-image-delete copy)))
; What a layer alone shows, as a PNG.
(define (save-alone image name path)
  (let ((copy (copy-of image)))
    (for-each (lambda (leaf) (if (not (equal? (name-of leaf) name)) (gimp-item-set-visible leaf FALSE))) (leaves (layers copy)))
    (merged copy path write-png)
    (gimp-image-delete copy)))
(define (kind image layer)
  (list (value (base-type-of image)) (value (gimp-image-get-precision image)) (value (gimp-drawable-type layer)) (value (bytes-of layer))))
(define (layer-below-all image) (car (reverse (layers image))))
";

/// What writes a TIFF of the image's own precision, what tells how many bytes a pixel has, and what converts an image to the colour space of a profile.
fn tiff(version: Version) -> &'static str {
    match version {
        Version::V2 => {
            "(define (write-tiff image layer path) (file-tiff-save RUN-NONINTERACTIVE image layer path path 0))\n(define bytes-of gimp-drawable-bpp)\n(define base-type-of gimp-image-base-type)\n(define (convert-profile image path) (gimp-image-convert-color-profile-from-file image (string-append \"file://\" path) 1 FALSE))\n"
        }
        Version::V3 => {
            "(define (write-tiff image layer path) (file-tiff-export #:run-mode RUN-NONINTERACTIVE #:image image #:file path #:compression \"none\"))\n(define bytes-of gimp-drawable-get-bpp)\n(define base-type-of gimp-image-get-base-type)\n(define (convert-profile image path) (gimp-image-convert-color-profile-from-file image path 1 FALSE))\n"
        }
    }
}

pub(crate) fn select([x, y, width, height]: [u32; 4]) -> String {
    format!("(select-rectangle image {x} {y} {width} {height})\n")
}

/// A draft whose seed is known, of the values given.
pub(crate) fn draft<'a>(given: &[(&'a str, Arg)]) -> Vec<(&'a str, Arg)> {
    [given, &[("when", Arg::from("draft")), ("seed", Arg::from(7))]].concat()
}

/// A kind of document.
struct Document {
    name: &'static str,
    /// What makes the picture, as it was loaded, such a document.
    made_by: &'static str,
    /// Base type, precision, type of its picture and bytes of a pixel; the same of a result.
    kind: &'static str,
    result: &'static str,
    /// Whether the result has to be what the command line makes.
    is_compared: bool,
}

/// Samples that 8 bits cannot hold: otherwise nobody would see a picture that lost its precision.
const BETWEEN: &str = "(gimp-drawable-brightness-contrast (active-layer image) 0.0 -0.15)";

static DOCUMENTS: [Document; 10] = [
    Document {
        name: "sixteen",
        made_by: "(gimp-image-convert-precision image 250)",
        kind: "(0 250 0 6)",
        result: "(0 250 1 8)",
        is_compared: true,
    },
    Document {
        name: "wide",
        made_by: "(gimp-image-convert-precision image 250) (convert-profile image PROFILE)",
        kind: "(0 250 0 6)",
        result: "(0 250 1 8)",
        is_compared: true,
    },
    Document {
        name: "sixteen-linear",
        made_by: "(gimp-image-convert-precision image 200)",
        kind: "(0 200 0 6)",
        result: "(0 200 1 8)",
        is_compared: false,
    },
    Document {
        name: "eight-linear",
        made_by: "(gimp-image-convert-precision image 100)",
        kind: "(0 100 0 3)",
        result: "(0 100 1 4)",
        is_compared: false,
    },
    Document {
        name: "float",
        made_by: "(gimp-image-convert-precision image 650)",
        kind: "(0 650 0 12)",
        result: "(0 650 1 16)",
        is_compared: false,
    },
    Document {
        name: "float-linear",
        made_by: "(gimp-image-convert-precision image 600)",
        kind: "(0 600 0 12)",
        result: "(0 600 1 16)",
        is_compared: false,
    },
    Document {
        name: "grey",
        made_by: "(gimp-image-convert-grayscale image)",
        kind: "(1 150 2 1)",
        result: "(1 150 3 2)",
        is_compared: true,
    },
    Document {
        name: "grey-alpha",
        made_by: "(gimp-image-convert-grayscale image) (gimp-layer-add-alpha (active-layer image))",
        kind: "(1 150 3 2)",
        result: "(1 150 3 2)",
        is_compared: true,
    },
    Document {
        name: "grey-sixteen",
        made_by: "(gimp-image-convert-grayscale image) (gimp-image-convert-precision image 250)",
        kind: "(1 250 2 2)",
        result: "(1 250 3 4)",
        is_compared: true,
    },
    Document {
        name: "indexed",
        made_by: "(gimp-image-convert-indexed image 0 0 64 FALSE FALSE \"\")",
        kind: "(2 150 4 1)",
        result: "(2 150 5 2)",
        is_compared: false,
    },
];

impl Document {
    /// What GIMP itself rounds, as a share of the full value, where it lays a layer over another, though nothing of that layer is seen: floats, and samples
    /// whose curve is not that of sRGB.
    fn rounding(&self) -> Option<f32> {
        match self.name {
            "wide" => Some(1.1 / 65_535.0),
            name => name.starts_with("float").then_some(1e-6),
        }
    }

    /// PNG holds all but linear and float samples; TIFF of grey with alpha is not read here.
    fn is_png(&self) -> bool {
        self.name == "indexed" || self.name.starts_with("grey")
    }

    fn file(&self, what: &str) -> String {
        format!("{}-{what}.{}", self.name, if self.is_png() { "png" } else { "tif" })
    }

    fn script(&self, gimp: &Gimp, test_folder: &TestFolder) -> String {
        let between = if ["grey", "grey-alpha", "indexed"].contains(&self.name) { "" } else { BETWEEN };
        let write = if self.is_png() { "write-png" } else { "write-tiff" };
        let made_by = self.made_by.replace("PROFILE", &test_folder.literal("wide.icc"));
        let save = |what: &str| format!("(merged image {} {write})\n", test_folder.literal(self.file(what)));
        [
            // The whole picture is made so, and not only what is selected.
            format!("{}(select-nothing image)\n{made_by}\n{between}\n{}", begin(test_folder, "table.png"), select(MUG)),
            format!("(print (kind image (active-layer image)))\n{}", save("before")),
            format!("(define result {})\n(print (cadr result))\n", call(gimp, "remove", &draft(&[]))),
            format!("(print (kind image (car result)))\n{}", save("after")),
            "(print (kind image (layer-below-all image)))\n".to_owned(),
            format!("(save-alone image (name-of (car result)) {})\n", test_folder.literal(format!("{}-alone.png", self.name))),
            format!("(gimp-item-set-visible (car result) FALSE)\n{}", save("source")),
            "(gimp-item-set-visible (car result) TRUE)\n(gimp-drawable-fill (car result) FILL-TRANSPARENT)\n".to_owned(),
            save("shown-through"),
            "(gimp-item-set-visible (car result) FALSE)\n".to_owned(),
            format!("(define lifted {})\n{}", call(gimp, "lift", &[("when", Arg::from("instant"))]), save("lifted")),
            "(define item (active-layer image))\n".to_owned(),
            "(print (list (name-of item) (name-of (car lifted)) (length (layers image))))\n".to_owned(),
            format!("(gimp-item-set-visible item FALSE)\n{}", save("plate")),
            "(for-each (lambda (leaf) (gimp-item-set-visible leaf (if (equal? leaf item) TRUE FALSE))) (layers image))\n".to_owned(),
            save("item"),
        ]
        .concat()
    }
}

fn documents_keep_their_precision(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let daemon = Daemon::start(&test_folder).unwrap();
    std::fs::write(test_folder.outside("wide.icc"), profile::wide()).unwrap();
    let scripts = DOCUMENTS.iter().map(|document| document.script(&gimp, &test_folder));
    let script: String = [DEFINITIONS.to_owned(), tiff(version).to_owned()].into_iter().chain(scripts).collect();
    let batch = run(&gimp, &test_folder, &script);
    for (document, said) in DOCUMENTS.iter().zip(batch.said.chunks_exact(5)) {
        let [before, result, of_result, after, lifted] = said else { unreachable!() };
        let kind = [before, of_result, after].map(String::as_str);
        assert_eq!(kind, [document.kind, document.result, document.kind], "{}", document.name);
        let open = |what: &str| image::open(test_folder.outside(document.file(what))).unwrap();
        let (before, after) = (open("before"), open("after"));
        let alone = image::open(test_folder.outside(format!("{}-alone.png", document.name))).unwrap();
        assert_same(&before, &open("source"), document.name);
        if let Some(rounding) = document.rounding() {
            let rounded = open("shown-through");
            let most = furthest(&before, &rounded);
            assert!(most < rounding, "{}: {most}", document.name);
            assert_changed_within(&rounded, &after, &alone, document.name);
        } else {
            assert_changed_within(&before, &after, &alone, document.name);
        }
        assert_eq!(lifted, "(\"item\" \"clean plate\" 4)", "{}", document.name);
        // A palette has other colours than the mixed ones.
        if document.name != "indexed" {
            let seen = open("lifted");
            let most = furthest(&before, &seen);
            assert!(most <= 2.0 / 255.0, "{}: the lifted item over its plate is {most} from the picture", document.name);
            // In light-linear documents GIMP 2.10 exports item and plate so that this mixture is 0.04 off, though what is seen is right.
            if !document.name.ends_with("-linear") {
                let most = furthest(&mixed(&open("plate"), &open("item")), &seen);
                assert!(most <= 2.0 / 255.0, "{}: item and plate are mixed {most} from what the daemon means", document.name);
            }
        }
        if document.is_compared {
            let made = by_command(&daemon, &test_folder, &json(result), document.name, &[]);
            // With or without an alpha that is full everywhere.
            let (after, made) = (after.to_rgba16().into(), made.to_rgba16().into());
            match document.rounding() {
                // Of what is seen, and of what the plug-in was given.
                Some(rounding) => assert!(furthest(&after, &made) <= 2.0 * rounding, "{}: {}", document.name, furthest(&after, &made)),
                None => assert_same(&after, &made, document.name),
            }
        }
    }
}

/// What the command line makes of a session that a removal was made in, in the same way.
pub(crate) fn by_command(daemon: &Daemon<'_>, test_folder: &TestFolder, result: &Value, name: &str, more: &[&str]) -> DynamicImage {
    let session = format!("@{}", result["session"].as_str().unwrap());
    let file = format!("{name}-by-command.png");
    let arguments = ["edit", "remove", "--item", "selection", "--session", &session, "--on", "0", "--seed", "7", "--draft", "--out", &file];
    let output = daemon.dedit(&[&arguments, more].concat()).unwrap();
    assert!(output.succeeded(), "{name}: {output:?}");
    image::open(test_folder.outside(file)).unwrap()
}

/// A layer over an opaque picture, mixed by alpha.
fn mixed(below: &DynamicImage, above: &DynamicImage) -> DynamicImage {
    assert_eq!((below.width(), below.height()), (above.width(), above.height()));
    let mut picture = below.to_rgba32f();
    let mut soft = 0;
    for (below, above) in picture.pixels_mut().zip(above.to_rgba32f().pixels()) {
        let alpha = above.0[3];
        soft += usize::from(alpha > 0.1 && alpha < 0.9);
        for (below, above) in below.0[..3].iter_mut().zip(above.0) {
            *below += (above - *below) * alpha;
        }
    }
    assert!(soft > 5, "only {soft} pixels are mixed at all");
    picture.into()
}

/// The largest difference of two samples, as a share of the full value.
pub(crate) fn furthest(one: &DynamicImage, other: &DynamicImage) -> f32 {
    assert_eq!((one.width(), one.height()), (other.width(), other.height()));
    let pairs = one.to_rgba32f().into_raw().into_iter().zip(other.to_rgba32f().into_raw());
    pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

/// The bytes of every pixel.
fn pixels(image: &DynamicImage) -> std::slice::ChunksExact<'_, u8> {
    image.as_bytes().chunks_exact(usize::from(image.color().bytes_per_pixel()))
}

pub(crate) fn assert_same(one: &DynamicImage, other: &DynamicImage, name: &str) {
    assert_eq!((one.color(), one.width(), one.height()), (other.color(), other.width(), other.height()), "{name}");
    let differing = pixels(one).zip(pixels(other)).filter(|(one, other)| one != other).count();
    assert_eq!(differing, 0, "{name}: pixels that differ");
}

/// A result seen alone is opaque where it may change something, and shows nothing elsewhere: there every bit is as before.
fn assert_changed_within(before: &DynamicImage, after: &DynamicImage, alone: &DynamicImage, name: &str) {
    assert_eq!((before.color(), before.width(), before.height()), (after.color(), after.width(), after.height()), "{name}");
    let covers: Vec<u16> = alone.to_rgba16().pixels().map(|pixel| pixel.0[3]).collect();
    assert!(covers.iter().all(|cover| [0, u16::MAX].contains(cover)), "{name}: the mask is neither full nor empty");
    let changed = pixels(before).zip(pixels(after)).zip(&covers).enumerate().filter(|(_, ((before, after), _))| before != after);
    let (inside, outside): (Vec<_>, Vec<_>) = changed.partition(|(_, (_, cover))| **cover > 0);
    let at: Vec<_> = outside.iter().map(|(i, _)| (i % before.width() as usize, i / before.width() as usize)).collect();
    assert_eq!(at, [], "{name}: {} pixels changed outside of the mask, {} inside", at.len(), inside.len());
    assert!(inside.len() > 100, "{name}: only {} pixels changed", inside.len());
}

/// How a document is made of the picture, and where its result is to be.
struct Placed {
    name: &'static str,
    made_by: &'static str,
    /// The drawable that is active.
    drawable: &'static str,
    tree: &'static str,
    /// Where the picture lies in the image.
    offsets: (i64, i64),
}

const PLACES: [Placed; 2] = [
    // A picture larger than the canvas, in a group of a group, with something above and below.
    Placed {
        name: "grouped",
        made_by: "(gimp-image-resize image 104 96 -12 -8)
            (define source (active-layer image))
            (gimp-item-set-name source \"picture\")
            (define outer (new-group image \"outer\"))
            (insert-layer image outer no-parent 0)
            (define inner (new-group image \"inner\"))
            (insert-layer image inner outer 0)
            (gimp-image-reorder-item image source inner 0)
            (define beside (new-layer image \"beside\" 9 9))
            (insert-layer image beside inner 0)
            (define below (new-layer image \"below\" 104 96))
            (insert-layer image below no-parent 1)
            (fill-white below)
            (define words (new-layer image \"words\" 30 8))
            (insert-layer image words no-parent 0)
            (fill-white words)
            (put-layer words 2 4)
            (choose-layer image source)
            (select-rectangle image 0 34 52 52)",
        drawable: "source",
        tree: "(\"words\" (\"outer\" (\"inner\" \"beside\" \"Remove selection (draft)\" \"picture\")) \"below\")",
        offsets: (-12, -8),
    },
    // A selection that reaches over the picture's edge, and the picture's mask active in its place.
    Placed {
        name: "masked",
        made_by: "(gimp-image-resize image 180 170 30 20)
            (define source (active-layer image))
            (gimp-item-set-name source \"picture\")
            (select-ellipse image 30 20 128 128)
            (mask-from-selection source)
            (gimp-layer-set-edit-mask source TRUE)
            (select-rectangle image 10 62 84 52)",
        drawable: "(mask-of source)",
        tree: "(\"Remove selection (draft)\" \"picture\")",
        offsets: (30, 20),
    },
];

fn results_lie_where_their_pictures_lie(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let _daemon = Daemon::start(&test_folder).unwrap();
    let script = |place: &Placed| {
        let file = |what: &str| test_folder.literal(format!("{}-{what}.png", place.name));
        [
            format!("(define image (load-picture {}))\n{}\n", test_folder.literal("table.png"), place.made_by),
            format!("(merged image {} write-png)\n", file("before")),
            format!("(define result {})\n(print (cadr result))\n", call_on(&gimp, "remove", place.drawable, &draft(&[]))),
            "(print (tree (layers image)))\n(print (offsets (car result)))\n".to_owned(),
            "(print (list (width-of (car result)) (height-of (car result))))\n".to_owned(),
            format!("(merged image {} write-png)\n(save-alone image (name-of (car result)) {})\n", file("after"), file("alone")),
            format!("(gimp-item-set-visible (car result) FALSE)\n(merged image {} write-png)\n", file("source")),
        ]
        .concat()
    };
    let script: String = [DEFINITIONS.to_owned()].into_iter().chain(PLACES.iter().map(script)).collect();
    let batch = run(&gimp, &test_folder, &script);
    for (place, said) in PLACES.iter().zip(batch.said.chunks_exact(4)) {
        let region = &json(&said[0])["results"][0]["region"];
        let at = |name: &str| region[name].as_i64().unwrap();
        let offsets = format!("({} {})", at("x") + place.offsets.0, at("y") + place.offsets.1);
        let size = format!("({} {})", at("width"), at("height"));
        assert_eq!(said[1..], [place.tree.to_owned(), offsets, size], "{}", place.name);
        let open = |what: &str| image::open(test_folder.outside(format!("{}-{what}.png", place.name))).unwrap();
        let before = open("before");
        assert_same(&before, &open("source"), place.name);
        assert_changed_within(&before, &open("after"), &open("alone"), place.name);
    }
}

/// Two things of the picture, which lies at 10, 20 in its image, by the layers and channels that show them.
const THINGS: &str = "
(gimp-image-resize image 170 160 10 20)
(define source (active-layer image))
(define (add-thing name x y width height how)
  (let ((layer (new-layer image name (+ width 8) (+ height 6))))
    (insert-layer image layer no-parent -1)
    (put-layer layer (- x 4) (- y 3))
    (select-rectangle image x y width height)
    (how layer name)
    (select-nothing image)))
(define (as-mask layer name) (fill-white layer) (mask-from-selection layer) (gimp-item-set-visible layer FALSE))
(define (as-alpha layer name) (gimp-drawable-edit-fill layer FILL-FOREGROUND) (gimp-item-set-visible layer FALSE))
(define (as-channel layer name)
  (gimp-item-set-name (value (gimp-selection-save image)) name)
  (gimp-image-remove-layer image layer))
(define (add-things how)
  (add-thing \"duck\" 78 64 56 46 how)
  (add-thing \"mug\" 18 62 56 52 how)
  (add-thing \"far\" 150 4 12 12 how)
  (choose-layer image source))
";

const WHERE: [(&str, &str); 3] = [("layer-masks", "as-mask"), ("layer-alpha", "as-alpha"), ("channels", "as-channel")];

fn items_are_where_the_document_has_them(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let _daemon = Daemon::start(&test_folder).unwrap();
    let load = format!("(define image (load-picture {}))\n", test_folder.literal("table.png"));
    let replace = [("item", Arg::from("mug")), ("prompt", Arg::from("a green duck"))];
    let gathered = WHERE.map(|(from, how)| {
        let asked = call(&gimp, "items", &[("items", Arg::from(from))]);
        let removed = call(&gimp, "remove", &draft(&[("item", Arg::from("mug")), ("items", Arg::from("session"))]));
        format!("{load}{THINGS}(add-things {how})\n{}\n{}\n", said(&asked), said(&removed))
    });
    let replaced = said(&call(&gimp, "replace", &draft(&replace)));
    let found = said(&call(&gimp, "items", &[("items", Arg::from("everything")), ("most", Arg::from(5))]));
    let script = format!(
        "{DEFINITIONS}{}{}\n{}\n{load}{THINGS}(add-things as-mask)\n{replaced}\n(print (tree (layers image)))\n{load}{found}\n",
        gathered.concat(),
        begin(&test_folder, "table.png"),
        said(&call(&gimp, "remove", &draft(&[])))
    );
    let batch = run(&gimp, &test_folder, &script);
    // The same rectangle selected by hand.
    let selected = json(&batch.said[6]);
    for ((from, _), said) in WHERE.iter().zip(batch.said.chunks_exact(2)) {
        let (told, removed) = (json(&said[0]), json(&said[1]));
        let names: Vec<&str> = told["items"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        // From the top, layers and channels alike.
        assert_eq!((&names[..], &told["session"]), (&["mug", "duck"][..], &selected["session"]), "{from}");
        let remarks = told["remarks"].to_string();
        assert!(remarks.contains("not an item") && remarks.contains("far"), "{from}: {remarks}");
        assert_eq!(removed["results"][0]["region"], selected["results"][0]["region"], "{from}");
    }
    let replaced = json(&batch.said[7]);
    assert_eq!(replaced["results"][0]["name"], "Replace mug: a green duck (draft)");
    assert_eq!(replaced["results"][0]["edits"][0]["item"], "mug");
    assert!(batch.said[8].contains("\"Replace mug: a green duck (draft)\" \"Background\")"), "{}", batch.said[8]);
    let found = json(&batch.said[9]);
    let found = found["items"].as_array().unwrap();
    assert!((1..=5).contains(&found.len()) && found.iter().all(|name| !name.as_str().unwrap().is_empty()), "{found:?}");
}

#[test]
fn gimp2_documents_keep_their_precision() {
    documents_keep_their_precision(Version::V2);
}

#[test]
fn gimp3_documents_keep_their_precision() {
    documents_keep_their_precision(Version::V3);
}

#[test]
fn gimp2_results_lie_where_their_pictures_lie() {
    results_lie_where_their_pictures_lie(Version::V2);
}

#[test]
fn gimp3_results_lie_where_their_pictures_lie() {
    results_lie_where_their_pictures_lie(Version::V3);
}

#[test]
fn gimp2_items_are_where_the_document_has_them() {
    items_are_where_the_document_has_them(Version::V2);
}

#[test]
fn gimp3_items_are_where_the_document_has_them() {
    items_are_where_the_document_has_them(Version::V3);
}
