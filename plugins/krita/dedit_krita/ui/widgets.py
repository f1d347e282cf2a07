"""Small widgets: elided text, and inputs that ignore the wheel without focus."""

from __future__ import annotations

from typing import Any

from ..qt import QtCore, QtGui, QtWidgets


class ElidedLabel(QtWidgets.QLabel):
    """A line of text that is elided if too long; the tool tip has the whole text."""

    def __init__(self, text: str = "", parent: Any = None) -> None:  # noqa: ANN401
        """Create it with a text."""
        super().__init__(parent)
        self._whole = ""
        self.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Ignored, policy.Fixed)
        self.say(text)

    def say(self, text: str) -> None:
        """Show a text."""
        if text != self._whole:
            self._whole = text
            self._cut()

    def whole(self) -> str:
        """Return the whole text."""
        return self._whole

    def resizeEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """Elide again."""
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        line = " ".join(self._whole.split())
        right = QtCore.Qt.TextElideMode.ElideRight
        cut = self.fontMetrics().elidedText(line, right, max(self.width(), 10))
        self.setText(cut)
        self.setToolTip(self._whole if cut != line else "")


class Combo(QtWidgets.QComboBox):
    """A combo box that ignores the wheel without focus, of small minimum width."""

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Create an empty one."""
        super().__init__(parent)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        policy = QtWidgets.QComboBox.SizeAdjustPolicy
        self.setSizeAdjustPolicy(policy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)

    def wheelEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """Let the panel scroll without focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Whole(QtWidgets.QSpinBox):
    """An integer that ignores the wheel without focus."""

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Create one."""
        super().__init__(parent)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)

    def wheelEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """Let the panel scroll without focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def minimumSizeHint(self) -> Any:  # noqa: ANN401, N802
        """Return a width that does not depend on the range."""
        return QtCore.QSize(60, super().minimumSizeHint().height())


class Number(QtWidgets.QDoubleSpinBox):
    """A number without trailing zeros that ignores the wheel without focus."""

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Create one."""
        super().__init__(parent)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)

    def textFromValue(self, value: float) -> str:  # noqa: N802
        """Return the number without trailing zeros."""
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text

    def wheelEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """Let the panel scroll without focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def minimumSizeHint(self) -> Any:  # noqa: ANN401, N802
        """Return a width that does not depend on the range."""
        return QtCore.QSize(60, super().minimumSizeHint().height())


def small_font(widget: Any, share: float = 0.9) -> None:  # noqa: ANN401
    """Scale a widget's font."""
    font = widget.font()
    if font.pointSizeF() > 0:
        font.setPointSizeF(font.pointSizeF() * share)
        widget.setFont(font)


def tool(name: str, text: str, tip: str, parent: Any = None) -> Any:  # noqa: ANN401
    """Create a small button with text."""
    button = QtWidgets.QToolButton(parent)
    button.setObjectName(name)
    button.setText(text)
    button.setToolTip(tip)
    button.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextOnly)
    policy = QtWidgets.QSizePolicy.Policy
    button.setSizePolicy(policy.Expanding, policy.Fixed)
    # The text is cut off rather than widening the docker with a large font.
    button.setMinimumWidth(24)
    return button


def icon_of(pixmap: Any) -> Any:  # noqa: ANN401
    """Create an icon that keeps its colours when selected."""
    icon = QtGui.QIcon()
    for mode in (QtGui.QIcon.Mode.Normal, QtGui.QIcon.Mode.Selected):
        icon.addPixmap(pixmap, mode)
    return icon


def dot(side: int, colour: tuple[int, int, int]) -> Any:  # noqa: ANN401
    """Draw a coloured dot of so many pixels."""
    pixmap = QtGui.QPixmap(side, side)
    pixmap.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(pixmap)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(QtGui.QColor(*colour))
    painter.drawEllipse(0, 0, side, side)
    painter.end()
    return pixmap
