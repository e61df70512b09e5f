"""Uploaded datasets without a service: decoded arrays where the trainer looks for them, and a lookup by name."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.errors import Problem
from normlab.spec import DatasetContent, UploadedDataset, no_such_dataset
from normlab.training.datasets import content_folder, decoded
from normlab.training.datasets.arrays import Arrays, content_digest

PARTS = {
    "digest": "sha256:" + "ab" * 32,
    "shape": (12, 10, 3),
    "classes": ("bolt", "nut", "washer"),
    "training_samples": 90,
    "test_samples": 20,
    "default_validation_samples": 9,
    "pixel_max": 255,
}
"""A content of which there are no arrays."""
NUMBERS = {
    "digest": "sha256:" + "ef" * 32,
    "shape": (3,),
    "task": "regression",
    "classes": (),
    "training_samples": 90,
    "test_samples": 20,
    "default_validation_samples": 9,
    "pixel_max": 1,
    "columns": [{"name": name} for name in ("age", "weight", "dose")],
    "target": "progress",
}
"""The same of a table whose target is a number."""


class Shelf:
    """Two versions of ``parts``, or those that are given; ``late`` is still checked."""

    def __init__(self, *versions: DatasetContent, **second: Any) -> None:
        made = ({**PARTS}, {**PARTS, "digest": "sha256:" + "cd" * 32, **second})
        self.versions = versions or tuple(map(DatasetContent.model_validate, made))
        self.asked = 0

    def find(self, name: str, version: int | None) -> UploadedDataset | Problem:
        self.asked += 1
        if name == "late":
            return Problem("/name", "version 1 of late is still checked")
        if name != "parts":
            return no_such_dataset(name, ["parts", "late"])
        if version is not None and version > len(self.versions):
            return Problem("/version", f"parts has {len(self.versions)} versions")
        number = version or len(self.versions)
        return UploadedDataset(number, self.versions[number - 1])


def keep(
    arrays: Arrays, datasets_dir: Path, *, validation: int, classes: int | None = None, pixel_max: int = 255
) -> DatasetContent:
    """Put arrays where the trainer finds them; what a spec says of them."""
    digest = content_digest(arrays)
    folder = content_folder(digest, datasets_dir)
    folder.parent.mkdir(parents=True, exist_ok=True)
    decoded.write(folder, arrays)
    count = int(arrays.y_train.max()) + 1 if classes is None else classes
    return DatasetContent(
        digest=digest,
        shape=arrays.x_train.shape[1:],
        classes=tuple(f"class {number}" for number in range(count)),
        training_samples=len(arrays.x_train),
        test_samples=len(arrays.x_test),
        default_validation_samples=validation,
        pixel_max=pixel_max,
    )


def striped(
    shape: tuple[int, ...] = (9, 7, 3), *, classes: int = 3, training: int = 120, test: int = 30
) -> Arrays:
    """Pictures of which a network learns the class within seconds: noise, brighter in a row of its own."""
    draws = np.random.default_rng(5)
    label_type = np.uint8 if classes <= 256 else np.int32

    def part(samples: int) -> tuple[npt.NDArray[np.uint8], Any]:
        labels = np.arange(samples) % classes
        pixels = draws.integers(0, 100, (samples, *shape), dtype=np.uint8)
        pixels[np.arange(samples), labels % shape[0]] += 150
        return pixels, labels.astype(label_type)

    return Arrays(*part(training), *part(test))
