"""What a training has reported and the database does not have yet, and how it is written."""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import Measured
from normlab.spec.runs import Phase
from normlab.store import WarningCode
from normlab.store.jobs import reports
from normlab.training.context import Progress, Report

MAX_TEXT = 2000
"""Longer warnings are cut: an exporter's message may hold a whole graph."""


@dataclass(frozen=True)
class Batch:
    """Reports that are written in one transaction."""

    epochs: tuple[EpochMetrics, ...] = ()
    measured: tuple[Measured, ...] = ()
    warnings: tuple[tuple[WarningCode, str], ...] = ()
    progress: Progress | None = None

    def __bool__(self) -> bool:
        return bool(self.epochs or self.measured or self.warnings or self.progress)

    def __str__(self) -> str:
        epochs = ", ".join(str(metrics.epoch) for metrics in self.epochs)
        return f"epochs {epochs}" if epochs else "measurements, a warning or progress"

    def one_by_one(self) -> Iterator["Batch"]:
        """Batches of one report each, in their order."""
        yield from (Batch(warnings=(warning,)) for warning in self.warnings)
        yield from (Batch(epochs=(metrics,)) for metrics in self.epochs)
        yield from (Batch(measured=(measured,)) for measured in self.measured)
        if self.progress is not None:
            yield Batch(progress=self.progress)

    def write(
        self,
        session: Session,
        job_id: str,
        attempt: int,
        *,
        elapsed_seconds: float,
        stored: Collection[int] = (),
    ) -> None:
        """Write all of it, but for epochs that are known to be ``stored``."""
        for code, detail in self.warnings:
            reports.report_warning(session, job_id, attempt, code, detail)
        for metrics in self.epochs:
            if metrics.epoch not in stored:
                reports.report_epoch(session, job_id, attempt, metrics)
        if self.measured:
            reports.report_measurements(session, job_id, attempt, self.measured)
        if self.progress is not None:
            done = asdict(self.progress) | {"fraction": fraction(self.progress)}
            left = remaining_seconds(self.progress, elapsed_seconds)
            reports.report_progress(session, job_id, attempt, done, remaining_seconds=left)


class PendingReports:
    """Reports that wait. The training's thread adds to them, the attempt's thread takes them away when written."""

    def __init__(self) -> None:
        self._epochs: deque[EpochMetrics] = deque()
        self._measured: deque[Measured] = deque()
        self._warnings: deque[tuple[WarningCode, str]] = deque()
        self._progress: Progress | None = None

    def add(self, *events: Report) -> None:
        """Keep them. Of progress only the newest counts."""
        for event in events:
            if isinstance(event, EpochMetrics):
                self._epochs.append(event)
            elif isinstance(event, Measured):
                self._measured.append(event)
            else:
                self._progress = event

    def warn(self, code: WarningCode, detail: str) -> None:
        """Keep a warning, whose text is ``storable``."""
        self._warnings.append((code, detail))

    @property
    def has_measurements(self) -> bool:
        """Whether measurements wait."""
        return bool(self._measured)

    def waiting(self) -> Batch:
        """All that waits now."""
        return Batch(tuple(self._epochs), tuple(self._measured), tuple(self._warnings), self._progress)

    def forget(self, batch: Batch) -> None:
        """Take away what ``waiting`` gave, or the first of it."""
        for _ in batch.epochs:
            self._epochs.popleft()
        for _ in batch.measured:
            self._measured.popleft()
        for _ in batch.warnings:
            self._warnings.popleft()
        if self._progress is batch.progress:
            self._progress = None


def storable(text: str) -> str:
    """The text as every database takes it: without NUL and lone surrogates, which Postgres refuses, and not endless."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")[:MAX_TEXT]


def fraction(progress: Progress) -> float:
    """The part of a run's epochs that is done, from 0 to 1."""
    if progress.phase is Phase.EXPORTING:
        return 1.0
    done = progress.epoch - 1 + progress.step / max(progress.steps, 1)
    return min(1.0, done / max(progress.epochs, 1))


def remaining_seconds(progress: Progress, elapsed_seconds: float) -> float | None:
    """From how long it took so far, how long the rest of the epochs will take; None before there is anything to go by.

    Early stopping can end it sooner.
    """
    done = fraction(progress)
    return elapsed_seconds * (1 - done) / done if done > 0 else None
