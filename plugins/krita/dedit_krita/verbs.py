"""From what was asked for to what the daemon is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .failure import Failure

NO_PROMPT = Failure(
    "usage", "no words say what it becomes", hint="type a prompt, such as: a white handbag"
)


@dataclass(frozen=True)
class Order:
    """An edit, but for where it is made."""

    edit: dict[str, Any]
    plan: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    when: str = "learned"
    variations: int = 1

    @property
    def title(self) -> str:
        """What people call it."""
        return title(self.edit)


def check(verb: str, values: dict[str, Any]) -> None:
    """Fail where something is missing, before anything is begun."""
    if verb in ("replace", "augment") and not values["prompt"]:
        raise NO_PROMPT
    if verb == "move":
        still = [values["dx"], values["dy"], values["scale"] - 1.0, values["rotate"]]
        if all(abs(change) < 1e-9 for change in still):
            hint = "drag its frame, or say how far, how large or how it is turned"
            raise Failure("usage", "nothing says where it goes", hint=hint)
    if verb == "swap" and not values["with"]:
        raise Failure("usage", "nothing says with what it is swapped", hint="choose the other item")
    if verb == "swap-in" and not (values["from-document"] or values["from-file"]):
        hint = "choose an open document or a file"
        raise Failure("usage", "nothing says which picture the other thing is in", hint=hint)


def edit(verb: str, values: dict[str, Any], item: str, other: str = "") -> dict[str, Any]:
    """Say what a verb does with an item, as the daemon reads it."""
    told: dict[str, Any] = {"verb": verb}
    if verb == "refine":
        return {**told, "mask": 0}
    if verb == "remove":
        told["items"] = [item]
    else:
        told["item"] = item
    if verb == "replace":
        told["prompt"] = values["prompt"]
    elif verb == "augment":
        words = values["prompt"]
        told["prompt"] = words if "[v]" in words else f"{words} [v]"
    elif verb == "swap-in":
        told["from"] = f"reference:{other}"
    elif verb == "move":
        told.update({name: values[name] for name in ("dx", "dy", "scale", "rotate")})
    elif verb == "swap":
        told["with"] = values["with"]
    if values.get("into"):
        told["into"] = values["into"]
    return told


def order(told: dict[str, Any], values: dict[str, Any], ring: float | None) -> Order:
    """Say how it is made."""
    plan: dict[str, Any] = {}
    if values.get("fit", "auto") != "auto":
        plan["fit"] = values["fit"]
    if ring is not None:
        plan["ring"] = ring
    options: dict[str, Any] = {}
    for name, least in (("steps", 1), ("guidance", 1e-9), ("strength", 0.0), ("seed", 0)):
        if values[name] >= least:
            options[name] = values[name]
    model = {"model": values["model"]} if values["model"] else {}
    return Order(told, plan, options, model, values["when"], values["variations"])


def title(told: dict[str, Any]) -> str:
    """What people call an edit: its layer's name, its title in the history."""
    verb, item = str(told.get("verb", "")), str(told.get("item", ""))
    prompt = str(told.get("prompt", ""))
    titles = {
        "replace": f"Replace {item}: {prompt}",
        "augment": f"Augment {item}: {prompt.replace('[v]', item)}",
        "swap-in": f"Replace {item}: {str(told.get('from', '')).replace('reference:', '')}",
        "move": f"Move {item}",
        "swap": f"Swap {item} and {told.get('with')}",
        "remove": f"Remove {', '.join(map(str, told.get('items') or []))}",
        "blend": f"Blend {item} with {told.get('with')}",
        "reshape": f"Reshape {item}",
        "personalize": f"Personalize {item}",
    }
    return titles.get(verb, verb.capitalize())
