"""Parameters of edits, and values that are refused."""

from __future__ import annotations

import math
import unittest
from typing import Any

from dedit_krita.actions import check_values, parameters_of, shared_defaults
from dedit_krita.edit_request import check_complete, edit_request, edit_title, wire_edit
from dedit_krita.failure import Failure
from dedit_krita.parameters import ACTIONS

TAKEN = (
    "item, prompt, when, variations, items, picture, fit, seed, steps, guidance, strength, "
    "model, feather, margin, output"
)
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("replace", {"nothing": 1}, f"'nothing' is no parameter of replace; it takes {TAKEN}"),
    ("status", {"item": "a"}, "'item' is no parameter of status, which takes none"),
    ("replace", {"prompt": 5}, "'prompt' is 5; replace takes words"),
    ("replace", {"fit": "round"}, "'fit' is 'round'; replace takes auto, exact, loose or box"),
    ("replace", {"when": 1}, "'when' is 1; replace takes learned, draft, fast, both or instant"),
    ("replace", {"variations": 0}, "'variations' is 0; replace takes whole numbers from 1 to 64"),
    (
        "replace",
        {"variations": 1.5},
        "'variations' is 1.5; replace takes whole numbers from 1 to 64",
    ),
    (
        "replace",
        {"variations": True},
        "'variations' is on; replace takes whole numbers from 1 to 64",
    ),
    (
        "replace",
        {"steps": -1},
        "'steps' is -1; replace takes whole numbers from 1 to 1000, or 0 for the usual",
    ),
    (
        "augment",
        {"guidance": math.nan},
        "'guidance' is NaN; augment takes 0 to 50, or 0 for the usual",
    ),
    ("replace", {"guidance": 51}, "'guidance' is 51; replace takes 0 to 50, or 0 for the usual"),
    (
        "remove",
        {"strength": math.inf},
        "'strength' is inf; remove takes 0 to 1, or -1 for the usual",
    ),
    ("replace", {"model": None}, "'model' is None; replace takes words"),
    ("move", {"scale": 0}, "'scale' is 0; move takes 0.01 to 100"),
    ("move", {"rotate": -36001.0}, "'rotate' is -36001; move takes -36000 to 36000"),
]
MISSING: list[tuple[str, dict[str, Any], str]] = [
    ("replace", {}, "replace needs 'prompt'"),
    ("augment", {"prompt": "  "}, "augment needs 'prompt'"),
    ("move", {}, "nothing says where it goes"),
    ("expand", {"into": "sea"}, "expand adds no pixel"),
    ("move", {"scale": 1, "rotate": 0.0}, "nothing says where it goes"),
    ("swap", {}, "swap needs 'with'"),
    (
        "augment",
        {"prompt": "a golden [v]", "when": "instant"},
        "'when' is 'instant', and augment needs a diffusion model",
    ),
    ("swap-in", {}, "nothing says which picture the other thing is in"),
]


class Refusals(unittest.TestCase):
    """Invalid values are refused before an edit starts."""

    def refused(self, verb: str, values: dict[str, Any]) -> str:
        """Return the sentence about values that are refused."""
        with self.assertRaises(Failure) as caught:
            check_complete(verb, check_values(verb, values))
        self.assertEqual(caught.exception.kind, "usage")
        return caught.exception.message

    def test_values(self) -> None:
        """Each invalid value."""
        for verb, values, message in REFUSED:
            with self.subTest(verb=verb, values=values):
                self.assertEqual(self.refused(verb, values), message)

    def test_what_is_missing(self) -> None:
        """Each missing value has a hint."""
        for verb, values, message in MISSING:
            with self.subTest(verb=verb, values=values):
                self.assertEqual(self.refused(verb, values), message)

    def test_usual_values_are_taken(self) -> None:
        """Defaults are valid."""
        for action in ACTIONS:
            for parameter in parameters_of(action):
                with self.subTest(action=action.name, parameter=parameter.name):
                    initial = parameter.initial
                    self.assertEqual(parameter.check(action.name, initial), initial)

    def test_numbers_that_the_daemon_chooses(self) -> None:
        """None and the number of the table that stands for it."""
        for values in ({}, {"steps": 0, "strength": -1, "seed": -1}, {"guidance": None}):
            found = check_values("refine", values)
            self.assertEqual(found, shared_defaults())
            self.assertIsNone(found["steps"])

    def test_whole_numbers_stay_whole(self) -> None:
        """A whole number may come as a float."""
        told = check_values("refine", {"variations": 2.0, "guidance": 7})
        self.assertIs(type(told["variations"]), int)
        self.assertIs(type(told["guidance"]), float)


