"""Single test images, to look at or to send to a trained network."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from normlab.errors import NotFoundError
from normlab.spec.datasets import DATASETS, DatasetName
from normlab.training.datasets.arrays import Pixels
from normlab.training.datasets.loading import Dataset, load


def sample_image(dataset: Dataset, index: int) -> tuple[Pixels, int]:
    """One image of the test set, raw pixels (height, width[, channels]), and its label.

    Raises:
        NotFoundError: there is no such index.
    """
    if not 0 <= index < len(dataset.x_test):
        raise NotFoundError(
            f"{dataset.name} has test images 0 to {len(dataset.x_test) - 1}; there is no {index}."
        )
    return dataset.x_test[index], int(dataset.y_test[index])


def test_image_png(name: DatasetName, datasets_dir: Path, index: int) -> tuple[bytes, int]:
    """One image of the test set as a PNG file with 8 bits a channel, and its label.

    Where the largest raw pixel is not 255 (digits: 16) the pixels are scaled to 255 and rounded.

    Raises:
        DatasetError: see ``load``.
        NotFoundError: there is no such index.
    """
    pixels, label = sample_image(load(name, datasets_dir), index)
    scaled = np.rint(pixels * (255 / DATASETS[name].pixel_max)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(scaled).save(file, format="PNG")
    return file.getvalue(), label


test_image_png.__test__ = False  # type: ignore[attr-defined] # pytest would collect it by its name
