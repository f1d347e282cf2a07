"""Learning: the daemon fine-tunes the model to the items of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .flow import Ask, Steps
from .items import PictureSession, open_picture, record_session, set_items_from

if TYPE_CHECKING:
    from .command import Command

PREVIEW_EVERY = 25
"""Training steps between two previews, each of which costs a sampling run."""

NOTHING = "There is nothing to learn for this model; edits need no learning."


def learn(command: Command) -> Steps:
    """Learn the picture's items, setting them first if there are none; gives what to say."""
    picture: PictureSession = yield from open_picture(command)
    if not picture.items():
        yield from set_items_from(picture, command.values.get("items", "auto"), command.selection)
    record_session(picture)
    model = {"model": command.values["model"]} if command.values.get("model") else {}
    restart = bool(command.values.get("restart"))
    head = yield from learn_session(picture.session, model, restart=restart)
    is_nothing = head.get("steps") == [0, 0] and not head.get("session_bytes")
    return NOTHING if is_nothing else ""


def learn_session(session: str, model: dict[str, Any], *, restart: bool) -> Steps:
    """Learn what is not learned yet, or everything anew; gives the head of the answer."""
    options = {"preview_every": PREVIEW_EVERY}
    head = {"session": session, "model": model, "options": options, "restart": restart}
    answer = yield Ask("learn", head)
    return answer.head
