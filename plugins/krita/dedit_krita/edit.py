"""An edit from the document to the daemon and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import pixels as p
from .edit_request import (
    INSTANT,
    QUICK,
    EditRequest,
    edit_request,
    wire_edit,
    with_fast_lora,
)
from .failure import Failure
from .flow import Ask, InThread, Steps
from .items import (
    Choice,
    PictureSession,
    adopt_region,
    choose_item,
    open_picture,
    require_item,
    require_items,
)
from .layers import edit_layers
from .learn import learn_session
from .reference import send_reference
from .result_layer import EditResult, add_result_layer
from .sides import Sides
from .snapshot import Snapshot, take_snapshot
from .source import base_of_result, find_document
from .wire import Pixels

if TYPE_CHECKING:
    from .annotations import ResultRecord
    from .command import Command
    from .pending import Answer


DRAFT = " (draft)"
"""Ends the title of a draft."""


@dataclass(frozen=True)
class PreparedEdit:
    """An edit of a picture whose items are set."""

    picture: PictureSession
    request: EditRequest
    masks: list[Pixels]
    hide: str | None = None
    is_exact: bool = True
    """Whether the picture equals the revision that the daemon edits."""


def edit(command: Command) -> Steps:
    """Edit an item: read the picture, choose its item, compute, add the layer."""
    if command.verb == "expand":
        # What cannot be is said before anything is learned.
        command.source.grown(Sides.of([wire_edit("expand", command.values, "")])).check_size()
    picture: PictureSession = yield from open_picture(command)
    values, masks = command.values, []
    if command.verb == "expand":
        yield from require_items(picture, values["items"], command.selection)
        choice = Choice("")
    elif command.verb == "refine":
        ring = yield from adopt_region(picture, command.selection)
        choice = Choice("", ring)
        masks = [picture.mask(command.selection or b"")]
    else:
        choice = yield from choose_item(picture, values, command.selection)
    for name in (values.get("with"), values.get("into")):
        if name:
            yield from require_item(picture, name)
    reference = ""
    if command.verb == "swap-in":
        reference = yield from send_reference(picture, values)
    wanted = wire_edit(command.verb, values, choice.item, reference)
    request = edit_request(command.verb, wanted, values, choice.ring)
    yield from _carry_out(command, PreparedEdit(picture, request, masks))


def _carry_out(command: Command, prepared: PreparedEdit) -> Steps:
    """Compute the results: as drafts, after learning, or both; the latter hide the draft."""
    hide, request = prepared.hide, prepared.request
    if request.when != "learned":
        first = yield from _compute_all(command, prepared, draft=True, hide=hide)
        if request.when in ("draft", QUICK, INSTANT) or not first:
            return
        hide = first
    yield from learn_session(prepared.picture.session, request.model, restart=False)
    yield from _compute_all(command, prepared, draft=False, hide=hide)


def _compute_all(
    command: Command, prepared: PreparedEdit, *, draft: bool, hide: str | None
) -> Steps:
    """Compute every variation and add the first as a layer; gives its id if it is a draft."""
    seed, layer = prepared.request.options.get("seed"), ""
    for variation in range(prepared.request.variations):
        options = dict(prepared.request.options)
        if seed is not None:
            options["seed"] = seed + variation
        result = yield from _compute(prepared, options, draft=draft)
        result = replace(result, is_exact=prepared.is_exact)
        seed = result.head["seed"] if variation == 0 else seed
        added, remark = "", "a variation: apply it to see it in the picture" if variation else ""
        failure = None
        if not variation:
            try:
                snapshot = prepared.picture.snapshot
                added, command.source = yield from add_result_layer(
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


def _compute(prepared: PreparedEdit, options: dict[str, Any], *, draft: bool) -> Steps:
    request, picture = prepared.request, prepared.picture
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
        "changes": True,
        "layers": request.layered,
        "note": note,
    }
    answer = yield Ask("edit", head, list(prepared.masks))
    changes = _changes(answer)
    mask = yield InThread(lambda: p.change_mask(changes))
    title = request.title + DRAFT if answer.head["draft"] else request.title
    return EditResult(
        answer.head,
        answer.blobs[0],
        mask,
        picture.session,
        title,
        [request.edit],
        request.plan,
        request.options,
        sides=Sides.of([request.edit]),
        layers=edit_layers(answer, request.edit) if request.layered else None,
    )


def _changes(answer: Answer) -> Pixels:
    """Return how far each pixel of the region may change."""
    index = answer.head.get("changes")
    changes = answer.blobs[index] if isinstance(index, int) and index < len(answer.blobs) else None
    if not isinstance(changes, Pixels):
        raise Failure("connection", "the daemon's answer has no changes", hint="update D-Edit")
    return changes


def redo(command: Command, layer: str | None, record: ResultRecord, seed: int | None) -> Steps:
    """Compute a result again with another seed; the new layer replaces `layer`."""
    if len(record.edits) != 1:
        hint = "make the edit anew"
        raise Failure("input", "it is not known how the result was made", hint=hint)
    document = find_document(command.krita, command.source.document)
    command.source = base_of_result(document, command.source, record)
    snapshot: Snapshot = yield from take_snapshot(command.krita, command.source, without=layer)
    is_exact = yield from _is_base(snapshot, record)
    opened = yield Ask("open_session", {"session": record.session})
    picture = PictureSession(command.krita, command.source, snapshot, opened.head, record.base)
    masks = yield from _stored_masks(record)
    options = {name: value for name, value in record.options.items() if name != "seed"}
    if seed is not None:
        options["seed"] = seed
    model = with_fast_lora({"model": record.model} if record.model else {}, options)
    name = record.title.removesuffix(DRAFT)
    request = EditRequest(
        record.edits[0], record.plan, options, model, record.when, 1, record.layered, name
    )
    yield from _carry_out(command, PreparedEdit(picture, request, masks, layer, is_exact))


def _is_base(snapshot: Snapshot, record: ResultRecord) -> Steps:
    """Give whether the picture without the result equals what the result was computed from."""
    if record.base:
        below = snapshot.result
        return below is not None and (below.session, below.revision) == (
            record.session,
            record.base,
        )
    known = yield Ask("open_picture", {"digest": snapshot.digest, "peek": True})
    return bool(known.head["known"]) and known.head["session"]["session"] == record.session


def _stored_masks(record: ResultRecord) -> Steps:
    if record.edits[0].get("verb") not in ("refine", "reshape"):
        return []
    answer = yield Ask("history", {"session": record.session, "masks": True})
    for revision in answer.head["revisions"]:
        if revision["revision"] == record.revision and revision.get("masks"):
            return [answer.blobs[revision["masks"][0]]]
    raise Failure("input", "the mask of the result was not kept", hint="make the edit anew")
