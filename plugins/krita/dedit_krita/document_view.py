"""What the docker shows of the active document, read again when the document has changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable

from . import source
from .annotations import Annotations, node_id
from .docker_picture import read_picture
from .failure import Failure
from .flow import Ask, Flow
from .history import applied_results, entries
from .qt import QtCore, Signal
from .view_state import Entry, Picture

if TYPE_CHECKING:
    from krita import Document, Krita

    from .client import Client
    from .command import Command
    from .flow import Steps
    from .source import Source


class DocumentView(QtCore.QObject):
    """The picture, its history and the daemon's models, as last read.

    Signals: `read` after everything was read; `unavailable` with a Failure if there is nothing to
    edit; `failed` with a Failure if reading failed; the others when their attribute was replaced.
    """

    picture_changed = Signal()
    history_changed = Signal()
    models_changed = Signal()
    read = Signal()
    unavailable = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        krita: Krita,
        client: Client,
        new_command: Callable[[], Command],
        is_busy: Callable[[], bool],
        parent: Any = None,  # noqa: ANN401
    ) -> None:
        """Create an empty view; `is_busy` says whether jobs run, after which it is refreshed."""
        super().__init__(parent)
        self.picture: Picture | None = None
        self.history: tuple[Entry, ...] = ()
        self.models: tuple[str, ...] = ()
        self.mode = "layer"
        """Value of the parameter `picture`."""
        self.source: Source | None = None
        """What `picture` shows."""
        self._krita = krita
        self._client = client
        self._new_command = new_command
        self._is_busy = is_busy
        self._unplaced: dict[Any, tuple[Source, Entry]] = {}
        self._flow: Flow | None = None
        self._is_stale = False
        self._tree: tuple[Any, ...] = ()
        self._devices: dict[str, str] = {}
        self._has_models = False
        client.session_changed.connect(self._session_changed)

    @property
    def is_reading(self) -> bool:
        """Whether the document is being read."""
        return self._flow is not None

    def forget_models(self) -> None:
        """Ask for the daemon's models when the document is read next."""
        self._has_models = False

    def active(self) -> tuple[Document, Source]:
        """Return the active document and what is edited in it; Failure if nothing can be."""
        place = source.find_source(self._krita.activeDocument(), self.mode)
        return source.find_document(self._krita, place.document), place

    def refresh(self) -> None:
        """Read the active document again."""
        if self._flow is not None:
            self._is_stale = True
            return
        self._tree = source.layer_tree(self._krita.activeDocument())
        try:
            command = self._new_command()
        except Failure as failure:
            self._set_picture(None)
            self._set_entries([entry for _, entry in reversed(list(self._unplaced.values()))])
            self.unavailable.emit(failure)
            return
        self._flow = Flow(self._client, self._read(command), self)
        self._flow.ended.connect(self._ended)
        self._flow.start()

    def refresh_if_changed(self) -> None:
        """Read the document again if layers were added, removed, hidden or activated.

        Krita has no signal for that, so the docker polls; comparing the tree takes under 1 ms.
        """
        if self._flow is not None:
            return
        tree = source.layer_tree(self._krita.activeDocument())
        is_same_layer = tree[:2] == self._tree[:2]
        if tree != self._tree and not (self._is_busy() and is_same_layer):
            self.refresh()

    def _read(self, command: Command) -> Steps:
        document = source.find_document(self._krita, command.source.document)
        annotations = Annotations.of(document)
        self.source = command.source
        # A daemon is not started for a picture that it cannot know.
        asks = self._client.state == "ready" or command.source.layer in annotations.sessions
        self._set_picture((yield from read_picture(command, asks=asks)))
        if asks and not self._has_models:
            answer = yield Ask("models")
            self._has_models = True
            self._devices = {one["name"]: one["device"] for one in answer.head["models"]}
            self.models = tuple(self._devices)
            self.models_changed.emit()
        found = (yield from entries(command)) if asks else []
        self._set_history(command, found)

    def _ended(self) -> None:
        flow, self._flow = self._flow, None
        failure = flow.failure if flow is not None else None
        if failure is None:
            self.read.emit()
        elif failure.kind != "cancelled":
            if self._has_changed():
                # The failure may be due to that change, such as of the size.
                self._is_stale = True
            else:
                self.failed.emit(failure)
        if flow is not None:
            flow.deleteLater()
        if self._is_stale:
            self._is_stale = False
            self.refresh()

    def _has_changed(self) -> bool:
        """Return whether another picture is active than the one that was read."""
        try:
            return self.active()[1] != self.source
        except Failure:
            return True

    def _set_picture(self, picture: Picture | None) -> None:
        if picture is not None and self._client.state == "ready":
            picture = replace(picture, device=self._devices.get(picture.model, ""))
        self.picture = picture
        self.picture_changed.emit()

    def _set_entries(self, found: list[Entry]) -> None:
        self.history = tuple(found)
        self.history_changed.emit()

    def _set_history(self, command: Command, found: list[Entry]) -> None:
        document = source.find_document(self._krita, command.source.document)
        applied = applied_results(document, command.source)
        known = {entry.key for entry in found}
        unplaced = [
            entry
            for key, (place, entry) in self._unplaced.items()
            if key not in known and self._belongs_here(place, command.source)
        ]
        self._set_entries(
            [
                replace(
                    entry,
                    is_applied=entry.key in applied,
                    remark="" if entry.key in applied else self._remark(entry),
                )
                for entry in [*reversed(unplaced), *found]
            ]
        )

    def _belongs_here(self, place: Source, here: Source) -> bool:
        """Return whether a result is offered: for its layer, or anywhere once that is closed."""
        roots = (document.rootNode() for document in self._krita.documents())
        is_open = any(root is not None and node_id(root) == place.document for root in roots)
        return not is_open or (place.document, place.layer) == (here.document, here.layer)

    def _remark(self, entry: Entry) -> str:
        unplaced = self._unplaced.get(entry.key)
        return unplaced[1].remark if unplaced is not None else ""

    def offer(self, place: Source, entry: Entry) -> None:
        """List a result that has no layer."""
        self._unplaced[entry.key] = (place, entry)
        self._set_entries([entry, *self.history])

    def withdraw(self, key: tuple[str, int]) -> None:
        """Forget that a result has no layer: it was applied or discarded."""
        self._unplaced.pop(key, None)

    def entry(self, key: tuple[str, int]) -> Entry:
        """Return an entry of the history; Failure if there is none."""
        for entry in self.history:
            if entry.key == key:
                return entry
        raise Failure("input", "this result is not known any more", hint="choose another one")

    def _session_changed(self, head: dict[str, Any]) -> None:
        """Handle a change of the session by any client."""
        picture = self.picture
        if picture is None or head.get("session") != picture.session:
            return
        names = [item.name for item in picture.items]
        if not self._is_busy() and head.get("items") not in (names, None):
            # Another program has set the items.
            self.refresh()
        state = str(head.get("state") or picture.state)
        if state != picture.state:
            self._set_picture(replace(picture, state=state))
