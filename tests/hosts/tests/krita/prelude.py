"""Functions that the scenarios share."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from dedit_driver.qt import QDockWidget, QPoint, Qt, QTest
from krita import Selection

DOCKER = "dedit_docker"
Steps = Generator[object, None, Any]


def begin(d: Any, picture: str) -> Steps:  # noqa: ANN401
    """Open a picture and show the docker; give the document and the controller."""
    doc = yield from d.open(picture)
    docker = yield from d.show_docker(DOCKER)
    # Hide other dockers, which leave no space.
    for other in d.window().findChildren(QDockWidget):
        if other is not docker and other.objectName() not in ("ToolBox", "KisLayerBox"):
            other.hide()
    box = d.window().findChild(QDockWidget, "KisLayerBox")
    d.window().resizeDocks([docker], [380], Qt.Orientation.Horizontal)
    d.window().resizeDocks([box, docker], [200, 760], Qt.Orientation.Vertical)
    yield lambda: docker.controller.picture is not None, 30
    return doc, docker.controller


def picture_of(doc: Any) -> Any:  # noqa: ANN401
    """Return the layer of the picture."""
    return next(node for node in doc.rootNode().childNodes() if node.type() == "paintlayer")


def layers(doc: Any) -> list[Any]:  # noqa: ANN401
    """Return name, names of masks and visibility of each layer, from bottom to top."""
    return [
        [node.name(), [mask.name() for mask in node.childNodes()], node.visible()]
        for node in doc.rootNode().childNodes()
        if node.type().endswith("layer")
    ]


def activate(doc: Any, node: Any) -> Steps:  # noqa: ANN401
    """Make a layer active; Krita must have processed its creation before."""
    yield 0.3
    doc.setActiveNode(node)
    yield lambda: doc.activeNode() == node, 10


def mask(d: Any, doc: Any, kind: str, name: str, rect: list[int]) -> Steps:  # noqa: ANN401
    """Create the mask of an item, "selection" or "transparency", by Krita's own action."""
    node = picture_of(doc)
    yield from activate(doc, node)
    d.select_rect(doc, *rect)
    known = [child.uniqueId() for child in node.childNodes()]
    d.action(f"add_new_{kind}_mask")
    yield lambda: len(node.childNodes()) > len(known), 10
    made = next(child for child in node.childNodes() if child.uniqueId() not in known)
    made.setName("item:" + name)
    # A visible transparency mask would hide the rest of the picture.
    made.setVisible(False)
    yield from activate(doc, node)
    doc.setSelection(None)
    doc.refreshProjection()
    yield 0.3


def select_polygon(doc: Any, corners: list[tuple[int, int]]) -> None:  # noqa: ANN401
    """Select what is inside a polygon, row by row."""
    selection = Selection()
    edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
    for y in range(min(y for _, y in corners), max(y for _, y in corners)):
        middle = y + 0.5
        crossings = sorted(
            x1 + (middle - y1) / (y2 - y1) * (x2 - x1)
            for (x1, y1), (x2, y2) in edges
            if (y1 <= middle) != (y2 <= middle)
        )
        for left, right in zip(crossings[::2], crossings[1::2], strict=True):
            part = Selection()
            part.select(round(left), y, round(right) - round(left), 1, 255)
            selection.add(part)
    doc.setSelection(selection)


def choose_item(d: Any, name: str) -> None:  # noqa: ANN401
    """Click an item in the docker's list."""
    tree = d.usable("dedit_items")
    rows = [tree.topLevelItem(place) for place in range(tree.topLevelItemCount())]
    row = next(row for row in rows if name in (row.text(0), row.text(1)))
    tree.scrollToItem(row)
    place = tree.visualItemRect(row).center()
    QTest.mouseClick(
        tree.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(place)
    )


def write(d: Any, name: str, text: object) -> None:  # noqa: ANN401
    """Replace the text or number of a field."""
    widget = d.usable(name)
    line = widget.lineEdit() if hasattr(widget, "lineEdit") else widget
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, str(text))
    QTest.keyClick(line, Qt.Key.Key_Tab)


def pick(d: Any, name: str, word: str) -> None:  # noqa: ANN401
    """Select an entry of a combo box by its text."""
    box = d.usable(name)
    box.setCurrentIndex([box.itemText(k) for k in range(box.count())].index(word))


def more(d: Any) -> Steps:  # noqa: ANN401
    """Show the parameters under More."""
    if not d.usable("dedit_more").isChecked():
        d.click("dedit_more")
    yield 0.2


def at_once(d: Any, seed: int) -> Steps:  # noqa: ANN401
    """Choose drafts of a seed."""
    yield from more(d)
    pick(d, "dedit_how_when", "At once (draft)")
    write(d, "dedit_how_seed", seed)
    yield 0.1


def shoot(d: Any, name: str) -> Steps:  # noqa: ANN401
    """Save a screenshot with the docker scrolled to its top."""
    d.docker(DOCKER).panel.area.verticalScrollBar().setValue(0)
    yield 0.4
    d.shot(name)


def done(_d: Any, controller: Any, limit: float = 120) -> Steps:  # noqa: ANN401
    """Wait until the controller is idle; a failure fails the scenario."""
    yield 0.05
    yield (lambda: controller.is_idle), limit
    # The docker polls every half second.
    yield 0.7
    yield (lambda: controller.is_idle), limit
    yield 0.2
    if controller.status.kind == "wrong":
        raise AssertionError(f"{controller.status.text}; {controller.status.hint}")


def go(d: Any, controller: Any) -> Steps:  # noqa: ANN401
    """Press the button and wait for the result."""
    d.click("dedit_go")
    yield from done(d, controller)
