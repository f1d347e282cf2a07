"""The history: a strip of thumbnails, the newest first."""

from __future__ import annotations

from typing import Any

from ..qt import QtCore, QtGui, QtWidgets, Signal
from ..view_state import Entry
from .widgets import icon_of, small_font, tool

SIZE = 56
HIGHEST_SEED = 2**31 - 1
BUTTONS = (
    ("dedit_apply", "Apply", "Makes a layer of it"),
    ("dedit_discard", "Discard", "Takes it out of the history, and its layer away"),
    ("dedit_redo", "Redo", "Makes it again with another seed"),
    ("dedit_redo_seed", "Seed …", "Makes it again with a seed that you say"),
)


class HistoryView(QtWidgets.QWidget):
    """Shows results, of which the selected one can be applied, discarded or redone."""

    asked_apply = Signal(object)
    asked_discard = Signal(object)
    asked_redo = Signal(object, object)

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Create an empty strip."""
        super().__init__(parent)
        self._entries: tuple[Entry, ...] = ()
        self._icons: dict[object, Any] = {}
        self.list = self._make_list()
        self.buttons = {name: tool(name, text, tip) for name, text, tip in BUTTONS}
        self.buttons["dedit_apply"].clicked.connect(lambda _=False: self._ask(self.asked_apply))
        self.buttons["dedit_discard"].clicked.connect(lambda _=False: self._ask(self.asked_discard))
        self.buttons["dedit_redo"].clicked.connect(lambda _=False: self._redo(None))
        self.buttons["dedit_redo_seed"].clicked.connect(lambda _=False: self._ask_seed())
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(3)
        for button in self.buttons.values():
            row.addWidget(button)
        self.remark = QtWidgets.QLabel()
        self.remark.setObjectName("dedit_remark")
        self.remark.setWordWrap(True)
        self.remark.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        small_font(self.remark)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.list)
        column.addWidget(self.remark)
        column.addLayout(row)
        self.set_history(())

    def _make_list(self) -> Any:  # noqa: ANN401
        strip = QtWidgets.QListWidget()
        strip.setObjectName("dedit_history")
        strip.setViewMode(QtWidgets.QListView.ViewMode.IconMode)
        strip.setFlow(QtWidgets.QListView.Flow.LeftToRight)
        strip.setMovement(QtWidgets.QListView.Movement.Static)
        strip.setWrapping(False)
        strip.setUniformItemSizes(True)
        strip.setSpacing(1)
        strip.setIconSize(QtCore.QSize(SIZE, SIZE))
        strip.setGridSize(QtCore.QSize(SIZE + 8, SIZE + 6))
        bars = QtCore.Qt.ScrollBarPolicy
        strip.setVerticalScrollBarPolicy(bars.ScrollBarAlwaysOff)
        strip.setHorizontalScrollBarPolicy(bars.ScrollBarAsNeeded)
        strip.setHorizontalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        bar = strip.style().pixelMetric(QtWidgets.QStyle.PixelMetric.PM_ScrollBarExtent)
        strip.setFixedHeight(SIZE + 10 + bar)
        strip.currentRowChanged.connect(lambda _: self._show_chosen())
        strip.itemDoubleClicked.connect(lambda _: self._ask(self.asked_apply))
        return strip

    def entry(self) -> Entry | None:
        """Return the selected entry."""
        row = self.list.currentRow()
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def choose(self, key: object) -> None:
        """Select an entry, if it exists."""
        for row, entry in enumerate(self._entries):
            if entry.key == key:
                self.list.setCurrentRow(row)

    def set_history(self, entries: tuple[Entry, ...]) -> None:
        """Show entries; the selection stays, unless it was the newest entry."""
        chosen = self.entry()
        is_newest = chosen is None or chosen.key == self._entries[0].key
        keys = [entry.key for entry in entries]
        was = [entry.key for entry in self._entries]
        self.list.blockSignals(True)
        if keys != was:
            place = self.list.horizontalScrollBar().value()
            self.list.clear()
            for _ in entries:
                QtWidgets.QListWidgetItem(self.list)
        self._entries = entries
        kept = {}
        for row, entry in enumerate(entries):
            look = (entry.key, entry.is_applied, entry.png)
            kept[look] = self._icons.get(look) or icon_of(self._draw(entry))
            item = self.list.item(row)
            item.setIcon(kept[look])
            item.setToolTip(in_words(entry))
        self._icons = kept
        if keys != was and keys:
            stays = chosen is not None and chosen.key in keys and not is_newest
            self.list.setCurrentRow(keys.index(chosen.key) if stays and chosen else 0)
            self.list.horizontalScrollBar().setValue(place if stays else 0)
        self.list.blockSignals(False)
        self.setVisible(bool(entries))
        self._show_chosen()

    def _show_chosen(self) -> None:
        entry = self.entry()
        for button in self.buttons.values():
            button.setEnabled(entry is not None)
        if entry is None:
            self.remark.setText("")
            return
        self.buttons["dedit_apply"].setEnabled(not entry.is_applied)
        lines = [f"{entry.title} · seed {entry.seed}" + (" · applied" if entry.is_applied else "")]
        self.remark.setText("\n".join([*lines, entry.remark] if entry.remark else lines))

    def _draw(self, entry: Entry) -> Any:  # noqa: ANN401
        """Draw the thumbnail, with a tick if a layer shows the result."""
        pixmap = QtGui.QPixmap(SIZE, SIZE)
        pixmap.fill(QtCore.Qt.GlobalColor.transparent)
        image = QtGui.QImage.fromData(entry.png) if entry.png else QtGui.QImage()
        painter = QtGui.QPainter(pixmap)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        target = pixmap.rect()
        if image.isNull():
            painter.setPen(self.palette().mid().color())
            painter.drawRect(target.adjusted(4, 4, -5, -5))
            centre = QtCore.Qt.AlignmentFlag.AlignCenter
            painter.drawText(target, centre, entry.title[:1])
        else:
            image = image.scaled(
                SIZE,
                SIZE,
                QtCore.Qt.AspectRatioMode.KeepAspectRatio,
                QtCore.Qt.TransformationMode.SmoothTransformation,
            )
            target = image.rect()
            target.moveCenter(pixmap.rect().center())
            painter.drawImage(target.topLeft(), image)
        if entry.is_applied:
            x, y = target.right() - 9, target.top() + 9
            painter.setPen(QtGui.QPen(QtGui.QColor(255, 255, 255), 1.5))
            painter.setBrush(QtGui.QColor(46, 139, 87))
            painter.drawEllipse(QtCore.QPointF(x, y), 7, 7)
            tick = ((x - 3, y), (x - 1, y + 3), (x + 4, y - 3))
            painter.drawPolyline(QtGui.QPolygonF([QtCore.QPointF(*point) for point in tick]))
        painter.end()
        return pixmap

    def _ask(self, signal: Any) -> None:  # noqa: ANN401
        entry = self.entry()
        if entry is not None:
            signal.emit(entry.key)

    def _redo(self, seed: int | None) -> None:
        entry = self.entry()
        if entry is not None:
            self.asked_redo.emit(entry.key, seed)

    def _ask_seed(self) -> None:
        entry = self.entry()
        if entry is None:
            return
        dialog = QtWidgets.QInputDialog(self)
        dialog.setObjectName("dedit_seed_dialog")
        dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Redo with seed")
        dialog.setLabelText("Seed of the noise")
        dialog.setInputMode(QtWidgets.QInputDialog.InputMode.IntInput)
        dialog.setIntRange(0, HIGHEST_SEED)
        dialog.setIntValue(min(max(entry.seed, 0), HIGHEST_SEED))
        # Bound now: another entry may be selected when the dialog is closed.
        dialog.intValueSelected.connect(lambda seed, key=entry.key: self.asked_redo.emit(key, seed))
        dialog.open()


def in_words(entry: Entry) -> str:
    """Describe an entry for its tool tip."""
    lines = [entry.title, f"Seed {entry.seed}"]
    if entry.is_applied:
        lines.append("Applied: a layer shows it")
    return "\n".join([*lines, entry.remark] if entry.remark else lines)
