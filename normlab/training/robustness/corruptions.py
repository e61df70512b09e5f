"""``corrupt``: pictures as they would come from a worse camera, by seed.

What is done is in ``normlab.spec.robustness``; here is how. Each function takes values 0 to 1, float32 (n, height,
width, channels), and gives as many; the result is clipped and rounded to whole raw values, as a sensor does.

The same seed gives the same pictures in every process and whatever else is asked for: chance comes from a stream for
each corruption and block of ``BLOCK`` pictures, the same at all severities, so that a worse picture has more of the
same noise. Between machines and versions of NumPy, libm or libjpeg single values may differ by one level.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from normlab.spec.robustness import CORRUPTIONS, CorruptionName
from normlab.training.datasets.arrays import Pixels
from normlab.training.robustness.jpeg import through_jpeg
from normlab.training.robustness.warping import Warp, rotated, scaled, shifted
from normlab.training.seeds import Role, generator

BLOCK = 1000
"""Pictures that share a stream of chance. They are changed together, so it is also what is in memory at once."""
_BLUR_REACH = 3.0
"""Standard deviations after which the filter is cut off."""
_SMALL_SIDE = 28
"""The side in pixels for which the blur's parameters are."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Draws:
    """The chance of one block of pictures under one corruption."""

    seed: int
    corruption: CorruptionName
    block: int

    def of(self, purpose: str) -> np.random.Generator:
        """A stream of its own."""
        return generator(self.seed, Role.CORRUPTION, self.corruption, purpose, self.block)


_Change = Callable[[Floats, float, Draws], Floats]


def corrupt(
    pictures: Pixels, corruption: CorruptionName, severity: int, *, pixel_max: int, seed: int
) -> Pixels:
    """Corrupted copies of raw pictures (n, height, width[, channels]) uint8, 0 to ``pixel_max``.

    At severity 0 they are the pictures themselves.
    """
    if severity == 0:
        return pictures.copy()
    parameter, change = CORRUPTIONS[corruption].parameter(severity), _CHANGES[corruption]
    corrupted = np.empty(pictures.shape, np.uint8)
    for number, start in enumerate(range(0, len(pictures), BLOCK)):
        part = np.asarray(pictures[start : start + BLOCK])
        values = part.reshape(*part.shape[:3], -1).astype(np.float32) / np.float32(pixel_max)
        changed = change(values, parameter, Draws(seed, corruption, number))
        raw = np.rint(np.clip(changed, 0, 1) * np.float32(pixel_max))
        corrupted[start : start + BLOCK] = raw.reshape(part.shape)
    return corrupted


def _gaussian_noise(x: Floats, deviation: float, draws: Draws) -> Floats:
    noise = draws.of("values").standard_normal(x.shape, dtype=np.float32)
    noise *= np.float32(deviation)
    noise += x
    return noise


def _shot_noise(x: Floats, photons: float, draws: Draws) -> Floats:
    counted = draws.of("values").poisson(x * np.float32(photons))
    return counted.astype(np.float32) / np.float32(photons)


def _impulse_noise(x: Floats, share: float, draws: Draws) -> Floats:
    chance = draws.of("values").random(x.shape, dtype=np.float32)
    changed = np.where(chance < share / 2, np.float32(0), x)
    changed[chance >= 1 - share / 2] = 1
    return changed


def _brightness(x: Floats, added: float, _draws: Draws) -> Floats:
    return x + np.float32(added)


def _contrast(x: Floats, left: float, _draws: Draws) -> Floats:
    mean = x.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
    changed: Floats = mean + (x - mean) * np.float32(left)
    return changed


def _blur(x: Floats, pixels: float, _draws: Draws) -> Floats:
    deviation = pixels * max(1.0, min(x.shape[1:3]) / _SMALL_SIDE)
    reach = max(1, int(np.ceil(_BLUR_REACH * deviation)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    weights /= weights.sum()
    for axis in (1, 2):
        x = _filtered(x, weights.astype(np.float32), reach, axis)
    return x


def _filtered(x: Floats, weights: Floats, reach: int, axis: int) -> Floats:
    """One product after the other, not a matrix's, whose order of sums is each machine's own."""
    size = x.shape[axis]
    total = np.zeros_like(x)
    for place, weight in enumerate(weights):
        taken = np.clip(np.arange(size) + place - reach, 0, size - 1)
        total += weight * np.take(x, taken, axis=axis)
    return total


def _invert(x: Floats, threshold: float, _draws: Draws) -> Floats:
    return np.where(x >= np.float32(threshold), 1 - x, x)


def _occlusion(x: Floats, share: float, draws: Draws) -> Floats:
    hidden = np.ones((len(x), 1, 1), bool)
    for axis, name in ((1, "row"), (2, "column")):
        size = x.shape[axis]
        side = max(1, round(share * size))
        first = (draws.of(name).random(len(x)) * (size - side + 1)).astype(np.int64)[:, None]
        places = np.arange(size)
        along = (places >= first) & (places < first + side)
        hidden = hidden & np.expand_dims(along, 3 - axis)
    return np.where(hidden[..., None], np.float32(0.5), x)


def _warped(warps: Callable[[float, tuple[int, int]], tuple[Warp, ...]]) -> _Change:
    """Each picture by one of some warps, which one is drawn."""

    def change(x: Floats, parameter: float, draws: Draws) -> Floats:
        kinds = warps(parameter, (x.shape[1], x.shape[2]))
        drawn = draws.of("kind").integers(0, len(kinds), len(x))
        changed = np.empty_like(x)
        for number, warp in enumerate(kinds):
            changed[drawn == number] = warp(x[drawn == number])
        return changed

    return change


def _shifts(share: float, size: tuple[int, int]) -> tuple[Warp, ...]:
    return tuple(shifted(size, share * down, share * right) for down, right in _directions())


def _directions() -> Iterator[tuple[int, int]]:
    return ((down, right) for down, right in product((-1, 0, 1), repeat=2) if down or right)


def _rotations(degrees: float, size: tuple[int, int]) -> tuple[Warp, ...]:
    return rotated(size, degrees), rotated(size, -degrees)


def _scales(factor: float, size: tuple[int, int]) -> tuple[Warp, ...]:
    return scaled(size, factor), scaled(size, 1 / factor)


def _jpeg(x: Floats, quality: float, _draws: Draws) -> Floats:
    kept = through_jpeg(np.rint(x * np.float32(255)).astype(np.uint8), int(quality))
    return kept.astype(np.float32) / np.float32(255)


_CHANGES: Mapping[CorruptionName, _Change] = {
    CorruptionName.GAUSSIAN_NOISE: _gaussian_noise,
    CorruptionName.SHOT_NOISE: _shot_noise,
    CorruptionName.IMPULSE_NOISE: _impulse_noise,
    CorruptionName.BRIGHTNESS: _brightness,
    CorruptionName.CONTRAST: _contrast,
    CorruptionName.BLUR: _blur,
    CorruptionName.SHIFT: _warped(_shifts),
    CorruptionName.ROTATION: _warped(_rotations),
    CorruptionName.SCALE: _warped(_scales),
    CorruptionName.INVERT: _invert,
    CorruptionName.OCCLUSION: _occlusion,
    CorruptionName.JPEG: _jpeg,
}
