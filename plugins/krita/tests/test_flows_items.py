"""Items of a picture, in a mock of Krita, against the daemon with a stand-in for the engine."""

from __future__ import annotations

from dedit_krita.failure import Failure
from dedit_krita.masks import BACKGROUND
from dedit_krita.qt import QtCore, QtGui

from .krita_test import BOX, HEIGHT, WIDTH, KritaTest, pixels
from .loop import until

LEFT, RIGHT = (2, 4, 14, 20), (26, 4, 16, 20)


class Items(KritaTest):
    """Where items come from, and commands for them."""

    def setUp(self) -> None:
        """Open a picture."""
        super().setUp()
        self.picture, self.photo = self.document()

    def names(self) -> list[str]:
        """Return the names of the shown items, without the background."""
        assert self.controller.picture is not None
        return [item.name for item in self.controller.picture.items if item.name != BACKGROUND]

    def two(self) -> None:
        """Set two items by masks of the layer."""
        self.add(self.photo, "item:right", RIGHT, "mask")
        self.add(self.photo, "left", LEFT, "mask")
        self.controller.take_items("layer-masks")
        self.done()

    def test_masks_of_the_layer(self) -> None:
        """The upper mask is in front; `item:` is not part of the name."""
        self.two()
        self.assertEqual(self.names(), ["left", "right"])
        assert self.controller.picture is not None
        shares = {item.name: item.share for item in self.controller.picture.items}
        self.assertAlmostEqual(shares["left"], 14 * 20 / (WIDTH * HEIGHT))

    def test_layers_of_a_group(self) -> None:
        """Each layer of the group is an item, by its alpha."""
        group = self.picture.createNode("group", "grouplayer")
        self.picture.rootNode().addChildNode(group, None)
        for name, box in (("back", (0, 0, WIDTH, HEIGHT)), ("front", BOX)):
            self.add(group, name, box, "layer")
        self.picture.setActiveNode(group)
        self.controller.take_items("layer-alpha")
        self.done()
        self.assertEqual(self.names(), ["front", "back"])

    def test_found_by_the_daemon(self) -> None:
        """The daemon finds the items."""
        self.controller.take_items("everything")
        self.settle()
        if self.controller.status.kind == "wrong":
            self.assertIn("segment", self.controller.status.text + self.controller.status.hint)
        else:
            self.assertTrue(self.names())

    def test_clicks_and_boxes(self) -> None:
        """A click makes an item; others change it while it is chosen, or make one more."""
        with self.assertRaisesRegex(Failure, "nothing was clicked yet"):
            self.controller.click((5, 6), False, "")
        self.controller.click((8, 12), True, "")
        self.done()
        self.assertEqual((self.names(), self.controller.take_found()), (["item"], "item"))
        self.assertIn("item: found", self.controller.status.text)
        self.controller.click((0, 0), False, "item")
        self.done()
        self.controller.box((26, 4, 10, 12))
        self.done()
        self.assertEqual(set(self.names()), {"item", "item 2"})
        self.controller.click((8, 12), False, "item")
        self.settle()
        self.assertIn("nothing would be left of the item", self.controller.status.text)

    def test_none_where_there_are_none(self) -> None:
        """A layer without masks is a failure."""
        self.controller.take_items("layer-masks")
        self.settle()
        self.assertEqual(self.controller.status.text, "'photo' has no masks")

    def test_renamed_and_left_out(self) -> None:
        """Rename and remove an item of the session."""
        self.two()
        self.controller.rename_item("right", "bag")
        self.done()
        self.assertEqual(self.names(), ["left", "bag"])
        self.controller.drop_item("left")
        self.done()
        self.assertEqual(self.names(), ["bag"])

    def test_the_last_item_is_left_out(self) -> None:
        """Removing the only item has an effect or a message."""
        self.select(self.picture, LEFT)
        self.controller.take_items("selection")
        self.done()
        self.assertEqual(self.names(), ["selection"])
        self.controller.drop_item("selection")
        self.settle()
        self.assertTrue(
            not self.names() or self.controller.status.kind == "wrong", self.controller.status
        )

    def test_kept_as_masks(self) -> None:
        """Selection masks under the layer, which can be read again."""
        self.select(self.picture, LEFT)
        self.controller.take_items("selection")
        self.done()
        self.controller.keep_masks()
        self.done()
        (mask,) = self.photo.childNodes()
        self.assertEqual((mask.name(), mask.type()), ("item:selection", "selectionmask"))
        inside = bytes(mask.pixelData(*LEFT))
        self.assertEqual(inside.count(255), len(inside))
        self.assertTrue(self.picture.saveAs(str(self.folder / "kept.kra")))

    def test_items_stay_when_the_layer_was_painted_on(self) -> None:
        """The new picture gets the same items."""
        self.two()
        self.photo.setPixelData(bytes(4), 0, 0, 1, 1)
        self.controller.refresh()
        self.done()
        self.assertEqual(self.names(), ["left", "right"])

    def test_an_edit_of_an_item_by_name(self) -> None:
        """No selection is needed."""
        self.two()
        self.controller.edit("replace", {"item": "left", "prompt": "a tree", "when": "draft"})
        self.done()
        self.assertIn("Replace left: a tree", self.layers(self.picture)[1])

    def test_learning(self) -> None:
        """The session is learned, and shown as such."""
        self.two()
        self.controller.learn()
        self.done()
        assert self.controller.picture is not None
        self.assertEqual(self.controller.picture.state, "learned")

    def test_a_plan_is_shown(self) -> None:
        """A plan of a movement is shown."""
        self.two()
        self.daemon_client.sent.clear()
        self.controller.show_plan("move", {"item": "left", "dx": 4})
        until(lambda: self.controller.plan is not None)
        self.assertEqual(self.daemon_client.sent, ["plan"])
        assert self.controller.plan is not None
        assert self.controller.picture is not None
        self.assertEqual(len(self.controller.plan.labels), len(self.controller.picture.labels))
        self.assertNotEqual(self.controller.plan.labels, self.controller.picture.labels)
        self.assertIn("left", self.controller.plan.names)
        self.assertTrue(any(self.controller.plan.changes))
        # Painted on, the picture has no session yet.
        self.controller.hide_plan()
        data = QtCore.QByteArray(pixels(("RGBA", "U8"), 4, seed=9))
        self.photo.setPixelData(data, 0, 0, 2, 2)
        self.controller.refresh()
        self.settle()
        self.controller.show_plan("move", {"item": "left", "dx": 4})
        until(lambda: self.controller.plan is not None)


