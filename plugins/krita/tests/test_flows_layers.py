"""Whole edits as layers: a clean plate, and the item above it."""

from __future__ import annotations

import array
from typing import TYPE_CHECKING, Any

from dedit_krita import colour_space as spaces
from dedit_krita import pixels as p
from dedit_krita.failure import Failure
from dedit_krita.qt import QtCore
from dedit_krita.source import descendants
from dedit_krita.wire import Pixels

from .krita_test import BOX, HEIGHT, OTHER_BOX, WIDTH, KritaTest, filled
from .loop import until

if TYPE_CHECKING:
    from krita import Document, Node

INNER = (8, 10, 12, 9)
KINDS = (
    ("U8", "RGBA", ""),
    ("U16", "RGBA", spaces.SRGB),
    ("F32", "RGBA", spaces.SRGB),
    ("F32", "RGBA", "sRGB-elle-V2-g10.icc"),
    ("U16", "RGBA", "sRGB-elle-V2-g10.icc"),
    ("U8", "GRAYA", ""),
)


class Layered(KritaTest):
    """An edit becomes a group of a plate and an item."""

    def edit(self, verb: str, **values: object) -> None:
        """Edit as layers, as a draft by default."""
        output = {} if verb == "lift" else {"output": "layers"}
        self.controller.edit(verb, {"when": "draft", **output, **values})
        self.done()

    def parts(self, document: Document) -> tuple[Any, Any, Any]:
        """Return the uppermost group, its plate, and its item."""
        group = document.rootNode().childNodes()[-1]
        plate, item = group.childNodes()
        return group, plate, item

    def paint(self, node: Node, box: tuple[int, int, int, int]) -> None:
        """Paint a layer grey, and a rectangle lighter."""
        space = spaces.ColourSpace(node.colorModel(), node.colorDepth(), node.colorProfile())
        most = p.MOST[space.samples]
        for rect, share in (((0, 0, WIDTH, HEIGHT), 0.4), (box, 0.8)):
            value = share * most if most == 1.0 else int(share * most)
            values = [*[value] * (space.channels - 1), most] * (rect[2] * rect[3])
            data = array.array(p.NUMBERS[space.samples], values).tobytes()
            node.setPixelData(QtCore.QByteArray(data), *rect)

    def visible(self, document: Document, node: Node) -> Pixels:
        """Return what is seen, as the daemon would get it."""
        space = spaces.ColourSpace(node.colorModel(), node.colorDepth(), node.colorProfile())
        data = self.shown_picture(document, node)
        wire = space.wire_space
        return Pixels(document.width(), document.height(), wire.channels, wire.samples, data)

    def assert_near(self, one: bytes, other: bytes, samples: str, levels: float) -> None:
        """Samples differ by few of 255 levels at most."""
        step = p.MOST[samples] / 255
        values = (p.values_of(bytes(data), samples) for data in (one, other))
        off = max(abs(a - b) for a, b in zip(*values))
        self.assertLessEqual(off / step, levels)

    def test_a_moved_item(self) -> None:
        """Plate and item give the result, in one undo step, and the item is active."""
        for depth, model, profile in KINDS:
            with self.subTest(depth=depth, model=model, profile=profile):
                document, node = self.document(depth, model, profile)
                count = len(document.undo_steps)
                self.select(document, INNER)
                self.edit("move", dx=9)
                self.assertEqual(document.undo_steps[count:], ["Add Layer"])
                group, plate, item = self.parts(document)
                names = [group.name(), plate.name(), item.name()]
                self.assertEqual(names, ["Move selection (draft)", "clean plate", "selection"])
                self.assertEqual([one.type() for one in plate.childNodes()], ["transparencymask"])
                self.assertEqual(item.childNodes(), [])
                self.assertEqual(document.activeNode(), item)
                key = self.entry().key
                seen = self.visible(document, node)
                self.assert_near(seen.data, self.whole(key), seen.samples, 2)
                # The next edit starts from it.
                document.setSelection(None)
                self.controller.edit("remove", {"when": "draft", "item": "selection"})
                self.done()
                self.assertEqual(self.entry().key, (key[0], key[1] + 1))
                self.assertEqual(self.entry().details["base"], key[1])
                self.assertEqual(self.layers(document)[-1], "Remove selection (draft)")

    def test_a_lifted_item(self) -> None:
        """The picture looks as before; with the item hidden, it is the result."""
        for depth, model, profile in KINDS:
            with self.subTest(depth=depth, model=model, profile=profile):
                document, node = self.document(depth, model, profile)
                self.paint(node, BOX)
                before = self.visible(document, node)
                self.select(document, BOX)
                self.edit("lift")
                _, plate, item = self.parts(document)
                self.assertEqual(self.entry().title, "Lift selection")
                key = self.entry().key
                self.assertTrue(self.entry().is_applied)
                left, top, wide, high = BOX
                for y in range(top, top + high):
                    rows = []
                    for data in (self.visible(document, node).data, before.data):
                        pixel = len(data) // (WIDTH * HEIGHT)
                        start = (y * WIDTH + left) * pixel
                        rows.append(data[start : start + wide * pixel])
                    self.assert_near(*rows, before.samples, 2)
                # It is known that the item hides the change.
                document.setSelection(None)
                self.controller.edit("remove", {"when": "draft", "item": "selection"})
                self.done()
                self.assertEqual(self.entry().key[0], key[0])
                self.assertEqual(self.entry().details["base"], 0)
                self.controller.discard(self.entry().key)
                self.settle()
                item.setVisible(False)
                seen = self.visible(document, node)
                self.assert_near(seen.data, self.whole(key), seen.samples, 0.1)
                self.select(document, OTHER_BOX)
                self.controller.edit("refine", {"when": "draft"})
                self.done()
                self.assertEqual(self.entry().details["base"], key[1])
                self.assertTrue(plate.visible())

    def test_an_item_that_was_moved_by_hand(self) -> None:
        """The next edit is of what is seen."""
        document, node = self.document()
        self.select(document, INNER)
        self.edit("lift")
        _, _, item = self.parts(document)
        left, top, wide, high = item.raster.box
        item.raster.box = (left + 14, top + 3, wide, high)
        seen = self.visible(document, node)
        self.select(document, OTHER_BOX)
        self.controller.edit("remove", {"when": "draft"})
        self.done()
        head = {"session": self.entry().key[0], "revision": 0, "whole": True}
        base = self.answer(self.daemon_client.request("result", head)).blobs[0]
        self.assert_near(filled(base).data, seen.data, "u8", 1)

    def test_results_of_layers_go_and_come_back(self) -> None:
        """Redo, undo with apply, discard, and the item as active layer."""
        document, _ = self.document()
        self.select(document, INNER)
        self.edit("move", dx=9)
        first, second = self.entry().key, document.rootNode().childNodes()[-1]
        self.assertEqual(document.activeNode().name(), "selection")
        self.controller.redo(seed=9)
        self.done()
        group, _, item = self.parts(document)
        self.assertEqual((second.visible(), group.visible()), (False, True))
        self.assertEqual(group.name(), "Move selection (draft)")
        self.assertEqual(item.name(), "selection")
        self.assertEqual(self.entry().seed, 9)
        self.controller.discard(self.entry().key)
        self.settle()
        self.assertEqual(document.rootNode().childNodes()[-1], second)
        self.controller.discard(first)
        self.settle()
        names = [node.name() for node in descendants(document.rootNode())]
        self.assertEqual(names, ["photo"])

    def test_undone_and_applied(self) -> None:
        """What comes back from the history is one layer."""
        document, node = self.document()
        self.select(document, INNER)
        self.edit("move", dx=9)
        entry = self.entry()
        document.rootNode().childNodes()[-1].remove()
        # No layer is active then.
        self.controller.refresh()
        self.settle()
        self.assertFalse(self.entry().is_applied)
        self.controller.apply(entry.key)
        self.done()
        self.assertEqual(self.layers(document), ["photo", "Move selection"])
        self.assertEqual(self.shown_picture(document, node), self.whole(entry.key))

    def test_the_active_group(self) -> None:
        """The group and the item stand for the picture that they were made of."""
        document, node = self.document()
        self.select(document, INNER)
        self.edit("lift")
        for active in (*self.parts(document), node):
            document.setActiveNode(active)
            self.controller.refresh()
            self.settle()
            picture = self.controller.picture
            self.assertEqual(picture.name if picture else "", "photo")

    def test_a_layer_with_an_offset(self) -> None:
        """Plate and item are where the layer is."""
        document, _ = self.document()
        node = self.add(document.rootNode(), "thing", (20, 12, 24, 18), "layer")
        document.setActiveNode(node)
        self.select(document, (26, 16, 6, 6))
        self.edit("lift")
        _, plate, item = self.parts(document)
        for layer in (plate, item):
            self.assertTrue(QtCore.QRect(20, 12, 24, 18).contains(layer.bounds()))
        self.assertTrue(item.bounds().contains(QtCore.QRect(26, 16, 6, 6)))

    def test_a_draft_and_variations(self) -> None:
        """The learned result takes the draft's place; of variations the first is added."""
        document, _ = self.document()
        self.select(document, INNER)
        self.edit("move", dx=9, when="both", variations=2, seed=3)
        groups = document.rootNode().childNodes()[1:]
        told = [(group.name(), group.visible()) for group in groups]
        self.assertEqual(told, [("Move selection (draft)", False), ("Move selection", True)])
        self.assertEqual([entry.seed for entry in self.controller.history], [4, 3, 4, 3])

    def test_edits_of_no_item(self) -> None:
        """They are one layer."""
        document, _ = self.document()
        self.select(document, BOX)
        self.edit("refine")
        self.assertEqual(self.layers(document), ["photo", "Refine (draft)"])

    def test_instant(self) -> None:
        """Without learning, and only where no words are followed."""
        document, _ = self.document()
        self.select(document, INNER)
        with self.assertRaises(Failure) as caught:
            self.controller.edit("replace", {"prompt": "a lake", "when": "instant"})
        self.assertEqual(
            caught.exception.sentence(),
            "'when' is 'instant', and replace needs a diffusion model;"
            " choose learned, draft, fast or both",
        )
        self.controller.edit("remove", {"when": "instant"})
        self.done()
        self.assertNotIn("learn", self.daemon_client.sent)
        record = next(iter(self.notes(document).results.values()))
        self.assertEqual(record.model, "patches")

    def test_the_document_is_closed(self) -> None:
        """While the item is to become active: no failure."""
        document, _ = self.document()
        self.select(document, INNER)
        self.controller.edit("lift", {"when": "draft"})
        until(lambda: len(document.rootNode().childNodes()) > 1)
        document.close()
        self.settle()
