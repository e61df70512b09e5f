"""Pictures moved, turned, mirrored and cut. Pictures are (batch, height, width, channels)."""

from math import pi

import tensorflow as tf

from normlab.spec.augmentation import Crop, Cutout, Flip, Rotation, Shift
from normlab.training.augmentation.draws import Draws

_HEIGHT, _WIDTH = 1, 2


def flip(asked: Flip, pictures: tf.Tensor, draws: Draws) -> tf.Tensor:
    """Mirror half of them along each axis that is asked for."""
    for number, (word, axis) in enumerate((("horizontal", _WIDTH), ("vertical", _HEIGHT))):
        if word in asked.mode:
            mirrored = _each(draws.uniform(number) < 0.5)
            pictures = tf.where(mirrored, tf.reverse(pictures, [axis]), pictures)
    return pictures


def shift(asked: Shift, pictures: tf.Tensor, draws: Draws) -> tf.Tensor:
    """Move them by parts of pixels."""
    height, width = pictures.shape[_HEIGHT], pictures.shape[_WIDTH]
    down = draws.uniform(0, -asked.height_factor * height, asked.height_factor * height)
    right = draws.uniform(1, -asked.width_factor * width, asked.width_factor * width)
    rows, columns = _grid(pictures)
    return _sampled(pictures, rows - down[:, None, None], columns - right[:, None, None])


def rotation(asked: Rotation, pictures: tf.Tensor, draws: Draws) -> tf.Tensor:
    """Turn them about their middle."""
    largest = asked.degrees * pi / 180
    angle = draws.uniform(0, -largest, largest)[:, None, None]
    rows, columns = _grid(pictures)
    middle_row, middle_column = (pictures.shape[_HEIGHT] - 1) / 2, (pictures.shape[_WIDTH] - 1) / 2
    y, x = rows - middle_row, columns - middle_column
    cosine, sine = tf.cos(angle), tf.sin(angle)
    return _sampled(pictures, middle_row + sine * x + cosine * y, middle_column + cosine * x - sine * y)


def crop(asked: Crop, pictures: tf.Tensor, draws: Draws) -> tf.Tensor:
    """Cut a window of the same size out of the pictures with their margin."""
    margin = [[0, 0], [asked.padding] * 2, [asked.padding] * 2, [0, 0]]
    height, width = pictures.shape[_HEIGHT], pictures.shape[_WIDTH]
    pictures = tf.pad(pictures, margin, mode=asked.fill_mode.upper())
    for number, (axis, size) in enumerate(((_HEIGHT, height), (_WIDTH, width))):
        begin = draws.whole(number, 2 * asked.padding + 1)
        pictures = tf.gather(pictures, begin[:, None] + tf.range(size), axis=axis, batch_dims=1)
    return pictures


def cutout(asked: Cutout, pictures: tf.Tensor, draws: Draws) -> tf.Tensor:
    """Make a square black."""
    inside = []
    for number, axis in enumerate((_HEIGHT, _WIDTH)):
        size = pictures.shape[axis]
        begin = draws.whole(number, size)[:, None] - asked.size // 2
        inside.append((tf.range(size) >= begin) & (tf.range(size) < begin + asked.size))
    rows, columns = inside
    return tf.where((rows[:, :, None] & columns[:, None, :])[..., None], tf.zeros_like(pictures), pictures)


def _each(values: tf.Tensor) -> tf.Tensor:
    """A value for each picture (batch,) in a form that goes with pictures."""
    return values[:, None, None, None]


def _grid(pictures: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The row and the column of each pixel: (1, height, width) each."""
    rows, columns = (tf.range(pictures.shape[axis]) for axis in (_HEIGHT, _WIDTH))
    grid = tf.meshgrid(tf.cast(rows, pictures.dtype), tf.cast(columns, pictures.dtype), indexing="ij")
    return grid[0][None], grid[1][None]


def _sampled(pictures: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """The pictures' values at places between their pixels (batch, height, width): bilinear, and 0 outside."""
    batch, height, width, channels = pictures.shape
    flat = tf.reshape(pictures, (batch, height * width, channels))
    top, left = tf.floor(rows), tf.floor(columns)
    result = tf.zeros_like(flat)
    for row, row_share in ((top, top + 1 - rows), (top + 1, rows - top)):
        for column, column_share in ((left, left + 1 - columns), (left + 1, columns - left)):
            there = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            share = tf.where(there, row_share * column_share, tf.zeros_like(row))
            place = tf.cast(tf.where(there, row * width + column, tf.zeros_like(row)), tf.int32)
            shape = (batch, height * width)
            result += tf.reshape(share, shape)[..., None] * tf.gather(
                flat, tf.reshape(place, shape), batch_dims=1
            )
    return tf.reshape(result, pictures.shape)
