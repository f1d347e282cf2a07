"""Whole edits in a mock of Krita, against the daemon with a stand-in for the engine.

`DEDIT_TEST_STAND_IN` names the daemon: the example `stand_in` of crates/dedit-daemon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedit_krita import colour_space as spaces
from dedit_krita.failure import Failure
from dedit_krita.qt import QtCore

from .krita_test import BOX, HEIGHT, OTHER_BOX, WIDTH, KritaTest, pixels
from .loop import until

if TYPE_CHECKING:
    from krita import Document, Node


class Edits(KritaTest):
    """An edit becomes a layer, and the next one starts from it."""

    def check_removed(self, document: Document, node: Node) -> Node:
        """Remove the selected item, and check layers, undo steps and annotations."""
        before = bytes(node.pixelData(0, 0, WIDTH, HEIGHT))
        count = len(document.undo_steps)
        self.select(document, BOX)
        self.remove()
        self.done()
        layers = document.rootNode().childNodes()
        self.assertEqual(layers[0].name(), "photo")
        self.assertEqual(len(layers), 2)
        added = layers[1]
        self.assertEqual([mask.type() for mask in added.childNodes()], ["transparencymask"])
        self.assertEqual(document.undo_steps[count:], ["Add Layer"])
        self.assertEqual(bytes(node.pixelData(0, 0, WIDTH, HEIGHT)), before)
        entry = self.entry()
        self.assertTrue(entry.is_applied)
        self.assertEqual(bytes(document.annotation("dedit_session")).decode(), entry.key[0])
        return added

    def check_bits(self, document: Document, node: Node) -> None:
        """The visible picture equals the daemon's, bit for bit, after one edit and after two."""
        self.check_removed(document, node)
        first = self.entry().key
        self.assertEqual(self.shown_picture(document, node), self.whole(first))
        self.select(document, OTHER_BOX)
        self.remove()
        self.done()
        self.assertEqual(self.shown_picture(document, node), self.whole(self.entry().key))

    def test_eight_bits(self) -> None:
        """RGBA of 8 bits."""
        self.check_bits(*self.document())

    def test_sixteen_bits(self) -> None:
        """SRGB of 16 bits is sent unchanged."""
        self.check_bits(*self.document("U16", profile=spaces.SRGB))

    def test_grey(self) -> None:
        """Grey of 8 bits."""
        self.check_bits(*self.document(model="GRAYA"))

    def test_floats_of_linear_light(self) -> None:
        """Linear floats are converted and back, within rounding."""
        document, node = self.document("F32")
        self.assertIn("g10", document.colorProfile())
        self.check_removed(document, node)
        seen = memoryview(self.shown_picture(document, node)).cast("f")
        whole = memoryview(self.whole(self.entry().key)).cast("f")
        worst = max(abs(one - other) for one, other in zip(seen, whole))
        self.assertLess(worst, 1e-4)

    def test_an_edit_goes_on_from_the_one_before(self) -> None:
        """The same item again: the same session, based on the first revision."""
        for depth in ("U8", "U16", "F32"):
            with self.subTest(depth=depth):
                document, node = self.document(depth, seed=2)
                self.select(document, BOX)
                self.replace("a lake")
                first = self.entry()
                before = self.shown_picture(document, node)
                self.replace("a street")
                second = self.entry()
                self.assertEqual(second.key[0], first.key[0])
                results = {(r.session, r.revision): r for r in self.results(document)}
                self.assertEqual(results[second.key].base, first.key[1])
                self.assertEqual(len(document.rootNode().childNodes()), 3)
                self.assertNotEqual(self.shown_picture(document, node), before)
                document.close()

    def replace(self, prompt: str) -> None:
        """Replace the selected item."""
        self.controller.edit("replace", {"prompt": prompt, "when": "draft", "seed": 5})
        self.done()

    def results(self, document: Document) -> list:
        """Return the records of result layers."""
        return list(self.notes(document).results.values())

    def check_requests(self, expected: list[str], verb: str, **values: object) -> None:
        """Edit, and compare the requests until the document is read again."""
        self.daemon_client.sent.clear()
        self.controller.edit(verb, {"when": "draft", **values})
        self.done()
        sent = self.daemon_client.sent
        self.assertEqual(sent[: sent.index("edit") + 1], expected)
        # Reading the picture again is one request, with one pair for each session of the history.
        rest = sent[sent.index("edit") + 1 :]
        self.assertEqual(rest.count("open_picture"), 1, rest)
        self.assertLessEqual(set(rest), {"open_picture", "models", "open_session", "history"}, rest)

    def test_requests_of_an_edit(self) -> None:
        """Pixels are sent once; an edit of a known item is one request besides opening."""
        document, _ = self.document()
        self.select(document, BOX)
        opening = ["open_picture", "open_picture"]
        self.check_requests([*opening, "adopt", "edit"], "replace", prompt="a lake")
        self.check_requests(["open_picture", "adopt", "edit"], "replace", prompt="a street")
        self.check_requests(["open_picture", "edit"], "remove", item="selection")

    def test_looking_creates_no_session(self) -> None:
        """Reading a picture that was painted on changes nothing at the daemon."""
        document, node = self.document()
        self.select(document, BOX)
        self.replace("a lake")
        before = self.answer(self.daemon_client.request("sessions")).head
        node.setPixelData(QtCore.QByteArray(pixels(("RGBA", "U8"), 4, seed=9)), 0, 0, 2, 2)
        self.controller.refresh()
        self.settle()
        self.assertEqual(self.answer(self.daemon_client.request("sessions")).head, before)

    def test_painting_on_a_result_makes_another_picture(self) -> None:
        """A result that was painted on is no revision of the daemon."""
        document, node = self.document()
        self.select(document, BOX)
        self.replace("a lake")
        added = document.rootNode().childNodes()[-1]
        first = self.entry()
        data = QtCore.QByteArray(pixels(("RGBA", "U8"), 4, seed=9))
        added.setPixelData(data, BOX[0] + 4, BOX[1] + 4, 2, 2)
        self.replace("a street")
        self.assertNotEqual(self.entry().key[0], first.key[0])
        self.assertEqual(self.shown_picture(document, node), self.whole(self.entry().key))

    def test_a_half_transparent_result_is_laid_over_by_krita(self) -> None:
        """The blended picture is sent."""
        document, node = self.document()
        added = self.check_removed(document, node)
        added.setOpacity(128)
        open_before = len(self.krita.documents())
        self.remove(item="selection", seed=5)
        self.done()
        self.assertEqual(len(document.rootNode().childNodes()), 3)
        self.assertEqual(len(self.krita.documents()), open_before)

    def test_a_layer_larger_than_the_canvas(self) -> None:
        """Only the part on the canvas is the picture."""
        document, node = self.document()
        data = QtCore.QByteArray(pixels(("RGBA", "U8"), 90 * 80))
        node.setPixelData(data, -20, -10, 90, 80)
        self.select(document, (-5, -5, 60, 20))
        self.remove()
        self.done()
        self.assertEqual(self.shown_picture(document, node), self.whole(self.entry().key))

    def test_a_layer_with_an_offset(self) -> None:
        """The result of a layer that starts within the canvas has the right position."""
        document, _ = self.document()
        node = self.add(document.rootNode(), "thing", (20, 12, 24, 18), "layer")
        document.setActiveNode(node)
        self.select(document, (26, 16, 6, 6))
        self.remove()
        self.done()
        added = document.rootNode().childNodes()[-1]
        mask = bytes(added.childNodes()[0].pixelData(0, 0, WIDTH, HEIGHT))
        self.assertEqual(mask[20 * WIDTH + 28], 255)
        for place, share in enumerate(mask):
            x, y = place % WIDTH, place // WIDTH
            self.assertTrue(not share or (20 <= x < 44 and 12 <= y < 30), (x, y))

    def test_a_selection_beside_the_layer(self) -> None:
        """The selection does not touch the layer: a failure, and no new layer."""
        document, _ = self.document()
        node = self.add(document.rootNode(), "thing", (20, 12, 24, 18), "layer")
        document.setActiveNode(node)
        self.select(document, (0, 0, 8, 8))
        self.remove()
        self.settle()
        self.assertEqual(self.controller.status.text, "nothing is selected")
        self.assertEqual(len(document.rootNode().childNodes()), 2)

    def test_all_that_is_visible(self) -> None:
        """The whole document is the picture; the result is on top."""
        document, _ = self.document()
        self.add(document.rootNode(), "thing", BOX, "layer")
        self.select(document, BOX)
        self.remove(picture="visible")
        self.done()
        names = [node.name() for node in document.rootNode().childNodes()]
        self.assertEqual(names[:2], ["photo", "thing"])
        self.assertEqual(len(names), 3)

    def test_variations(self) -> None:
        """The first becomes a layer, the others are in the history and can be applied."""
        document, _ = self.document()
        self.select(document, BOX)
        self.remove(variations=3, seed=7)
        self.done()
        self.assertEqual(len(document.rootNode().childNodes()), 2)
        self.assertEqual([entry.seed for entry in self.controller.history], [9, 8, 7])
        self.assertEqual(
            [entry.is_applied for entry in self.controller.history], [False, False, True]
        )
        self.controller.apply(self.entry(0).key)
        self.done()
        self.assertTrue(self.entry(0).is_applied)

    def test_after_learning_the_draft_is_hidden(self) -> None:
        """With `both` the draft comes first, and is hidden by the learned result."""
        document, node = self.document()
        self.select(document, BOX)
        self.remove(when="both")
        self.done()
        _, draft, learned = document.rootNode().childNodes()
        self.assertEqual([draft.visible(), learned.visible()], [False, True])
        self.assertIn("(draft)", draft.name())
        self.assertEqual(self.shown_picture(document, node), self.whole(self.entry().key))