class FromAnotherPicture(KritaTest):
    """An item of another document or file."""

    def setUp(self) -> None:
        """Open a picture with a selection, and another one."""
        super().setUp()
        self.other, _ = self.document(seed=8)
        self.select(self.other, RIGHT)
        self.picture, self.photo = self.document(seed=9)
        self.select(self.picture, LEFT)

    def swap_in(self, **values: object) -> None:
        """Replace the selected item by that of another picture."""
        self.controller.edit("swap-in", {"when": "both", **values})
        self.settle()

    def test_an_open_document(self) -> None:
        """The selected item of a document, which is not touched."""
        self.assertEqual(self.controller.documents, ("picture 8",))
        self.swap_in(**{"from-document": "picture 8"})
        self.assertNotEqual(self.controller.status.kind, "wrong", self.controller.status)
        self.assertIn("thing", self.layers(self.picture)[-1])
        self.assertEqual((self.other.undo_steps, self.other.annotationTypes()), ([], []))
        self.assertEqual(len(self.krita.documents()), 2)

    def test_a_file(self) -> None:
        """The file is opened, and closed again, also after a failure."""
        path = self.folder / "thing.png"
        image = QtGui.QImage(20, 10, QtGui.QImage.Format.Format_ARGB32)
        image.fill(0)
        for x in range(5, 15):
            image.setPixelColor(x, 5, QtGui.QColor(250, 10, 20))
        self.assertTrue(image.save(str(path)))
        self.swap_in(**{"from-file": str(path)})
        self.assertNotEqual(self.controller.status.kind, "wrong", self.controller.status)
        self.assertEqual(len(self.krita.documents()), 2)
        image.fill(QtGui.QColor(1, 2, 3))
        self.assertTrue(image.save(str(path)))
        self.swap_in(**{"from-file": str(path)})
        self.assertIn("which thing of", self.controller.status.text)
        self.assertEqual(len(self.krita.documents()), 2)

    def test_what_is_not_there(self) -> None:
        """A document that is not open, an invalid file, the picture itself."""
        nothing, text = self.folder / "nothing.png", self.folder / "text.png"
        text.write_text("no picture", encoding="utf-8")
        cases = [
            ({"from-document": "absent"}, "no document 'absent' is open"),
            ({"from-file": str(nothing)}, "there is no such file"),
            ({"from-file": str(text)}, "Krita cannot open this file"),
            ({"from-document": "picture 9"}, "that is the picture itself"),
        ]
        for values, message in cases:
            with self.subTest(values=values):
                self.swap_in(**values)
                self.assertIn(message, self.controller.status.text)
        self.assertEqual(self.layers(self.picture), ["photo"])
