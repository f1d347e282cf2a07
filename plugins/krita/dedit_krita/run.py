"""What is done when a button is pressed: from the document to the daemon and back, in order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Callable

from . import pixels as p
from . import verbs
from .failure import Failure
from .flow import Aside, Ask, Steps
from .ground import Ground, stand
from .items import Table, adopt, choose, lay, require, set_from
from .masks import SELECTION, Mask
from .noted import Notes, Result
from .other import hand_over
from .result import Made, put
from .source import Source, document_of
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Krita

SOFT = 3.0
"""From this width on, in pixels, a soft edge is no mere smoothing."""
PREVIEW_EVERY = 25
"""Updates of learning: often enough to be looked at, seldom enough to cost little."""


@dataclass
class Call:
    """What was asked for, and about what, as it was when the button was pressed."""

    krita: Krita
    source: Source
    verb: str
    values: dict[str, Any]
    chosen: bytes | None
    """The selection: a byte for each pixel of the picture."""
    took: Callable[[Source, Made, str, str], None]
    """Told of each result: its layer's key, or "" and why it has none."""


@dataclass(frozen=True)
class Prepared:
    """An edit that the daemon has planned."""

    table: Table
    order: verbs.Order
    masks: list[Pixels]
    changes: bytes
    hide: str | None = None
    is_exact: bool = True
    """Whether the picture is just what the daemon edits: else what comes is no revision of it."""


def edit(call: Call) -> Steps:
    """Edit: the picture, its items, the plan, the result."""
    ground = yield from stand(call.krita, call.source)
    table = yield from lay(call.krita, call.source, ground)
    item, other, masks = "", "", []
    origin = call.values["items"]
    # A selection that is left from something else says nothing about an item that is named.
    is_named = call.values.get("item") in table.names
    is_selected = call.verb == "refine" or origin == "selection"
    is_selected = is_selected or (origin == "auto" and not is_named)
    if call.verb == "refine":
        masks = [(yield from _region(table, call.chosen))]
    else:
        item = yield from choose(table, call.values, call.chosen)
    for name in (call.values.get("with"), call.values.get("into")):
        if name:
            yield from require(table, name)
    if call.verb == "swap-in":
        other = yield from hand_over(table, call.values)
    ring = None
    if call.chosen is not None and is_selected:
        chosen = call.chosen
        width = yield Aside(lambda: p.softness(chosen, call.source.rect.width))
        ring = width if width >= SOFT else None
    told = verbs.edit(call.verb, call.values, item, other)
    order = verbs.order(told, call.values, ring)
    prepared = yield from _planned(table, order, masks, None)
    yield from _carry_out(call, prepared)


def _region(table: Table, chosen: bytes | None) -> Steps:
    if chosen is None:
        hint = "select the region that is to be made again"
        raise Failure("input", "nothing is selected", hint=hint)
    if not table.items():
        yield from adopt(table, [Mask(SELECTION, chosen)])
    rect = table.source.rect
    return Pixels(rect.width, rect.height, 1, "u8", chosen)


def _planned(table: Table, order: verbs.Order, masks: list[Pixels], hide: str | None) -> Steps:
    head = {"session": table.name, "edits": [order.edit], "plan": order.plan, "base": table.base}
    answer = yield Ask("plan", head, list(masks))
    if len(answer.blobs) < 2 or not isinstance(answer.blobs[1], Pixels):
        raise Failure("connection", "the daemon's answer has no changes", hint="update D-Edit")
    changes = yield Aside(lambda: p.changed(answer.blobs[1]))
    return Prepared(table, order, masks, changes, hide)


def _carry_out(call: Call, prepared: Prepared) -> Steps:
    """Make the results: at once, after learning, or both; what is better hides the draft."""
    hide, order = prepared.hide, prepared.order
    if order.when != "learned":
        first = yield from _make_all(call, prepared, draft=True, hide=hide)
        if order.when == "draft" or not first:
            return
        hide = first
    yield from learn_session(prepared.table.name, order.model, restart=False)
    yield from _make_all(call, prepared, draft=False, hide=hide)


def _make_all(call: Call, prepared: Prepared, *, draft: bool, hide: str | None) -> Steps:
    """Make each variation; the first becomes a layer, whose key is given where it is a draft."""
    seed, layer = prepared.order.options.get("seed"), ""
    for variation in range(prepared.order.variations):
        options = dict(prepared.order.options)
        if seed is not None:
            options["seed"] = seed + variation
        made = yield from _make(prepared, options, draft=draft)
        made = replace(made, is_exact=prepared.is_exact)
        seed = made.head["seed"] if variation == 0 else seed
        key, remark = "", "a variation: apply it to see it in the picture" if variation else ""
        refused = None
        if not variation:
            try:
                ground = prepared.table.ground
                key = yield from put(call.krita, call.source, ground, made, hide)
            except Failure as failure:
                refused, remark = failure, failure.sentence()
            if made.head["draft"]:
                layer = key
        call.took(call.source, made, key, remark)
        if refused is not None:
            raise refused
    return layer


