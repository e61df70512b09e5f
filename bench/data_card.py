"""What a data card finds: faults planted into real pictures, false alarms on healthy ones, seconds and peak memory.

A row of the first table plants one fault into Fashion-MNIST or digits, whose parts are drawn anew (so that the test
part of digits is not by other writers), some times, and counts how often it is found, and what else is.
"""

import argparse
import io
import multiprocessing
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_sample_images

from normlab.spec.datasets import DATASETS, DatasetInfo, DatasetName
from normlab.training.datasets.card import drift, near_duplicates
from normlab.training.datasets.card.making import make_card
from normlab.training.datasets.card.moments import Moments
from normlab.training.datasets.card.parts import Parts
from normlab.training.datasets.card.same_pictures import SamePictures
from normlab.training.datasets.loading import load

Pictures = npt.NDArray[np.uint8]
MEBIBYTE = 2**20


@dataclass
class Data:
    """Arrays of a dataset, in memory, that a fault may change."""

    x_train: Pictures
    y_train: Pictures
    x_test: Pictures
    y_test: Pictures
    info: DatasetInfo

    def codes(self) -> set[str]:
        """What its card finds, but for what is true of both datasets as they are."""
        of_both = {"nearly_constant_inputs"}
        return {finding.code for finding in make_card(self, self.info).document.findings} - of_both


def drawn(name: DatasetName, folder: Path, rng: np.random.Generator, samples: int) -> Data:
    """Some samples of a dataset in parts that were drawn, a sixth for testing."""
    data = load(name, folder)
    x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    order = rng.permutation(len(x))[:samples]
    test = len(order) // 6
    validation = len(order) // 12
    info = DATASETS[name].model_copy(
        update={
            "training_samples": len(order) - test,
            "test_samples": test,
            "default_validation_samples": validation,
        }
    )
    x, y = x[order], y[order]
    return Data(x[test:].copy(), y[test:].copy(), x[:test].copy(), y[:test].copy(), info)


Fault = Callable[[Data, np.random.Generator], None]


def _leak(share: float, change: Callable[[Pictures, DatasetInfo], Pictures]) -> Fault:
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


def _scaled(data: Data, rng: np.random.Generator) -> None:  # noqa: ARG001 - as all faults
    data.x_train //= 5
    data.x_test //= 5


def same(pictures: Pictures, info: DatasetInfo) -> Pictures:  # noqa: ARG001 - as all changes
    return pictures


def jpeg(quality: int) -> Callable[[Pictures, DatasetInfo], Pictures]:
    def change(pictures: Pictures, info: DatasetInfo) -> Pictures:
        return np.array([_through_jpeg(picture, info.pixel_max, quality) for picture in pictures])

    return change


def _through_jpeg(picture: Pictures, pixel_max: int, quality: int) -> Pictures:
    file = io.BytesIO()
    Image.fromarray(np.rint(picture * (255 / pixel_max)).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.rint(np.asarray(Image.open(file)) * (pixel_max / 255)).astype(np.uint8)


def noise(deviation: float) -> Callable[[Pictures, DatasetInfo], Pictures]:
    def change(pictures: Pictures, info: DatasetInfo) -> Pictures:
        rng = np.random.default_rng(len(pictures))
        noised = pictures + rng.normal(0, deviation * info.pixel_max / 255, pictures.shape)
        return np.clip(np.rint(noised), 0, info.pixel_max).astype(np.uint8)

    return change


def shift(down: int, right: int) -> Callable[[Pictures, DatasetInfo], Pictures]:
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
    "5 % copies in test, JPEG 75": ("test_nearly_in_training", _leak(0.05, jpeg(75))),
}

