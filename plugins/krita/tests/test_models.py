"""The list of models: what its lines say, which buttons make sense, and what they ask for."""

from __future__ import annotations

import os
import unittest
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from dedit_krita.jobs import in_megabytes
from dedit_krita.model_list import model_of, size
from dedit_krita.view_state import Status

from .panel_test import APPLICATION, PanelTest, tests_of

ABSENT: dict[str, Any] = {
    "name": "sd15",
    "title": "Stable Diffusion 1.5",
    "kind": "checkpoint",
    "family": "sd1",
    "purpose": "general pictures",
    "licence": "OpenRAIL",
    "licence_link": "https://l",
    "bytes": 4_265_146_304,
    "fetchable": True,
}
HERE = {**ABSENT, "path": "/m/a", "program": "D-Edit", "accepted": True}
FOUND = {**HERE, "name": "a", "program": "ComfyUI", "fetchable": False, "licence": ""}
BROKEN = {**FOUND, "broken": "it is cut off", "program": "added"}
CASES = (
    # The model, whether it is the default; name, state and buttons.
    (ABSENT, False, "sd15", "not fetched", {"fetch", "add"}),
    (HERE, False, "sd15", "fetched", {"default", "add", "verify", "remove"}),
    (HERE, True, "sd15", "fetched, default", {"add", "verify", "remove"}),
    (FOUND, False, "/m/a", "found", {"default", "add", "verify"}),
    (BROKEN, False, "/m/a", "broken", {"add", "verify", "remove"}),
)


class Lines(unittest.TestCase):
    """From an answer of the daemon to a line."""

    def test_lines(self) -> None:
        """Each state has its word and its buttons."""
        for one, is_usual, name, state, buttons in CASES:
            model = model_of(one, "/m/a" if is_usual else None)
            self.assertEqual((model.name, model.state, set(model.buttons)), (name, state, buttons))
            self.assertEqual(model.details, "SD 1.5 \u00b7 4.3 GB")
        model = model_of(BROKEN, None)
        self.assertIn("Kept by added: /m/a\nBroken: it is cut off; remove it", model.about)
        self.assertIn("Stable Diffusion 1.5 is offered under", model_of(ABSENT, None).question)
        self.assertEqual(model_of(HERE, None).question, "")

    def test_sizes(self) -> None:
        """Sizes are short, and progress counts in megabytes."""
        for count, text in ((None, ""), (10, "1 kB"), (40_700_000, "41 MB")):
            self.assertEqual(size(count), text)
        self.assertEqual(in_megabytes("fetching", 3, 40), "fetching 3 of 40 MB")
        self.assertEqual(in_megabytes("denoising", 3, 40), "")


class Buttons(PanelTest):
    """The list in the panel."""

    def test_a_model_is_fetched_once_its_licence_is_accepted(self) -> None:
        """The list opens where a model lacks, and asks before it fetches."""
        self.assertFalse(self.find("dedit_models").isVisible())
        self.controller.show(status=Status("replace needs a model", "Fetch one", "wrong", "model"))
        self.click("dedit_lead_models")
        self.assertTrue(self.find("dedit_models").isVisible())
        self.assertEqual(self.controller.asked, [("read_catalog",)])
        absent, here = model_of(ABSENT, None), model_of(HERE, "/m/a")
        self.controller.show(catalog=(here, absent))
        self.assertFalse(self.find("dedit_model_fetch").isEnabled())
        self.find("dedit_models").setCurrentRow(1)
        self.assertIn("OpenRAIL, https://l", self.find("dedit_model_about").text())
        shot = os.environ.get("DEDIT_TEST_SHOT")
        if shot:
            APPLICATION.processEvents()
            self.panel.grab().save(shot)
        self.click("dedit_model_fetch")
        box = self.find("dedit_licence")
        self.assertIn("https://l", box.informativeText())
        box.reject()
        self.assertEqual(len(self.controller.asked), 1)
        APPLICATION.processEvents()
        self.click("dedit_model_fetch")
        self.click("dedit_accept")
        self.controller.show(catalog=(here, here))
        self.find("dedit_models").setCurrentRow(1)
        for name in ("verify", "remove"):
            self.click(f"dedit_model_{name}")
        self.click("dedit_model_add")
        self.find("dedit_model_file").fileSelected.emit("/m/b")
        expected = [("fetch", absent), ("verify", here), ("remove", here)]
        asked = [("act_on_model", *one) for one in expected]
        self.assertEqual(self.controller.asked[1:], [*asked, ("add_model", "/m/b")])
        self.assertLessEqual(self.panel.minimumSizeHint().width(), 300)


def load_tests(*_: object) -> unittest.TestSuite:
    """Return the tests of this module."""
    return tests_of(__name__, Lines, Buttons)
