"""The jobs that wait or run, each with its progress and a button to cancel it."""

from __future__ import annotations

from typing import Any

from ..qt import QtCore, QtGui, QtWidgets, Signal
from ..view_state import Job, SmallImage
from . import images
from .widgets import ElidedLabel, small_font

PREVIEW = 40
FINEST = 1000


def time_left(seconds: float) -> str:
    """Format a time."""
    whole = max(round(seconds), 0)
    if whole < 100:
        return f"{whole} s left"
    if whole < 6000:
        return f"{round(whole / 60)} min left"
    return f"{whole / 3600:.1f} h left"


def in_words(job: Job) -> str:
    """Describe the progress of a job."""
    if job.waits:
        return f"{job.stage}, waits" if job.stage else "waits"
    left = time_left(job.seconds_left) if job.seconds_left is not None else ""
    return ", ".join(part for part in (job.stage, left) if part) or "begins"


class JobRow(QtWidgets.QWidget):
    """The row of a job."""

    cancelled = Signal(int)

    def __init__(self, number: int, parent: Any = None) -> None:  # noqa: ANN401
        """Create an empty row."""
        super().__init__(parent)
        self.number = number
        self._shown: SmallImage | None = None
        self.title, self.stage = ElidedLabel(), ElidedLabel()
        small_font(self.stage)
        self.bar = QtWidgets.QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.preview = QtWidgets.QLabel()
        self.preview.setFixedSize(PREVIEW, PREVIEW)
        self.preview.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self.preview.hide()
        self.cancel = QtWidgets.QToolButton()
        self.cancel.setObjectName(f"dedit_cancel_{number}")
        self.cancel.setText("Cancel")
        self.cancel.clicked.connect(lambda _=False: self._cancel())
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(1)
        grid.addWidget(self.preview, 0, 0, 3, 1)
        grid.addWidget(self.title, 0, 1)
        grid.addWidget(self.stage, 1, 1)
        grid.addWidget(self.bar, 2, 1)
        grid.addWidget(self.cancel, 0, 2, 3, 1)
        grid.setColumnStretch(1, 1)

    def _cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.cancelled.emit(self.number)

    def show_job(self, job: Job) -> None:
        """Show the job's progress; unchanged widgets are not touched."""
        self.title.say(job.title)
        self.stage.say(in_words(job))
        if job.waits:
            self._set_bar(FINEST, 0)
        elif job.share is None:
            self._set_bar(0, 0)
        else:
            self._set_bar(FINEST, round(min(max(job.share, 0.0), 1.0) * FINEST))
        if job.preview is not self._shown:
            self._shown = job.preview
            image = images.image_of(job.preview)
            self.preview.setVisible(image is not None)
            if image is not None:
                pixmap = QtGui.QPixmap.fromImage(image).scaled(
                    PREVIEW,
                    PREVIEW,
                    QtCore.Qt.AspectRatioMode.KeepAspectRatio,
                    QtCore.Qt.TransformationMode.SmoothTransformation,
                )
                self.preview.setPixmap(pixmap)

    def _set_bar(self, highest: int, value: int) -> None:
        if self.bar.maximum() != highest:
            self.bar.setRange(0, highest)
        if highest:
            self.bar.setValue(value)


class JobsView(QtWidgets.QWidget):
    """All jobs, the oldest first; hidden if there are none."""

    cancelled = Signal(int)

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Create an empty list."""
        super().__init__(parent)
        self.setObjectName("dedit_jobs")
        self.rows: dict[int, JobRow] = {}
        self._column = QtWidgets.QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(5)
        self.hide()

    def set_jobs(self, jobs: tuple[Job, ...]) -> None:
        """Show these jobs; the row of a job stays the same widget."""
        labels = {job.number for job in jobs}
        for number in [n for n in self.rows if n not in labels]:
            row = self.rows.pop(number)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        for job in jobs:
            row = self.rows.get(job.number)
            if row is None:
                row = JobRow(job.number)
                row.cancelled.connect(self.cancelled.emit)
                self.rows[job.number] = row
                self._column.addWidget(row)
            row.show_job(job)
        self.setVisible(bool(jobs))
