"""From a reader's chunks to the decoded form on disk, with memory that does not grow with the pixels.

Chunks go to a spool beside the target while the labels are collected. When all are read the parts are made, and one
more pass over the spool writes the four arrays. The disk holds the pixels twice meanwhile.
"""

import contextlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.spec.columns import Column, Task
from normlab.training.datasets import decoded
from normlab.training.datasets.classes import check_classes, in_natural_order
from normlab.training.datasets.columns import Rewrite, as_training_knows
from normlab.training.datasets.disk import publish
from normlab.training.datasets.origins import Origins
from normlab.training.datasets.readers.base import (
    CLASSES_AS_MET,
    Notice,
    Reader,
    ReadingLimits,
    Split,
    TabularReader,
)
from normlab.training.datasets.splitting import PARTS, Parts, Samples, Splitting, make_parts
from normlab.training.datasets.spool import Spool

_MOST_UINT8_CLASSES = 256


@dataclass(frozen=True, eq=False)
class Assembled:
    """A dataset in its decoded form, and what was learnt on the way."""

    folder: Path
    """The four arrays and the manifest (``decoded.read`` opens it), and ``origins.txt``."""
    digest: str
    """``sha256:…`` of the content, as ``content_digest`` has it."""
    format: str
    shape: tuple[int, ...]
    """Of one sample: (height, width[, channels]) or (features,)."""
    classes: tuple[str, ...]
    counts: Mapping[Split, tuple[int, ...]]
    """Samples of each class in each part; those of validation are not among those of training here. Of numbers none."""
    training_samples: int
    """Samples in ``x_train``: validation's are its first, then come training's."""
    test_samples: int
    default_validation_samples: int
    pixel_max: int
    """255, or less where no value is larger: 16 up to 16 (as scikit-learn's digits), 1 up to 1. 1 of a table."""
    columns: tuple[Column, ...] | None
    """Of a table."""
    target: str | None
    """The name of the column that is predicted, of a table."""
    task: Task | None
    """None: classification."""
    made: Mapping[Split, str]
    """How each part came about, see ``Parts.made``."""
    seed: int | None
    """What parts were drawn with; None: none was."""
    notices: tuple[Notice, ...]
    extra: Mapping[str, Any]
    """What the reader wants to be recorded."""
    origins: Origins


def assemble(
    reader: Reader,
    folder: Path,
    *,
    splitting: Splitting,
    limits: ReadingLimits | None = None,
    progress: Callable[[int], None] | None = None,
) -> Assembled:
    """Read everything and write the decoded form to ``folder``, in place of what is there.

    ``progress`` is told how many samples were read, after every chunk and while the arrays are written; what it raises
    ends the work. Nothing is left of work that ends before its end.

    Raises:
        DatasetError: the samples cannot be used; where, and what would be right.
        OSError: the disk is full or may not be written.
    """
    progress = progress or (lambda _: None)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
    partial.mkdir(parents=True)
    try:
        with contextlib.closing(Spool(partial, limits or ReadingLimits())) as spool:
            for chunk in reader.chunks():
                spool.append(chunk)
                progress(len(spool))
            if not len(spool):
                raise DatasetError("The file holds no samples.")
            samples, classes = _ordered(spool.samples(), reader)
            table = reader.table() if isinstance(reader, TabularReader) else None
            numbers = samples.numbers is not None
            told = () if numbers else check_classes(classes, samples.labels)
            parts = make_parts(samples, splitting)
            columns, rewrite = None, None
            if table is not None:
                is_test = parts.of_sample == PARTS.index(Split.TEST)
                columns, rewrite, unknown = as_training_knows(table.columns, spool, is_test)
                told = (*told, *unknown)
            _write_pixels(spool, partial, parts, progress, rewrite)
        (partial / "pixels").unlink()
        training, test = _rows(parts)
        label_type = np.uint8 if len(classes) <= _MOST_UINT8_CLASSES else np.int32
        targets = samples.labels.astype(label_type) if samples.numbers is None else samples.numbers
        for name, rows in (("y_train", training), ("y_test", test)):
            np.save(partial / f"{name}.npy", targets[rows], allow_pickle=False)
        digest = decoded.finish(partial)
        shutil.rmtree(folder, ignore_errors=True)
        publish(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Assembled(
        folder=folder,
        digest=digest,
        format=reader.format,
        shape=spool.shape,
        classes=tuple(classes),
        counts={} if numbers else _counts(samples, parts, len(classes)),
        training_samples=len(training),
        test_samples=len(test),
        default_validation_samples=int((parts.of_sample == PARTS.index(Split.VALIDATION)).sum()),
        pixel_max=1 if table else next((top for top in (1, 16) if spool.largest <= top), 255),
        columns=columns,
        target=None if table is None else table.target,
        task=Task.REGRESSION if numbers else None,
        made=parts.made,
        seed=parts.seed,
        notices=(*reader.notices, *told, *parts.notices),
        extra=reader.extra(),
        origins=Origins(folder / "origins.txt", spool.origins.ends(), training, test),
    )


def _ordered(samples: Samples, reader: Reader) -> tuple[Samples, list[str]]:
    """The samples and the names of their classes, in natural order where the reader took them as they came."""
    classes = list(reader.classes())
    if not reader.extra().get(CLASSES_AS_MET):
        return samples, classes
    classes, labels = in_natural_order(classes, samples.labels)
    return replace(samples, labels=labels), classes


def _rows(parts: Parts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places in the file of the samples of ``x_train``, validation's first, and of ``x_test``."""
    training, validation, test = (np.flatnonzero(parts.of_sample == place) for place in range(len(PARTS)))
    return np.concatenate([validation, training]), test


def _counts(samples: Samples, parts: Parts, classes: int) -> dict[Split, tuple[int, ...]]:
    return {
        part: tuple(np.bincount(samples.labels[parts.of_sample == place], minlength=classes).tolist())
        for place, part in enumerate(PARTS)
    }


def _write_pixels(
    spool: Spool, partial: Path, parts: Parts, progress: Callable[[int], None], rewrite: Rewrite | None
) -> None:
    """Write ``x_train.npy``, validation's samples first, and ``x_test.npy``, each part in the order of the file."""
    training, validation, test = (int((parts.of_sample == place).sum()) for place in range(len(PARTS)))
    with contextlib.ExitStack() as stack:
        # By writing, not by mapping: a full disk is an error here and would be a signal there.
        first = stack.enter_context((partial / "x_train.npy").open("wb"))
        _write_header(first, (training + validation, *spool.shape), spool)
        then = stack.enter_context((partial / "x_train.npy").open("r+b"))
        then.seek(first.tell() + validation * spool.sample_bytes)
        last = stack.enter_context((partial / "x_test.npy").open("wb"))
        _write_header(last, (test, *spool.shape), spool)
        for where, spooled in spool.blocks():
            block = spooled if rewrite is None else rewrite(spooled)
            for place, file in enumerate((then, first, last)):  # as in PARTS
                file.write(np.ascontiguousarray(block[parts.of_sample[where] == place]).data)
            progress(len(spool))


def _write_header(file: BinaryIO, shape: tuple[int, ...], spool: Spool) -> None:
    header = {"descr": spool.dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    file.flush()
