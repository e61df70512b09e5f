"""``load_content``: an uploaded dataset by the digest of its content, fetched once per machine."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from normlab.errors import DatasetError
from normlab.spec.columns import Task
from normlab.spec.dataset_content import DatasetContent
from normlab.training.datasets import decoded
from normlab.training.datasets.arrays import Arrays, Labels
from normlab.training.datasets.disk import one_process_at_a_time, publish, unwritable
from normlab.training.datasets.loading import DECODED, Dataset

logger = logging.getLogger(__name__)

Fetch = Callable[[str, Path], None]
"""Puts the four arrays of the content with this digest (``x_train.npy``, …) into an empty folder.

Raises:
    DatasetError: they are nowhere.
    OSError: the folder is full or may not be written.
"""


def content_folder(digest: str, datasets_dir: Path) -> Path:
    """Where the decoded form of the content with this digest is on this machine."""
    return datasets_dir / DECODED / digest.removeprefix("sha256:")


def load_content(
    name: str, content: DatasetContent, datasets_dir: Path, *, fetch: Fetch | None = None
) -> Dataset:
    """Open the decoded form of an uploaded dataset. One that this machine does not have, or that is damaged, is fetched
    first, by one process for all; what comes is checked against the digest.

    Raises:
        DatasetError: it is not there and cannot be had, is not what the digest says, or cannot be kept.
    """
    folder = content_folder(content.digest, datasets_dir)
    opened = _read(folder, content)
    if opened is None:
        if fetch is None:
            raise DatasetError(
                f"The data of {name} ({content.digest}) are not in {folder}: train where they are, or through the "
                "service that has them."
            )
        try:
            with one_process_at_a_time(folder.parent / f".{folder.name}.lock"):
                opened = _read(folder, content) or _fetch(name, content, folder, fetch)
        except OSError as error:
            raise unwritable(folder.parent, error) from error
    return Dataset(name, *opened.arrays, digest=opened.digest)


def _read(folder: Path, content: DatasetContent) -> decoded.Decoded | None:
    """What is in the folder, if it is what the content says."""
    opened = decoded.read(folder)
    if opened is None or opened.digest != content.digest:
        return None
    return opened if _fits(opened.arrays, content) else None


def _fits(arrays: Arrays, content: DatasetContent) -> bool:
    parts = (
        (arrays.x_train, arrays.y_train, content.training_samples),
        (arrays.x_test, arrays.y_test, content.test_samples),
    )
    dtype = np.uint8 if content.columns is None else np.float32
    return all(
        x.dtype == dtype
        and x.shape == (samples, *content.shape)
        and y.shape == (samples,)
        and _fit_targets(y, content)
        for x, y, samples in parts
    )


def _fit_targets(y: Labels, content: DatasetContent) -> bool:
    if content.task is Task.REGRESSION:
        return y.dtype == np.float32 and bool(np.isfinite(y).all())
    return y.dtype != np.float32 and 0 <= int(y.min()) <= int(y.max()) < content.class_count


def _fetch(name: str, content: DatasetContent, folder: Path, fetch: Fetch) -> decoded.Decoded:
    logger.info("fetching %s (%s), once for this machine", name, content.digest)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
    partial.mkdir(parents=True)
    try:
        fetch(content.digest, partial)
        came = decoded.finish(partial)
        if came != content.digest:
            raise DatasetError(f"The data of {name} came as {came}, not {content.digest}: were they changed?")
        shutil.rmtree(folder, ignore_errors=True)
        publish(partial, folder)
    except (ValueError, EOFError) as error:
        raise DatasetError(f"The data of {name} came as files that are no arrays: {error}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    opened = _read(folder, content)
    if opened is None:
        raise DatasetError(
            f"The data of {name} ({content.digest}) do not have the shape or the classes that the version says: add "
            "them anew."
        )
    return opened
