"""An input widget for each parameter, created from its description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..failure import Failure
from ..qt import QtCore, QtWidgets, Signal
from ..schema import Parameter
from .widgets import Combo, Number, Whole

AUTOMATIC = "As usual"
AUTOMATIC_OF = {"seed": "Another each time"}
"""Text of a number that the daemon chooses."""
STEPS = {
    "dx": (1, 1.0),
    "dy": (1, 1.0),
    "scale": (3, 0.05),
    "rotate": (1, 5.0),
    "strength": (2, 0.05),
}
"""Decimals and step of number fields; (2, 0.5) for others."""
NAMES = ("with", "into", "model")
"""Text parameters that usually have one of some known values."""
FILES = "Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff);;All files (*)"
MAX_INT = 2**31 - 1
"""Greatest value of Qt's integer field."""


def placeholder(parameter: Parameter) -> str:
    """Return the text that an empty field shows."""
    return parameter.usual[:1].upper() + parameter.usual[1:] or parameter.help


class Field(QtCore.QObject):
    """The widget of a parameter; `control` is the part that is typed into or clicked."""

    changed = Signal()
    entered = Signal()

    def __init__(self, parameter: Parameter, name: str, parent: Any) -> None:  # noqa: ANN401
        """Create the widget with the default value."""
        super().__init__(parent)
        self.parameter = parameter
        self.control = self.make(parent)
        self.widget = self.control
        self.control.setObjectName(name)
        usual = f"; usually {parameter.usual}" if parameter.usual else ""
        self.control.setToolTip(parameter.help + usual)
        self.control.setAccessibleName(parameter.label)
        self.set_value(parameter.initial)

    def make(self, parent: Any) -> Any:  # noqa: ANN401
        """Create the control: a line of text."""
        line = QtWidgets.QLineEdit(parent)
        line.setPlaceholderText(placeholder(self.parameter))
        line.textChanged.connect(lambda _: self.changed.emit())
        line.returnPressed.connect(self.entered.emit)
        return line

    def value(self) -> Any:  # noqa: ANN401
        """Return the value."""
        return self.control.text().strip()

    def set_value(self, value: Any) -> None:  # noqa: ANN401
        """Show a value, or the default if it is invalid."""
        try:
            value = self.parameter.check("", value)
        except Failure:
            value = self.parameter.initial
        if value != self.value():
            self.put(value)

    def put(self, value: Any) -> None:  # noqa: ANN401
        """Show a valid value."""
        self.control.setText(value)

    def offer(self, names: Sequence[str]) -> None:
        """Offer these names in the control's list, if it has one."""

    def allow(self, word: str, is_allowed: bool) -> None:
        """Let a word be selected or not, if the control has a list; one that is selected stays."""


class ChoiceField(Field):
    """A choice."""

    def make(self, parent: Any) -> Any:  # noqa: ANN401
        """Create the control."""
        combo = Combo(parent)
        for word, label in self.parameter.choices:
            combo.addItem(label, word)
        combo.currentIndexChanged.connect(lambda _: self.changed.emit())
        return combo

    def allow(self, word: str, is_allowed: bool) -> None:
        """Let a word be selected or not."""
        entry = self.control.model().item(self.control.findData(word))
        if entry is not None:
            entry.setEnabled(is_allowed)

    def value(self) -> Any:  # noqa: ANN401
        """Return the word of the choice."""
        return self.control.currentData()

    def put(self, value: Any) -> None:  # noqa: ANN401
        """Select a word."""
        self.control.setCurrentIndex(max(self.control.findData(value), 0))


class NameField(Field):
    """A name that can be typed or selected."""

    def make(self, parent: Any) -> Any:  # noqa: ANN401
        """Create the control."""
        combo = Combo(parent)
        combo.setEditable(True)
        combo.setInsertPolicy(QtWidgets.QComboBox.InsertPolicy.NoInsert)
        line = combo.lineEdit()
        line.setPlaceholderText(placeholder(self.parameter))
        line.textChanged.connect(lambda _: self.changed.emit())
        return combo

    def value(self) -> Any:  # noqa: ANN401
        """Return the name."""
        return self.control.currentText().strip()

    def put(self, value: Any) -> None:  # noqa: ANN401
        """Show a name."""
        self.control.setCurrentIndex(self.control.findText(value))
        self.control.setEditText(value)

    def offer(self, names: Sequence[str]) -> None:
        """Offer names; the current text stays."""
        if [self.control.itemText(i) for i in range(self.control.count())] == list(names):
            return
        value = self.value()
        self.control.blockSignals(True)
        self.control.lineEdit().blockSignals(True)
        self.control.clear()
        self.control.addItems(list(names))
        self.put(value)
        self.control.lineEdit().blockSignals(False)
        self.control.blockSignals(False)


