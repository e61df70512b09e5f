"""Tables in their decoded form, where the trainer finds them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.spec import DatasetContent
from normlab.spec.columns import Column, ColumnKind, Task
from normlab.training.datasets import content_folder, decoded
from normlab.training.datasets.arrays import Arrays, content_digest

Rows = npt.NDArray[np.float32]

NUMBERS = (Column(name="height"), Column(name="weight"), Column(name="price"), Column(name="constant"))
COLOURS = ("blue", "green", "red")
TOWNS = tuple(f"town {number}" for number in range(20))
MIXED = (
    Column(name="height"),
    Column(name="colour", kind=ColumnKind.CATEGORY, categories=COLOURS),
    Column(name="weight", missing=True),
    Column(name="town", kind=ColumnKind.CATEGORY, categories=TOWNS, missing=True),
    Column(name="size", kind=ColumnKind.CATEGORY, categories=("l", "m", "s"), missing=True),
)
"""Every kind of column. None of ``height`` and ``colour`` is missing in training."""


def numbers(rows: int, seed: int = 0) -> tuple[Rows, npt.NDArray[np.uint8]]:
    """Rows of ``NUMBERS``, of very different sizes, whose class (0 to 2) their sizes say."""
    draws = np.random.default_rng(seed)
    labels = (np.arange(rows) % 3).astype(np.uint8)
    values = draws.normal(0, 0.5, (rows, 4)) + np.stack([labels, -labels.astype(float), labels, labels], 1)
    values = values * [20, 1e-9, 1e6, 0] + [170, 5e-7, 3e6, 0.1]
    return values.astype(np.float32), labels


def mixed(rows: int, seed: int = 0) -> tuple[Rows, npt.NDArray[np.uint8]]:
    """Rows of ``MIXED``."""
    draws = np.random.default_rng(seed)
    labels = (np.arange(rows) % 3).astype(np.uint8)
    values = np.stack(
        [
            draws.normal(170, 10, rows) + 5 * labels,
            np.where(draws.random(rows) < 0.7, labels, draws.integers(0, len(COLOURS), rows)),
            draws.normal(70, 8, rows) - 3 * labels,
            (draws.integers(0, 6, rows) * 3 + labels) % len(TOWNS),
            draws.integers(0, 3, rows),
        ],
        axis=1,
    )
    for column in (2, 3, 4):
        values[draws.random(rows) < 0.15, column] = np.nan
    return values.astype(np.float32), labels


def keep_table(
    datasets_dir: Path,
    columns: Sequence[Column],
    training: tuple[Rows, Any],
    test: tuple[Rows, Any],
    *,
    validation: int = 20,
    classes: Sequence[str] = ("low", "middle", "high"),
    **fields: Any,
) -> DatasetContent:
    """Put a table where the trainer finds it; what a spec says of it."""
    arrays = Arrays(*training, *test)  # type: ignore[arg-type]  # a table's values are no bytes
    digest = content_digest(arrays)
    folder = content_folder(digest, datasets_dir)
    folder.parent.mkdir(parents=True, exist_ok=True)
    decoded.write(folder, arrays)
    return DatasetContent(
        digest=digest,
        shape=(len(columns),),
        classes=tuple(classes),
        training_samples=len(training[0]),
        test_samples=len(test[0]),
        default_validation_samples=validation,
        pixel_max=1,
        columns=tuple(columns),
        target="class",
        **fields,
    )


def diabetes(datasets_dir: Path, *, target: Any = None) -> DatasetContent:
    """scikit-learn's: 442 patients, 10 numbers of each, and how far the disease had come a year later (25 to 346). The
    last 102 are for testing. ``target`` makes other targets of these."""
    from sklearn.datasets import load_diabetes  # noqa: PLC0415  (slow to import)

    data = load_diabetes()
    x, y = data.data.astype(np.float32), data.target.astype(np.float32)
    y = y if target is None else target(y).astype(np.float32)
    arrays = Arrays(x[:340], y[:340], x[340:], y[340:])  # type: ignore[arg-type]  # a table's values are no bytes
    digest = content_digest(arrays)
    folder = content_folder(digest, datasets_dir)
    folder.parent.mkdir(parents=True, exist_ok=True)
    decoded.write(folder, arrays)
    return DatasetContent(
        digest=digest,
        shape=(10,),
        task=Task.REGRESSION,
        classes=(),
        training_samples=340,
        test_samples=102,
        default_validation_samples=60,
        pixel_max=1,
        columns=tuple(Column(name=name) for name in data.feature_names),
        target="progression",
    )


def table_of_numbers(datasets_dir: Path, **fields: Any) -> DatasetContent:
    """160 rows of ``NUMBERS``, 40 for testing."""
    return keep_table(datasets_dir, NUMBERS, numbers(160), numbers(40, 1), **fields)


def mixed_table(datasets_dir: Path, **fields: Any) -> DatasetContent:
    """240 rows of ``MIXED``; among the 60 for testing are unknown categories and missing values everywhere."""
    x, y = mixed(60, 1)
    x[:6] = [[np.nan, -1, 60, -1, 0], [180, np.nan, 60, 19, -1]] * 3
    return keep_table(datasets_dir, MIXED, mixed(240), (x, y), **fields)
