"""Small widgets: text that is cut where there is no room, and values the wheel leaves alone."""

from __future__ import annotations

from typing import Any

from ..qt import QtCore, QtGui, QtWidgets


class Elided(QtWidgets.QLabel):
    """A line of text that ends in dots where it is too long, and then is its own tool tip."""

    def __init__(self, text: str = "", parent: Any = None) -> None:  # noqa: ANN401
        """Show the text."""
        super().__init__(parent)
        self._whole = ""
        self.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Ignored, policy.Fixed)
        self.say(text)

    def say(self, text: str) -> None:
        """Show another text."""
        if text != self._whole:
            self._whole = text
            self._cut()

    def whole(self) -> str:
        """Give the text as it was said."""
        return self._whole

    def resizeEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """Cut anew."""
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        line = " ".join(self._whole.split())
        right = QtCore.Qt.TextElideMode.ElideRight
        cut = self.fontMetrics().elidedText(line, right, max(self.width(), 10))
        self.setText(cut)
        self.setToolTip(self._whole if cut != line else "")


class Combo(QtWidgets.QComboBox):
    """A choice that turns with the wheel only where it was clicked; it takes little width."""

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Make it empty."""
        super().__init__(parent)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        policy = QtWidgets.QComboBox.SizeAdjustPolicy
        self.setSizeAdjustPolicy(policy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)

    def wheelEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """Let the panel scroll unless this has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Whole(QtWidgets.QSpinBox):
    """A whole number that turns with the wheel only where it was clicked."""

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Make it."""
        super().__init__(parent)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)

    def wheelEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """Let the panel scroll unless this has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def minimumSizeHint(self) -> Any:  # noqa: ANN401, N802
        """Give a width that does not grow with the range."""
        return QtCore.QSize(60, super().minimumSizeHint().height())


class Number(QtWidgets.QDoubleSpinBox):
    """A number without needless zeros that turns with the wheel only where it was clicked."""

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Make it."""
        super().__init__(parent)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)

    def textFromValue(self, value: float) -> str:  # noqa: N802
        """Give the number as it is shown."""
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text

    def wheelEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """Let the panel scroll unless this has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def minimumSizeHint(self) -> Any:  # noqa: ANN401, N802
        """Give a width that does not grow with the range."""
        return QtCore.QSize(60, super().minimumSizeHint().height())


def small_font(widget: Any, share: float = 0.9) -> None:  # noqa: ANN401
    """Make a widget's font somewhat smaller, as side remarks are."""
    font = widget.font()
    if font.pointSizeF() > 0:
        font.setPointSizeF(font.pointSizeF() * share)
        widget.setFont(font)


def tool(name: str, text: str, tip: str, parent: Any = None) -> Any:  # noqa: ANN401
    """Make a small button with text."""
    button = QtWidgets.QToolButton(parent)
    button.setObjectName(name)
    button.setText(text)
    button.setToolTip(tip)
    button.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextOnly)
    policy = QtWidgets.QSizePolicy.Policy
    button.setSizePolicy(policy.Expanding, policy.Fixed)
    # A large font cuts the text rather than the docker.
    button.setMinimumWidth(24)
    return button


def icon_of(pixmap: Any) -> Any:  # noqa: ANN401
    """Make an icon whose colours stay as they are where it is chosen."""
    icon = QtGui.QIcon()
    for mode in (QtGui.QIcon.Mode.Normal, QtGui.QIcon.Mode.Selected):
        icon.addPixmap(pixmap, mode)
    return icon
