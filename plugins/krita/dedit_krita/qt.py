"""PyQt5 (Krita 5) or PyQt6 (Krita 6): everything else imports Qt from here.

The binding that Krita's own classes are made with is used, whatever else is installed: two Qt
libraries in one process crash it.

Only what works in both is used:

* enums by their full names: ``QtCore.Qt.AlignmentFlag.AlignLeft``, never ``QtCore.Qt.AlignLeft``.
  PyQt5 knows both, PyQt6 only the first. Members are compared with members, never with numbers.
* ``exec()`` of dialogs and menus, never ``exec_()``;
* ``QAction`` from here: PyQt5 has it in QtWidgets, PyQt6 in QtGui;
* ``event.pos()`` of mouse events is gone in PyQt6 only where ``position()`` is there: see
  :func:`place`.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

NAMES = ("PyQt5", "PyQt6")


def of_krita() -> str | None:
    """Return the binding that Krita's docker is made with; None outside Krita."""
    docker = getattr(sys.modules.get("krita"), "DockWidget", object)
    packages = [kind.__module__.split(".")[0] for kind in docker.__mro__]
    return next((name for name in NAMES if name in packages), None)


def loaded() -> str | None:
    """Return the binding that this process has already loaded."""
    parts = ("QtCore", "sip")
    return next((n for n in NAMES if any(f"{n}.{part}" in sys.modules for part in parts)), None)


def chosen() -> str:
    """Return Krita's binding, or the loaded one, or the first there is; ImportError if none is."""
    found = of_krita() or loaded()
    if found is not None:
        return found
    for name in NAMES:
        try:
            importlib.import_module(f"{name}.QtCore")
        except ImportError:
            continue
        return name
    raise ImportError("neither PyQt5 nor PyQt6 can be imported")


NAME = chosen()
QtCore: Any = importlib.import_module(f"{NAME}.QtCore")
QtGui: Any = importlib.import_module(f"{NAME}.QtGui")
QtWidgets: Any = importlib.import_module(f"{NAME}.QtWidgets")
QtNetwork: Any = importlib.import_module(f"{NAME}.QtNetwork")
Signal: Any = QtCore.pyqtSignal
Slot: Any = QtCore.pyqtSlot
QAction: Any = getattr(QtGui, "QAction", None) or QtWidgets.QAction


def place(event: Any) -> Any:  # noqa: ANN401
    """Return the position of a mouse event in its widget, a QPoint."""
    return event.position().toPoint() if hasattr(event, "position") else event.pos()
