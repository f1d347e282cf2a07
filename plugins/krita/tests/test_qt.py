"""Which binding of Qt is used, beside which Krita."""

from __future__ import annotations

import ast
import importlib.util
import sys
import types
import unittest
from pathlib import Path
from unittest import mock

from dedit_krita import qt

ROOT = Path(__file__).resolve().parents[3]
CHECK = ROOT / "crates/dedit-install/src/krita/check.py"
SOURCES = [*(ROOT / "plugins/krita/dedit_krita").rglob("*.py"), CHECK]
CLASSES = {"QtCore", "QtGui", "QtWidgets", "QtNetwork"}


def krita_of(binding: str) -> types.ModuleType:
    """Return a module like Krita's, whose docker is made with a binding."""
    base = type("QDockWidget", (), {"__module__": f"{binding}.QtWidgets"})
    module = types.ModuleType("krita")
    module.DockWidget = type("DockWidget", (base,), {"__module__": "PyKrita.krita"})
    return module


def check() -> types.ModuleType:
    """Load the script that asks Krita about itself."""
    spec = importlib.util.spec_from_file_location("check", CHECK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def enums(text: str) -> list[str]:
    """Return what is taken from a class of Qt and looks like a member of an enum."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Attribute):
            continue
        outer = node.value.value
        if (
            isinstance(outer, ast.Name)
            and outer.id in CLASSES
            and not hasattr(getattr(getattr(qt, outer.id), node.value.attr, None), node.attr)
        ):
            found.append(ast.unparse(node))
    return found


class Binding(unittest.TestCase):
    """Krita 5.3 is made with Qt 5, Krita 6.0 with Qt 6, of the same source."""

    def test_krita_decides(self) -> None:
        """Not what else is installed or loaded."""
        for binding in ("PyQt5", "PyQt6"):
            others = {f"{name}.QtCore": types.ModuleType("QtCore") for name in qt.NAMES}
            with (
                self.subTest(binding),
                mock.patch.dict(sys.modules, others, krita=krita_of(binding)),
            ):
                self.assertEqual(qt.chosen(), binding)
                self.assertEqual(check().binding(sys.modules["krita"].DockWidget), binding)

    def test_outside_krita(self) -> None:
        """The loaded one, which the tests have."""
        with mock.patch.dict(sys.modules, krita=types.ModuleType("krita")):
            self.assertIsNone(qt.of_krita())
            self.assertEqual(qt.chosen(), qt.loaded())

    def test_enums_have_their_full_names(self) -> None:
        """Everything that is taken from a class of Qt is there in the binding of this run."""
        for path in SOURCES:
            with self.subTest(path.name):
                self.assertEqual(enums(path.read_text("utf-8")), [])

    def test_a_missing_name_is_found(self) -> None:
        """A member that the class does not have."""
        self.assertEqual(enums("x = QtCore.Qt.NoSuchName"), ["QtCore.Qt.NoSuchName"])
