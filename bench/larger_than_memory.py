"""Training on uploaded data from memory, and with less memory than they have: samples a second, reads from the disk.

Makes a dataset of random pixels, once, and trains on it in processes of their own: without a limit, and in a control
group whose memory is smaller (only root may make one), there also without reading ahead. Nothing is in memory when a
process begins; of the second epoch all is, where there is room.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read when TensorFlow is imported

import numpy as np

from normlab.spec import DatasetContent, JobSpec, parse_job_spec
from normlab.training import read_ahead
from normlab.training.datasets import content_folder, decoded
from support.control_groups import memory_group

GIBIBYTE = 2**30
_CLASSES = 10
_BLOCK = 1_000


def make(folder: Path, shape: tuple[int, ...], gibibytes: float) -> DatasetContent:
    """Random pixels of this size in all, in their decoded form."""
    kept = folder / f"content-{'x'.join(map(str, shape))}-{gibibytes:g}.json"
    if kept.exists():
        return DatasetContent.model_validate_json(kept.read_text())
    samples = int(gibibytes * GIBIBYTE / np.prod(shape))
    draws = np.random.default_rng(1)
    partial = folder / "datasets" / "decoded" / ".made"
    partial.mkdir(parents=True, exist_ok=True)
    sizes = {"train": samples, "test": _BLOCK}
    for part, count in sizes.items():
        pixels = np.lib.format.open_memmap(partial / f"x_{part}.npy", "w+", np.uint8, (count, *shape))
        for start in range(0, count, _BLOCK):
            block = pixels[start : start + _BLOCK]
            block[:] = draws.integers(0, 256, block.shape, dtype=np.uint8)
        pixels.flush()
        np.save(partial / f"y_{part}.npy", draws.integers(0, _CLASSES, count, dtype=np.uint8))
    digest = decoded.finish(partial)
    partial.rename(content_folder(digest, folder / "datasets"))
    content = DatasetContent(
        digest=digest,
        shape=shape,
        classes=tuple(map(str, range(_CLASSES))),
        training_samples=samples,
        test_samples=_BLOCK,
        default_validation_samples=_BLOCK,
        pixel_max=255,
    )
    kept.write_text(content.model_dump_json())
    return content


def forget(content: DatasetContent, folder: Path) -> None:
    """Have the system drop what it keeps of the files."""
    for path in content_folder(content.digest, folder / "datasets").iterdir():
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(
    content: DatasetContent, folder: Path, network: str, limit: float | None, *, plain: bool = False
) -> dict[str, Any]:
    """Train in a process of its own, with so many GiB of memory; ``plain``: without reading ahead."""
    command = [sys.executable, __file__, "--child", "--data", str(folder), "--network", network]
    command += ["--plain"] if plain else []
    given = content.model_dump_json()
    forget(content, folder)
    if limit is None:
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    else:
        with memory_group(int(limit * GIBIBYTE)) as group:
            done = subprocess.run(
                group.command(command), input=given, capture_output=True, text=True, check=True
            )
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def job_spec(content: DatasetContent, network: str, *, epochs: int) -> JobSpec:
    """Of a network that learns nothing from noise, and so stays as it is; a preset's name, or layers in JSON."""
    return parse_job_spec({
        "architecture": {"layers": json.loads(network)} if network.startswith("[") else network,
        "dataset": {"name": "random", "version": 1, "content": content.model_dump(mode="json")},
        "training": {"epochs": epochs, "optimizer": {"name": "sgd", "learning_rate": 1e-6}},
        "probes": "off",
    })  # fmt: skip


def child(content: DatasetContent, folder: Path, network: str) -> None:
    """Train two epochs and print what each took."""
    from normlab.training import train  # noqa: PLC0415 - loads TensorFlow, in the child only

    spec = job_spec(content, network, epochs=2)
    result = train(spec, data_dir=folder)
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(
        json.dumps({
            "samples a second": [round(spec.dataset.trained_on / e.train_seconds) for e in result.history],
            "read MiB": _read_bytes() // 2**20,
            "major faults": resource.getrusage(resource.RUSAGE_SELF).ru_majflt,
            "anonymous MiB": int(status["RssAnon"].split()[0]) // 1024,
            "file MiB": int(status["RssFile"].split()[0]) // 1024,
        })
    )  # fmt: skip


def _read_bytes() -> int:
    """What this process had the disks read."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder for the data, which stay there")
    parser.add_argument("--shape", type=int, nargs="+", default=[96, 96, 3])
    parser.add_argument("--gib", type=float, default=3.0, help="of the pixels")
    parser.add_argument("--memory", type=float, default=1.5, help="GiB of the smaller memory")
    parser.add_argument("--network", default="cnn", help="a preset, or layers in JSON")
    parser.add_argument("--plain", action="store_true", help="never read ahead")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plain:
        read_ahead.SELDOM = 0
    if options.child:
        child(DatasetContent.model_validate_json(sys.stdin.read()), options.data, options.network)
        return
    content = make(options.data, tuple(options.shape), options.gib)
    for limit, plain in ((None, False), (options.memory, False), (options.memory, True)):
        found = measure(content, options.data, options.network, limit, plain=plain)
        memory = "no limit" if limit is None else f"{limit:g} GiB"
        print(f"{memory}{', without reading ahead' if plain else ''}: {found}", flush=True)


if __name__ == "__main__":
    main()
