"""Annotations of documents, which may contain anything."""

from __future__ import annotations

import json
import random
import unittest
from dataclasses import asdict, replace
from typing import Any

from dedit_krita.annotations import (
    ALL,
    MAX_RESULTS,
    MAX_SESSIONS,
    SESSION,
    Annotations,
    ItemRecord,
    ResultRecord,
)
from dedit_krita.qt import QtCore

RESULT = ResultRecord("s", "{layer}", "d" * 64, 3, 0, 7)
ITEM = ItemRecord("{a}", "{layer}", "bag", "s", "e" * 64, 2)


class Annotated:
    """A document with annotations only."""

    def __init__(self, data: bytes = b"") -> None:
        """Start with the bytes of an annotation."""
        self.kept = {ALL: data}
        self.writes = 0

    def annotation(self, name: str) -> Any:  # noqa: ANN401
        """Return an annotation, empty if it was never set, as Krita does."""
        return QtCore.QByteArray(self.kept.get(name, b""))

    def setAnnotation(self, name: str, _: str, data: Any) -> None:  # noqa: ANN401, N802
        """Set an annotation."""
        self.kept[name] = bytes(data)
        self.writes += 1


def anything(chance: random.Random, depth: int = 0) -> Any:  # noqa: ANN401
    """Return random JSON, often with the names of known fields."""
    names = ["sessions", "results", "discarded", "session", "source", "digest", "revision", "x"]
    names += ["base", "seed", "when", "title", "plan", "options", "edits"]
    kind = chance.randint(0, 8 if depth < 4 else 6)
    if kind < 7:
        simple = [None, True, chance.randint(-9, 1 << 70), 0.5, chance.choice(names), "", -1]
        return simple[kind]
    count = chance.randint(0, 8)
    if kind == 7:
        return [anything(chance, depth + 1) for _ in range(count)]
    return {chance.choice(names): anything(chance, depth + 1) for _ in range(count)}


class Hostile(unittest.TestCase):
    """Invalid annotations."""

    def test_random_json(self) -> None:
        """Random JSON is read without an error, and can be written and read again."""
        chance = random.Random(7)
        for _ in range(3000):
            top = {name: anything(chance) for name in ("sessions", "results", "discarded")}
            told = chance.choice((top, anything(chance)))
            document = Annotated(json.dumps(told).encode())
            notes = Annotations.of(document)  # type: ignore[arg-type]
            notes.record_session("{layer}", "s")
            notes.write(document)  # type: ignore[arg-type]
            again = Annotations.of(document)  # type: ignore[arg-type]
            self.assertEqual(again.results, notes.results)
            self.assertEqual(again.sessions["{layer}"][0], "s")

    def test_no_json(self) -> None:
        """Arbitrary bytes."""
        deep = b"[" * 100_000
        for data in (b"", b"\xff\xfe", b"{", b"null", b"[]", b'"text"', b"NaN", deep):
            with self.subTest(data=data[:8]):
                self.assertEqual(Annotations.of(Annotated(data)).results, {})  # type: ignore[arg-type]

    def test_names_that_are_no_text(self) -> None:
        """A lone surrogate in a session's name can be written."""
        document = Annotated(b'{"sessions": {"{layer}": ["\\ud800"]}}')
        notes = Annotations.of(document)  # type: ignore[arg-type]
        notes.write(document)  # type: ignore[arg-type]
        self.assertEqual(document.kept[SESSION], b"?")

    def test_results_of_other_types(self) -> None:
        """A record with a field of another type is ignored."""
        document = Annotated()
        notes = Annotations({})
        notes.record_result("{a}", RESULT)
        notes.write(document)  # type: ignore[arg-type]
        told = json.loads(document.kept[ALL])
        for name in list(told["results"]["{a}"]):
            for wrong in (None, {"a": 1}, [1.5]):
                if type(wrong) is type(told["results"]["{a}"][name]):
                    continue
                one = {**told["results"]["{a}"], name: wrong}
                self.assertEqual(Annotations({"results": {"{a}": one}}).results, {}, name)

    def test_items_of_other_types(self) -> None:
        """So is an item's."""
        whole = json.loads(json.dumps(asdict(ITEM)))
        self.assertEqual(Annotations({"items": {"{b}": whole}}).items, {"{b}": ITEM})
        for name in whole:
            for wrong in (None, {"a": 1}, 1.5):
                one = {**whole, name: wrong}
                self.assertEqual(Annotations({"items": {"{b}": one}}).items, {}, name)


class Kept(unittest.TestCase):
    """Limits, and writing."""

    def test_as_it_was(self) -> None:
        """What was written is read; unchanged annotations are not written again."""
        document, notes = Annotated(), Annotations({})
        notes.record_result("{a}", RESULT)
        notes.items["{b}"] = ITEM
        notes.record_session("{layer}", "s")
        notes.discarded.append(("s", 2))
        notes.write(document)  # type: ignore[arg-type]
        again = Annotations.of(document)  # type: ignore[arg-type]
        self.assertEqual((again.results, again.sessions), (notes.results, notes.sessions))
        self.assertEqual(again.items, {"{b}": ITEM})
        self.assertEqual(again.layers_of("{a}"), ["{a}", "{b}"])
        found = [again.source_of(layer) for layer in ("{a}", "{b}", "{layer}")]
        self.assertEqual(found, ["{layer}", "{layer}", None])
        self.assertEqual(again.discarded, [("s", 2)])
        self.assertEqual(document.kept[SESSION], b"s")
        writes = document.writes
        again.write(document)  # type: ignore[arg-type]
        self.assertEqual(document.writes, writes)

    def test_limits(self) -> None:
        """The newest records are kept."""
        notes = Annotations({})
        notes.items["{b}"] = replace(ITEM, plate="{0}")
        notes.items["{c}"] = replace(ITEM, plate=f"{{{MAX_RESULTS}}}")
        for number in range(MAX_RESULTS + 20):
            notes.record_result(f"{{{number}}}", RESULT)
            notes.record_session("{layer}", f"s{number}")
        self.assertEqual(len(notes.results), MAX_RESULTS)
        self.assertNotIn("{19}", notes.results)
        self.assertEqual(list(notes.items), ["{c}"])
        self.assertEqual(len(notes.sessions["{layer}"]), MAX_SESSIONS)
        self.assertEqual(notes.sessions["{layer}"][0], f"s{MAX_RESULTS + 19}")

    def test_a_session_is_there_once(self) -> None:
        """The last session comes first, without duplicates."""
        notes = Annotations({})
        for name in ("a", "b", "a"):
            notes.record_session("{layer}", name)
        self.assertEqual(notes.sessions, {"{layer}": ["a", "b"]})
