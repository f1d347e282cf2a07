//! Documents of every kind: results are right to the pixel, and the only change is the new layer.

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::krita::Version;
use image::{Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::{Value, json};

use crate::opened;
use crate::scene::{by_command, compare, krita_with_plugin, play};
use crate::table::{MUG, table};

/// Converts the picture to each colour space, refines the mug, and compares every pixel.
const SPACES: &str = r#"
import struct

SPACES = [
    ("RGBA", "U16", "sRGB-elle-V2-srgbtrc.icc"),
    ("RGBA", "U16", "sRGB-elle-V2-g10.icc"),
    ("RGBA", "F32", "sRGB-elle-V2-g10.icc"),
    ("RGBA", "F16", "sRGB-elle-V2-g10.icc"),
    ("RGBA", "U8", "ClayRGB-elle-V2-g22.icc"),
    ("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc"),
    ("CMYKA", "U8", "Chemical proof"),
]

def alike(depth, one, other):
    """Krita lays floats over each other with a rounding of its own; all else is to the bit."""
    if one == other or depth != "F32":
        return one == other
    pairs = zip(struct.unpack(f"<{len(one) // 4}f", one), struct.unpack(f"<{len(one) // 4}f", other))
    return all(abs(a - b) < 1e-6 for a, b in pairs)

def scenario(d):
    doc, controller = yield from begin(d, "table.png")
    yield from at_once(d, 7)
    for model, depth, profile in SPACES:
        doc = yield from d.open("table.png")
        doc.setColorSpace(model, depth, profile)
        doc.waitForDone()
        d.select_rect(doc, 8, 42, 56, 52)
        yield from done(d, controller)
        source = picture_of(doc)
        before = bytes(source.pixelData(0, 0, 128, 128))
        d.click("dedit_verb_refine")
        yield from go(d, controller)
        doc.waitForDone()
        result = [node for node in doc.rootNode().childNodes() if node.type() == "paintlayer"][-1]
        mask = result.childNodes()[0]
        covered = bytes(mask.pixelData(0, 0, 128, 128))
        pixel = len(before) // (128 * 128)
        shown = bytes(doc.pixelData(0, 0, 128, 128))
        made = bytes(result.pixelData(0, 0, 128, 128))
        wrong = moved = 0
        for k in range(128 * 128):
            at = slice(k * pixel, (k + 1) * pixel)
            wrong += not alike(depth, shown[at], made[at] if covered[k] else before[at])
            moved += bool(covered[k]) and made[at] != before[at]
        d.say([model, depth, [source.colorDepth(), result.colorDepth(), result.colorProfile()],
               sorted(set(covered)), wrong, moved > 100,
               before == bytes(source.pixelData(0, 0, 128, 128)), controller.history[0].is_applied])
        # The next edit starts from this result.
        known = bytes(doc.annotation("dedit_session"))
        yield from go(d, controller)
        d.say(known == bytes(doc.annotation("dedit_session")))
"#;

#[test]
fn krita51_every_colour_space() {
    let (krita, test_folder) = krita_with_plugin(Version::V5_1);
    let _daemon = Daemon::start(&test_folder).unwrap();
    let ran = play(&krita, &test_folder, SPACES);
    assert_eq!(ran.said.len(), 14);
    for told in ran.said.chunks(2) {
        let told_first = told[0].as_array().unwrap();
        assert_eq!(told_first[3..], [json!([0, 255]), json!(0), json!(true), json!(true), json!(true)], "{told:?}");
        assert_eq!(told[1], true, "the next edit goes on from it: {told:?}");
    }
}

/// A layer in a group, moved and larger than the canvas; a group as a picture; everything visible; a soft selection.
const SHAPES: &str = r#"
import json

def save(d, doc, name):
    doc.waitForDone()
    d.export_png(doc, name)

def scenario(d):
    doc, controller = yield from begin(d, "table.png")
    yield from at_once(d, 7)
    d.click("dedit_verb_remove")
    # The soft edge becomes the ring of the edit.
    d.select_rect(doc, 8, 42, 56, 52)
    soft = doc.selection()
    soft.feather(6)
    doc.setSelection(soft)
    yield from done(d, controller)
    yield from go(d, controller)
    notes = json.loads(bytes(doc.annotation("dedit")).decode())
    d.say([result["plan"].get("ring") for result in notes["results"].values()])
    doc = yield from d.open("table.png")
    # In a group, below another layer, and larger than the canvas.
    root, base = doc.rootNode(), picture_of(doc)
    group = doc.createGroupLayer("things")
    root.addChildNode(group, None)
    large = doc.createNode("large", "paintlayer")
    large.setPixelData(base.pixelData(0, 0, 128, 128), 0, 0, 128, 128)
    large.setPixelData(base.pixelData(0, 0, 40, 40), -20, -30, 40, 20)
    group.addChildNode(large, None)
    above = doc.createNode("above", "paintlayer")
    group.addChildNode(above, None)
    doc.refreshProjection()
    doc.waitForDone()
    yield from activate(doc, large)
    d.select_rect(doc, 8, 42, 56, 52)
    beyond = bytes(large.pixelData(-20, -30, 168, 178))
    save(d, doc, "large-before.png")
    yield from go(d, controller)
    save(d, doc, "large.png")
    d.say([[node.name() for node in group.childNodes()], beyond == bytes(large.pixelData(-20, -30, 168, 178))])
    d.say(bytes(doc.annotation("dedit_session")).decode())
    # A small layer off the origin.
    doc = yield from d.open("table.png")
    small = doc.createNode("small", "paintlayer")
    small.setPixelData(picture_of(doc).pixelData(8, 42, 80, 60), 40, 30, 80, 60)
    doc.rootNode().addChildNode(small, None)
    yield from activate(doc, small)
    d.select_rect(doc, 40, 30, 56, 52)
    yield from done(d, controller)
    save(d, doc, "small-before.png")
    yield from go(d, controller)
    save(d, doc, "small.png")
    d.say([controller.picture.width, controller.picture.height])
    # A group as the picture, then everything visible.
    for what in ("group", "visible"):
        doc = yield from d.open("table.png")
        base = picture_of(doc)
        group = doc.createGroupLayer("all")
        doc.rootNode().addChildNode(group, None)
        copy = base.duplicate()
        group.addChildNode(copy, None)
        doc.refreshProjection()
        doc.waitForDone()
        yield from activate(doc, group)
        d.select_rect(doc, 8, 42, 56, 52)
        pick(d, "dedit_how_picture", "The active layer" if what == "group" else "All that is visible")
        yield from done(d, controller)
        yield from go(d, controller)
        save(d, doc, what + ".png")
        d.say([node.name() for node in doc.rootNode().childNodes() if node.type().endswith("layer")])
    d.say(bytes(doc.annotation("dedit_session")).decode())
    pick(d, "dedit_how_picture", "The active layer")
    # No item is chosen.
    doc.setSelection(None)
    d.click("dedit_go")
    yield lambda: controller.status.kind == "wrong", 20
    d.say([controller.status.text, controller.status.hint])
"#;

fn every_shape(version: Version) {
    let (krita, test_folder) = krita_with_plugin(version);
    let daemon = Daemon::start(&test_folder).unwrap();
    let ran = play(&krita, &test_folder, SHAPES);
    let said = &ran.said;
    let ring = said[0][0].as_f64().unwrap();
    assert!((4.0..=30.0).contains(&ring), "the ring of a selection feathered by 6 pixels is {ring} wide");
    let said = &said[1..];
    assert_eq!(said[0], json!([["large", "Remove selection (draft)", "above"], true]));
    let by =
        |session: &Value, file: &str| by_command(&daemon, session.as_str().unwrap(), &["remove", "--item", "selection", "--on", "0"], file);
    let region = by(&said[1], "by-command.png");
    let [made, expected] = ["large.png", "by-command.png"].map(|name| opened(&test_folder.outside(name)));
    compare("large", [&made, &expected, &table()], &region, 0);
    assert_eq!(said[2], json!([80, 60]), "the picture is the layer, as far as it goes");
    let [made, before] = ["small.png", "small-before.png"].map(|name| opened(&test_folder.outside(name)));
    let changed: Vec<_> = made.enumerate_pixels().filter(|(x, y, pixel)| *pixel != before.get_pixel(*x, *y)).collect();
    assert!(changed.len() > 100 && changed.iter().all(|(x, y, _)| (40..120).contains(x) && (30..90).contains(y)));
    assert_eq!((&said[3], &said[4]), (&json!(["Background", "all", "Remove selection (draft)"]), &said[3]));
    let region = by(&said[5], "visible-by-command.png");
    for what in ["group", "visible"] {
        let [made, expected] = [format!("{what}.png"), "visible-by-command.png".to_owned()].map(|name| opened(&test_folder.outside(name)));
        compare(what, [&made, &expected, &table()], &region, 0);
    }
    assert!(said[6][0].as_str().unwrap().contains("nothing is selected"), "{}", said[6]);
}

/// Transparency masks of any softness and pictures with alpha are preserved.
const ALPHA: &str = r#"
def scenario(d):
    doc, controller = yield from begin(d, "see-through.png")
    yield from at_once(d, 7)
    d.click("dedit_verb_refine")
    d.select_rect(doc, 8, 42, 56, 52)
    before = bytes(picture_of(doc).pixelData(0, 0, 128, 128))
    yield from go(d, controller)
    first = bytes(doc.annotation("dedit_session"))
    yield from go(d, controller)
    d.say([before == bytes(picture_of(doc).pixelData(0, 0, 128, 128)), first == bytes(doc.annotation("dedit_session"))])
    d.say([entry.is_applied for entry in controller.history])
    # A half-transparent result makes the picture a new one.
    result = [node for node in doc.rootNode().childNodes() if node.type() == "paintlayer"][-1]
    result.setOpacity(120)
    doc.refreshProjection()
    doc.waitForDone()
    yield from done(d, controller)
    yield from go(d, controller)
    d.say(first != bytes(doc.annotation("dedit_session")))
"#;

#[test]
fn krita51_alpha_and_opacity() {
    let (krita, test_folder) = krita_with_plugin(Version::V5_1);
    let _daemon = Daemon::start(&test_folder).unwrap();
    let [x, y, width, height] = MUG;
    let table: RgbImage = table();
    let see_through = RgbaImage::from_fn(128, 128, |i, j| {
        let Rgb([r, g, b]) = *table.get_pixel(i, j);
        // Alpha 0 and 1 in stripes across the selection.
        let alpha = if (x..x + width).contains(&i) && (y..y + height).contains(&j) { [0, 255][(i as usize / 9) % 2] } else { 255 };
        Rgba([r, g, b, alpha])
    });
    see_through.save(test_folder.outside("see-through.png")).unwrap();
    let ran = play(&krita, &test_folder, ALPHA);
    assert_eq!(ran.said[0], json!([true, true]));
    assert_eq!(ran.said[1], json!([true, true]));
    assert_eq!(ran.said[2], true, "a result that was made thinner is another picture");
}

#[test]
fn krita51_every_shape_of_layers() {
    every_shape(Version::V5_1);
}

#[test]
fn krita52_every_shape_of_layers() {
    every_shape(Version::V5_2);
}
