"""What the scenarios of these tests have in common: hands for the docker."""

from dedit_driver.qt import QDockWidget, QPoint, QTest, Qt

DOCKER = "dedit_docker"


def begin(d, picture):
    """Open a picture, with the docker to be seen."""
    doc = yield from d.open(picture)
    docker = yield from d.show_docker(DOCKER)
    # The others leave it no room.
    for other in d.window().findChildren(QDockWidget):
        if other is not docker and other.objectName() not in ("ToolBox", "KisLayerBox"):
            other.hide()
    d.window().resizeDocks([docker], [380], Qt.Orientation.Horizontal)
    yield lambda: docker.work.picture is not None, 30
    return doc, docker.work


def picture_of(doc):
    """The layer that the picture is."""
    return [node for node in doc.rootNode().childNodes() if node.type() == "paintlayer"][0]


def layers(doc):
    """Names of the layers, the lowest first, each with those of its masks."""
    return [
        [node.name(), [mask.name() for mask in node.childNodes()], node.visible()]
        for node in doc.rootNode().childNodes()
        if node.type().endswith("layer")
    ]


def mask(d, doc, kind, name, rect):
    """Make a mask of an item, "selection" or "transparency", by Krita's own action."""
    node = picture_of(doc)
    doc.setActiveNode(node)
    yield lambda: doc.activeNode() == node, 10
    d.select_rect(doc, *rect)
    known = [child.uniqueId() for child in node.childNodes()]
    d.action(f"add_new_{kind}_mask")
    yield lambda: len(node.childNodes()) > len(known), 10
    made = [child for child in node.childNodes() if child.uniqueId() not in known][0]
    made.setName("item:" + name)
    # A transparency mask that is seen would hide everything else of the picture.
    made.setVisible(False)
    doc.setActiveNode(node)
    yield lambda: doc.activeNode() == node, 10
    doc.setSelection(None)
    doc.refreshProjection()
    yield 0.3


def choose_item(d, name):
    """Click an item in the docker's list."""
    tree = d.usable("dedit_items")
    rows = [tree.topLevelItem(place) for place in range(tree.topLevelItemCount())]
    row = [row for row in rows if name in (row.text(0), row.text(1))][0]
    tree.scrollToItem(row)
    place = tree.visualItemRect(row).center()
    QTest.mouseClick(
        tree.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(place)
    )


def write(d, name, text):
    """Put a text or number into a field, in place of what is there."""
    widget = d.usable(name)
    line = widget.lineEdit() if hasattr(widget, "lineEdit") else widget
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, str(text))
    QTest.keyClick(line, Qt.Key.Key_Tab)


def pick(d, name, word):
    """Choose an entry of a combo box by what it says."""
    box = d.usable(name)
    box.setCurrentIndex([box.itemText(k) for k in range(box.count())].index(word))


def more(d):
    """Unfold what is seldom needed."""
    if not d.usable("dedit_more").isChecked():
        d.click("dedit_more")
    yield 0.2


def at_once(d, seed):
    """Drafts, of a seed."""
    yield from more(d)
    pick(d, "dedit_how_when", "At once (draft)")
    write(d, "dedit_how_seed", seed)
    yield 0.1


def done(d, work, limit=120):
    """Wait until nothing is under way; what went wrong fails the scenario."""
    yield 0.05
    yield (lambda: not work.jobs and work._looking is None), limit
    # Krita is looked at every half second.
    yield 0.7
    yield (lambda: not work.jobs and work._looking is None), limit
    yield 0.2
    if work.status.kind == "wrong":
        raise AssertionError(f"{work.status.text}; {work.status.hint}")


def go(d, work):
    """Press the button and wait for what comes."""
    d.click("dedit_go")
    yield from done(d, work)
