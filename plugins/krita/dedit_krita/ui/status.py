"""The status line, with a button for what helps after a failure."""

from __future__ import annotations

from typing import Any

from ..parameters import MODEL_TEXTS
from ..qt import QtCore, QtWidgets, Signal
from ..view_state import Status
from .widgets import ElidedLabel, dot, small_font, tool

REMEDIES = {
    "retry": ("dedit_retry", "Try again", "Looks for the daemon again, or starts it"),
    "model": ("dedit_choose_model", "Choose model", "Shows the field for the model"),
    "models": ("dedit_lead_models", MODEL_TEXTS["lead"], MODEL_TEXTS["lead_help"]),
}
"""Name, text and tool tip of a button."""
OFFERS = {"retry": ("retry",), "model": ("model", "models")}
"""The buttons by the status's remedy."""
COLOURS = {"fine": (76, 160, 92), "busy": (222, 160, 40), "wrong": (214, 72, 64)}
DOT = 10


class StatusView(QtWidgets.QWidget):
    """Shows a status."""

    asked = Signal(str)
    """What was offered."""

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Create an empty line."""
        super().__init__(parent)
        self.mark = QtWidgets.QLabel()
        self.text = QtWidgets.QLabel()
        self.text.setObjectName("dedit_status")
        self.text.setWordWrap(True)
        self.text.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        flags = QtCore.Qt.TextInteractionFlag
        self.text.setTextInteractionFlags(flags.TextSelectableByMouse)
        self.hint = QtWidgets.QLabel()
        self.hint.setObjectName("dedit_hint")
        self.hint.setWordWrap(True)
        self.hint.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.hint.setTextInteractionFlags(flags.TextSelectableByMouse)
        small_font(self.hint)
        self.used = ElidedLabel()
        self.used.setObjectName("dedit_model")
        self.used.setEnabled(False)
        small_font(self.used)
        self.buttons = {remedy: tool(*words) for remedy, words in REMEDIES.items()}
        fixed = QtWidgets.QSizePolicy.Policy.Fixed
        for remedy, button in self.buttons.items():
            button.setSizePolicy(fixed, fixed)
            button.clicked.connect(lambda _=False, remedy=remedy: self.asked.emit(remedy))
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        top = QtCore.Qt.AlignmentFlag.AlignTop
        self.mark.setContentsMargins(0, 3, 0, 0)
        grid.addWidget(self.mark, 0, 0, top)
        grid.addWidget(self.text, 0, 1)
        grid.addWidget(self.buttons["retry"], 0, 2, top)
        grid.addWidget(self.hint, 1, 1, 1, 2)
        about_models = QtWidgets.QHBoxLayout()
        about_models.setSpacing(3)
        for remedy in OFFERS["model"]:
            about_models.addWidget(self.buttons[remedy])
        about_models.addStretch(1)
        grid.addLayout(about_models, 2, 1, 1, 2)
        grid.addWidget(self.used, 3, 1, 1, 2)
        grid.setColumnStretch(1, 1)
        self.set_status(Status(""))
        self.set_model("", "")

    def set_status(self, status: Status) -> None:
        """Show a status."""
        self.text.setText(status.text)
        self.hint.setText(status.hint)
        self.hint.setVisible(bool(status.hint))
        self.mark.setPixmap(dot(DOT, COLOURS.get(status.kind, COLOURS["fine"])))
        for remedy, button in self.buttons.items():
            button.setVisible(remedy in OFFERS.get(status.remedy, ()))

    def set_model(self, model: str, device: str) -> None:
        """Show the model and device of the picture."""
        words = f"{model} on {device}" if model and device else model or device
        self.used.say(words)
        self.used.setVisible(bool(words))
