"""The canvas grows: the result, what comes after it, and what comes back from the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedit_krita.failure import Failure
from dedit_krita.qt import QtCore
from dedit_krita.sides import Sides, sides_of
from dedit_krita.source import find_source

from .krita_test import BOX, HEIGHT, WIDTH, KritaTest, pixels

if TYPE_CHECKING:
    from krita import Document, Node

SIDES = {"left": 9, "bottom": 5}
SIZE = (WIDTH + 9, HEIGHT + 5)


class Expand(KritaTest):
    """Documents whose layer covers the canvas, by its pixels or by its default pixel."""

    def expand(self, **values: object) -> None:
        """Expand the canvas, as a draft by default."""
        self.controller.edit("expand", {"when": "draft", "seed": 5, **SIDES, **values})
        self.done()

    def photo(self, is_filled: bool) -> tuple[Document, Node]:
        """Open a document; its layer is white or transparent beyond its pixels."""
        document, node = self.document()
        if not is_filled:
            background = node
            node = self.add(document.rootNode(), "cut out", (0, 0, WIDTH, HEIGHT), "layer")
            document.setActiveNode(node)
            background.remove()
        return document, node

    def size(self, document: Document) -> tuple[int, int]:
        """Return width and height of the canvas."""
        return document.width(), document.height()

    def check_shown(self, document: Document, node: Node) -> None:
        """What is visible is the newest result of the history, bit for bit."""
        self.assertEqual(self.shown_picture(document, node), self.whole(self.entry().key))

    def test_the_next_edit_is_of_the_larger_picture(self) -> None:
        """Everything moves with the picture; the next edit is based on the expansion."""
        for is_filled in (True, False):
            with self.subTest(is_filled=is_filled):
                document, node = self.photo(is_filled)
                before = bytes(node.pixelData(0, 0, WIDTH, HEIGHT))
                self.select(document, BOX)
                count = len(document.undo_steps)
                self.expand()
                self.assertEqual(document.undo_steps[count:], ["Resize Image", "Add Layer"])
                self.assertIn("Undo takes two steps", self.controller.status.hint)
                self.assertEqual(self.size(document), SIZE)
                self.assertEqual(bytes(node.pixelData(9, 0, WIDTH, HEIGHT)), before)
                chosen = document.selection()
                assert chosen is not None
                self.assertEqual((chosen.x(), chosen.y()), (BOX[0] + 9, BOX[1]))
                self.check_shown(document, node)
                first = self.entry().key
                self.remove(item="selection", seed=6)
                self.done()
                record = list(self.notes(document).results.values())[-1]
                self.assertEqual((record.session, record.base, record.grows), (*first, False))
                self.check_shown(document, node)
                second = self.entry().key
                # Once more, at the other sides.
                self.expand(left=0, bottom=0, right=3, top=4)
                self.assertEqual(self.size(document), (SIZE[0] + 3, SIZE[1] + 4))
                self.check_shown(document, node)
                self.assertEqual(self.entry().details["base"], second[1])

    def test_drafts_learned_results_and_others_share_one_canvas(self) -> None:
        """The canvas grows once, for a layer and for everything visible."""
        for picture in ("layer", "visible"):
            with self.subTest(picture=picture):
                document, node = self.document(seed=3 if picture == "layer" else 4)
                self.select(document, BOX)
                self.expand(when="both", picture=picture)
                self.assertEqual(self.size(document), SIZE)
                visible = [layer.visible() for layer in document.rootNode().childNodes()]
                self.assertEqual(visible, [True, False, True])
                self.check_shown(document, node)
                self.controller.redo(self.entry().key, seed=11)
                self.done()
                self.assertEqual(self.size(document), SIZE)
                self.assertEqual(self.entry().seed, 11)
                self.check_shown(document, node)
                self.controller.set_mode("layer")
                self.settle()
                document.close()

    def test_results_from_before_are_made_again(self) -> None:
        """A result of the small picture is made again in its place, below the larger one."""
        document, _ = self.document()
        self.select(document, BOX)
        self.remove(seed=3)
        self.done()
        small = self.entry()
        self.expand(right=2)
        self.controller.redo(small.key, seed=4)
        self.done()
        self.assertEqual(self.size(document), (SIZE[0] + 2, SIZE[1]))
        names = [layer.name() for layer in document.rootNode().childNodes()]
        again = document.rootNode().childNodes()[names.index("Remove selection (draft)") + 1]
        box = again.childNodes()[0].bounds()
        self.assertGreaterEqual(box.x(), 9)
        # A layer that is hidden is made again on the canvas that there is.
        expansion = next(entry for entry in self.controller.history if entry.title == "Expand")
        document.rootNode().childNodes()[-1].setVisible(False)
        self.controller.refresh()
        self.settle()
        self.controller.redo(expansion.key, seed=12)
        self.done()
        self.assertEqual(self.size(document), (SIZE[0] + 2, SIZE[1]))
        # The picture is another one once the canvas is cut.
        document.resizeImage(5, 5, 20, 20)
        self.controller.refresh()
        self.settle()
        self.controller.redo(expansion.key, seed=13)
        self.settle()
        self.assertIn("the canvas is another one", self.controller.status.text)

    def test_a_result_comes_back_with_its_canvas(self) -> None:
        """On the small canvas it grows again; one of the small canvas is refused on the large."""
        document, node = self.document()
        self.select(document, BOX)
        self.remove(seed=3)
        self.done()
        small = self.entry()
        document.rootNode().childNodes()[-1].setVisible(False)
        self.expand()
        entry, shown = self.entry(), self.shown_picture(document, node)
        self.controller.apply(small.key)
        self.settle()
        self.assertIn("is smaller than what is seen", self.controller.status.text)
        document.rootNode().childNodes()[-1].remove()
        document.resizeImage(9, 0, WIDTH, HEIGHT)
        self.controller.refresh()
        self.settle()
        self.controller.apply(entry.key)
        self.done()
        self.assertEqual(self.size(document), SIZE)
        self.assertEqual(self.shown_picture(document, node), shown)
        self.remove(item="selection", seed=8)
        self.done()
        self.assertEqual(self.entry().details["base"], entry.key[1])

    def test_a_layer_that_hangs_over_the_canvas(self) -> None:
        """The new pixels are beside what is seen; the rest of the layer stays below them."""
        document, _ = self.document()
        node = self.add(document.rootNode(), "wide", (-20, 0, WIDTH + 20, HEIGHT), "layer")
        document.setActiveNode(node)
        document.rootNode().childNodes()[0].remove()
        self.select(document, BOX)
        self.expand()
        self.assertEqual(self.size(document), SIZE)
        self.assertEqual(find_source(document, "layer").size, SIZE)
        self.check_shown(document, node)
        self.remove(item="selection")
        self.done()
        self.assertEqual(self.entry().details["base"], 1)

    def test_items_are_looked_for(self) -> None:
        """Without a selection and masks the daemon finds them."""
        document, node = self.document()
        self.expand()
        self.assertTrue(self.controller.picture and self.controller.picture.items)
        self.check_shown(document, node)

    def test_what_cannot_be(self) -> None:
        """A sentence, before anything is sent."""
        document, _ = self.document()
        cases: list[tuple[dict[str, object], str]] = [
            ({}, "expand adds no pixel"),
            ({"left": -1}, "'left' is -1; expand takes whole numbers from 0 to 65000"),
            ({"top": 1.5}, "'top' is 1.5; expand takes whole numbers from 0 to 65000"),
        ]
        for values, expected in cases:
            with self.subTest(expected), self.assertRaises(Failure) as caught:
                self.controller.edit("expand", values)
            self.assertEqual(caught.exception.message, expected)
        self.controller.edit("expand", {"left": 65_000})
        self.settle()
        self.assertIn("is too large", self.controller.status.text)
        self.controller.edit("expand", {"left": 3, "into": "hat", "when": "draft"})
        self.settle()
        self.assertIn("there is no item 'hat'", self.controller.status.text)
        self.assertEqual((self.size(document), document.undo_steps), ((WIDTH, HEIGHT), []))

    def test_other_kinds_of_documents(self) -> None:
        """Grey, 16 bits and linear floats."""
        for values in ({"model": "GRAYA"}, {"depth": "U16"}, {"depth": "F32"}):
            with self.subTest(values):
                document, _ = self.document(seed=7, **values)
                self.select(document, BOX)
                self.expand()
                self.assertEqual(self.size(document), SIZE)
                self.remove(item="selection", seed=6)
                self.done()
                self.assertEqual(self.entry().details["base"], 1)
                document.close()

    def test_painting_beside_the_old_picture_makes_another_one(self) -> None:
        """The result was painted on: a picture of its own, as large as what is seen."""
        document, _ = self.document()
        self.select(document, BOX)
        self.expand()
        added, first = document.rootNode().childNodes()[-1], self.entry()
        added.setPixelData(QtCore.QByteArray(pixels(("RGBA", "U8"), 4, seed=9)), 2, 2, 2, 2)
        self.remove()
        self.done()
        self.assertNotEqual(self.entry().key[0], first.key[0])
        self.assertEqual(len(self.whole(self.entry().key)), SIZE[0] * SIZE[1] * 4)

    def test_sides(self) -> None:
        """What files and the daemon say is taken as far as it makes sense."""
        edits = [{"verb": "expand", "left": 3, "top": "a", "right": -4}, {"verb": "remove"}, 5]
        self.assertEqual(Sides.of(edits), Sides(left=3))
        self.assertIsNone(Sides(left=3).minus(Sides(top=1)))
        grown = [{"verb": "expand", "left": 2}]
        revisions = [
            {"revision": 1, "base": 0, "edits": grown},
            {"revision": 2, "base": 1, "edits": grown},
            {"revision": 3, "base": 3, "edits": grown},
        ]
        widths = [sides_of(revisions, number).left for number in (0, 1, 2, 3, 9)]
        self.assertEqual(widths, [0, 2, 4, 6, 0])
