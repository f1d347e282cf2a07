"""What the docker's buttons do, and the state that the docker shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from . import edit, history, learn, source
from .actions import BY_NAME, check_values, shared_defaults
from .annotations import Annotations
from .clicks import Clicks, find_item
from .client import Client
from .command import Command
from .document_view import DocumentView
from .edit_request import check_complete, edit_request, wire_edit
from .failure import Failure
from .item_commands import drop_item, keep_masks, rename_item, take_items
from .jobs import Jobs
from .masks import unused_name
from .model_list import ModelList
from .plan_preview import PlanPreview
from .qt import QtCore, Signal
from .reference import document_title
from .view_state import Entry, Job, Model, Picture, Plan, Status

if TYPE_CHECKING:
    from krita import Krita

    from .flow import Steps
    from .result_layer import EditResult
    from .source import Source

DEFAULTS = shared_defaults()
NO_PICTURE = Status("Open a picture.", "Select a thing in it, and say what becomes of it.")
HINTS = {
    "expand": "Undo takes two steps: first the layer, then the canvas.",
    "lift": "It is the active layer: move it with Krita's Move tool.",
}
"""What is said when an edit is done."""
REMEDIES = {"connection": "retry", "model": "model"}
"""By the kind of failure, what the status line offers: to connect again, or to choose a model."""
READY = Status("Ready.", "Select a thing, or choose an item.")


class Controller(QtCore.QObject):
    """Shared by the actions and dockers of all windows.

    The values of its attributes are immutable; signals report when one is replaced. Methods that
    cannot do what they are asked for raise a Failure; failures of jobs go to `status`.
    """

    picture_changed = Signal()
    jobs_changed = Signal()
    history_changed = Signal()
    status_changed = Signal()
    plan_changed = Signal()
    models_changed = Signal()
    catalog_changed = Signal()

    def __init__(self, krita: Krita, client: Client | None = None, parent: Any = None) -> None:  # noqa: ANN401
        """Create one; the daemon is not contacted before it is needed."""
        super().__init__(parent)
        self.status = NO_PICTURE
        self._krita = krita
        self._client = client or Client(self)
        self._jobs = Jobs(self._client, self)
        self._models = ModelList(self)
        self._models.changed.connect(self.catalog_changed)
        self._titles: dict[int, tuple[str, str]] = {}
        """Of each job: its title, and what is said when it is done."""
        self._clicks: dict[str, Clicks] = {}
        """Of the items of a picture that were found by clicks, by name."""
        self._clicks_key: object = None
        self._found = ""
        self._lacks_picture = True
        self._view = DocumentView(
            krita,
            self._client,
            lambda: self._command("look", self._defaults()),
            lambda: bool(self._jobs.shown),
            self,
        )
        self._preview = PlanPreview(self._client, self)
        self._view.picture_changed.connect(self.picture_changed)
        self._view.history_changed.connect(self.history_changed)
        self._view.models_changed.connect(self.models_changed)
        self._view.read.connect(self._picture_was_read)
        self._view.unavailable.connect(self._no_picture)
        self._view.failed.connect(self._fail)
        self._preview.changed.connect(self.plan_changed)
        self._jobs.changed.connect(self.jobs_changed)
        self._jobs.ended.connect(self._job_ended)
        self._client.state_changed.connect(self._client_changed)

    # State.

    @property
    def picture(self) -> Picture | None:
        """The picture, as last read."""
        return self._view.picture

    @property
    def history(self) -> tuple[Entry, ...]:
        """Results of the picture, the newest first."""
        return self._view.history

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the daemon's models; empty until it was asked."""
        return self._view.models

    @property
    def catalog(self) -> tuple[Model, ...]:
        """The models known by name and those of this machine; empty until `read_catalog`."""
        return self._models.models

    @property
    def plan(self) -> Plan | None:
        """The plan of a movement, while it is shown."""
        return self._preview.plan

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Jobs that wait or run."""
        return self._jobs.shown

    @property
    def is_idle(self) -> bool:
        """Whether no job runs and the document is not being read."""
        return not self._jobs.shown and not self._view.is_reading

    @property
    def documents(self) -> tuple[str, ...]:
        """Names of the other open documents."""
        active = self._krita.activeDocument()
        return tuple(document_title(other) for other in self._krita.documents() if other != active)

    def refresh(self) -> None:
        """Read the active document again."""
        self._view.refresh()

    def refresh_if_changed(self) -> None:
        """Read the active document again if its layers have changed."""
        self._view.refresh_if_changed()

    def set_mode(self, mode: str) -> None:
        """Edit the active layer, or everything visible: the value `picture`."""
        if mode != self._view.mode:
            self._view.mode = mode
            self.refresh()

    def say(self, text: str, hint: str = "", kind: str = "wrong") -> None:
        """Show a sentence in the status line."""
        self._set_status(Status(text, hint, kind))

    # Edits and items.

    def edit(self, verb: str, values: dict[str, Any]) -> None:
        """Start an edit; Failure if a value is missing or invalid."""
        values = check_values(verb, values)
        check_complete(verb, values)
        self._view.mode = values["picture"]
        command = self._command(verb, values)
        label = BY_NAME[verb].title
        item = values.get("item") or "what is selected"
        title = label if verb in ("refine", "expand") else f"{label}: {item}"
        self._add(title, command, lambda: edit.edit(command), hint=HINTS.get(verb, ""))

    def learn(self, restart: bool = False, values: dict[str, Any] | None = None) -> None:
        """Start to learn the picture's items."""
        values = {name: (values or {}).get(name, usual) for name, usual in DEFAULTS.items()}
        command = self._command("learn", {**values, "restart": restart})
        title = f"Learn {command.source.name}"
        # In a lane of its own: edits do not wait, and are drafts until it has ended.
        self._add(title, command, lambda: learn.learn(command), lane="learning")

    def take_items(self, origin: str) -> None:
        """Set the picture's items by a value of the parameter `items`."""
        command = self._command("items", {**self._defaults(), "items": origin})
        self._add("Items of the picture", command, lambda: take_items(command))

    def click(self, place: tuple[int, int], is_inside: bool, chosen: str) -> None:
        """Find the item at a place, or change the chosen one where clicks found it."""
        clicks = self._clicks_of_shown().get(chosen)
        if clicks is None and not is_inside:
            hint = "click on a thing first"
            raise Failure("input", "nothing was clicked yet that could lose this", hint=hint)
        known = chosen if clicks is not None else ""
        self._find((clicks or Clicks()).with_place(place, is_inside=is_inside), known)

    def box(self, region: tuple[int, int, int, int]) -> None:
        """Find the item in a box: left, top, width and height."""
        self._find(Clicks(region=region), "")

    @property
    def found(self) -> str:
        """The item that was found last, until it is taken."""
        return self._found

    def take_found(self) -> str:
        """Return the item that was found last, once."""
        found, self._found = self._found, ""
        return found

    def _clicks_of_shown(self) -> dict[str, Clicks]:
        """Return the clicks of the items of the shown picture, by name."""
        shown, picture = self._view.source, self.picture
        key = None if shown is None else (shown.document, shown.layer, shown.size)
        if key != self._clicks_key:
            self._clicks_key, self._clicks = key, {}
        names = {item.name for item in picture.items} if picture is not None else set()
        return {name: clicks for name, clicks in self._clicks.items() if name in names}

    def _find(self, clicks: Clicks, known: str) -> None:
        command = self._command_for_shown("items")
        self._clicks_of_shown()
        taken = {item.name for item in self.picture.items} if self.picture is not None else set()
        name = known or unused_name("item", taken)

        def steps() -> Steps:
            told = yield from find_item(command, clicks, name)
            self._clicks[name], self._found = clicks, name
            return told

        self._add(f"Find {name}", command, steps)

    def rename_item(self, name: str, new: str) -> None:
        """Rename an item."""
        command = self._command_for_shown("items")
        self._add(f"Rename {name}", command, lambda: rename_item(command, name, new))

    def drop_item(self, name: str) -> None:
        """Remove an item from the list; its pixels become background."""
        command = self._command_for_shown("items")
        self._add(f"Leave out {name}", command, lambda: drop_item(command, name))

    def keep_masks(self) -> None:
        """Add the items to the document as selection masks."""
        command = self._command_for_shown("items")
        self._add("Items as masks", command, lambda: keep_masks(command))

    def show_plan(self, verb: str, values: dict[str, Any]) -> None:
        """Show the plan of an edit of a shown item; hide it if the values are incomplete."""
        try:
            values = check_values(verb, values)
            check_complete(verb, values)
        except Failure:
            self.hide_plan()
            return
        picture = self.picture
        if picture is None or picture.plan_of is None or self._client.state != "ready":
            return
        if any(item.name == values.get("item") for item in picture.items):
            wanted = wire_edit(verb, values, values["item"])
            request = edit_request(verb, wanted, values, None)
            self._preview.show(picture, request)

    def hide_plan(self) -> None:
        """Hide the plan."""
        self._preview.hide()

    def cancel(self, number: int) -> None:
        """Cancel a job."""
        self._jobs.cancel(number)

    # Models.

    def read_catalog(self) -> None:
        """Ask the daemon for the models."""
        pending = self._client.request("catalog")
        pending.then(lambda answer: self._models.take(answer.head), self._fail)

    def act_on_model(self, button: str, model: Model) -> None:
        """Do what a button of the list of models says; `fetch` accepts the licence."""
        act = {
            "fetch": self._models.fetch,
            "verify": self._models.verify,
            "default": self._models.choose,
            "remove": self._models.remove,
        }[button]
        self._add_model_job(model.title, lambda: act(model))

    def add_model(self, path: str) -> None:
        """Add the models of a file to the list."""
        self._add_model_job(path, lambda: self._models.add(path))

    def _add_model_job(self, title: str, steps: Callable[[], Steps]) -> None:
        number = self._jobs.add(title, "models", steps, begins="asking the daemon")
        self._titles[number] = (title, "")
        self._set_status(Status(f"{title} …", "Krita can be used meanwhile.", "busy"))

    # Results.

    def apply(self, key: tuple[str, int]) -> None:
        """Add a result of the history as a layer."""
        entry = self._view.entry(key)
        command = self._command_for_shown("history")
        self._add(f"Apply {entry.title}", command, lambda: history.apply_result(command, entry))

    def discard(self, key: tuple[str, int]) -> None:
        """Delete the layers of a result, also hidden ones, and its entry."""
        entry = self._view.entry(key)
        self._command_for_shown("history")
        document, place = self._view.active()
        annotations = Annotations.of(document)
        for layer, record in annotations.results.items():
            if (record.session, record.revision) == key and record.source == place.layer:
                for node in source.result_nodes(document, layer):
                    node.remove()
                document.refreshProjection()
        self._view.withdraw(key)
        annotations.discarded.append(key)
        annotations.write(document)
        self._set_status(Status(f"{entry.title}: discarded."))
        self.refresh()

    def redo(self, key: tuple[str, int] | None = None, seed: int | None = None) -> None:
        """Compute a result again with another seed, in place of its layer.

        Without a key it is the newest result that a layer shows, or else the newest.
        """
        if key is None:
            if not self.history:
                hint = "make an edit first"
                raise Failure("input", "nothing was made of this picture yet", hint=hint)
            key = next((entry.key for entry in self.history if entry.is_applied), None)
            key = key or self.history[0].key
        entry = self._view.entry(key)
        document, place = self._view.active()
        layer = history.applied_results(document, place).get(key)
        records = Annotations.of(document).results.values()
        record = next((one for one in records if (one.session, one.revision) == key), None)
        if record is None:
            hint = "make the edit anew"
            raise Failure("input", "it is not known how the result was made", hint=hint)
        command = self._command_for_shown("redo")
        self._add(f"Again: {entry.title}", command, lambda: edit.redo(command, layer, record, seed))

    def reconnect(self) -> None:
        """Try to connect to the daemon."""
        self._set_status(Status("Asking the daemon …", kind="busy"))
        pending = self._client.request("status")
        pending.then(lambda _: self._connected(), self._fail)

    def close(self) -> None:
        """Cancel everything and disconnect, when Krita exits."""
        self._jobs.cancel_all()
        self._client.close()

    # Commands and jobs.

    def _defaults(self) -> dict[str, Any]:
        return {**DEFAULTS, "picture": self._view.mode}

    def _command(self, verb: str, values: dict[str, Any]) -> Command:
        return Command.now(self._krita, verb, values, self._place_result)

    def _command_for_shown(self, verb: str) -> Command:
        """Return a command about the shown picture; Failure if another layer is active now."""
        command, shown = self._command(verb, self._defaults()), self._view.source
        active = (command.source.document, command.source.layer)
        if shown is None or (shown.document, shown.layer) != active:
            self.refresh()
            hint = "look at what the docker shows now, and try again"
            raise Failure("input", "another layer is active now", hint=hint)
        return command

    def _add(
        self,
        title: str,
        command: Command,
        steps: Callable[[], Steps],
        *,
        lane: str = "edits",
        hint: str = "",
    ) -> None:
        self.hide_plan()
        number = self._jobs.add(title, f"{command.source.document} {lane}", steps)
        self._titles[number] = (title, hint)
        self._set_status(Status(f"{title} …", "Krita can be used meanwhile.", "busy"))

    def _place_result(self, place: Source, result: EditResult, layer: str, remark: str) -> None:
        """Take a result; one without a layer is offered in the history."""
        key = (result.session, result.head["revision"] or 0)
        if layer:
            self._view.withdraw(key)
            return
        note = {"plan": result.plan, "options": result.options}
        details = {"base": result.head["base"], "edits": result.edits, "note": note}
        entry = Entry(key, result.title, result.head["seed"], remark=remark, details=details)
        self._view.offer(place, entry)

    def _job_ended(self, number: int, result: object, failure: Failure | None) -> None:
        title, hint = self._titles.pop(number, ("", ""))
        # The names that are offered are those of the list of models.
        self._view.forget_models()
        if failure is None:
            done = result if isinstance(result, str) and result else f"{title}: done."
            self._set_status(Status(done, hint))
        elif failure.kind == "cancelled":
            self._set_status(Status(f"{title}: stopped."))
        else:
            self._fail(failure)
        self.refresh()

    # The status line.

    def _picture_was_read(self) -> None:
        if self._lacks_picture and self.status.kind == "fine" and self.picture is not None:
            self._lacks_picture = False
            self._set_status(READY)

    def _no_picture(self, failure: Failure) -> None:
        if self.status.kind != "wrong":
            self._set_status(Status(failure.message, failure.hint or ""))
            self._lacks_picture = True

    def _connected(self) -> None:
        self._set_status(READY)
        self.refresh()

    def _client_changed(self) -> None:
        if self._client.state == "failed" and self._client.failure is not None:
            self._fail(self._client.failure)
        elif self._client.state == "starting":
            self._set_status(Status("Starting the daemon …", kind="busy"))

    def _fail(self, failure: Failure) -> None:
        place = f": {failure.place}" if failure.place else ""
        is_lost = self._client.state == "failed"
        remedy = "retry" if is_lost else REMEDIES.get(failure.kind, "")
        status = Status(f"{failure.message}{place}", failure.hint or "", "wrong", remedy)
        self._set_status(status)

    def _set_status(self, status: Status) -> None:
        self.status = status
        self.status_changed.emit()
