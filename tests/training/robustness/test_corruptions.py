"""Corrupted pictures: real changes, in the raw range, by seed, the same however many are asked for."""

import io

import numpy as np
import pytest
from PIL import Image

from normlab.spec.robustness import CORRUPTIONS, SEVERITIES, CorruptionName
from normlab.training.datasets.arrays import Pixels
from normlab.training.robustness.corruptions import BLOCK, corrupt
from normlab.training.robustness.jpeg import through_jpeg

SHAPES = [((28, 28), 255), ((8, 8), 16), ((32, 32, 3), 255), ((20, 44, 2), 255)]
GEOMETRY = [name for name in CorruptionName if CORRUPTIONS[name].family == "geometry"]


def pictures(shape: tuple[int, ...], pixel_max: int, count: int = 24) -> Pixels:
    """A bright bar somewhere on a rising ground."""
    random = np.random.default_rng(0)
    x = np.zeros((count, *shape), np.float64)
    x += np.linspace(0, 0.6, shape[1])[(None, None, slice(None), *[None] * (len(shape) - 2))]
    for picture in x:
        row, column = (random.integers(1, size // 2) for size in shape[:2])
        picture[row : row + shape[0] // 3, column : column + 2] = 0.9
    return np.rint(x * pixel_max).astype(np.uint8)


@pytest.mark.parametrize(("shape", "pixel_max"), SHAPES)
@pytest.mark.parametrize("name", CorruptionName)
def test_each_severity_is_a_change_and_each_more_than_the_one_before(
    name: CorruptionName, shape: tuple[int, ...], pixel_max: int
) -> None:
    x = pictures(shape, pixel_max)
    np.testing.assert_array_equal(corrupt(x, name, 0, pixel_max=pixel_max, seed=1), x)
    distances = []
    for severity in SEVERITIES:
        changed = corrupt(x, name, severity, pixel_max=pixel_max, seed=1)
        assert changed.shape == x.shape
        assert changed.dtype == np.uint8
        assert changed.max() <= pixel_max
        distances.append(float(np.abs(changed.astype(float) - x).mean()) / pixel_max)
    assert distances[0] > 0.001
    assert distances == sorted(set(distances))


@pytest.mark.parametrize("name", CorruptionName)
def test_chance_comes_from_the_seed_alone(name: CorruptionName) -> None:
    x = np.repeat(pictures((8, 8), 16), 1 + BLOCK // 20, axis=0)
    assert len(x) > BLOCK
    whole = corrupt(x, name, 2, pixel_max=16, seed=3)
    np.testing.assert_array_equal(corrupt(x, name, 2, pixel_max=16, seed=3), whole)
    # Fewer pictures are the first of more.
    np.testing.assert_array_equal(corrupt(x[:100], name, 2, pixel_max=16, seed=3), whole[:100])
    other = corrupt(x, name, 2, pixel_max=16, seed=4)
    draws_nothing = name in ("brightness", "contrast", "blur", "invert", "jpeg")
    assert np.array_equal(other, whole) == draws_nothing
    # The second block has chance of its own.
    assert draws_nothing or not np.array_equal(whole[:20], whole[BLOCK : BLOCK + 20])


def test_a_shift_is_whole_pixels_where_its_share_of_the_side_is() -> None:
    x = pictures((28, 28), 255)
    changed = corrupt(x, CorruptionName.SHIFT, 3, pixel_max=255, seed=0)
    ways = [(down, right) for down in (-3, 0, 3) for right in (-3, 0, 3)]
    found = [
        next((way for way in ways if np.array_equal(moved(before, *way), after)), None)
        for before, after in zip(x, changed, strict=True)
    ]
    assert len(set(found)) > 4
    assert not {None, (0, 0)} & set(found)


def moved(picture: Pixels, down: int, right: int) -> Pixels:
    rows, columns = (np.clip(np.arange(28) - by, 0, 27) for by in (down, right))
    return picture[np.ix_(rows, columns)]


def test_the_negative_is_the_most_that_inverting_does() -> None:
    x = pictures((8, 8), 16)
    np.testing.assert_array_equal(corrupt(x, CorruptionName.INVERT, 5, pixel_max=16, seed=0), 16 - x)


def test_noise_has_the_size_that_the_table_says() -> None:
    x = np.full((50, 28, 28), 128, np.uint8)
    for severity in (1, 2, 3):
        changed = corrupt(x, CorruptionName.GAUSSIAN_NOISE, severity, pixel_max=255, seed=0).astype(float)
        expected = CORRUPTIONS[CorruptionName.GAUSSIAN_NOISE].parameter(severity)
        assert (changed - x).std() / 255 == pytest.approx(expected, rel=0.02)
        counted = corrupt(x, CorruptionName.SHOT_NOISE, severity, pixel_max=255, seed=0) / 255
        photons = CORRUPTIONS[CorruptionName.SHOT_NOISE].parameter(severity)
        assert counted.std() == pytest.approx((128 / 255 / photons) ** 0.5, rel=0.04)
        struck = corrupt(x, CorruptionName.IMPULSE_NOISE, severity, pixel_max=255, seed=0)
        share = CORRUPTIONS[CorruptionName.IMPULSE_NOISE].parameter(severity)
        assert (struck != x).mean() == pytest.approx(share, abs=0.02 * share**0.5)
        assert {*np.unique(struck).tolist()} == {0, 128, 255}


@pytest.mark.parametrize("shape", [(28, 28, 1), (30, 21, 3), (9, 8, 2)])
def test_many_pictures_in_one_file_are_what_each_is_in_its_own(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).integers(0, 256, (7, *shape)).astype(np.uint8)
    x[:4] = pictures(shape, 255, 4)
    together = through_jpeg(x, 20)
    for picture, came in zip(x, together, strict=True):
        layers = [picture] if shape[2] == 3 else [picture[..., [channel]] for channel in range(shape[2])]
        alone = []
        for layer in layers:
            file = io.BytesIO()
            image = Image.fromarray(layer[..., 0] if layer.shape[2] == 1 else layer)
            image.save(file, "JPEG", quality=20, subsampling=0)
            alone.append(np.asarray(Image.open(file)).reshape(layer.shape))
        np.testing.assert_array_equal(came, np.concatenate(alone, axis=2))


def test_more_pictures_than_one_file_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    x = pictures((8, 8, 1), 255, 24)
    whole = through_jpeg(x, 30)
    monkeypatch.setattr("normlab.training.robustness.jpeg._MAX_SIDE", 24)
    np.testing.assert_array_equal(through_jpeg(x, 30), whole)
