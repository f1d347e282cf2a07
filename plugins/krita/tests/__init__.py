"""Tests of the plug-in without Krita: `python3 -m unittest` in the folder above.

`DEDIT_TEST_QT=PyQt6` runs them as in Krita 6, else they run as in Krita 5.
"""

import importlib
import os

importlib.import_module(os.environ.get("DEDIT_TEST_QT", "PyQt5") + ".QtCore")
