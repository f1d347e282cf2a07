"""The list of items, and the buttons for it."""

from __future__ import annotations

from typing import Any

from ..parameters import SHARED
from ..qt import QAction, QtCore, QtGui, QtWidgets, Signal
from ..view_state import Item, Picture
from . import images
from .widgets import icon_of, tool

SELECTED = "What is selected"
THUMBNAIL = QtCore.QSize(38, 24)
SWATCH = 8
IMPLICIT = ("auto", "session")
"""Sources that set no items by themselves."""
LEARN = {"learned": "Learned", "learning": "Learning …"}
ROWS_SHOWN = 5


class ItemsView(QtWidgets.QWidget):
    """Shows the items; the selected row is an item, or the selection of the canvas."""

    chosen = Signal(str)
    renamed = Signal(str, str)
    asked_from = Signal(str)
    asked_drop = Signal(str)
    asked_masks = Signal()
    asked_learn = Signal(bool)

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Create the list with the row of the canvas's selection only."""
        super().__init__(parent)
        self._names: list[str] = []
        self._colours: list[tuple[int, int, int]] = []
        self._drawn: tuple[object, object] = (None, None)
        self._is_filling = False
        self.list = self._make_list()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.list)
        column.addLayout(self._make_buttons())
        self.set_picture(None)

    def _make_list(self) -> Any:  # noqa: ANN401
        tree = QtWidgets.QTreeWidget()
        tree.setObjectName("dedit_items")
        tree.setColumnCount(2)
        tree.setHeaderHidden(True)
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setAllColumnsShowFocus(True)
        tree.setIconSize(THUMBNAIL)
        tree.setTextElideMode(QtCore.Qt.TextElideMode.ElideMiddle)
        tree.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tree.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.EditKeyPressed)
        modes = QtWidgets.QHeaderView.ResizeMode
        tree.header().setStretchLastSection(False)
        tree.header().setMinimumSectionSize(20)
        tree.header().setSectionResizeMode(0, modes.Stretch)
        tree.header().setSectionResizeMode(1, modes.ResizeToContents)
        tree.currentItemChanged.connect(self._choose)
        tree.itemDoubleClicked.connect(self._edit)
        tree.itemChanged.connect(self._rename)
        return tree

    def _make_buttons(self) -> Any:  # noqa: ANN401
        grid = QtWidgets.QGridLayout()
        grid.setSpacing(3)
        popup = QtWidgets.QToolButton.ToolButtonPopupMode
        source = tool("dedit_items_from", "From", "Where the picture's items are taken from")
        source.setPopupMode(popup.InstantPopup)
        menu = QtWidgets.QMenu(source)
        items = next(parameter for parameter in SHARED if parameter.name == "items")
        for word, label in items.choices:
            if word in IMPLICIT:
                continue
            action = QAction(label, menu)
            action.setObjectName(f"dedit_from_{word.replace('-', '_')}")
            action.triggered.connect(lambda _=False, word=word: self.asked_from.emit(word))
            menu.addAction(action)
        source.setMenu(menu)
        self.drop = tool("dedit_item_drop", "Remove from list", "The picture stays as it is")
        self.keep = tool(
            "dedit_keep_masks", "Keep as masks", "Puts the items into the document, as masks"
        )
        self.learn = tool(
            "dedit_learn", "Learn", "Learns the items, which makes every edit of them better"
        )
        self.learn.setPopupMode(popup.MenuButtonPopup)
        again = QAction("Learn again from the start", self.learn)
        again.setObjectName("dedit_learn_again")
        again.triggered.connect(lambda _=False: self.asked_learn.emit(True))
        learn_menu = QtWidgets.QMenu(self.learn)
        learn_menu.addAction(again)
        self.learn.setMenu(learn_menu)
        self.drop.clicked.connect(lambda _=False: self.asked_drop.emit(self.name()))
        self.keep.clicked.connect(lambda _=False: self.asked_masks.emit())
        self.learn.clicked.connect(lambda _=False: self.asked_learn.emit(False))
        # Row, column and width in a grid of twelve columns.
        for button, row, at, wide in (
            (source, 0, 0, 6),
            (self.keep, 0, 6, 6),
            (self.drop, 1, 0, 6),
            (self.learn, 1, 6, 6),
        ):
            grid.addWidget(button, row, at, 1, wide)
        return grid

    def name(self) -> str:
        """Return the selected item; empty for the canvas's selection."""
        row = self.list_row()
        return self._names[row - 1] if 0 < row <= len(self._names) else ""

    def list_row(self) -> int:
        """Return the selected row; row 0 is the canvas's selection."""
        return self.list.indexOfTopLevelItem(self.list.currentItem())

    def choose(self, name: str) -> None:
        """Select an item; row 0 if there is none of that name."""
        row = self._names.index(name) + 1 if name in self._names else 0
        self.list.setCurrentItem(self.list.topLevelItem(row))

    def set_picture(self, picture: Picture | None) -> None:
        """Show the items of a picture; existing rows are reused, so that clicks reach them."""
        before, had = self.name(), bool(self._names)
        items = picture.items if picture is not None else ()
        small = picture.small if picture is not None else None
        labels = picture.labels if picture is not None else b""
        colours = [item.colour for item in items]
        redraw = self._drawn != (small, labels) or self._colours != colours
        self._drawn, self._colours = (small, labels), colours
        self._is_filling = True
        try:
            names, at = [item.name for item in items], self.list_row()
            is_renamed = len(names) == len(self._names) and set(self._names) - set(names) == {
                before
            }
            wanted = names[at - 1] if before and is_renamed else before
            self._names = names
            self._fit_rows(len(items) + 1)
            first = self.list.topLevelItem(0)
            first.setText(0, SELECTED)
            for row, item in enumerate(items, 1):
                self._fill(self.list.topLevelItem(row), item)
            if redraw:
                self._draw(picture)
            self.choose(wanted)
        finally:
            self._is_filling = False
        self._set_state(picture)
        # A list that was just filled takes the height of its rows.
        if had != bool(items) or self._height() != self.list.height():
            self.list.setFixedHeight(self._height())
        if self.name() != before:
            self.chosen.emit(self.name())

    def _height(self) -> int:
        rows = min(max(len(self._names) + 1, 2), ROWS_SHOWN)
        return rows * max(self.list.sizeHintForRow(0), THUMBNAIL.height() + 2) + 4

    def _fit_rows(self, count: int) -> None:
        while self.list.topLevelItemCount() > count:
            self.list.takeTopLevelItem(self.list.topLevelItemCount() - 1)
        sides = QtCore.Qt.AlignmentFlag
        for row in range(self.list.topLevelItemCount(), count):
            item = QtWidgets.QTreeWidgetItem()
            item.setTextAlignment(1, sides.AlignRight | sides.AlignVCenter)
            if row:
                item.setFlags(item.flags() | QtCore.Qt.ItemFlag.ItemIsEditable)
            self.list.addTopLevelItem(item)

    def _fill(self, row: Any, item: Item) -> None:  # noqa: ANN401
        percent = item.share * 100
        row.setText(0, item.name)
        row.setToolTip(0, item.name)
        row.setText(1, f"{percent:.0f} %" if percent >= 1 or percent <= 0 else "< 1 %")

    def _draw(self, picture: Picture | None) -> None:
        """Draw the thumbnails of the items."""
        blank = QtGui.QPixmap(THUMBNAIL)
        blank.fill(QtCore.Qt.GlobalColor.transparent)
        painter = QtGui.QPainter(blank)
        painter.setPen(QtGui.QPen(self.palette().text().color(), 1, QtCore.Qt.PenStyle.DashLine))
        painter.drawRect(SWATCH + 6, 4, THUMBNAIL.width() - SWATCH - 11, THUMBNAIL.height() - 9)
        painter.end()
        self.list.topLevelItem(0).setIcon(0, icon_of(blank))
        if picture is None:
            return
        image = images.image_of(picture.small)
        places = images.places_of(picture.small, picture.labels)
        for row, item in enumerate(picture.items):
            piece = None
            if image is not None and places is not None:
                piece = images.cut_out(image, places, row)
            pixmap = thumbnail(item, piece)
            self.list.topLevelItem(row + 1).setIcon(0, icon_of(pixmap))

    def _set_state(self, picture: Picture | None) -> None:
        state = picture.state if picture is not None else ""
        self.learn.setText(LEARN.get(state, "Learn"))
        # Learning sets the items of the document if there are none.
        self.learn.setEnabled(picture is not None and state != "learning")
        self.keep.setEnabled(bool(self._names))
        self._set_buttons()

    def _set_buttons(self) -> None:
        self.drop.setEnabled(bool(self.name()))

    def _choose(self, *_: object) -> None:
        if not self._is_filling:
            self._set_buttons()
            self.chosen.emit(self.name())

    def _edit(self, row: Any, _: int) -> None:  # noqa: ANN401
        if self.list.indexOfTopLevelItem(row) > 0:
            self.list.editItem(row, 0)

    def _rename(self, row: Any, column: int) -> None:  # noqa: ANN401
        at = self.list.indexOfTopLevelItem(row) - 1
        if self._is_filling or column != 0 or not 0 <= at < len(self._names):
            return
        old, new = self._names[at], row.text(0).strip()
        # The row shows the new name once the picture has it.
        self._is_filling = True
        row.setText(0, old)
        self._is_filling = False
        if new and new != old:
            self.renamed.emit(old, new)


def thumbnail(item: Item, piece: Any) -> Any:  # noqa: ANN401
    """Draw an item's colour and its cut-out, if there is one."""
    pixmap = QtGui.QPixmap(THUMBNAIL)
    pixmap.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(pixmap)
    painter.fillRect(0, 2, SWATCH, THUMBNAIL.height() - 4, QtGui.QColor(*item.colour))
    if piece is not None:
        room = QtCore.QRect(SWATCH + 3, 1, THUMBNAIL.width() - SWATCH - 3, THUMBNAIL.height() - 2)
        size = piece.size().scaled(room.size(), QtCore.Qt.AspectRatioMode.KeepAspectRatio)
        size = size.expandedTo(QtCore.QSize(1, 1))
        target = QtCore.QRect(QtCore.QPoint(0, 0), size)
        target.moveCenter(room.center())
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, piece)
    painter.end()
    return pixmap
