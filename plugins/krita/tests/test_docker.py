"""The docker as Krita makes it: registered, created, shown; beside the binding of this run."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from dedit_krita.qt import NAME, QtCore, QtGui, QtWidgets

ROOT = Path(__file__).resolve().parents[3]
WIDTH, HEIGHT = 420, 900


def show(picture: str) -> None:
    """Register the plug-in with a mock of Krita, show its docker in a window, and keep that."""
    sys.path.insert(0, str(ROOT / "host-bindings/krita/mock"))
    application = QtWidgets.QApplication(["krita"])
    krita: Any = importlib.import_module("krita")
    host = krita.begin()
    importlib.import_module("dedit_krita.extension").register()
    (factory,) = host.factories
    window = QtWidgets.QMainWindow()
    docker = factory.kind()
    window.addDockWidget(QtCore.Qt.DockWidgetArea.RightDockWidgetArea, docker)
    docker.canvasChanged(None)
    window.resize(WIDTH, HEIGHT)
    window.show()
    for _ in range(5):
        application.processEvents()
    window.grab().save(picture)
    print(getattr(factory.position, "name", factory.position), docker.panel.isVisible())
    # Without the interpreter's end, which destroys widgets in no order.
    sys.stdout.flush()
    os._exit(0)


class Shown(unittest.TestCase):
    """The docker of a new window."""

    def test_it_is_built_and_drawn(self) -> None:
        """In a process of its own, with the binding of this one."""
        with tempfile.TemporaryDirectory() as folder:
            picture = str(Path(folder) / "docker.png")
            own = {"QT_QPA_PLATFORM": "offscreen", "DEDIT_TEST_QT": NAME, "HOME": folder}
            own["DEDIT_SOCKET"] = str(Path(folder) / "socket")
            run = subprocess.run(
                [sys.executable, "-B", "-m", "tests.test_docker", picture],
                cwd=ROOT / "plugins/krita",
                env=os.environ | own,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            self.assertEqual(run.returncode, 0, run.stderr)
            place = "DockRight" if NAME == "PyQt6" else "3"
            self.assertEqual(run.stdout.split(), [place, "True"], run.stderr)
            self.assertNotIn("Traceback", run.stderr)
            image = QtGui.QImage(picture)
        self.assertEqual((image.width(), image.height()), (WIDTH, HEIGHT))
        places = [(x, y) for x in range(0, WIDTH, 3) for y in range(0, HEIGHT, 3)]
        self.assertGreater(len({image.pixel(x, y) for x, y in places}), 20)


if __name__ == "__main__":
    show(sys.argv[1])
