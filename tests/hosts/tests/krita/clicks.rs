//! Items by clicks in the docker's picture, without weights and with a tiny segment-anything model: one click, an item, and it is removed.

use std::path::Path;

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::krita::Version;

use crate::opened;
use crate::scene::{krita_with_plugin, play};
use crate::table::{MUG, table};

const CLICKS: &str = r#"
from dedit_driver.qt import QApplication, QEvent, QMouseEvent, QPointF

def pointed(d, button, x, y):
    view = d.usable("dedit_picture")
    QTest.mouseClick(view, button, Qt.KeyboardModifier.NoModifier, view.to_widget((x, y)).toPoint())

def scenario(d):
    doc, controller = yield from begin(d, "table.png")
    x, y, width, height = MUG
    left, right = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
    pointed(d, left, x + width // 3, y + height // 2)
    yield from done(d, controller)
    yield from shoot(d, f"{NAME}-one.png")
    d.say([controller.status.text, [item.name for item in controller.picture.items]])
    pointed(d, right, 4, 4)
    yield from done(d, controller)
    yield from shoot(d, f"{NAME}-two.png")
    view = d.usable("dedit_picture")
    places = [view.to_widget(place).toPoint() for place in [(x - 2, y - 2), (x + width + 2, y + height + 2)]]
    QTest.mousePress(view, left, Qt.KeyboardModifier.NoModifier, places[0])
    kind = QEvent.Type.MouseMove
    point = QPointF(places[1])
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(view, QMouseEvent(kind, point, point, left, left, none))
    yield from shoot(d, f"{NAME}-dragging.png")
    QTest.mouseRelease(view, left, none, places[1])
    yield from done(d, controller)
    yield from shoot(d, f"{NAME}-box.png")
    d.say([d.docker(DOCKER).panel.items.name(), [item.name for item in controller.picture.items]])
    yield from more(d)
    write(d, "dedit_how_model", "patches")
    d.click("dedit_verb_remove")
    yield from go(d, controller)
    d.say(len(layers(doc)))
    d.export_png(doc, "removed.png")
    yield from shoot(d, f"{NAME}-removed.png")
"#;

fn clicks_find_items(version: Version, model: Option<&str>) {
    let (krita, test_folder) = krita_with_plugin(version);
    let daemon = Daemon::start(&test_folder).unwrap();
    let name = model.map_or("clicks", |_| "clicks-by-model");
    if let Some(model) = model {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/parity").join(model).join("model.safetensors");
        daemon.dedit(&["model", "add", path.to_str().unwrap()]).unwrap();
    }
    let ran = play(&krita, &test_folder, &format!("NAME, MUG = '{name}', {MUG:?}\n{CLICKS}"));
    for what in ["one", "two", "dragging", "box", "removed"] {
        krita.keep_shot(&test_folder, &format!("{name}-{what}.png")).unwrap();
    }
    assert!(ran.said[0].to_string().contains("item: found"), "{}", ran.said[0]);
    assert_eq!(ran.said[1][0], "item 2", "what the box found is chosen: {}", ran.said[1]);
    assert_eq!(ran.said[2], 2);
    let [left, top, width, height] = MUG;
    let (x, y) = (left + width / 3, top + height / 2);
    // What a random model finds may be anything.
    if model.is_none() {
        assert_ne!(opened(&test_folder.outside("removed.png")).get_pixel(x, y), table().get_pixel(x, y), "the mug is still there");
    }
}

#[test]
fn krita51_a_click_finds_an_item() {
    clicks_find_items(Version::V5_1, None);
}

#[test]
fn krita52_a_click_finds_an_item() {
    clicks_find_items(Version::V5_2, None);
}

#[test]
fn krita51_a_click_finds_an_item_by_a_model() {
    clicks_find_items(Version::V5_1, Some("sam-official"));
}

#[test]
fn krita52_a_click_finds_an_item_by_a_model() {
    clicks_find_items(Version::V5_2, Some("sam-official"));
}
