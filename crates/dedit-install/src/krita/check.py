"""Tells what Krita's own Python makes of the plug-in.

The answer is a line of JSON in the file `answer` beside this one: standard output is Krita's too.
"""

import importlib
import json
import os
import sys
import traceback

FOLDER = os.path.dirname(os.path.abspath(__file__))


def binding(kind):
    """The package of Qt that a class of Krita's is made with: another one, of another Qt, would crash Krita."""
    packages = [base.__module__.split(".")[0] for base in kind.__mro__]
    return next(name for name in ("PyQt5", "PyQt6") if name in packages)


def look(told):
    from krita import DockWidget, Krita

    told["krita"] = Krita.instance().version()
    core = importlib.import_module(binding(DockWidget) + ".QtCore")
    told["qt"] = core.qVersion()
    try:
        importlib.import_module(core.__name__.replace("QtCore", "QtNetwork"))
        told["network"] = True
    except ImportError:
        told["network"] = False
    told["plugin"] = importlib.import_module("dedit_krita").__version__


def answer(*_):
    told = {"python": ".".join(str(part) for part in sys.version_info[:3])}
    try:
        look(told)
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        told["problem"] = f"{type(error).__name__}: {error} ({last.filename}, line {last.lineno})"
    unfinished = os.path.join(FOLDER, "unfinished")
    with open(unfinished, "w", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")
    # Whoever sees the answer sees all of it.
    os.replace(unfinished, os.path.join(FOLDER, "answer"))
