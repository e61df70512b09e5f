"""Faults planted into real pictures: how often they are found, and what else is."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from changes import Change, jpeg, same
from samples import Data, drawn

from normlab.spec.datasets import DatasetName

Fault = Callable[[Data, np.random.Generator], None]


def _leak(share: float, change: Change) -> Fault:
    def plant(data: Data, rng: np.random.Generator) -> None:
        count = max(1, round(share * len(data.x_test)))
        to = rng.choice(len(data.x_test), count, replace=False)
        source = rng.choice(len(data.x_train), count, replace=False)
        data.x_test[to], data.y_test[to] = change(data.x_train[source], data.info), data.y_train[source]

    return plant


def _nothing(data: Data, rng: np.random.Generator) -> None:
    pass


def _two_labels(data: Data, rng: np.random.Generator) -> None:
    one, other = rng.choice(len(data.x_train), 2, replace=False)
    data.x_train[one] = data.x_train[other]
    data.y_train[one] = (data.y_train[other] + 1) % 10


def _missing(data: Data, rng: np.random.Generator) -> None:
    label = rng.integers(10)
    data.y_test[data.y_test == label] = (label + 1) % 10


def _thinned(left: float) -> Fault:
    def plant(data: Data, rng: np.random.Generator) -> None:
        label = rng.integers(10)
        for part in ("train", "test"):
            x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
            keep = (y != label) | (rng.random(len(y)) < left)
            setattr(data, f"x_{part}", x[keep])
            setattr(data, f"y_{part}", y[keep])

    return plant


def _inverted_class(data: Data, rng: np.random.Generator) -> None:
    label = rng.integers(10)
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        x[y == label] = data.info.pixel_max - x[y == label]


def _inverted_test(data: Data, rng: np.random.Generator) -> None:  # noqa: ARG001 - as all faults
    data.x_test[:] = data.info.pixel_max - data.x_test


def _inverted_some(data: Data, rng: np.random.Generator) -> None:
    some = rng.choice(len(data.x_train), max(1, len(data.x_train) // 100), replace=False)
    data.x_train[some] = data.info.pixel_max - data.x_train[some]


def _darker_test(data: Data, rng: np.random.Generator) -> None:  # noqa: ARG001 - as all faults
    data.x_test[:] = data.x_test * 0.7


def _other_shares(data: Data, rng: np.random.Generator) -> None:
    label = rng.integers(10)
    keep = (data.y_test != label) | (rng.random(len(data.y_test)) < 0.1)
    data.x_test, data.y_test = data.x_test[keep], data.y_test[keep]


def _transposed(data: Data, rng: np.random.Generator) -> None:  # noqa: ARG001 - as all faults
    data.x_train, data.x_test = data.x_train.transpose(0, 2, 1).copy(), data.x_test.transpose(0, 2, 1).copy()


def _scaled(data: Data, rng: np.random.Generator) -> None:  # noqa: ARG001 - as all faults
    data.x_train //= 5
    data.x_test //= 5


FAULTS: dict[str, tuple[str, Fault]] = {
    "nothing": ("", _nothing),
    "one test picture in training": ("test_in_training", _leak(0, same)),
    "2 % of the test pictures in training": ("test_in_training", _leak(0.02, same)),
    "one picture with two labels": ("same_picture_two_labels", _two_labels),
    "a class missing from the test part": ("class_missing_from_test", _missing),
    "a class with a fifth of its samples": ("imbalance", _thinned(0.2)),
    "a class with a twentieth of its samples": ("imbalance", _thinned(0.05)),
    "a class with a hundredth of its samples": ("class_smaller_than_batch", _thinned(0.01)),
    "an inverted class": ("inverted_class", _inverted_class),
    "an inverted test part": ("inverted_part", _inverted_test),
    "1 % inverted pictures": ("inverted_pictures", _inverted_some),
    "a test part at 0.7 of its brightness": ("parts_differ", _darker_test),
    "nine tenths of a class left out of the test part": ("class_shares_differ", _other_shares),
    "pixels divided by five": ("range_hardly_used", _scaled),
    "all pictures transposed": ("pictures_lie_on_their_side", _transposed),
    "5 % copies in test, JPEG 75": ("test_nearly_in_training", _leak(0.05, jpeg(75))),
}


def faults(folder: Path, times: int, samples: int) -> Iterator[str]:
    yield "| planted | finding | fashion_mnist: hits, other findings | digits: hits, other findings |"
    yield "| --- | --- | --- | --- |"
    sizes = {DatasetName.FASHION_MNIST: samples, DatasetName.DIGITS: 1_797}
    for title, (code, plant) in FAULTS.items():
        cells = []
        for name, size in sizes.items():
            hits, others = 0, Counter[str]()
            for seed in range(times):
                rng = np.random.default_rng(seed)
                data = drawn(name, folder, rng, size)
                plant(data, rng)
                found = data.codes()
                hits += code in found
                others.update(found - {code})
            told = ", ".join(f"{what} {count}" for what, count in others.items()) or "none"
            cells.append(f"{hits} of {times}; {told}" if code else told)
        yield f"| {title} | {f'`{code}`' if code else ''} | {' | '.join(cells)} |"
