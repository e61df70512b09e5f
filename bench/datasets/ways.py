"""One way to read one file, measured in this process: ``python bench/datasets/ways.py WAY FILE`` prints JSON.

Each imports what it needs and nothing else, before the clock starts.
"""

# ruff: noqa: PLC0415 - what one way imports must not be in the memory of another

import gzip
import io
import json
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

PARTS = ("train", "test")
Way = Callable[[Path, Path], str | None]
"""Reads a file, with a folder for what it must write."""


def normlab() -> Way:
    from normlab.training.datasets.assembling import assemble
    from normlab.training.datasets.readers.base import ReadingOptions
    from normlab.training.datasets.readers.detect import open_reader
    from normlab.training.datasets.splitting import Splitting, ValidationPart

    first = Splitting(validation=ValidationPart.FIRST, validation_samples=10_000)
    return lambda path, folder: (
        assemble(open_reader(path, ReadingOptions()), folder / "decoded", splitting=first).digest
    )


def checked(arrays: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    for part, count in (("train", 60_000), ("test", 10_000)):
        x, y = arrays[part]
        if x.size != count * 784 or len(y) != count:
            raise SystemExit(f"{part} has {x.shape}")


def pillow_loop() -> Way:
    from PIL import Image

    def way(path: Path, _: Path) -> None:
        read: dict[str, tuple[list[np.ndarray], list[int]]] = {part: ([], []) for part in PARTS}
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                part, label, _ = name.split("/")
                read[part][0].append(np.asarray(Image.open(io.BytesIO(archive.read(name)))))
                read[part][1].append(int(label))
        checked({part: (np.stack(x), np.array(y)) for part, (x, y) in read.items()})

    return way


def image_dataset() -> Way:
    import tensorflow as tf

    def way(path: Path, folder: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        arrays = {}
        for part in PARTS:
            files = tf.keras.utils.image_dataset_from_directory(
                folder / part,
                color_mode="grayscale",
                image_size=(28, 28),
                batch_size=256,
                shuffle=False,
                verbose=False,
            )
            batches = [(x.numpy().astype(np.uint8), y.numpy()) for x, y in files]
            arrays[part] = np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches])
        checked(arrays)

    return way


def pandas_csv() -> Way:
    import pandas as pd

    def way(path: Path, _: Path) -> None:
        arrays = {}
        with zipfile.ZipFile(path) as archive:
            for part in PARTS:
                with archive.open(f"{part}.csv") as file:
                    frame = pd.read_csv(file)
                arrays[part] = frame.drop(columns="label").to_numpy(np.uint8), frame["label"].to_numpy()
        checked(arrays)

    return way


def loadtxt() -> Way:
    def way(path: Path, _: Path) -> None:
        arrays = {}
        with zipfile.ZipFile(path) as archive:
            for part in PARTS:
                with archive.open(f"{part}.csv") as file:
                    values = np.loadtxt(file, np.uint8, delimiter=",", skiprows=1)
                arrays[part] = values[:, 1:], values[:, 0]
        checked(arrays)

    return way


def numpy_load() -> Way:
    def way(path: Path, _: Path) -> None:
        with np.load(path) as arrays:
            checked({part: (arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in PARTS})

    return way


def gzip_frombuffer() -> Way:
    def way(path: Path, _: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            arrays = {}
            for part, word in (("train", "train"), ("test", "t10k")):
                x, y = (
                    np.frombuffer(
                        gzip.decompress(archive.read(f"{word}-{kind}-ubyte.gz")), np.uint8, offset=offset
                    )
                    for kind, offset in (("images-idx3", 16), ("labels-idx1", 8))
                )
                arrays[part] = x, y
        checked(arrays)

    return way


def read_table() -> Way:
    import pyarrow.parquet as pq

    def way(path: Path, _: Path) -> None:
        arrays = {}
        for part, columns in shards(path, pq):
            pixels = [columns.column(f"pixel{number + 1}").to_numpy() for number in range(784)]
            arrays[part] = np.column_stack(pixels), columns.column("label").to_numpy()
        checked(arrays)

    return way


def read_table_and_pillow() -> Way:
    import pyarrow.parquet as pq
    from PIL import Image

    def way(path: Path, _: Path) -> None:
        arrays = {}
        for part, columns in shards(path, pq):
            files = columns.column("image").to_pylist()
            pictures = np.stack([np.asarray(Image.open(io.BytesIO(file["bytes"]))) for file in files])
            arrays[part] = pictures, columns.column("label").to_numpy()
        checked(arrays)

    return way


def shards(path: Path, pq: Any) -> Iterator[tuple[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        for part in PARTS:
            yield part, pq.read_table(io.BytesIO(archive.read(f"data/{part}-00000-of-00001.parquet")))


WAYS: dict[str, Callable[[], Way]] = {
    "normlab": normlab,
    "zipfile and Pillow": pillow_loop,
    "image_dataset_from_directory": image_dataset,
    "pandas": pandas_csv,
    "numpy.loadtxt": loadtxt,
    "numpy.load": numpy_load,
    "gzip and numpy.frombuffer": gzip_frombuffer,
    "pyarrow's read_table": read_table,
    "read_table and Pillow": read_table_and_pillow,
}


def measure(way: str, path: Path) -> None:
    """Print what one way takes."""
    prepared = WAYS[way]()
    before = peak()
    wall, cpu = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        digest = prepared(path, Path(folder))
        result = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "digest": digest}
    print(json.dumps(result | {"peak": peak(), "beyond": peak() - before}))


def peak() -> float:
    """The largest resident set of this process so far, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    measure(sys.argv[1], Path(sys.argv[2]))
