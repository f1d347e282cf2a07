"""A button for each verb, and the parameters of the selected one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from ..actions import BY_NAME, EDITS, parameters_of
from ..edit_request import INSTANT
from ..parameters import SHARED
from ..qt import QtCore, QtGui, QtWidgets, Signal
from ..schema import Action
from ..sides import NAMES as SIDES
from .fields import Field, field_for
from .frame import Movement
from .items import SELECTED
from .widgets import ElidedLabel, small_font, tool

NAMES = [action.name for action in EDITS]
COLUMNS = 3
ROWS = [NAMES[start : start + COLUMNS] for start in range(0, len(NAMES), COLUMNS)]
MOVEMENT = tuple(field.name for field in dataclasses.fields(Movement))
OF_THE_PICTURE = {"item", "into", "with", "from-document", "from-file", "from-name"}
OF_THE_PICTURE |= {*MOVEMENT, *SIDES}
"""Parameters that are not remembered, because they belong to one picture."""
LACKS = {
    "replace": ("prompt", "Say what it becomes, in words"),
    "augment": ("prompt", "Say how it becomes, in words, with [v] for the item itself"),
    "swap-in": ("from-document", "Choose another picture, or a file"),
    "swap": ("with", "Choose the other item"),
    "move": ("dx", "Drag the item in the picture, or say how far it goes"),
    "expand": ("left", "Say how many pixels the canvas gets at a side"),
}
BUTTONS = {"swap-in": "From picture"}
LABELS = {"from-document": "Taken from"}
SHORT = {"dx": "X, px", "dy": "Y, px", "scale": "Size", "rotate": "Turn, °"}
SHORT |= {name: f"{name.capitalize()}, px" for name in SIDES}
SECOND = ("dy", "rotate", "right", "bottom")
"""Fields that stand beside the one before them."""
WHOLE = {"refine": "The selected region", "expand": "The whole picture"}
"""What is edited by verbs without an item."""


class VerbsView(QtWidgets.QWidget):
    """Selects a verb and its values; `pressed` is emitted without any check."""

    pressed = Signal()
    verb_chosen = Signal(str)
    changed = Signal(str)

    def __init__(self, settings: Any, parent: Any = None) -> None:  # noqa: ANN401
        """Create a page for each verb, with the values of last time."""
        super().__init__(parent)
        self._settings = settings
        self._item = ""
        self._verb = "replace"
        self._buttons: dict[str, Any] = {}
        self._pages: dict[str, Any] = {}
        self.fields: dict[str, dict[str, Field]] = {}
        self.how: dict[str, Field] = {}
        self._is_quiet = False
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._make_buttons())
        self._chosen = ElidedLabel()
        self._chosen.setObjectName("dedit_chosen")
        column.addWidget(self._chosen)
        self._stack = QtWidgets.QStackedWidget()
        for row in ROWS:
            for name in row:
                self._make_page(BY_NAME[name])
        column.addWidget(self._stack)
        self._make_how(column)
        self._recall()
        saved = self._settings.get("verb")
        self.choose(saved if saved in self._pages else "replace")

    # Construction.

    def _make_buttons(self) -> Any:  # noqa: ANN401
        grid = QtWidgets.QGridLayout()
        grid.setSpacing(2)
        group = QtWidgets.QButtonGroup(self)
        for at, row in enumerate(ROWS):
            wide = 6 // len(row)
            for place, name in enumerate(row):
                verb = BY_NAME[name]
                button = tool(
                    f"dedit_verb_{name.replace('-', '_')}",
                    BUTTONS.get(name, verb.title),
                    verb.summary,
                )
                button.setCheckable(True)
                button.clicked.connect(lambda _=False, name=name: self.choose(name))
                group.addButton(button)
                grid.addWidget(button, at, place * wide, 1, wide)
                self._buttons[name] = button
        return grid

    def _make_page(self, verb: Action) -> None:
        page = QtWidgets.QWidget()
        form = grid_of(page)
        fields = {}
        prefix = verb.name
        for parameter in verb.own:
            if parameter.name == "item":
                continue
            field = field_for(parameter, prefix, page)
            field.changed.connect(lambda name=parameter.name: self._changed(name))
            field.entered.connect(self.pressed.emit)
            fields[parameter.name] = field
            add(form, field)
        self.fields[verb.name] = fields
        self._pages[verb.name] = page
        self._stack.addWidget(page)

    def _make_how(self, column: Any) -> None:  # noqa: ANN401
        shown, hidden = QtWidgets.QWidget(), QtWidgets.QWidget()
        forms = (grid_of(shown), grid_of(hidden))
        for parameter in SHARED:
            is_first = parameter.name == "when"
            field = field_for(parameter, "how", shown if is_first else hidden)
            field.changed.connect(lambda name=parameter.name: self._changed(name))
            self.how[parameter.name] = field
            add(forms[0 if is_first else 1], field)
        column.addWidget(shown)
        self._more = QtWidgets.QToolButton()
        self._more.setObjectName("dedit_more")
        self._more.setText("More")
        self._more.setAutoRaise(True)
        self._more.setCheckable(True)
        self._more.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.toggled.connect(lambda opens: self._open(hidden, opens))
        self.go = QtWidgets.QPushButton()
        self.go.setObjectName("dedit_go")
        self.go.setMinimumHeight(30)
        font = self.go.font()
        font.setBold(True)
        self.go.setFont(font)
        self.go.clicked.connect(lambda _=False: self.pressed.emit())
        column.addWidget(self._more)
        column.addWidget(hidden)
        column.addWidget(self.go)
        self._more.setChecked(self._settings.get("more") == "yes")
        self._open(hidden, self._more.isChecked())

    def _open(self, hidden: Any, opens: bool) -> None:  # noqa: ANN401
        arrows = QtCore.Qt.ArrowType
        self._more.setArrowType(arrows.DownArrow if opens else arrows.RightArrow)
        hidden.setVisible(opens)
        self._settings.set("more", "yes" if opens else "")

    # The selected verb.

    def verb(self) -> str:
        """Return the name of the selected verb."""
        return self._verb

    def choose(self, name: str) -> None:
        """Select a verb."""
        if name not in self._pages:
            return
        self._verb = name
        self._buttons[name].setChecked(True)
        self._mark()
        policy = QtWidgets.QSizePolicy.Policy
        for other, page in self._pages.items():
            # Hidden pages take no height.
            page.setSizePolicy(policy.Preferred, policy.Fixed if other == name else policy.Ignored)
        self._stack.setCurrentWidget(self._pages[name])
        self._stack.setVisible(bool(self.fields[name]))
        self._stack.updateGeometry()
        self.go.setText(BY_NAME[name].label)
        self.go.setToolTip(BY_NAME[name].summary)
        self._settings.set("verb", name)
        self.how["when"].allow(INSTANT, not BY_NAME[name].needs_model)
        self._say_item()
        self.verb_chosen.emit(name)

    def _mark(self) -> None:
        """Colour the button of the selected verb as a selection."""
        roles = QtGui.QPalette.ColorRole
        for name, button in self._buttons.items():
            palette = QtGui.QPalette()
            if name == self._verb:
                own = self.palette()
                palette.setColor(roles.Button, own.color(roles.Highlight))
                palette.setColor(roles.ButtonText, own.color(roles.HighlightedText))
            button.setPalette(palette)

    def changeEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """Follow changes of Krita's theme."""
        super().changeEvent(event)
        if event.type() == QtCore.QEvent.Type.PaletteChange and self._pages:
            self._mark()

    def set_item(self, name: str) -> None:
        """Set the item; the movement is reset if it is another one."""
        if name != self._item:
            self._item = name
            self.set_movement(Movement())
        self._say_item()

    def _say_item(self) -> None:
        words = WHOLE.get(self._verb) or self._item or SELECTED
        self._chosen.say(f"{BY_NAME[self._verb].title}: {words}")

    def offer(self, items: Sequence[str], documents: Sequence[str], models: Sequence[str]) -> None:
        """Offer known names in the fields that take one."""
        for fields in self.fields.values():
            for name in ("into", "with"):
                if name in fields:
                    fields[name].offer(items)
            if "from-document" in fields:
                fields["from-document"].offer(documents)
        self.how["model"].offer(models)

    def values(self) -> dict[str, Any]:
        """Return the values of the selected verb."""
        verb = BY_NAME[self._verb]
        fields = {**self.fields[self._verb], **self.how}
        return {
            parameter.name: self._item
            if parameter.name == "item"
            else fields[parameter.name].value()
            for parameter in parameters_of(verb)
        }

    def lacks(self) -> str:
        """Return what is missing for the selected verb; empty if nothing is."""
        fields = self.fields[self._verb]
        if self._verb not in LACKS:
            return ""
        name, words = LACKS[self._verb]
        if self._verb == "move":
            return words if self.movement().is_none else ""
        if self._verb == "expand":
            return "" if any(fields[side].value() for side in SIDES) else words
        if self._verb == "swap-in" and fields["from-file"].value():
            return ""
        return "" if fields[name].value() else words

    def focus_lacking(self) -> None:
        """Give the focus to the field of what is missing."""
        name, _ = LACKS[self._verb]
        control = self.fields[self._verb][name].control
        control.setFocus(QtCore.Qt.FocusReason.OtherFocusReason)

    def focus_model(self) -> None:
        """Show the field of the model, and give it the focus."""
        self._more.setChecked(True)
        self.how["model"].control.setFocus(QtCore.Qt.FocusReason.OtherFocusReason)

    def movement(self) -> Movement:
        """Return the movement of the fields."""
        fields = self.fields["move"]
        return Movement(*(fields[name].value() for name in MOVEMENT))

    def set_movement(self, movement: Movement) -> None:
        """Show a movement in the fields, with a single signal."""
        before = self.movement()
        self._is_quiet = True
        for name in MOVEMENT:
            self.fields["move"][name].set_value(getattr(movement, name))
        self._is_quiet = False
        if self.movement() != before:
            self.changed.emit(MOVEMENT[0])

    # Settings.

    def _changed(self, name: str) -> None:
        if not self._is_quiet:
            self._remember(name)
            self.changed.emit(name)

    def _remember(self, name: str) -> None:
        if name in OF_THE_PICTURE:
            return
        is_how = name in self.how
        fields = self.how if is_how else self.fields[self._verb]
        values = {n: field.value() for n, field in fields.items() if n not in OF_THE_PICTURE}
        self._settings.set("how" if is_how else f"values-{self._verb}", json.dumps(values))

    def _recall(self) -> None:
        self._is_quiet = True
        forms = {f"values-{verb}": fields for verb, fields in self.fields.items()}
        for key, fields in {**forms, "how": self.how}.items():
            try:
                values = json.loads(self._settings.get(key) or "{}")
            except ValueError:
                values = {}
            for name, value in values.items() if isinstance(values, dict) else ():
                if name in fields and name not in OF_THE_PICTURE:
                    fields[name].set_value(value)
        self._is_quiet = False