CHANGES: dict[str, Callable[[Pictures, DatasetInfo], Pictures]] = {
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


def copies(folder: Path, count: int) -> Iterator[str]:
    """Of changed copies in the test part, how many are found; and how many test pictures are as they are."""
    kinds = {
        "Fashion-MNIST": load(DatasetName.FASHION_MNIST, folder),
        "digits": load(DatasetName.DIGITS, folder),
    }
    data = {
        title: Data(kind.x_train, kind.y_train, kind.x_test, kind.y_test, DATASETS[DatasetName(kind.name)])
        for title, kind in kinds.items()
    }
    data["pieces of photographs"] = photographs()
    yield f"| copies in the test part | {' | '.join(data)} |"
    yield f"| --- |{' --- |' * len(data)}"
    yield f"| none | {' | '.join(_share(one, 0) for one in data.values())} |"
    for title, change in CHANGES.items():
        cells = []
        for one in data.values():
            planted = min(count, len(one.x_test) // 2)
            source = np.random.default_rng(0).choice(len(one.x_train), planted, replace=False)
            x_test = one.x_test.copy()
            x_test[:planted] = change(one.x_train[source], one.info)
            cells.append(_share(replace(one, x_test=x_test), planted))
        yield f"| {title} | {' | '.join(cells)} |"


def _share(data: Data, planted: int) -> str:
    found = near_pairs(data)
    if planted:
        return f"{np.count_nonzero(found < planted):,} of {planted:,}"
    return f"{len(found):,} of {len(data.x_test):,} as they are"


def near_pairs(data: Data) -> npt.NDArray[np.int64]:
    """The test pictures that have a near duplicate or an exact one, by their places in the test part."""
    parts = Parts(data, data.info)
    same_pictures, near = SamePictures(parts.samples), near_duplicates.NearDuplicates(parts.samples)
    for block in parts.blocks():
        same_pictures.add(block)
        near.add(block)
    groups = same_pictures.groups()
    queries, _, _ = near.pairs(parts, groups)
    in_test = np.arange(parts.samples) >= parts.in_training_array
    return np.concatenate([queries, groups.also_in(in_test, ~in_test)]) - parts.in_training_array


def photographs() -> Data:
    """Pieces of scikit-learn's two photographs, 32 by 32 in colour, half of each over its neighbour."""
    side, step = 32, 16
    pieces = np.array(
        [
            photograph[top : top + side, left : left + side]
            for photograph in load_sample_images().images
            for top in range(0, photograph.shape[0] - side, step)
            for left in range(0, photograph.shape[1] - side, step)
        ]
    )
    pieces = pieces[np.random.default_rng(0).permutation(len(pieces))]
    test, labels = len(pieces) // 6, np.zeros(len(pieces), np.uint8)
    info = DATASETS[DatasetName.CIFAR10].model_copy(update={"default_validation_samples": 0})
    return Data(pieces[test:], labels[test:], pieces[:test], labels[:test], info)


def splits(folder: Path, times: int) -> Iterator[str]:
    """How often parts that were drawn from digits are said to differ, and how far the worst cell is apart."""
    data = load(DatasetName.DIGITS, folder)
    x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    rows = np.column_stack([x.reshape(len(x), -1), x.reshape(len(x), -1).std(axis=1)]).astype(np.float64)
    rng = np.random.default_rng(0)
    worst, effects, shares = [], [], []
    for _ in range(times):
        order = rng.permutation(len(rows))
        test, training = Moments(rows.shape[1]), Moments(rows.shape[1])
        test.add(rows[order[:360]])
        training.add(rows[order[360:]])
        effect, p_values = drift.means_differ(training, test)
        worst.append(p_values.min() * len(p_values))
        effects.append(np.abs(effect).max())
        counts = [np.bincount(y[part], minlength=10).astype(float) for part in (order[360:], order[:360])]
        shares.append(drift.shares_differ(*counts)[1])
    for title, p_values in (("means of cells", np.array(worst)), ("shares of classes", np.array(shares))):
        below = ", ".join(f"{np.mean(p_values < level):.5f} below {level:g}" for level in (1e-2, 1e-3, 1e-4))
        yield f"{title}, {times:,} parts drawn from digits: {below}; least p value {p_values.min():.1e}"
    yield f"the largest effect of a cell: median {np.median(effects):.2f}, largest {max(effects):.2f}"


@dataclass
class Cost:
    """What a card takes."""

    samples: int
    seconds: float
    processor: float
    memory: float
    """MiB of its own beyond what the process had before; the arrays are mapped, so they do not count."""


def _measured(folder: Path, times: int, connection: Connection) -> None:
    """Of Fashion-MNIST once, or so many times, moved a little otherwise each time."""
    data: Any = load(DatasetName.FASHION_MNIST, folder)
    info = DATASETS[DatasetName.FASHION_MNIST]
    with tempfile.TemporaryDirectory() as scratch:
        if times > 1:
            data = _enlarged(data, times, Path(scratch), info)
        before, peak, done = _own_memory(), [0.0], threading.Event()

        def watch() -> None:
            while not done.wait(0.02):
                peak[0] = max(peak[0], _own_memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        start, processor = time.perf_counter(), time.process_time()
        make_card(data, info)
        cost = Cost(
            len(data.x_train) + len(data.x_test),
            time.perf_counter() - start,
            time.process_time() - processor,
            peak[0] - before,
        )
        done.set()
        watcher.join()
        connection.send(cost)


def _enlarged(data: Any, times: int, scratch: Path, info: DatasetInfo) -> Data:
    arrays = {}
    for part in ("x_train", "x_test"):
        source = getattr(data, part)
        shape = (times * len(source), *source.shape[1:])
        mapped = np.lib.format.open_memmap(scratch / f"{part}.npy", "w+", np.uint8, shape)
        for number in range(times):
            moved = np.roll(source, (number % 4 - 2, number // 4 - 2), axis=(1, 2))
            mapped[number * len(source) : (number + 1) * len(source)] = moved
        mapped.flush()
        del mapped
        arrays[part] = np.load(scratch / f"{part}.npy", mmap_mode="r")
    return Data(
        arrays["x_train"],
        np.tile(data.y_train, times),
        arrays["x_test"],
        np.tile(data.y_test, times),
        info,
    )


def _own_memory() -> float:
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1]) / 1024


def costs(folder: Path, sizes: tuple[int, ...]) -> Iterator[str]:
    yield "| pictures | seconds | core-seconds | memory beyond the mapped arrays |"
    yield "| --- | --- | --- | --- |"
    context = multiprocessing.get_context("spawn")
    for times in sizes:
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(target=_measured, args=(folder, times, sending))
        process.start()
        cost = receiving.recv()
        process.join()
        yield f"| {cost.samples:,} | {cost.seconds:.1f} | {cost.processor:.1f} | {cost.memory:.0f} MiB |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of datasets")
    parser.add_argument("--times", type=int, default=20, help="how often each fault is planted")
    parser.add_argument("--samples", type=int, default=6_000, help="of Fashion-MNIST in the table of faults")
    parser.add_argument(
        "--splits", type=int, default=20_000, help="how often digits are split for false alarms"
    )
    parser.add_argument("--only", choices=("faults", "copies", "splits", "costs"))
    options = parser.parse_args()
    tables: dict[str, Callable[[], Iterator[str]]] = {
        "faults": lambda: faults(options.data, options.times, options.samples),
        "copies": lambda: copies(options.data, 1_000),
        "splits": lambda: splits(options.data, options.splits),
        "costs": lambda: costs(options.data, (1, 15)),
    }
    for title, table in tables.items():
        if options.only in (None, title):
            print(*table(), "", sep="\n", flush=True)


if __name__ == "__main__":
    main()
