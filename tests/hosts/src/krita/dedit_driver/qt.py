"""The parts of Qt that are used, from PyQt5 or PyQt6."""

from __future__ import annotations

try:
    from PyQt5.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
    from PyQt5.QtGui import QMouseEvent
    from PyQt5.QtTest import QTest
    from PyQt5.QtWidgets import (
        QAbstractButton,
        QApplication,
        QCheckBox,
        QComboBox,
        QDockWidget,
        QLabel,
        QMainWindow,
        QRadioButton,
        QScrollArea,
        QWidget,
    )
except ImportError:
    from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
    from PyQt6.QtGui import QMouseEvent
    from PyQt6.QtTest import QTest
    from PyQt6.QtWidgets import (
        QAbstractButton,
        QApplication,
        QCheckBox,
        QComboBox,
        QDockWidget,
        QLabel,
        QMainWindow,
        QRadioButton,
        QScrollArea,
        QWidget,
    )

__all__ = [
    "QAbstractButton",
    "QApplication",
    "QCheckBox",
    "QComboBox",
    "QDockWidget",
    "QEvent",
    "QLabel",
    "QMainWindow",
    "QMouseEvent",
    "QPoint",
    "QPointF",
    "QRadioButton",
    "QScrollArea",
    "QTest",
    "QTimer",
    "QWidget",
    "Qt",
]
