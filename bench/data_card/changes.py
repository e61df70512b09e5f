"""What becomes of a picture on its way from one part of a dataset to another."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from samples import Pictures

from normlab.spec.datasets import DatasetInfo

Change = Callable[[Pictures, DatasetInfo], Pictures]


def same(pictures: Pictures, info: DatasetInfo) -> Pictures:  # noqa: ARG001 - as all changes
    return pictures


def jpeg(quality: int) -> Change:
    def change(pictures: Pictures, info: DatasetInfo) -> Pictures:
        return np.array([_through_jpeg(picture, info.pixel_max, quality) for picture in pictures])

    return change


def _through_jpeg(picture: Pictures, pixel_max: int, quality: int) -> Pictures:
    file = io.BytesIO()
    Image.fromarray(np.rint(picture * (255 / pixel_max)).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.rint(np.asarray(Image.open(file)) * (pixel_max / 255)).astype(np.uint8)


def noise(deviation: float) -> Change:
    def change(pictures: Pictures, info: DatasetInfo) -> Pictures:
        rng = np.random.default_rng(len(pictures))
        noised = pictures + rng.normal(0, deviation * info.pixel_max / 255, pictures.shape)
        return np.clip(np.rint(noised), 0, info.pixel_max).astype(np.uint8)

    return change


def shift(down: int, right: int) -> Change:
    def change(pictures: Pictures, info: DatasetInfo) -> Pictures:  # noqa: ARG001 - as all changes
        height, width = pictures.shape[1:3]
        moved = np.zeros_like(pictures)
        moved[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = pictures[
            :, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
        ]
        return moved

    return change


def darker(pictures: Pictures, info: DatasetInfo) -> Pictures:  # noqa: ARG001 - as all changes
    return np.rint(pictures * 0.8).astype(np.uint8)


def smaller(pictures: Pictures, info: DatasetInfo) -> Pictures:  # noqa: ARG001 - as all changes
    """Halved and enlarged again, as a thumbnail is."""
    size = pictures.shape[2], pictures.shape[1]
    half = size[0] // 2, size[1] // 2
    return np.array(
        [
            np.asarray(
                Image.fromarray(picture)
                .resize(half, Image.Resampling.BOX)
                .resize(size, Image.Resampling.BICUBIC)
            )
            for picture in pictures
        ]
    )


CHANGES: dict[str, Change] = {
    "JPEG, quality 90": jpeg(90),
    "JPEG, quality 75": jpeg(75),
    "JPEG, quality 50": jpeg(50),
    "noise, deviation 2 of 255": noise(2),
    "noise, deviation 5": noise(5),
    "noise, deviation 10": noise(10),
    "0.8 of the brightness": darker,
    "halved and enlarged": smaller,
    "moved by 1 pixel": shift(0, 1),
    "moved by 1 and 1 pixels": shift(-1, 1),
    "moved by 2 pixels": shift(2, 0),
    "moved by 3 pixels": shift(0, -3),
}
