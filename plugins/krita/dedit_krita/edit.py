"""An edit from the document to the daemon and back: edit, redo, and the plan of a movement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import pixels as p
from .edit_request import EditRequest, edit_request, wire_edit
from .failure import Failure
from .flow import Ask, InThread, Steps
from .items import PictureSession, choose_item, open_session, require_item, set_items
from .learn import learn_session
from .masks import SELECTION, Mask
from .reference import send_reference
from .result_layer import EditResult, add_result_layer
from .snapshot import Snapshot, take_snapshot
from .wire import Pixels

if TYPE_CHECKING:
    from .annotations import ResultRecord
    from .command import Command

SOFT = 3.0
"""Width in pixels from which a soft edge is more than anti-aliasing."""


@dataclass(frozen=True)
class PlannedEdit:
    """An edit that the daemon has planned."""

    picture: PictureSession
    request: EditRequest
    masks: list[Pixels]
    changes: bytes
    hide: str | None = None
    is_exact: bool = True
    """Whether the picture equals the revision that the daemon edits."""


def edit(command: Command) -> Steps:
    """Edit an item: read the picture, set its items, plan, compute, add the layer."""
    snapshot = yield from take_snapshot(command.krita, command.source)
    picture = yield from open_session(command.krita, command.source, snapshot)
    item, reference, masks = "", "", []
    origin = command.values["items"]
    # A selection is ignored when an item is chosen by name: it may be left over.
    is_named = command.values.get("item") in picture.names
    is_selected = command.verb == "refine" or origin == "selection"
    is_selected = is_selected or (origin == "auto" and not is_named)
    if command.verb == "refine":
        masks = [(yield from _region(picture, command.selection))]
    else:
        item = yield from choose_item(picture, command.values, command.selection)
    for name in (command.values.get("with"), command.values.get("into")):
        if name:
            yield from require_item(picture, name)
    if command.verb == "swap-in":
        reference = yield from send_reference(picture, command.values)
    ring = None
    if command.selection is not None and is_selected:
        selection = command.selection
        width = yield InThread(lambda: p.softness(selection, command.source.rect.width))
        ring = width if width >= SOFT else None
    wanted = wire_edit(command.verb, command.values, item, reference)
    request = edit_request(wanted, command.values, ring)
    planned = yield from _plan(picture, request, masks)
    yield from _carry_out(command, planned)


def _region(picture: PictureSession, selection: bytes | None) -> Steps:
    """Give the mask of the region to refine."""
    if selection is None:
        hint = "select the region that is to be made again"
        raise Failure("input", "nothing is selected", hint=hint)
    if not picture.items():
        yield from set_items(picture, [Mask(SELECTION, selection)])
    rect = picture.source.rect
    return Pixels(rect.width, rect.height, 1, "u8", selection)


def _plan(picture: PictureSession, request: EditRequest, masks: list[Pixels]) -> Steps:
    head = {
        "session": picture.session,
        "edits": [request.edit],
        "plan": request.plan,
        "base": picture.base,
    }
    answer = yield Ask("plan", head, list(masks))
    if len(answer.blobs) < 2 or not isinstance(answer.blobs[1], Pixels):
        raise Failure("connection", "the daemon's answer has no changes", hint="update D-Edit")
    changes = yield InThread(lambda: p.change_mask(answer.blobs[1]))
    return PlannedEdit(picture, request, masks, changes)


def _carry_out(command: Command, planned: PlannedEdit) -> Steps:
    """Compute the results: as drafts, after learning, or both; the latter hide the draft."""
    hide, request = planned.hide, planned.request
    if request.when != "learned":
        first = yield from _compute_all(command, planned, draft=True, hide=hide)
        if request.when == "draft" or not first:
            return
        hide = first
    yield from learn_session(planned.picture.session, request.model, restart=False)
    yield from _compute_all(command, planned, draft=False, hide=hide)


def _compute_all(command: Command, planned: PlannedEdit, *, draft: bool, hide: str | None) -> Steps:
    """Compute every variation and add the first as a layer; gives its id if it is a draft."""
    seed, layer = planned.request.options.get("seed"), ""
    for variation in range(planned.request.variations):
        options = dict(planned.request.options)
        if seed is not None:
            options["seed"] = seed + variation
        result = yield from _compute(planned, options, draft=draft)
        result = replace(result, is_exact=planned.is_exact)
        seed = result.head["seed"] if variation == 0 else seed
        added, remark = "", "a variation: apply it to see it in the picture" if variation else ""
        failure = None
        if not variation:
            try:
                snapshot = planned.picture.snapshot
                added = yield from add_result_layer(
                    command.krita, command.source, snapshot, result, hide
                )
            except Failure as error:
                failure, remark = error, error.sentence()
            if result.head["draft"]:
                layer = added
        command.on_result(command.source, result, added, remark)
        if failure is not None:
            raise failure
    return layer


def _compute(planned: PlannedEdit, options: dict[str, Any], *, draft: bool) -> Steps:
    request, picture = planned.request, planned.picture
    note = {"host": "krita", "name": request.title, "plan": request.plan, "options": options}
    head = {
        "session": picture.session,
        "edits": [request.edit],
        "plan": request.plan,
        "options": options,
        "model": request.model,
        "base": picture.base,
        "draft": draft,
        "previews": True,
        "note": note,
    }
    answer = yield Ask("edit", head, list(planned.masks))
    found = answer.head["region"]
    region = p.Rect(found["x"], found["y"], found["width"], found["height"])
    width = picture.source.rect.width
    mask = yield InThread(lambda: p.crop(planned.changes, width, 1, region))
    title = f"{request.title} (draft)" if answer.head["draft"] else request.title
    return EditResult(
        answer.head,
        answer.blobs[0],
        mask,
        picture.session,
        title,
        [request.edit],
        request.plan,
        request.options,
    )


def plan_movement(command: Command) -> Steps:
    """Give the daemon's plan of an edit; nothing is computed, and no item is set."""
    snapshot = yield from take_snapshot(command.krita, command.source)
    picture = yield from open_session(command.krita, command.source, snapshot, writes=False)
    item = command.values.get("item") or ""
    if item not in picture.names:
        hint = f"there are: {', '.join(picture.names)}" if picture.names else "select a thing first"
        raise Failure("input", f"there is no item '{item}'", hint=hint)
    wanted = wire_edit(command.verb, command.values, item)
    request = edit_request(wanted, command.values, None)
    # A plan depends on the items alone: for a picture without a session those of the last one.
    session, base = picture.items_of or (picture.session, picture.base)
    head = {"session": session, "edits": [request.edit], "plan": request.plan, "base": base}
    answer = yield Ask("plan", head)
    return answer


