"""The docker's panel: connects the widgets to the controller. Needs no Krita."""

from __future__ import annotations

import traceback
from typing import Any, Callable

from ..actions import BY_NAME
from ..failure import Failure
from ..qt import QtCore, QtWidgets
from ..view_state import Status
from .frame import Movement
from .history import HistoryView
from .items import ItemsView
from .jobs import JobsView
from .models import ModelsView
from .picture import PictureView
from .status import StatusView
from .verbs import MOVEMENT, VerbsView
from .widgets import ElidedLabel, small_font

PAUSE = 150
"""Milliseconds without a change before the plan of a movement is requested."""


class Panel(QtWidgets.QWidget):
    """Shows the controller's state and calls it; failures go to the status line."""

    def __init__(self, controller: Any, settings: Any, parent: Any = None) -> None:  # noqa: ANN401
        """Connect widgets to the controller; `settings` has `get(name)` and `set(name, text)`."""
        super().__init__(parent)
        self.setObjectName("dedit_panel")
        self.controller = controller
        self.settings = settings
        self.area = QtWidgets.QScrollArea()
        self.picture = PictureView()
        self.caption = ElidedLabel()
        small_font(self.caption)
        self.over = self._make_over()
        self.items = ItemsView()
        self.verbs = VerbsView(settings)
        self.jobs = JobsView()
        self.history = HistoryView()
        self.models = ModelsView()
        self.status = StatusView()
        self._picture_key: object = None
        self._is_planned = False
        self._pause = QtCore.QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self._show_plan)
        self._build_layout()
        self._connect_widgets()
        self._connect_controller()
        for show in (
            self._show_picture,
            self._show_models,
            self._show_jobs,
            self._show_history,
            self._show_status,
            self._take_plan,
        ):
            self._do(show)
        self._verb_chosen(self.verbs.verb())

    def _make_over(self) -> Any:  # noqa: ANN401
        button = QtWidgets.QToolButton()
        button.setObjectName("dedit_overlay")
        button.setText("Overlay")
        button.setToolTip("Lays the items' colours over the picture")
        button.setCheckable(True)
        button.setChecked(self.settings.get("overlay") != "no")
        small_font(button)
        return button

    def _build_layout(self) -> None:
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.caption, 1)
        row.addWidget(self.over)
        content = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(content)
        column.setContentsMargins(6, 6, 6, 6)
        column.setSpacing(6)
        column.addWidget(self.picture)
        column.addLayout(row)
        for widget in (self.items, self.verbs, self.history, self.models):
            column.addWidget(widget)
        column.addStretch(1)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(content)
        # Outside the scroll area: jobs and status are always visible.
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 6)
        whole.setSpacing(4)
        whole.addWidget(self.area, 1)
        for widget in (self.jobs, self.status):
            inset = QtWidgets.QVBoxLayout()
            inset.setContentsMargins(6, 0, 6, 0)
            inset.addWidget(widget)
            whole.addLayout(inset)

    def _connect_widgets(self) -> None:
        """Call the controller when a widget emits a signal."""
        controller, do = self.controller, self._do
        self.over.toggled.connect(self._set_overlay)
        self.picture.set_overlay(self.over.isChecked())
        self.picture.picked.connect(self.items.choose)
        self.picture.clicked.connect(self._clicked)
        self.picture.boxed.connect(lambda *region: do(controller.box, region))
        self.picture.moved.connect(lambda *labels: self.verbs.set_movement(Movement(*labels)))
        self.items.chosen.connect(self._item_chosen)
        self.items.renamed.connect(lambda old, new: do(controller.rename_item, old, new))
        self.items.asked_from.connect(lambda source: do(controller.take_items, source))
        self.items.asked_drop.connect(lambda name: do(controller.drop_item, name))
        self.items.asked_masks.connect(lambda: do(controller.keep_masks))
        self.items.asked_learn.connect(lambda restart: do(controller.learn, restart, self.values()))
        self.verbs.pressed.connect(lambda: do(self._start))
        self.verbs.verb_chosen.connect(self._verb_chosen)
        self.verbs.changed.connect(self._value_changed)
        self.jobs.cancelled.connect(lambda number: do(controller.cancel, number))
        self.history.asked_apply.connect(lambda key: do(controller.apply, key))
        self.history.asked_discard.connect(lambda key: do(controller.discard, key))
        self.history.asked_redo.connect(lambda key, seed: do(controller.redo, key, seed))
        self.models.opened.connect(self._open_models)
        self.models.asked.connect(lambda button, model: do(controller.act_on_model, button, model))
        self.models.asked_add.connect(lambda path: do(controller.add_model, path))
        self.status.asked.connect(lambda remedy: do(self._remedy, remedy))

    def _connect_controller(self) -> None:
        """Show changes of the controller; bound methods, so that Qt disconnects a deleted panel."""
        self.controller.picture_changed.connect(self._on_picture)
        self.controller.models_changed.connect(self._on_models)
        self.controller.jobs_changed.connect(self._on_jobs)
        self.controller.history_changed.connect(self._on_history)
        self.controller.status_changed.connect(self._on_status)
        self.controller.plan_changed.connect(self._on_plan)
        self.controller.catalog_changed.connect(self._on_catalog)

    def _on_picture(self) -> None:
        self._do(self._show_picture)

    def _on_models(self) -> None:
        self._do(self._show_models)

    def _on_jobs(self) -> None:
        self._do(self._show_jobs)

    def _on_history(self) -> None:
        self._do(self._show_history)

    def _on_status(self) -> None:
        self._do(self._show_status)

    def _on_plan(self) -> None:
        self._do(self._take_plan)

    def _on_catalog(self) -> None:
        self._do(lambda: self.models.set_models(self.controller.catalog))

    def _do(self, act: Callable[..., Any], *values: Any) -> bool:  # noqa: ANN401
        """Call a function; a failure is shown in the status line."""
        try:
            act(*values)
        except Failure as failure:
            words = failure.message + (f": {failure.place}" if failure.place else "")
            self.say(words, failure.hint or "", "wrong")
        except Exception as error:
            # PyQt aborts Krita when an exception leaves a slot.
            traceback.print_exc()
            self.say(f"D-Edit failed: {error}", "The details are in Krita's log", "wrong")
        else:
            return True
        return False

    def say(self, text: str, hint: str = "", kind: str = "fine") -> None:
        """Show a sentence until the controller's status changes."""
        self.status.set_status(Status(text, hint, kind))

    # Actions.

    def choose(self, verb: str) -> None:
        """Select a verb."""
        self.verbs.choose(verb)

    def refresh(self) -> None:
        """Read the document again."""
        self._do(self.controller.refresh)

    def values(self) -> dict[str, Any]:
        """Return the values of the selected verb."""
        return self.verbs.values()

    def start(self, verb: str) -> None:
        """Run the action of a verb with the values shown, or say which is missing."""
        if BY_NAME[verb].is_edit:
            self.choose(verb)
            self._do(self._start)
            return
        controller = self.controller
        actions = {
            "redo": controller.redo,
            "learn": lambda: controller.learn(False, self.values()),
            "items": lambda: controller.take_items("everything"),
            "history": controller.refresh,
            "models": self.models.open,
            "status": controller.reconnect,
        }
        self._do(actions[verb])

    def _remedy(self, remedy: str) -> None:
        if remedy == "model":
            self.verbs.focus_model()
        elif remedy == "models":
            self.models.open()
        else:
            self.controller.reconnect()

    def _start(self) -> None:
        lacks = self.verbs.lacks()
        if lacks:
            self.say(lacks, "", "busy")
            self.verbs.focus_lacking()
            return
        self.controller.edit(self.verbs.verb(), self.values())

    # Signals of the widgets.

    def _set_overlay(self, is_on: bool) -> None:
        self.picture.set_overlay(is_on)
        self._do(self.settings.set, "overlay", "yes" if is_on else "no")

    def _open_models(self) -> None:
        self._do(self.controller.read_catalog)
        # After the layout has made room for the list.
        QtCore.QTimer.singleShot(0, self._show_whole_list)

    def _show_whole_list(self) -> None:
        # Without margins, for which the panel would be scrolled sideways.
        self.area.ensureWidgetVisible(self.models, 0, 0)

    def _clicked(self, x: int, y: int, is_inside: bool) -> None:
        self._do(self.controller.click, (x, y), is_inside, self.items.name())

    def _item_chosen(self, name: str) -> None:
        self.picture.set_chosen(name)
        self.verbs.set_item(name)

    def _verb_chosen(self, verb: str) -> None:
        self.picture.set_moving(verb == "move")
        self._plan_soon()

    def _value_changed(self, name: str) -> None:
        if name == "picture":
            self._do(self.controller.set_mode, self.values()["picture"])
        if name in MOVEMENT:
            self.picture.set_movement(self.verbs.movement())
        if self.verbs.verb() == "move" and (name in MOVEMENT or name == "into"):
            self._plan_soon()

    def _plan_soon(self) -> None:
        if self.verbs.verb() == "move" and not self.verbs.movement().is_none:
            self._pause.start()
            return
        self._pause.stop()
        if self._is_planned:
            self._is_planned = False
            self._do(self.controller.hide_plan)

    def _show_plan(self) -> None:
        self._is_planned = True
        self._do(self.controller.show_plan, "move", self.values())

    # Signals of the controller.

    def _show_picture(self) -> None:
        picture = self.controller.picture
        key = None if picture is None else (picture.name, picture.width, picture.height)
        if key != self._picture_key:
            self._picture_key = key
            self.verbs.set_movement(Movement())
        self.picture.set_picture(picture)
        self.items.set_picture(picture)
        names = {item.name for item in picture.items} if picture is not None else set()
        if self.controller.found in names:
            self.items.choose(self.controller.take_found())
        self._item_chosen(self.items.name())
        names = [item.name for item in picture.items] if picture is not None else []
        self.verbs.offer(names, self.controller.documents, self.controller.models)
        self.over.setVisible(picture is not None)
        self.caption.setVisible(picture is not None)
        if picture is None:
            self.caption.say("")
            self.status.set_model("", "")
            return
        self.caption.say(f"{picture.name} · {picture.width} \u00d7 {picture.height}")
        self.status.set_model(picture.model, picture.device)

    def _show_models(self) -> None:
        picture = self.controller.picture
        names = [item.name for item in picture.items] if picture is not None else []
        self.verbs.offer(names, self.controller.documents, self.controller.models)

    def _show_jobs(self) -> None:
        self.jobs.set_jobs(tuple(self.controller.jobs))

    def _show_history(self) -> None:
        self.history.set_history(tuple(self.controller.history))

    def _show_status(self) -> None:
        self.status.set_status(self.controller.status)

    def _take_plan(self) -> None:
        self.picture.set_plan(self.controller.plan)
