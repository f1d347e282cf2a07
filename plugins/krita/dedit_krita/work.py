"""The plug-in's work in one window of Krita: what the docker shows, and what its buttons do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable

from . import look, past, run, source
from .client import Client
from .describe import BY_NAME
from .failure import Failure
from .flow import Ask, Flow
from .items import renamed
from .jobs import Jobs
from .kept import keep_masks
from .masks import selection
from .noted import Notes, key_of
from .other import title
from .parameters import HOW, checked
from .qt import QtCore, Signal
from .shown import Entry, Job, Picture, Plan, Status
from .verbs import check

if TYPE_CHECKING:
    from krita import Document, Krita

    from .flow import Steps
    from .items import Table
    from .masks import Mask
    from .result import Made
    from .source import Source

DEFAULTS = checked(HOW, {})
NO_PICTURE = Status("Open a picture.", "Select a thing in it, and say what becomes of it.")


class Work(QtCore.QObject):
    """All of it. What the attributes hold is replaced, never changed; the signals say when."""

    picture_changed = Signal()
    jobs_changed = Signal()
    history_changed = Signal()
    status_changed = Signal()
    plan_changed = Signal()
    models_changed = Signal()

    def __init__(self, krita: Krita, client: Client | None = None, parent: Any = None) -> None:  # noqa: ANN401
        """Begin; nothing is asked and no daemon started before something is wanted of it."""
        super().__init__(parent)
        self.picture: Picture | None = None
        self.history: tuple[Entry, ...] = ()
        self.status = NO_PICTURE
        self.plan: Plan | None = None
        self.models: tuple[str, ...] = ()
        self._krita = krita
        self._client = client or Client(self)
        self._jobs = Jobs(self._client, self)
        self._offered: dict[tuple[str, int], tuple[Source, Entry]] = {}
        self._mode = "layer"
        self._shown_for: Source | None = None
        self._looking: Flow | None = None
        self._looks_again = False
        self._planning: Flow | None = None
        self._asked_plan: run.Call | None = None
        self._titles: dict[int, str] = {}
        self._devices: dict[str, str] = {}
        self._asked_models = False
        self._lacks = True
        self._shape: tuple[Any, ...] = ()
        self._jobs.changed.connect(self.jobs_changed)
        self._jobs.ended.connect(self._ended)
        self._client.state_changed.connect(self._client_changed)
        self._client.session_changed.connect(self._session_changed)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What waits and runs."""
        return self._jobs.shown

    @property
    def documents(self) -> tuple[str, ...]:
        """The names of the other open documents."""
        active = self._krita.activeDocument()
        return tuple(title(other) for other in self._krita.documents() if other != active)

    # What is seen

    def refresh(self) -> None:
        """Look at the active document again."""
        if self._looking is not None:
            self._looks_again = True
            return
        try:
            call = self._call("look", self._usual())
        except Failure as failure:
            self._shape = source.shape(self._krita.activeDocument())
            self._set_picture(None)
            # What could not be put anywhere stays offered.
            self.history = tuple(entry for _, entry in reversed(list(self._offered.values())))
            self.history_changed.emit()
            if self.status.kind != "wrong":
                self._say(Status(failure.message, failure.hint or ""))
                self._lacks = True
            return
        # What is looked at now need not be looked at again by the next glance.
        self._shape = source.shape(self._krita.activeDocument())
        self._looking = Flow(self._client, self._look(call), self)
        self._looking.ended.connect(self._looked)
        self._looking.start()

    def glance(self) -> None:
        """Look again where layers have come, gone or been hidden, as undoing does it.

        Nobody tells of that. It is asked for every moment, and costs less than one.
        """
        if self._looking is not None:
            return
        shape = source.shape(self._krita.activeDocument())
        if self._jobs.shown and shape[:2] == self._shape[:2]:
            # The same layer of the same document: what comes of the work is looked at then.
            return
        if shape != self._shape:
            self.refresh()

    def _look(self, call: run.Call) -> Steps:
        notes = Notes.of(source.document_of(self._krita, call.source.document))
        self._shown_for = call.source
        # A daemon is not started for a picture that it cannot know.
        asks = self._client.state == "ready" or call.source.layer in notes.sessions
        self._set_picture((yield from look.picture(call, asks=asks)))
        if asks and not self._asked_models:
            answer = yield Ask("models")
            self._asked_models = True
            self._devices = {one["name"]: one["device"] for one in answer.head["models"]}
            self.models = tuple(self._devices)
            self.models_changed.emit()
        entries = (yield from past.entries(call)) if asks else []
        self._set_history(call, entries)

    def _looked(self) -> None:
        flow, self._looking = self._looking, None
        failure = flow.failure if flow is not None else None
        if failure is not None and failure.kind != "cancelled":
            if self._has_changed():
                # Converted or resized while it was looked at: what failed is no longer so.
                self._looks_again = True
            else:
                self._fail(failure)
        elif self._lacks and self.status.kind == "fine" and self.picture is not None:
            self._lacks = False
            self._say(Status("Ready.", "Select a thing, or choose an item."))
        if flow is not None:
            flow.deleteLater()
        if self._looks_again:
            self._looks_again = False
            self.refresh()

    def _has_changed(self) -> bool:
        """Whether the picture is another one than that which was looked at."""
        try:
            return source.find(self._krita.activeDocument(), self._mode) != self._shown_for
        except Failure:
            return True

    def _set_picture(self, picture: Picture | None) -> None:
        if picture is not None and self._client.state == "ready":
            picture = replace(picture, device=self._devices.get(picture.model, ""))
        self.picture = picture
        self.picture_changed.emit()

    def _set_history(self, call: run.Call, entries: list[Entry]) -> None:
        document = source.document_of(self._krita, call.source.document)
        layers = past.applied(document, call.source)
        told = {entry.key for entry in entries}
        offered = [
            entry
            for key, (place, entry) in self._offered.items()
            if key not in told and self._belongs(place, call.source)
        ]
        marked = [
            replace(
                entry,
                is_applied=entry.key in layers,
                remark="" if entry.key in layers else self._remark(entry),
            )
            for entry in [*reversed(offered), *entries]
        ]
        self.history = tuple(marked)
        self.history_changed.emit()

    def _belongs(self, place: Source, here: Source) -> bool:
        """Whether a result is offered here: where it was made, or anywhere once that is closed."""
        roots = (document.rootNode() for document in self._krita.documents())
        is_open = any(root is not None and key_of(root) == place.document for root in roots)
        return not is_open or (place.document, place.layer) == (here.document, here.layer)

    def _remark(self, entry: Entry) -> str:
        kept = self._offered.get(entry.key)
        return kept[1].remark if kept is not None else ""

    def look_at(self, mode: str) -> None:
        """Show the active layer, or all that is visible."""
        if mode != self._mode:
            self._mode = mode
            self.refresh()

    def _usual(self) -> dict[str, Any]:
        return {**DEFAULTS, "picture": self._mode}

    # What is done

    def edit(self, verb: str, values: dict[str, Any]) -> None:
        """Make an edit; Failure where something is missing."""
        told = checked(BY_NAME[verb].parameters, values)
        check(verb, told)
        self._mode = told["picture"]
        call = self._call(verb, told)
        words = BY_NAME[verb].label
        name = told.get("item") or "what is selected"
        self._add(f"{words}: {name}" if verb != "refine" else words, call, lambda: run.edit(call))

    def learn(self, restart: bool = False, values: dict[str, Any] | None = None) -> None:
        """Learn the picture's items."""
        told = {name: (values or {}).get(name, usual) for name, usual in DEFAULTS.items()}
        call = self._call("learn", {**told, "restart": restart})
        # Beside the edits: these go first, as drafts while nothing is learned.
        self._add(f"Learn {call.source.name}", call, lambda: run.learn(call), beside=True)

    def take_items(self, origin: str) -> None:
        """Set the picture's items from where the user says."""
        call = self._call("items", {**self._usual(), "items": origin})
        self._add("Items of the picture", call, lambda: run.take_items(call))

    def rename_item(self, name: str, new: str) -> None:
        """Give an item another name."""
        self._change(f"Rename {name}", lambda table: renamed(table, name, new))

    def drop_item(self, name: str) -> None:
        """Leave an item out; it becomes a part of what lies around it."""
        self._change(
            f"Leave out {name}",
            lambda table: [table.mask(k, item) for k, item in table.items() if item != name],
        )

    def _change(self, words: str, change: Callable[[Table], list[Mask]]) -> None:
        call = self._of_what_is_shown("items")
        self._add(words, call, lambda: run.change_items(call, change))

    def keep_masks(self) -> None:
        """Put the items into the document as selection masks."""
        call = self._of_what_is_shown("items")
        self._add("Items as masks", call, lambda: keep_masks(call))

    def show_plan(self, verb: str, values: dict[str, Any]) -> None:
        """Show what an edit would come to."""
        try:
            told = checked(BY_NAME[verb].parameters, values)
            check(verb, told)
            call = self._call(verb, told)
        except Failure:
            self.hide_plan()
            return
        names = [item.name for item in self.picture.items] if self.picture is not None else []
        if told.get("item") not in names or self._client.state != "ready":
            return
        self._asked_plan = call
        if self._planning is None:
            self._plan()

    def hide_plan(self) -> None:
        """Show none any more."""
        self._asked_plan = None
        if self.plan is not None:
            self.plan = None
            self.plan_changed.emit()

    def _plan(self) -> None:
        call = self._asked_plan
        if call is None:
            return

        def steps() -> Steps:
            answer = yield from run.show_plan(call)
            shown = yield from look.plan(answer)
            if self._asked_plan is call:
                self.plan = shown
                self.plan_changed.emit()

        flow = self._planning = Flow(self._client, steps(), self)

        def ended() -> None:
            self._planning = None
            if flow.failure is not None and self._asked_plan is call:
                self.hide_plan()
            elif self._asked_plan is not call:
                self._plan()
            flow.deleteLater()

        flow.ended.connect(ended)
        flow.start()

    def cancel(self, number: int) -> None:
        """Stop a job."""
        self._jobs.cancel(number)

    # What was made

    def apply(self, key: tuple[str, int]) -> None:
        """Put a result into the document again."""
        entry = self._entry(key)
        call = self._of_what_is_shown("history")
        self._add(f"Apply {entry.title}", call, lambda: past.bring_back(call, entry))

    def discard(self, key: tuple[str, int]) -> None:
        """Take a result out of the document and out of the list."""
        entry = self._entry(key)
        self._of_what_is_shown("history")
        document, place = self._active()
        notes = Notes.of(document)
        # Hidden ones too.
        for layer, noted in notes.results.items():
            is_it = (noted.session, noted.revision) == key and noted.source == place.layer
            node = source.node_of(document, layer) if is_it else None
            if node is not None:
                node.remove()
                document.refreshProjection()
        self._offered.pop(key, None)
        notes.discarded.append(key)
        notes.write(document)
        self._say(Status(f"{entry.title}: discarded."))
        self.refresh()

    def redo(self, key: tuple[str, int] | None = None, seed: int | None = None) -> None:
        """Make a result again with another seed, in its place; the last one where none is named."""
        if key is None:
            if not self.history:
                hint = "make an edit first"
                raise Failure("input", "nothing was made of this picture yet", hint=hint)
            key = next((entry.key for entry in self.history if entry.is_applied), None)
            key = key or self.history[0].key
        entry = self._entry(key)
        document, place = self._active()
        layer = past.applied(document, place).get(key)
        results = Notes.of(document).results.values()
        noted = next((one for one in results if (one.session, one.revision) == key), None)
        if noted is None:
            hint = "make the edit anew"
            raise Failure("input", "it is not known how the result was made", hint=hint)
        call = self._of_what_is_shown("redo")
        self._add(f"Again: {entry.title}", call, lambda: run.again(call, layer, noted, seed))

    def reconnect(self) -> None:
        """Try to reach the daemon."""
        self._say(Status("Asking the daemon …", kind="busy"))
        pending = self._client.request("status")
        pending.then(lambda _: self._reached(), self._fail)

    def _reached(self) -> None:
        self._say(Status("Ready.", "Select a thing, or choose an item."))
        self.refresh()

    def close(self) -> None:
        """Stop everything; Krita ends."""
        self._jobs.cancel_all()
        self._client.close()

    # What comes of it

    def _active(self) -> tuple[Document, Source]:
        place = source.find(self._krita.activeDocument(), self._mode)
        return source.document_of(self._krita, place.document), place

    def _call(self, verb: str, values: dict[str, Any]) -> run.Call:
        place = source.find(self._krita.activeDocument(), values.get("picture", "layer"))
        document = source.document_of(self._krita, place.document)
        chosen = selection(document, place) if verb != "look" else None
        return run.Call(self._krita, place, verb, values, chosen, self._took)

    def _of_what_is_shown(self, verb: str) -> run.Call:
        """A call about what the docker shows; Failure where another layer is active by now."""
        call, shown = self._call(verb, self._usual()), self._shown_for
        here = (call.source.document, call.source.layer)
        if shown is None or (shown.document, shown.layer) != here:
            self.refresh()
            hint = "look at what the docker shows now, and try again"
            raise Failure("input", "another layer is active now", hint=hint)
        return call

    def _add(
        self, words: str, call: run.Call, steps: Callable[[], Steps], *, beside: bool = False
    ) -> None:
        self.hide_plan()
        lane = f"{call.source.document} {'learning' if beside else 'edits'}"
        number = self._jobs.add(words, lane, steps)
        self._titles[number] = words
        self._say(Status(f"{words} …", "Krita can be used meanwhile.", "busy"))

    def _took(self, place: Source, made: Made, layer: str, remark: str) -> None:
        """A result has come; where it is no layer it is offered."""
        key = (made.session, made.head["revision"] or 0)
        if layer:
            self._offered.pop(key, None)
            return
        entry = Entry(key, made.title, made.head["seed"], remark=remark, edits=tuple(made.edits))
        self._offered[key] = (place, entry)
        self.history = (entry, *self.history)
        self.history_changed.emit()

    def _entry(self, key: tuple[str, int]) -> Entry:
        for entry in self.history:
            if entry.key == key:
                return entry
        raise Failure("input", "this result is not known any more", hint="choose another one")

    def _ended(self, number: int, _result: object, failure: Failure | None) -> None:
        words = self._titles.pop(number, "")
        if failure is None:
            self._say(Status(f"{words}: done."))
        elif failure.kind == "cancelled":
            self._say(Status(f"{words}: stopped."))
        else:
            self._fail(failure)
        self.refresh()

    def _fail(self, failure: Failure) -> None:
        place = f": {failure.place}" if failure.place else ""
        self._say(Status(f"{failure.message}{place}", failure.hint or "", "wrong"))

    def _say(self, status: Status) -> None:
        self.status = status
        self.status_changed.emit()

    def say(self, text: str, hint: str = "", kind: str = "wrong") -> None:
        """Show a sentence in the status line."""
        self._say(Status(text, hint, kind))

    def _client_changed(self) -> None:
        if self._client.state == "failed" and self._client.failure is not None:
            self._fail(self._client.failure)
        elif self._client.state == "starting":
            self._say(Status("Starting the daemon …", kind="busy"))

    def _session_changed(self, head: dict[str, Any]) -> None:
        picture = self.picture
        if picture is None or head.get("session") != picture.session:
            return
        names = [item.name for item in picture.items]
        if not self._jobs.shown and head.get("items") not in (names, None):
            # Another host has set other items.
            self.refresh()
        state = str(head.get("state") or picture.state)
        if state != picture.state:
            self._set_picture(replace(picture, state=state))