def _make(prepared: Prepared, options: dict[str, Any], *, draft: bool) -> Steps:
    order, table = prepared.order, prepared.table
    head = {
        "session": table.name,
        "edits": [order.edit],
        "plan": order.plan,
        "options": options,
        "model": order.model,
        "base": table.base,
        "draft": draft,
        "previews": True,
        "note": {"host": "krita", "name": order.title, "plan": order.plan, "options": options},
    }
    answer = yield Ask("edit", head, list(prepared.masks))
    told = answer.head["region"]
    region = p.Rect(told["x"], told["y"], told["width"], told["height"])
    width = table.source.rect.width
    mask = yield Aside(lambda: p.cut(prepared.changes, width, 1, region))
    title = f"{order.title} (draft)" if answer.head["draft"] else order.title
    edits = [order.edit]
    return Made(
        answer.head, answer.blobs[0], mask, table.name, title, edits, order.plan, order.options
    )


def learn_session(session: str, model: dict[str, Any], *, restart: bool) -> Steps:
    """Learn what is not learned yet."""
    options = {"preview_every": PREVIEW_EVERY}
    head = {"session": session, "model": model, "options": options, "restart": restart}
    answer = yield Ask("learn", head)
    return answer.head


def learn(call: Call) -> Steps:
    """Learn the picture's items."""
    table = yield from open_table(call)
    if not table.items():
        yield from set_from(table, call.values.get("items", "auto"), call.chosen)
    _note_session(call, table)
    model = {"model": call.values["model"]} if call.values.get("model") else {}
    yield from learn_session(table.name, model, restart=bool(call.values.get("restart")))
    return table


def open_table(call: Call) -> Steps:
    """Open the picture with the daemon as it stands."""
    ground = yield from stand(call.krita, call.source)
    return (yield from lay(call.krita, call.source, ground))


def take_items(call: Call) -> Steps:
    """Set the picture's items from where the user says."""
    table = yield from open_table(call)
    yield from set_from(table, call.values["items"], call.chosen)
    _note_session(call, table)
    return table


def change_items(call: Call, change: Callable[[Table], list[Mask]]) -> Steps:
    """Rename, order or drop items."""
    table = yield from open_table(call)
    masks = change(table)
    if not masks:
        raise Failure("input", "the picture has no other item", hint="set its items anew")
    yield from adopt(table, masks)
    _note_session(call, table)
    return table


def _note_session(call: Call, table: Table) -> None:
    document = document_of(call.krita, call.source.document)
    notes = Notes.of(document)
    notes.note_session(call.source.layer, table.name)
    notes.write(document)


def show_plan(call: Call) -> Steps:
    """Say what an edit would come to; nothing is made, and no item is set."""
    ground = yield from stand(call.krita, call.source)
    table = yield from lay(call.krita, call.source, ground, writes=False)
    item = call.values.get("item") or ""
    if item not in table.names:
        hint = f"there are: {', '.join(table.names)}" if table.names else "select a thing first"
        raise Failure("input", f"there is no item '{item}'", hint=hint)
    order = verbs.order(verbs.edit(call.verb, call.values, item), call.values, None)
    # A plan is of items, not of pixels: where a picture was painted on, of those that it had.
    session, base = table.items_of or (table.name, table.base)
    head = {"session": session, "edits": [order.edit], "plan": order.plan, "base": base}
    answer = yield Ask("plan", head)
    return answer


def again(call: Call, key: str | None, noted: Result, seed: int | None) -> Steps:
    """Make what made a result again, with another seed, in its place."""
    if len(noted.edits) != 1:
        hint = "make the edit anew"
        raise Failure("input", "it is not known how the result was made", hint=hint)
    ground: Ground = yield from stand(call.krita, call.source, without=key)
    is_exact = yield from _is_base(ground, noted)
    opened = yield Ask("open_session", {"session": noted.session})
    table = Table(call.krita, call.source, ground, opened.head, noted.base)
    masks = yield from _kept_masks(noted)
    options = {name: value for name, value in noted.options.items() if name != "seed"}
    if seed is not None:
        options["seed"] = seed
    model = {"model": noted.model} if noted.model else {}
    order = verbs.Order(noted.edits[0], noted.plan, options, model, noted.when, 1)
    prepared = yield from _planned(table, order, masks, key)
    yield from _carry_out(call, replace(prepared, hide=key, is_exact=is_exact))


def _is_base(ground: Ground, noted: Result) -> Steps:
    """Whether what is seen is what a result was made of: something may have been painted since."""
    if noted.base:
        made = ground.made
        return made is not None and (made.session, made.revision) == (noted.session, noted.base)
    known = yield Ask("open_picture", {"digest": ground.digest})
    return bool(known.head["known"]) and known.head["session"]["session"] == noted.session


def _kept_masks(noted: Result) -> Steps:
    if noted.edits[0].get("verb") not in ("refine", "reshape"):
        return []
    answer = yield Ask("history", {"session": noted.session, "masks": True})
    for revision in answer.head["revisions"]:
        if revision["revision"] == noted.revision and revision.get("masks"):
            return [answer.blobs[revision["masks"][0]]]
    raise Failure("input", "the mask of the result was not kept", hint="make the edit anew")
