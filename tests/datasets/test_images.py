import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from normlab.errors import NotFoundError
from normlab.spec.datasets import DatasetName
from normlab.training import datasets
from normlab.training.datasets import load, sample_image
from normlab.training.datasets.sources import SOURCES


def test_a_sample_is_raw_pixels_and_a_label(tmp_path: Path) -> None:
    digits = load(DatasetName.DIGITS, tmp_path)
    pixels, label = sample_image(digits, 359)
    assert np.array_equal(pixels, digits.x_test[-1])
    assert label == digits.y_test[-1] == 8


@pytest.mark.parametrize("index", [-1, 360])
def test_an_index_that_is_not_there_is_refused(tmp_path: Path, index: int) -> None:
    with pytest.raises(NotFoundError, match=f"digits has test images 0 to 359; there is no {index}"):
        datasets.test_image_png(DatasetName.DIGITS, tmp_path, index)


def test_a_png_of_digits_is_scaled_to_255(tmp_path: Path) -> None:
    content, label = datasets.test_image_png(DatasetName.DIGITS, tmp_path, 0)
    digits = load(DatasetName.DIGITS, tmp_path)
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (8, 8))
        back = np.rint(np.asarray(image) * (16 / 255))
    assert np.array_equal(back, digits.x_test[0])
    assert label == digits.y_test[0]


def test_a_png_of_fashion_mnist_has_the_raw_pixels(tmp_path: Path) -> None:
    folder = SOURCES[DatasetName.FASHION_MNIST].system_folder
    assert folder is not None
    if not folder.is_dir():
        pytest.skip("needs Debian's package dataset-fashion-mnist")
    content, label = datasets.test_image_png(DatasetName.FASHION_MNIST, tmp_path, 0)
    with Image.open(io.BytesIO(content)) as image:
        pixels = np.asarray(image)
    assert np.array_equal(pixels, load(DatasetName.FASHION_MNIST, tmp_path).x_test[0])
    assert label == 9
