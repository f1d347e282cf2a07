"""The imports between the plug-in's files: no circle, and Krita only where it has to be."""

from __future__ import annotations

import ast
import unittest
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "dedit_krita"
USES_KRITA = {"__init__", "docker", "extension", "item_commands"}
"""Files that import Krita when they run; others have its types only."""


def sources() -> dict[str, str]:
    """Return the text of each file by its name, such as `ui.panel`."""
    files = {path.relative_to(PACKAGE).with_suffix(""): path for path in PACKAGE.rglob("*.py")}
    return {".".join(name.parts): path.read_text("utf-8") for name, path in files.items()}


def imports(name: str, text: str, files: set[str]) -> set[str]:
    """Return the files that a file imports, also those for types only or within a function."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = name.split(".")[: -node.level]
        base += node.module.split(".") if node.module else []
        for alias in node.names:
            module, package = ".".join([*base, alias.name]), ".".join(base)
            found.add(module if module in files else package)
    return (found & files) - {name}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return the files of a circle, in order; empty if there is none."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return path[path.index(name) :]
        if name in done:
            return []
        for other in sorted(graph[name]):
            found = visit(other, [*path, name])
            if found:
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := visit(name, []))), [])


class Imports(unittest.TestCase):
    """What the files import."""

    def test_no_circle(self) -> None:
        """No file imports itself through others."""
        texts = sources()
        graph = {name: imports(name, text, set(texts)) for name, text in texts.items()}
        self.assertIn("wire", graph["channel"])
        self.assertIn("qt", graph["ui.panel"])
        self.assertEqual(circle(graph), [])

    def test_a_circle_is_found(self) -> None:
        """Through one file or several."""
        cases = [
            ({"a": "from .b import c", "b": "from . import a"}, ["a", "b"]),
            ({"a": "from .u.b import c", "u.b": "from ..d import e", "d": "from .a import f"}, 3),
            ({"a": "from .b import c", "b": "import a", "c": ""}, []),
        ]
        for texts, expected in cases:
            with self.subTest(texts=texts):
                graph = {name: imports(name, text, set(texts)) for name, text in texts.items()}
                found = circle(graph)
                self.assertEqual(found if isinstance(expected, list) else len(found), expected)

    def test_krita(self) -> None:
        """Krita is imported only by the files that need it, so that tests can import the others."""
        users = set()
        for name, text in sources().items():
            tree = ast.parse(text)
            types = {
                id(inner)
                for node in ast.walk(tree)
                if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
                for inner in ast.walk(node)
            }
            for node in ast.walk(tree):
                modules = (
                    [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                )
                if isinstance(node, ast.ImportFrom) and not node.level:
                    modules.append(node.module or "")
                if "krita" in modules and id(node) not in types:
                    users.add(name)
        self.assertEqual(users, USES_KRITA)
