"""Seconds and memory of a data card."""

import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from samples import Data

from normlab.spec.datasets import DATASETS, DatasetInfo, DatasetName
from normlab.training.datasets.card.making import make_card
from normlab.training.datasets.loading import load


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