def redo(command: Command, layer: str | None, record: ResultRecord, seed: int | None) -> Steps:
    """Compute a result again with another seed; the new layer replaces `layer`."""
    if len(record.edits) != 1:
        hint = "make the edit anew"
        raise Failure("input", "it is not known how the result was made", hint=hint)
    snapshot: Snapshot = yield from take_snapshot(command.krita, command.source, without=layer)
    is_exact = yield from _is_base(snapshot, record)
    opened = yield Ask("open_session", {"session": record.session})
    picture = PictureSession(command.krita, command.source, snapshot, opened.head, record.base)
    masks = yield from _stored_masks(record)
    options = {name: value for name, value in record.options.items() if name != "seed"}
    if seed is not None:
        options["seed"] = seed
    model = {"model": record.model} if record.model else {}
    request = EditRequest(record.edits[0], record.plan, options, model, record.when, 1)
    planned = yield from _plan(picture, request, masks)
    yield from _carry_out(command, replace(planned, hide=layer, is_exact=is_exact))


def _is_base(snapshot: Snapshot, record: ResultRecord) -> Steps:
    """Give whether the picture without the result equals what the result was computed from."""
    if record.base:
        below = snapshot.result
        return below is not None and (below.session, below.revision) == (
            record.session,
            record.base,
        )
    known = yield Ask("open_picture", {"digest": snapshot.digest})
    return bool(known.head["known"]) and known.head["session"]["session"] == record.session


def _stored_masks(record: ResultRecord) -> Steps:
    if record.edits[0].get("verb") not in ("refine", "reshape"):
        return []
    answer = yield Ask("history", {"session": record.session, "masks": True})
    for revision in answer.head["revisions"]:
        if revision["revision"] == record.revision and revision.get("masks"):
            return [answer.blobs[revision["masks"][0]]]
    raise Failure("input", "the mask of the result was not kept", hint="make the edit anew")