class Orders(unittest.TestCase):
    """What the daemon is sent."""

    def told(self, verb: str, **values: object) -> dict[str, Any]:
        """Return the checked values of a verb."""
        return check_values(verb, values)

    def test_edits(self) -> None:
        """The verb and its values, nothing else."""
        cases = [
            ("remove", {"into": "sea"}, {"verb": "remove", "items": ["bag"], "into": "sea"}),
            ("lift", {"into": "sea"}, {"verb": "remove", "items": ["bag"], "into": "sea"}),
            ("swap", {"with": "hat"}, {"verb": "swap", "item": "bag", "with": "hat"}),
            ("refine", {}, {"verb": "refine", "mask": 0}),
            (
                "expand",
                {"left": 3},
                {"verb": "expand", "left": 3, "right": 0, "top": 0, "bottom": 0},
            ),
            (
                "augment",
                {"prompt": "a golden"},
                {"verb": "augment", "item": "bag", "prompt": "a golden [v]"},
            ),
            (
                "replace",
                {"prompt": "a cat"},
                {"verb": "replace", "item": "bag", "prompt": "a cat"},
            ),
        ]
        for verb, values, expected in cases:
            with self.subTest(verb=verb):
                self.assertEqual(wire_edit(verb, self.told(verb, **values), "bag"), expected)

    def test_only_what_was_said_is_an_option(self) -> None:
        """Values at their default are left to the daemon."""
        usual = edit_request("remove", {}, self.told("remove"), None)
        self.assertEqual((usual.plan, usual.options, usual.model), ({"fit": "auto"}, {}, {}))
        values = self.told("replace", seed=0, steps=5, strength=0, fit="box", model="m")
        said = edit_request("replace", {}, values, 4.0)
        self.assertEqual(said.options, {"seed": 0, "steps": 5, "strength": 0})
        self.assertEqual(said.plan, {"fit": "box", "ring": 4.0})
        self.assertEqual(said.model, {"model": "m"})
        soft = edit_request("remove", {}, self.told("remove", feather=0, margin=12), 4.0)
        self.assertEqual(soft.plan, {"fit": "auto", "ring": 0, "margin_pixels": 12})

    def test_output_and_quality(self) -> None:
        """Layers where asked for, and the model without weights whatever model is named."""
        cases = [
            ("remove", {}, False, {}, "Remove bag"),
            ("remove", {"output": "layers"}, True, {}, "Remove bag"),
            ("lift", {}, True, {}, "Lift bag"),
            ("lift", {"when": "instant", "model": "m"}, True, {"model": "patches"}, "Lift bag"),
            ("move", {"dx": 3, "when": "draft", "model": "m"}, False, {"model": "m"}, "Move bag"),
        ]
        for verb, values, layered, model, title in cases:
            with self.subTest(verb=verb, values=values):
                told = self.told(verb, **values)
                made = edit_request(verb, wire_edit(verb, told, "bag"), told, None)
                found = (made.layered, made.model, made.title)
                self.assertEqual(found, (layered, model, title))

    def test_few_steps(self) -> None:
        """The fast quality has its scheduler, steps and LoRA; what is given stays."""
        made = edit_request("remove", {}, self.told("remove", when="fast", steps=4), None)
        self.assertEqual(made.options, {"scheduler": "lcm", "steps": 4, "guidance": 1.5})
        self.assertEqual(made.model, {"loras": [{"file": "lcm-lora", "scale": 1.0}]})
        self.assertEqual(made.when, "fast")

    def test_titles_of_what_is_not_known(self) -> None:
        """An unknown verb of a later version has a title too."""
        self.assertEqual(edit_title({"verb": "melt"}), "Melt")
        self.assertEqual(edit_title({}), "")
