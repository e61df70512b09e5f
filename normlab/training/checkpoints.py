"""Checkpoints: all that a run needs to resume with the same bits, in a file that is either whole or not there.

A file is a magic line, the SHA-256 of the rest, and an ``.npz`` archive (arrays and one JSON text; nothing is
pickled). It is written to a temporary name, flushed to the disk, and renamed.
"""

import hashlib
import io
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.spec import JobSpec
from normlab.spec.epochs import EpochMetrics
from normlab.spec.run_length import depends_on_length

Array = npt.NDArray[Any]

_VERSION = 3
"""Of the file's form: raised when this version could not go on from a file of the one before."""
_MAGIC = f"normlab checkpoint {_VERSION}\n".encode()
_ANY_MAGIC = re.compile(rb"normlab checkpoint (\d+)\n")
_NAME = re.compile(r"(\d{6})-(\d{9})\.ckpt")
_NOTE = "probe/"
_KEPT = 2
"""How many are kept: the newest, and the one before it in case the newest is damaged."""


@dataclass(frozen=True)
class Checkpoint:
    """A run between two steps."""

    spec_digest: str
    epoch: int
    """Whole epochs done."""
    step: int
    """Steps done of the next one."""
    loss_sum: float
    """Of these steps: loss times samples."""
    cross_entropy_sum: float
    """The same of the plain cross-entropy; where numbers are predicted of the standardized squared errors."""
    correct: float
    """How many samples were right; where numbers are predicted the sum of standardized absolute errors."""
    train_seconds: float
    history: tuple[EpochMetrics, ...]
    patience: dict[str, Any] | None
    variables: tuple[Array, ...]
    best_weights: tuple[Array, ...] | None
    probe_notes: dict[str, Array] = field(default_factory=dict)
    """What probes keep from one point to the next."""

    @property
    def elapsed_seconds(self) -> float:
        """From the run's start to here, without the time between attempts."""
        before = self.history[-1].elapsed_seconds if self.history else 0.0
        return before + self.train_seconds

    def for_longer(self, spec: JobSpec) -> "Checkpoint | None":
        """The same for a run of ``spec``, where this is the end of a run that differs from it in having fewer epochs;
        else None. No learning rate may depend on how long a run is, or it would be the beginning of another run."""
        if self.step or not 0 < self.epoch < spec.training.epochs or self.epoch != len(self.history):
            return None
        shorter = spec.training.model_copy(update={"epochs": self.epoch})
        if spec.model_copy(update={"training": shorter}).digest != self.spec_digest:
            return None
        if depends_on_length(spec, self.epoch):
            return None
        return replace(self, spec_digest=spec.digest)

    def to_bytes(self) -> bytes:
        """The file's content."""
        return b"".join(self.to_parts())

    def to_parts(self) -> tuple[bytes, memoryview]:
        """The file's content in two parts, since joining them would take its memory a second time."""
        loop = {
            name: getattr(self, name)
            for name in (
                "spec_digest",
                "epoch",
                "step",
                "loss_sum",
                "cross_entropy_sum",
                "correct",
                "train_seconds",
                "patience",
            )
        }
        loop["history"] = [record.model_dump() for record in self.history]
        loop["has_best_weights"] = self.best_weights is not None
        arrays = {f"variable_{index:05d}": value for index, value in enumerate(self.variables)}
        arrays |= {f"best_{index:05d}": value for index, value in enumerate(self.best_weights or ())}
        arrays |= {f"{_NOTE}{key}": value for key, value in self.probe_notes.items()}
        buffer = io.BytesIO()
        np.savez(buffer, loop=np.frombuffer(json.dumps(loop).encode(), np.uint8), **arrays)  # type: ignore[arg-type]  # savez's stub takes the arrays for its own options
        payload = buffer.getbuffer()
        return _MAGIC + hashlib.sha256(payload).digest(), payload

    @classmethod
    def from_bytes(cls, content: bytes) -> "Checkpoint":
        """Read a file's content.

        Raises:
            OtherVersionError: Another version of Normlab wrote it.
            ValueError: It is damaged; the message says how.
        """
        header = len(_MAGIC) + hashlib.sha256().digest_size
        if not content.startswith(_MAGIC):
            if written := _ANY_MAGIC.match(content):
                raise OtherVersionError(int(written[1]))
            raise ValueError("it does not begin as a checkpoint does")
        if hashlib.sha256(content[header:]).digest() != content[len(_MAGIC) : header]:
            raise ValueError("its checksum does not match: it was cut off or changed")
        with np.load(io.BytesIO(content[header:]), allow_pickle=False) as archive:
            loop = json.loads(archive["loop"].tobytes())
            variables = tuple(archive[name] for name in sorted(archive.files) if name.startswith("variable_"))
            notes = {
                name.removeprefix(_NOTE): archive[name] for name in archive.files if name.startswith(_NOTE)
            }
            best = tuple(archive[name] for name in sorted(archive.files) if name.startswith("best_"))
        history = tuple(EpochMetrics(**record) for record in loop.pop("history"))
        best_weights = best if loop.pop("has_best_weights") else None
        return cls(history=history, variables=variables, best_weights=best_weights, probe_notes=notes, **loop)


class OtherVersionError(ValueError):
    """A checkpoint of another version of Normlab, from which this one cannot go on."""

    def __init__(self, version: int) -> None:
        age = "an earlier" if version < _VERSION else "a later"
        super().__init__(
            f"{age} version of Normlab wrote it, and this one cannot go on from it (form {version} instead of "
            f"{_VERSION}), so the job is trained from its start. To keep what was trained, let running jobs end "
            "before changing the version"
        )


@dataclass(frozen=True)
class UnusedCheckpoint:
    """A checkpoint that could not be used."""

    sentence: str
    is_damaged: bool
    """False: another version of Normlab wrote it."""


class CheckpointFolder:
    """The checkpoints of one job: the newest two."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, checkpoint: Checkpoint) -> Path:
        """Write a checkpoint and drop all but the newest two. Raises ``OSError`` as the disk does."""
        self.path.mkdir(parents=True, exist_ok=True)
        target = self.path / f"{checkpoint.epoch:06d}-{checkpoint.step:09d}.ckpt"
        temporary = target.with_suffix(f".{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                for part in checkpoint.to_parts():
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        self._sync_names()
        for old in self._files()[:-_KEPT]:
            old.unlink(missing_ok=True)
        return target

    def latest(self, on_unused: Callable[[UnusedCheckpoint], None] = lambda _: None) -> Checkpoint | None:
        """The newest checkpoint that can be used, or None. ``on_unused`` is told of each newer one."""
        for file in reversed(self._files()):
            try:
                return Checkpoint.from_bytes(file.read_bytes())
            except (ValueError, KeyError, OSError) as error:
                why = error.strerror if isinstance(error, OSError) else error  # without the path
                sentence = f"checkpoint {file.name} was not used: {why}"
                on_unused(UnusedCheckpoint(sentence, is_damaged=not isinstance(error, OtherVersionError)))
        return None

    def _files(self) -> list[Path]:
        if not self.path.is_dir():
            return []
        return sorted(file for file in self.path.iterdir() if _NAME.fullmatch(file.name))

    def _sync_names(self) -> None:
        """Flush the folder, without which the renamed file may be missing after a power cut."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
