"""Parameters of edits, and values that are refused."""

from __future__ import annotations

import math
import unittest
from typing import Any

from dedit_krita.describe import BY_NAME, VERBS
from dedit_krita.edit_request import check_complete, edit_request, edit_title, wire_edit
from dedit_krita.failure import Failure
from dedit_krita.parameters import HOW, checked

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("replace", {"nothing": 1}, "there is no 'nothing' here"),
    ("replace", {"prompt": 5}, "'prompt' is of another type"),
    ("replace", {"fit": "round"}, "'fit' is 'round'; it takes one of auto, exact, loose, box"),
    ("replace", {"when": 1}, "'when' is '1'; it takes one of learned, draft, both"),
    ("replace", {"variations": 0}, "'variations' is 0; it takes 1 to 64"),
    ("replace", {"variations": 65}, "'variations' is 65; it takes 1 to 64"),
    ("replace", {"variations": 1.5}, "'variations' is 1.5; it takes whole numbers"),
    ("replace", {"variations": True}, "'variations' is of another type"),
    ("replace", {"steps": -1}, "'steps' is -1; it takes 0 to 1000"),
    ("replace", {"steps": "3"}, "'steps' is of another type"),
    ("replace", {"guidance": math.nan}, "'guidance' is of another type"),
    ("replace", {"guidance": 51}, "'guidance' is 51; it takes 0 to 50"),
    ("replace", {"strength": math.inf}, "'strength' is of another type"),
    ("replace", {"seed": 2**31}, "'seed' is 2147483648; it takes -1 to 2.14748e+09"),
    ("replace", {"model": None}, "'model' is of another type"),
    ("move", {"scale": 0}, "'scale' is 0; it takes 0.01 to 100"),
    ("move", {"rotate": -361}, "'rotate' is -361; it takes -360 to 360"),
    ("move", {"prompt": "x"}, "there is no 'prompt' here"),
]
MISSING: list[tuple[str, dict[str, Any], str]] = [
    ("replace", {}, "no words say what it becomes"),
    ("augment", {"prompt": "  "}, "no words say what it becomes"),
    ("move", {}, "nothing says where it goes"),
    ("move", {"scale": 1, "rotate": 0.0}, "nothing says where it goes"),
    ("swap", {}, "nothing says with what it is swapped"),
    ("swap-in", {}, "nothing says which picture the other thing is in"),
]


class Refusals(unittest.TestCase):
    """Invalid values are refused before an edit starts."""

    def refused(self, verb: str, values: dict[str, Any]) -> str:
        """Return the sentence about values that are refused."""
        with self.assertRaises(Failure) as caught:
            check_complete(verb, checked(BY_NAME[verb].parameters, values))
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
        for verb in VERBS:
            for parameter in verb.parameters:
                with self.subTest(verb=verb.name, parameter=parameter.name):
                    self.assertEqual(parameter.check(parameter.default), parameter.default)

    def test_whole_numbers_stay_whole(self) -> None:
        """A whole number may come as a float."""
        told = checked(HOW, {"variations": 2.0, "guidance": 7})
        self.assertIs(type(told["variations"]), int)
        self.assertIs(type(told["guidance"]), float)


class Orders(unittest.TestCase):
    """What the daemon is sent."""

    def told(self, verb: str, **values: object) -> dict[str, Any]:
        """Return the checked values of a verb."""
        return checked(BY_NAME[verb].parameters, values)

    def test_edits(self) -> None:
        """The verb and its values, nothing else."""
        cases = [
            ("remove", {"into": "sea"}, {"verb": "remove", "items": ["bag"], "into": "sea"}),
            ("swap", {"with": "hat"}, {"verb": "swap", "item": "bag", "with": "hat"}),
            ("refine", {}, {"verb": "refine", "mask": 0}),
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
        usual = edit_request({}, self.told("remove"), None)
        self.assertEqual((usual.plan, usual.options, usual.model), ({}, {}, {}))
        values = self.told("replace", seed=0, steps=5, strength=0, fit="box", model="m")
        said = edit_request({}, values, 4.0)
        self.assertEqual(said.options, {"seed": 0, "steps": 5, "strength": 0})
        self.assertEqual(said.plan, {"fit": "box", "ring": 4.0})
        self.assertEqual(said.model, {"model": "m"})

    def test_titles_of_what_is_not_known(self) -> None:
        """An unknown verb of a later version has a title too."""
        self.assertEqual(edit_title({"verb": "melt"}), "Melt")
        self.assertEqual(edit_title({}), "")