def grid_of(page: Any) -> Any:  # noqa: ANN401
    """Create the grid of a page: label and field, twice per row for short fields."""
    grid = QtWidgets.QGridLayout(page)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(6)
    grid.setVerticalSpacing(3)
    # The same label width on all pages aligns their fields.
    grid.setColumnMinimumWidth(0, page.fontMetrics().horizontalAdvance("Taken from"))
    grid.setColumnStretch(1, 1)
    grid.setColumnStretch(3, 1)
    return grid


def add(grid: Any, field: Field) -> None:  # noqa: ANN401
    """Append a field; the numbers of a movement, and of the sides, are two to a row."""
    name = field.parameter.name
    label = QtWidgets.QLabel({**SHORT, **LABELS}.get(name, field.parameter.label))
    label.setBuddy(field.control)
    label.setToolTip(field.parameter.help)
    small_font(label, 0.95)
    row = grid.rowCount()
    if name in SECOND:
        grid.addWidget(label, row - 1, 2)
        grid.addWidget(field.widget, row - 1, 3)
    elif name in SHORT:
        grid.addWidget(label, row, 0)
        grid.addWidget(field.widget, row, 1)
    elif name == "prompt":
        # A prompt needs the full width.
        label.deleteLater()
        grid.addWidget(field.widget, row, 0, 1, 4)
    else:
        grid.addWidget(label, row, 0)
        grid.addWidget(field.widget, row, 1, 1, 3)
