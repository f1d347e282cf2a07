"""The verbs that the plug-in offers, for actions and the docker."""

from __future__ import annotations

from dataclasses import dataclass, field

from .parameters import (
    FIT,
    HOW,
    INTO,
    ITEM,
    MOVE,
    OTHER,
    Parameter,
    prompt,
    text,
)


@dataclass(frozen=True)
class Verb:
    """A verb or another action."""

    name: str
    label: str
    blurb: str
    own: tuple[Parameter, ...] = field(default=())
    edits: bool = True

    @property
    def action(self) -> str:
        """Name of the action, by which Krita stores shortcuts."""
        return f"dedit_{self.name.replace('-', '_')}"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Parameters of the verb."""
        return self.own + (HOW if self.edits else ())


VERBS = (
    Verb(
        "replace",
        "Replace",
        "Makes the item something else, in words",
        (ITEM, prompt("What it becomes, in words, such as: a white handbag"), FIT),
    ),
    Verb(
        "augment",
        "Augment",
        "Changes the item by words and lets it stay itself",
        (ITEM, prompt("Words for it, with [v] for the item itself, such as: a golden [v]"), FIT),
    ),
    Verb(
        "swap-in",
        "From picture",
        "Puts a thing of another picture in the item's place",
        (ITEM, *OTHER, FIT),
    ),
    Verb("remove", "Remove", "Takes the item away and fills the place", (ITEM, INTO)),
    Verb(
        "move",
        "Move / resize",
        "Moves, resizes or turns the item and fills the place it leaves",
        (ITEM, *MOVE, INTO),
    ),
    Verb(
        "swap",
        "Swap",
        "Lets two items take each other's place",
        (ITEM, text("with", "With", "The other item")),
    ),
    Verb("refine", "Refine", "Makes the selected region again as it is"),
    Verb("redo", "Redo with another seed", "Makes the last result again", edits=False),
    Verb("learn", "Learn", "Learns the items, which makes every edit of them better", edits=False),
    Verb("items", "Find items", "Looks for the things in the picture", edits=False),
    Verb("history", "History", "Shows what was made of this picture", edits=False),
    Verb("status", "Status", "Shows how the daemon is", edits=False),
)

BY_NAME = {verb.name: verb for verb in VERBS}
