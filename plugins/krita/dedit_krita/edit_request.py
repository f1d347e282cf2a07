"""From the values of a command to the daemon's edit, its options, and a title."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .actions import BY_NAME
from .failure import Failure
from .parameters import FAST, FAST_LORA, INSTANT_MODEL
from .sides import NAMES

PLAN = {"fit": "fit", "feather": "ring", "margin": "margin_pixels"}
"""Parameters that are fields of the wire's `plan`, and the names of these."""
OPTIONS = ("seed", "steps", "guidance", "strength")
"""Parameters that are fields of the wire's `options`."""
LIFT, INSTANT = "lift", "instant"
"""Removal with plate and item as layers; the quality of the model without weights."""
QUICK = "fast"
"""The quality in few steps."""
NOT_SENT = ("item", "from-document", "from-file", "from-name")
"""Parameters that choose an item or a picture; the others of a verb are fields of its edit."""


@dataclass(frozen=True)
class EditRequest:
    """One edit as the daemon reads it, without the session."""

    edit: dict[str, Any]
    plan: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    when: str = "learned"
    variations: int = 1
    layered: bool = False
    """Whether plate and items are layers."""
    name: str = ""
    """The title, where `edit` does not tell it."""

    @property
    def title(self) -> str:
        """Title of the edit, in words."""
        return self.name or edit_title(self.edit)


def check_complete(verb: str, values: dict[str, Any]) -> None:
    """Fail if a value is missing that the verb cannot do without."""
    action = BY_NAME[verb]
    for parameter in action.own:
        # Without a name the item is the selected one.
        if parameter.required and parameter.name != "item" and not values[parameter.name]:
            raise action.needs(parameter.name)
    if values["when"] == INSTANT and action.needs_model:
        message = f"'when' is '{INSTANT}', and {verb} needs a diffusion model"
        raise Failure("usage", message, hint="choose learned, draft, fast or both")
    if verb == "move":
        still = [values["dx"], values["dy"], values["scale"] - 1.0, values["rotate"]]
        if all(abs(change) < 1e-9 for change in still):
            hint = "drag its frame, or say how far, how large or how it is turned"
            raise Failure("usage", "nothing says where it goes", hint=hint)
    if verb == "expand" and not any(values[side] for side in NAMES):
        hint = "give 'left', 'right', 'top' or 'bottom'"
        raise Failure("usage", "expand adds no pixel", hint=hint)
    if verb == "swap-in" and not (values["from-document"] or values["from-file"]):
        hint = "choose an open document or a file"
        raise Failure("usage", "nothing says which picture the other thing is in", hint=hint)


def wire_edit(verb: str, values: dict[str, Any], item: str, reference: str = "") -> dict[str, Any]:
    """Return the edit in the protocol's form; `reference` is an item of the reference picture."""
    action = BY_NAME[verb]
    verb = action.verb or verb
    edit: dict[str, Any] = {"verb": verb, "item": item}
    for parameter in action.own:
        value = values.get(parameter.name)
        if parameter.name not in NOT_SENT and value not in (None, ""):
            edit[parameter.name.replace("-", "_")] = value
    if verb == "augment" and "[v]" not in edit["prompt"]:
        edit["prompt"] += " [v]"
    elif verb == "swap-in":
        edit["from"] = f"reference:{reference}"
    elif verb == "remove":
        edit["items"] = [edit.pop("item")]
    elif verb == "refine":
        edit["mask"] = 0
    if verb in ("refine", "expand"):
        del edit["item"]
    return edit


def edit_request(
    verb: str, edit: dict[str, Any], values: dict[str, Any], ring: float | None
) -> EditRequest:
    """Return the request; what the daemon chooses is left out."""
    given = {name: value for name, value in values.items() if value is not None}
    plan = {field: given[name] for name, field in PLAN.items() if name in given}
    if ring is not None:
        plan.setdefault("ring", ring)
    options = {name: given[name] for name in OPTIONS if name in given}
    model = {"model": values["model"]} if values["model"] else {}
    if values["when"] == QUICK:
        options = {**FAST, **options}
    model = with_fast_lora(model, options)
    if values["when"] == INSTANT:
        model = {"model": INSTANT_MODEL}
    layered = verb == LIFT or values.get("output") == "layers"
    name = f"Lift {', '.join(edit['items'])}" if verb == LIFT else ""
    when, variations = values["when"], values["variations"]
    return EditRequest(edit, plan, options, model, when, variations, layered, name)


def with_fast_lora(model: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return a model with the LoRA that edits in few steps need."""
    if options.get("scheduler") != FAST["scheduler"]:
        return model
    return {**model, "loras": [{"file": FAST_LORA, "scale": 1.0}]}


def edit_title(edit: dict[str, Any]) -> str:
    """Return an edit's title: the name of its layer and of its entry in the history."""
    verb, item = str(edit.get("verb", "")), str(edit.get("item", ""))
    prompt = str(edit.get("prompt", ""))
    titles = {
        "replace": f"Replace {item}: {prompt}",
        "augment": f"Augment {item}: {prompt.replace('[v]', item)}",
        "swap-in": f"Replace {item}: {str(edit.get('from', '')).replace('reference:', '')}",
        "move": f"Move {item}",
        "swap": f"Swap {item} and {edit.get('with')}",
        "remove": f"Remove {', '.join(map(str, edit.get('items') or []))}",
        "blend": f"Blend {item} with {edit.get('with')}",
        "reshape": f"Reshape {item}",
        "personalize": f"Personalize {item}",
    }
    return titles.get(verb, verb.capitalize())