class DocumentField(Field):
    """One of the other open documents, or none."""

    def make(self, parent: Any) -> Any:  # noqa: ANN401
        """Create the control."""
        combo = Combo(parent)
        combo.addItem("None", "")
        combo.currentIndexChanged.connect(lambda _: self.changed.emit())
        return combo

    def value(self) -> Any:  # noqa: ANN401
        """Return the document's name."""
        return self.control.currentData() or ""

    def put(self, value: Any) -> None:  # noqa: ANN401
        """Select a document; none if it is not open."""
        self.control.setCurrentIndex(max(self.control.findData(value), 0))

    def offer(self, names: Sequence[str]) -> None:
        """Offer documents; the selected one stays if it is still open."""
        now = [self.control.itemData(i) for i in range(1, self.control.count())]
        if now == list(names):
            return
        value = self.value()
        self.control.blockSignals(True)
        self.control.clear()
        self.control.addItem("None", "")
        for name in names:
            self.control.addItem(name, name)
        self.put(value)
        self.control.blockSignals(False)
        if self.value() != value:
            self.changed.emit()


class FileField(Field):
    """A file's path, with a button that opens a file dialog."""

    def __init__(self, parameter: Parameter, name: str, parent: Any) -> None:  # noqa: ANN401
        """Create the line and the button."""
        super().__init__(parameter, name, parent)
        self.widget = QtWidgets.QWidget(parent)
        row = QtWidgets.QHBoxLayout(self.widget)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        button = QtWidgets.QToolButton()
        button.setObjectName(f"{name}_choose")
        button.setText("…")
        button.setToolTip("Look for a file")
        button.clicked.connect(lambda _=False: self._look())
        row.addWidget(self.control)
        row.addWidget(button)

    def _look(self) -> None:
        # Not `getOpenFileName`, which would block the event loop.
        dialog = QtWidgets.QFileDialog(self.widget, "A picture with the other thing")
        dialog.setObjectName("dedit_file_dialog")
        dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(FILES.split(";;"))
        dialog.fileSelected.connect(self.control.setText)
        dialog.open()


class NumberField(Field):
    """A number. One that the daemon chooses is shown as a text at the lower end."""

    def make(self, parent: Any) -> Any:  # noqa: ANN401
        """Create the control."""
        known = self.parameter
        decimals, step = (0, 1.0) if known.kind == "whole" else STEPS.get(known.name, (2, 0.5))
        low = known.low
        if known.automatic is not None and known.automatic != known.low:
            low -= step
        if known.kind == "whole":
            spin = Whole(parent)
            spin.setRange(int(low), min(int(known.high), MAX_INT))
        else:
            spin = Number(parent)
            spin.setDecimals(decimals)
            spin.setSingleStep(step)
            spin.setRange(low, known.high)
        if known.automatic is not None:
            spin.setSpecialValueText(AUTOMATIC_OF.get(known.name, AUTOMATIC))
        spin.valueChanged.connect(lambda _: self.changed.emit())
        return spin

    def value(self) -> Any:  # noqa: ANN401
        """Return the number; None if the daemon chooses it."""
        value = self.control.value()
        is_automatic = self.parameter.automatic is not None and value == self.control.minimum()
        return None if is_automatic else value

    def put(self, value: Any) -> None:  # noqa: ANN401
        """Show the number."""
        self.control.setValue(self.control.minimum() if value is None else value)


def field_for(parameter: Parameter, prefix: str, parent: Any) -> Field:  # noqa: ANN401
    """Create the widget of a parameter, named `dedit_<prefix>_<name>`."""
    name = f"dedit_{prefix}_{parameter.name}".replace("-", "_")
    if parameter.kind == "choice":
        return ChoiceField(parameter, name, parent)
    if parameter.kind in ("whole", "number"):
        return NumberField(parameter, name, parent)
    if parameter.name == "from-document":
        return DocumentField(parameter, name, parent)
    if parameter.kind == "file":
        return FileField(parameter, name, parent)
    if parameter.name in NAMES:
        return NameField(parameter, name, parent)
    return Field(parameter, name, parent)
