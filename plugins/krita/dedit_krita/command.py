"""One command of the user: the verb, its values, and what it applies to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from .masks import copy_selection
from .source import find_document, find_source

if TYPE_CHECKING:
    from krita import Krita

    from .result_layer import EditResult
    from .source import Source

    OnResult = Callable[[Source, EditResult, str, str], None]


@dataclass
class Command:
    """A command, with the state of the document when the button was pressed."""

    krita: Krita
    source: Source
    verb: str
    values: dict[str, Any]
    selection: bytes | None
    """A byte for each pixel of the picture; None if nothing is selected."""
    on_result: OnResult
    """Called with each result: the id of its layer, or "" and why there is none."""

    @classmethod
    def now(cls, krita: Krita, verb: str, values: dict[str, Any], on_result: OnResult) -> Command:
        """Return a command about the active document; Failure if it cannot be edited."""
        source = find_source(krita.activeDocument(), values["picture"])
        document = find_document(krita, source.document)
        selection = copy_selection(document, source)
        return cls(krita, source, verb, values, selection, on_result)
