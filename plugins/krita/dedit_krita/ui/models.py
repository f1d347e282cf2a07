"""The models: a list that folds away, what is known of the chosen one, and buttons."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..parameters import MODEL_BUTTONS, MODEL_TEXTS
from ..qt import QtCore, QtGui, QtWidgets, Signal
from ..view_state import Model
from .widgets import dot, small_font, tool

ROWS_SHOWN = 5
COLUMNS = 3
"""Buttons in a row."""
STATES = {"there": (76, 160, 92), "broken": (214, 72, 64), "absent": (140, 140, 140)}
DOT = 8


class ModelsView(QtWidgets.QWidget):
    """Shows models; `asked` is emitted with the name of a button and the chosen model."""

    opened = Signal()
    asked = Signal(str, object)
    asked_add = Signal(str)

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Create an empty list, folded away."""
        super().__init__(parent)
        self._models: tuple[Model, ...] = ()
        self.fold = QtWidgets.QToolButton()
        self.fold.setObjectName("dedit_models_open")
        self.fold.setText("Models")
        self.fold.setToolTip(MODEL_TEXTS["open_help"])
        self.fold.setAutoRaise(True)
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.toggled.connect(self._open)
        self.list = QtWidgets.QListWidget()
        self.list.setObjectName("dedit_models")
        self.list.setTextElideMode(QtCore.Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(
            QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff,
        )
        self.list.currentRowChanged.connect(lambda _: self._show_chosen())
        self.about = QtWidgets.QLabel()
        self.about.setObjectName("dedit_model_about")
        self.about.setWordWrap(True)
        self.about.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        flags = QtCore.Qt.TextInteractionFlag
        self.about.setTextInteractionFlags(flags.TextSelectableByMouse)
        small_font(self.about)
        self.buttons = {name: tool(f"dedit_model_{name}", *words) for name, *words in MODEL_BUTTONS}
        grid = QtWidgets.QGridLayout()
        grid.setSpacing(3)
        for at, (name, button) in enumerate(self.buttons.items()):
            button.clicked.connect(partial(self._press, name))
            grid.addWidget(button, at // COLUMNS, at % COLUMNS)
        self.content = QtWidgets.QWidget()
        inner = QtWidgets.QVBoxLayout(self.content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(3)
        for widget in (self.list, self.about):
            inner.addWidget(widget)
        inner.addLayout(grid)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.fold)
        column.addWidget(self.content)
        self._open(False)
        self._show_chosen()

    def open(self) -> None:
        """Unfold the list."""
        self.fold.setChecked(True)

    def _open(self, opens: bool) -> None:
        arrows = QtCore.Qt.ArrowType
        self.fold.setArrowType(arrows.DownArrow if opens else arrows.RightArrow)
        self.content.setVisible(opens)
        if opens:
            self.opened.emit()

    def model(self) -> Model | None:
        """Return the chosen model."""
        row = self.list.currentRow()
        return self._models[row] if 0 <= row < len(self._models) else None

    def set_models(self, models: tuple[Model, ...]) -> None:
        """Show models; the chosen one stays."""
        chosen = self.model()
        self.list.blockSignals(True)
        self.list.clear()
        self._models = models
        for model in models:
            row = QtWidgets.QListWidgetItem(f"{model.title}\n{model.state} · {model.details}")
            state = "broken" if model.is_broken else "there" if model.is_there else "absent"
            row.setIcon(dot_icon(STATES[state]))
            row.setToolTip(model.title)
            self.list.addItem(row)
        names = [model.name for model in models]
        if names:
            stays = chosen is not None and chosen.name in names
            self.list.setCurrentRow(names.index(chosen.name) if stays and chosen else 0)
        self.list.blockSignals(False)
        self.list.setFixedHeight(ROWS_SHOWN * max(self.list.sizeHintForRow(0), 30) + 4)
        self._show_chosen()

    def _show_chosen(self) -> None:
        model = self.model()
        self.about.setText(model.about if model is not None else "")
        for name, button in self.buttons.items():
            button.setEnabled(name == "add" or (model is not None and name in model.buttons))

    def _press(self, name: str, _: bool = False) -> None:
        model = self.model()
        if name == "add":
            self._ask_file()
        elif model is not None and name == "fetch" and model.question:
            self._ask_licence(model)
        elif model is not None:
            self.asked.emit(name, model)

    def _ask_licence(self, model: Model) -> None:
        box = QtWidgets.QMessageBox(self)
        box.setObjectName("dedit_licence")
        box.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(MODEL_TEXTS["ask_title"])
        box.setText(model.question)
        label = MODEL_TEXTS["ask_link"]
        box.setInformativeText(f'{label} <a href="{model.link}">{model.link}</a>')
        roles = QtWidgets.QMessageBox.ButtonRole
        accept = box.addButton(MODEL_TEXTS["accept"], roles.AcceptRole)
        accept.setObjectName("dedit_accept")
        box.addButton(QtWidgets.QMessageBox.StandardButton.Cancel)
        # Bound now: another model may be chosen when the question is answered.
        accept.clicked.connect(lambda _=False, model=model: self.asked.emit("fetch", model))
        box.open()

    def _ask_file(self) -> None:
        dialog = QtWidgets.QFileDialog(self, MODEL_TEXTS["add_title"])
        dialog.setObjectName("dedit_model_file")
        dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Models (*.safetensors *.ckpt *.pt *.pth)", "All files (*)"])
        dialog.fileSelected.connect(self.asked_add.emit)
        dialog.open()


def dot_icon(colour: tuple[int, int, int]) -> Any:  # noqa: ANN401
    """Return a coloured dot that stays so where its line is selected."""
    pixmap = dot(DOT, colour)
    icon = QtGui.QIcon()
    for mode in (QtGui.QIcon.Mode.Normal, QtGui.QIcon.Mode.Selected):
        icon.addPixmap(pixmap, mode)
    return icon
