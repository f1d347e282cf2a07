"""All that the docker holds: joins the widgets to the work, and needs no Krita."""

from __future__ import annotations

import traceback
from typing import Any, Callable

from ..describe import BY_NAME
from ..failure import Failure
from ..qt import QtCore, QtWidgets
from ..shown import Status
from .frame import Movement
from .history import HistoryView
from .items import ItemsView
from .jobs import JobsView
from .labels import Elided, small_font
from .picture import PictureView
from .status import StatusView
from .verbs import MOVEMENT, VerbsView

PAUSE = 150
"""Milliseconds without a change after which the plan of a movement is asked for."""


class Panel(QtWidgets.QWidget):
    """Shows the work and asks it for more; nothing that it asks for raises."""

    def __init__(self, work: Any, settings: Any, parent: Any = None) -> None:  # noqa: ANN401
        """Join the widgets to `work`; `settings` has `get(name)` and `set(name, text)`."""
        super().__init__(parent)
        self.setObjectName("dedit_panel")
        self.work = work
        self.settings = settings
        self.area = QtWidgets.QScrollArea()
        self.picture = PictureView()
        self.caption = Elided()
        small_font(self.caption)
        self.over = self._make_over()
        self.items = ItemsView()
        self.verbs = VerbsView(settings)
        self.jobs = JobsView()
        self.history = HistoryView()
        self.status = StatusView()
        self._picture_key: object = None
        self._is_planned = False
        self._pause = QtCore.QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self._show_plan)
        self._lay_out()
        self._join_widgets()
        self._join_work()
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

    def _lay_out(self) -> None:
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
        for widget in (self.items, self.verbs, self.history):
            column.addWidget(widget)
        column.addStretch(1)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(content)
        # What is under way, and what is wrong, is seen wherever the rest is scrolled to.
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 6)
        whole.setSpacing(4)
        whole.addWidget(self.area, 1)
        for widget in (self.jobs, self.status):
            inset = QtWidgets.QVBoxLayout()
            inset.setContentsMargins(6, 0, 6, 0)
            inset.addWidget(widget)
            whole.addLayout(inset)

    def _join_widgets(self) -> None:
        """Ask the work for what people ask for."""
        work, do = self.work, self._do
        self.over.toggled.connect(self._lay_over)
        self.picture.set_overlay(self.over.isChecked())
        self.picture.picked.connect(self.items.choose)
        self.picture.moved.connect(lambda *numbers: self.verbs.set_movement(Movement(*numbers)))
        self.items.chosen.connect(self._item_chosen)
        self.items.renamed.connect(lambda old, new: do(work.rename_item, old, new))
        self.items.asked_from.connect(lambda source: do(work.take_items, source))
        self.items.asked_drop.connect(lambda name: do(work.drop_item, name))
        self.items.asked_masks.connect(lambda: do(work.keep_masks))
        self.items.asked_learn.connect(lambda restart: do(work.learn, restart, self.values()))
        self.verbs.pressed.connect(lambda: do(self._start))
        self.verbs.verb_chosen.connect(self._verb_chosen)
        self.verbs.changed.connect(self._value_changed)
        self.jobs.cancelled.connect(lambda number: do(work.cancel, number))
        self.history.asked_apply.connect(lambda key: do(work.apply, key))
        self.history.asked_discard.connect(lambda key: do(work.discard, key))
        self.history.asked_redo.connect(lambda key, seed: do(work.redo, key, seed))
        self.status.asked_retry.connect(lambda: do(work.reconnect))

    def _join_work(self) -> None:
        """Show what the work tells of; bound methods, so that Qt lets go of a panel that goes."""
        self.work.picture_changed.connect(self._on_picture)
        self.work.models_changed.connect(self._on_models)
        self.work.jobs_changed.connect(self._on_jobs)
        self.work.history_changed.connect(self._on_history)
        self.work.status_changed.connect(self._on_status)
        self.work.plan_changed.connect(self._on_plan)

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

    def _do(self, act: Callable[..., Any], *values: Any) -> bool:  # noqa: ANN401
        """Do something; what goes wrong is said in the status line and goes no further."""
        try:
            act(*values)
        except Failure as failure:
            words = failure.message + (f": {failure.place}" if failure.place else "")
            self.say(words, failure.hint or "", "wrong")
        except Exception as error:
            # Krita closes where an error leaves a slot.
            traceback.print_exc()
            self.say(f"D-Edit failed: {error}", "The details are in Krita's log", "wrong")
        else:
            return True
        return False

    def say(self, text: str, hint: str = "", kind: str = "fine") -> None:
        """Say something until the work has something else to say."""
        self.status.set_status(Status(text, hint, kind))

    # What actions do.

    def choose(self, verb: str) -> None:
        """Choose what is done with the item."""
        self.verbs.choose(verb)

    def refresh(self) -> None:
        """Have the work look at the document anew."""
        self._do(self.work.refresh)

    def values(self) -> dict[str, Any]:
        """Give what the chosen edit is told."""
        return self.verbs.values()

    def start(self, verb: str) -> None:
        """Do what an action of the menu is for; say what is missing where something is."""
        if verb in BY_NAME and BY_NAME[verb].edits:
            self.choose(verb)
            self._do(self._start)
        elif verb == "learn":
            self._do(self.work.learn, False, self.values())
        elif verb == "items":
            self._do(self.work.take_items, "everything")
        elif verb == "redo":
            if self.work.history:
                self._do(self.work.redo, self.work.history[0].key, None)
            else:
                self.say("Nothing was made yet that could be made again")
        elif verb == "history":
            self.history.list.setFocus(QtCore.Qt.FocusReason.OtherFocusReason)
        elif verb == "status":
            self._do(self._show_status)

    def _start(self) -> None:
        lacks = self.verbs.lacks()
        if lacks:
            self.say(lacks, "", "busy")
            self.verbs.focus_lacking()
            return
        self.work.edit(self.verbs.verb(), self.values())

    # What the widgets tell.

    def _lay_over(self, lays: bool) -> None:
        self.picture.set_overlay(lays)
        self._do(self.settings.set, "overlay", "yes" if lays else "no")

    def _item_chosen(self, name: str) -> None:
        self.picture.set_chosen(name)
        self.verbs.set_item(name)

    def _verb_chosen(self, verb: str) -> None:
        self.picture.set_moving(verb == "move")
        self._plan_soon()

    def _value_changed(self, name: str) -> None:
        if name == "picture":
            self._do(self.work.look_at, self.values()["picture"])
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
            self._do(self.work.hide_plan)

    def _show_plan(self) -> None:
        self._is_planned = True
        self._do(self.work.show_plan, "move", self.values())

    # What the work tells.

    def _show_picture(self) -> None:
        picture = self.work.picture
        key = None if picture is None else (picture.name, picture.width, picture.height)
        if key != self._picture_key:
            self._picture_key = key
            self.verbs.set_movement(Movement())
        self.picture.set_picture(picture)
        self.items.set_picture(picture)
        self._item_chosen(self.items.name())
        names = [item.name for item in picture.items] if picture is not None else []
        self.verbs.offer(names, self.work.documents, self.work.models)
        self.over.setVisible(picture is not None)
        self.caption.setVisible(picture is not None)
        if picture is None:
            self.caption.say("")
            self.status.set_model("", "")
            return
        self.caption.say(f"{picture.name} · {picture.width} \u00d7 {picture.height}")
        self.status.set_model(picture.model, picture.device)

    def _show_models(self) -> None:
        picture = self.work.picture
        names = [item.name for item in picture.items] if picture is not None else []
        self.verbs.offer(names, self.work.documents, self.work.models)

    def _show_jobs(self) -> None:
        self.jobs.set_jobs(tuple(self.work.jobs))

    def _show_history(self) -> None:
        self.history.set_history(tuple(self.work.history))

    def _show_status(self) -> None:
        self.status.set_status(self.work.status)

    def _take_plan(self) -> None:
        self.picture.set_plan(self.work.plan)
