"""A bundle's jobs against the same jobs run again: read the one, judge the other."""

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from normlab.documents.jobs import JobDocument
from normlab.documents.metrics import MetricsDocument
from normlab.documents.states import JobState
from normlab.errors import SetupError
from normlab.spec.environment import ENVIRONMENT, Effect, fields_with

FORMAT = 1
LARGEST_FILE = 256 * 2**20
"""A file in a bundle that says it is larger is not read."""
ACCURACY_TOLERANCE = 0.01
"""Accuracies of the last epoch that differ by more are different. Rounding that differs moves single examples over
the line, and training carries it on; other weights or data move more than this."""
LOSS_TOLERANCE = 0.05
"""The same for losses, relative to the loss in the bundle."""

# What reading a damaged archive raises. An encrypted or unknown kind of member and JSON that is nested too deeply are
# RuntimeErrors.
_DAMAGE = (zipfile.BadZipFile, zlib.error, csv.Error, EOFError, RuntimeError)


class Reproduced(StrEnum):
    """What came of running a job again."""

    SAME_BITS = "same bits"
    """Every weight and every number of every epoch is the same."""
    WITHIN_TOLERANCE = "within tolerance"
    DIFFERENT = "different"
    NOT_RUN = "did not succeed"


@dataclass(frozen=True)
class BundledJob:
    """A job as the bundle has it."""

    arm: str
    seed: int
    spec: dict[str, Any]
    digests: Mapping[str, Any]
    environment: Mapping[str, Any]
    epochs: Sequence[Mapping[str, float | None]]
    """By epoch: ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``, and of runs that predict numbers ``r2`` and
    ``val_r2``."""


@dataclass(frozen=True)
class Judgement:
    """What came of running a job again, and why that may be."""

    outcome: Reproduced
    largest_difference: float | None
    """Of the accuracies, or R² of numbers (validation where there is one), over the epochs."""
    reasons: tuple[str, ...]


def read_bundle(path: Path) -> list[BundledJob]:
    """The jobs of a bundle that succeeded.

    Raises:
        SetupError: it is not such an archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(_read(archive, "manifest.json"))
            epochs = _epochs(_read(archive, "metrics.csv").decode())
        if manifest["format"] != FORMAT:
            raise SetupError(
                f"{path} has the format {manifest['format']}, and this version of Normlab reads {FORMAT}."
            )
        return [
            BundledJob(
                arm=job["arm"],
                seed=job["seed"],
                spec=job["spec"],
                digests=job["digests"] or {},
                environment=job["environment"] or {},
                epochs=epochs.get(job["job"], []),
            )
            for job in manifest["jobs"]
            if job["state"] == JobState.SUCCEEDED
        ]
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}.") from error
    except (*_DAMAGE, KeyError, TypeError, AttributeError, ValueError) as error:
        raise SetupError(f"{path} is no bundle of a comparison: {error}.") from error


def judge(bundled: BundledJob, again: JobDocument, metrics: MetricsDocument) -> Judgement:
    """Compare a job that was run again with what the bundle says of it."""
    if again.state is not JobState.SUCCEEDED:
        why = (again.error.detail,) if again.error else (f"it is {again.state}",)
        return Judgement(Reproduced.NOT_RUN, None, why)
    ours = [epoch.model_dump() for epoch in metrics.epochs]
    weights = bundled.digests.get("final_weights")
    same_weights = weights is not None and weights == _digests(again).get("final_weights")
    if same_weights and _values(ours) == _values(bundled.epochs):
        return Judgement(Reproduced.SAME_BITS, 0.0, ())
    reasons = _reasons(bundled, again)
    if len(ours) != len(bundled.epochs) or not ours:
        lengths = f"{len(ours)} epochs instead of {len(bundled.epochs)}"
        return Judgement(Reproduced.DIFFERENT, None, (lengths, *reasons))
    pairs = zip(ours, bundled.epochs, strict=True)
    largest = max((abs(_score(one) - _score(other)) for one, other in pairs), default=0.0)
    close = _close(ours[-1], bundled.epochs[-1])
    return Judgement(Reproduced.WITHIN_TOLERANCE if close else Reproduced.DIFFERENT, largest, reasons)


def _digests(job: JobDocument) -> dict[str, Any]:
    return job.digests.model_dump() if job.digests else {}


def _reasons(bundled: BundledJob, again: JobDocument) -> tuple[str, ...]:
    environment = again.environment.model_dump() if again.environment else {}
    reasons = [
        f"{ENVIRONMENT[field].words} ({bundled.environment.get(field)}, now {environment.get(field)})"
        for field in fields_with(Effect.DECIDES, Effect.FOLLOWS)
        if bundled.environment.get(field) != environment.get(field)
    ]
    for field, words in (("dataset", "the dataset's files"), ("data_order", "the order of the data")):
        if bundled.digests.get(field) != _digests(again).get(field):
            reasons.insert(0, f"{words} are not the same")
    if not reasons:
        reasons = [
            "nothing that is known to matter differs: faulty memory, or an operation that does not keep its order"
        ]
    return tuple(reasons)


def _close(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    def within(name: str, allowed: float) -> bool:
        ours, theirs = one.get(name), other.get(name)
        if ours is None or theirs is None:
            return ours is theirs
        return bool(abs(ours - theirs) <= allowed)

    return all(within(name, ACCURACY_TOLERANCE) for name in _SCORES) and all(
        within(name, LOSS_TOLERANCE * abs(other[name] or 0.0)) for name in ("loss", "val_loss")
    )


_SCORES = ("val_accuracy", "accuracy", "val_r2", "r2")
"""The first that a run has tells how far it came."""
_COMPARED = ("loss", "val_loss", *_SCORES)


def _values(epochs: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    return [[epoch.get(name) for name in _COMPARED] for epoch in epochs]


def _score(epoch: Mapping[str, Any]) -> float:
    # Of a constant target there is none.
    return next((float(value) for name in _SCORES if (value := epoch.get(name)) is not None), 0.0)


def _epochs(text: str) -> dict[str, list[dict[str, float | None]]]:
    """The epochs of each job; a CSV file's decimals are exact to the last bit."""
    epochs: dict[str, list[dict[str, float | None]]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        epoch = {name: float(row[name]) if row.get(name) else None for name in _COMPARED}
        epochs.setdefault(row["job"], []).append(epoch)
    return epochs


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > LARGEST_FILE:
        raise ValueError(f"{name} is too large")
    return archive.read(name)
