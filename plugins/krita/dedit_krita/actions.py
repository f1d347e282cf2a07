"""The actions of the generated table by name, and the check of their values."""

from __future__ import annotations

from typing import Any

from .parameters import ACTIONS, SHARED
from .schema import Action, Parameter, checked

BY_NAME = {action.name: action for action in ACTIONS}
EDITS = tuple(action for action in ACTIONS if action.is_edit)


def parameters_of(action: Action) -> tuple[Parameter, ...]:
    """Return every parameter of an action."""
    shared = (one for one in SHARED if one.name not in action.without)
    return action.own + (tuple(shared) if action.is_edit else ())


def check_values(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return a valid value for each parameter of an action; Failure if one is invalid."""
    return checked(name, parameters_of(BY_NAME[name]), values)


def default_of(action: str, parameter: str) -> Any:  # noqa: ANN401
    """Return the default of a parameter."""
    return next(one.initial for one in parameters_of(BY_NAME[action]) if one.name == parameter)


def shared_defaults() -> dict[str, Any]:
    """Return the default of each parameter that all edits share."""
    return checked("an edit", SHARED, {})
