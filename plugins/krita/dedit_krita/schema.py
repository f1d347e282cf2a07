"""The types of `parameters`, and the check of values against it.

The sentences are those of crates/dedit-schema, so that all programs refuse a value in the same way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .failure import Failure


@dataclass(frozen=True)
class Parameter:
    """A parameter of an action."""

    name: str
    label: str
    help: str
    kind: str
    """`text`, `file`, `choice`, `whole`, `number` or `switch`."""
    default: Any = ""
    low: float = 0
    high: float = 0
    automatic: float | None = None
    """Number that stands for "chosen by the daemon"."""
    choices: tuple[tuple[str, str], ...] = ()
    """Words and labels."""
    takes: str = ""
    """Description of the valid values."""
    usual: str = ""
    """Description of what the daemon chooses."""
    unit: str = ""
    required: bool = False
    """Whether the action cannot do without it; an item can be selected instead."""
    older: tuple[str, ...] = ()
    """Former names."""

    @property
    def initial(self) -> Any:  # noqa: ANN401
        """The value if none is given; None if the daemon chooses it."""
        return self.default if self.automatic is None else None

    def check(self, action: str, value: Any) -> Any:  # noqa: ANN401
        """Return a value in its type, None if the daemon chooses it; Failure if it is invalid."""
        if self.automatic is not None and (value is None or value == self.automatic):
            return None
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if self.kind in ("text", "file") and isinstance(value, str):
            return value.strip()
        if self.kind == "switch" and isinstance(value, bool):
            return value
        if self.kind == "choice" and any(value == word for word, _ in self.choices):
            return value
        if self.kind in ("whole", "number") and is_number and self.low <= value <= self.high:
            if self.kind == "number":
                return float(value)
            if int(value) == value:
                return int(value)
        message = f"'{self.name}' is {_shown(value)}; {action} takes {self.takes}"
        raise Failure("usage", message)


@dataclass(frozen=True)
class Action:
    """An edit, or another entry of the menu."""

    name: str
    title: str
    """For messages and small buttons."""
    label: str
    """For the menu."""
    summary: str
    is_edit: bool
    own: tuple[Parameter, ...] = ()
    """Parameters beside those that all edits share."""
    verb: str = ""
    """The verb that it is a form of, if it has another name."""
    needs_model: bool = False
    """Whether only a diffusion model can do it."""
    without: tuple[str, ...] = ()
    """Parameters of every edit that it does not take."""

    @property
    def id(self) -> str:
        """Name of Krita's action, by which Krita stores shortcuts."""
        return f"dedit_{self.name.replace('-', '_')}"

    def needs(self, parameter: str) -> Failure:
        """Return the failure of a missing value."""
        described = next(one.help for one in self.own if one.name == parameter).split(";")[0]
        hint = f"give {described[:1].lower()}{described[1:]}"
        return Failure("usage", f"{self.name} needs '{parameter}'", hint=hint)


def checked(
    action: str, parameters: tuple[Parameter, ...], values: dict[str, Any]
) -> dict[str, Any]:
    """Return a valid value for each parameter; Failure for an unknown name or invalid value."""
    names = {parameter.name: parameter.name for parameter in parameters}
    names.update({old: parameter.name for parameter in parameters for old in parameter.older})
    given: dict[str, Any] = {}
    for name, value in values.items():
        if name not in names:
            known = ", ".join(parameter.name for parameter in parameters)
            takes = f"; it takes {known}" if known else ", which takes none"
            raise Failure("usage", f"'{name}' is no parameter of {action}{takes}")
        given[names[name]] = value
    return {
        parameter.name: parameter.check(action, given.get(parameter.name, parameter.initial))
        for parameter in parameters
    }


def _shown(value: Any) -> str:  # noqa: ANN401
    """Format a value as crates/dedit-schema does."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return f"'{value}'" if isinstance(value, str) else str(value)