class Afterwards(KritaTest):
    """Redo, discard and apply."""

    def setUp(self) -> None:
        """Create a first result."""
        super().setUp()
        self.picture, self.photo = self.document()
        self.select(self.picture, BOX)
        self.remove(seed=3)
        self.done()

    def test_redo(self) -> None:
        """Another seed: a new layer replaces the old one, which is hidden."""
        before = self.entry()
        self.controller.redo(before.key, seed=11)
        self.done()
        _, old, new = self.picture.rootNode().childNodes()
        self.assertEqual([old.visible(), new.visible()], [False, True])
        self.assertEqual((self.entry().seed, self.entry().key[0]), (11, before.key[0]))
        self.assertEqual(self.shown_picture(self.picture, self.photo), self.whole(self.entry().key))

    def test_discard(self) -> None:
        """Layer and entry are gone for good."""
        key = self.entry().key
        self.controller.discard(key)
        self.done()
        self.assertEqual(self.layers(self.picture), ["photo"])
        self.assertEqual(self.controller.history, ())
        with self.assertRaises(Failure):
            self.controller.apply(key)

    def test_apply(self) -> None:
        """A deleted layer is restored."""
        layer = self.picture.rootNode().childNodes()[1]
        before = self.shown_picture(self.picture, self.photo)
        layer.remove()
        self.controller.refresh()
        self.settle()
        self.assertFalse(self.entry().is_applied)
        self.controller.apply(self.entry().key)
        self.done()
        self.assertTrue(self.entry().is_applied)
        self.assertEqual(self.shown_picture(self.picture, self.photo), before)

    def test_what_is_seen_already_is_not_applied_again(self) -> None:
        """A failure, and no new layer."""
        self.controller.apply(self.entry().key)
        self.settle()
        self.assertEqual(self.controller.status.kind, "wrong")
        self.assertEqual(len(self.picture.rootNode().childNodes()), 2)


class Meanwhile(KritaTest):
    """The user goes on while the daemon works."""

    step_us = 60_000

    def begin(self) -> tuple[Document, Node, Document]:
        """Start a job in one of two documents."""
        other, _ = self.document(seed=4)
        document, node = self.document(seed=5)
        self.select(document, BOX)
        self.remove()
        until(lambda: any(job.share for job in self.controller.jobs))
        return document, node, other

    def check_offered(self, remark: str) -> None:
        """The result is in the history, with the reason why it is no layer."""
        self.settle()
        self.assertEqual(self.controller.status.kind, "wrong")
        self.assertIn(remark, self.controller.status.text)

    def test_the_document_is_closed(self) -> None:
        """The result is kept, and the other document is not touched."""
        document, _, other = self.begin()
        seen: list[str] = []
        self.controller.history_changed.connect(
            lambda: seen.extend(entry.remark for entry in self.controller.history)
        )
        document.close()
        self.krita.setActiveDocument(other)
        self.check_offered("was closed")
        self.assertTrue(any("was closed" in remark for remark in seen), seen)
        self.assertEqual(self.krita.documents(), [other])
        self.assertEqual((other.undo_steps, other.annotationTypes()), ([], []))

    def test_the_layer_is_deleted(self) -> None:
        """The result is in the history; no layer is added."""
        document, node, _ = self.begin()
        self.add(document.rootNode(), "another", (0, 0, 20, 20), "layer")
        document.setActiveNode(document.rootNode().childNodes()[-1])
        node.remove()
        self.check_offered("was deleted")
        self.assertEqual(self.layers(document), ["another"])

    def test_the_job_is_stopped(self) -> None:
        """Nothing is changed."""
        document, _, _ = self.begin()
        self.controller.cancel(self.controller.jobs[0].number)
        self.settle()
        self.assertIn("stopped", self.controller.status.text)
        self.assertEqual(self.layers(document), ["photo"])

    def test_the_document_is_converted_while_it_is_looked_at(self) -> None:
        """The document is read again, without a failure."""
        document, _ = self.document(seed=6)
        self.select(document, BOX)
        self.remove()
        self.settle()
        self.controller.refresh()
        document.setColorSpace("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc")
        self.settle()
        self.assertNotEqual(self.controller.status.kind, "wrong", self.controller.status.text)
