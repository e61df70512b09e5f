"""Seconds and memory to bring Fashion-MNIST (70,000 pictures) from each format, beside the plainest way.

Every measurement is a process of its own, one after another, in rounds. Normlab's ends with the decoded form on disk,
which all jobs map, and its digest is that of the built-in dataset; a plain way ends with arrays in memory. Seconds go
from when the libraries are imported to the end, without making the files. Memory is the process's peak (VmHWM), whole
and beyond what it held after its imports. The plain ways: a loop over zipfile and Pillow;
``image_dataset_from_directory`` of the extracted zip, its batches joined; pandas (with ``--pandas VERSION``, in a
temporary environment) or ``numpy.loadtxt``; ``numpy.load``; pyarrow's ``read_table``.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from files import Arrays, write_csv, write_idx, write_images, write_npz, write_parquet, write_pngs

from normlab.training.datasets import arrays as parts
from normlab.training.datasets.loading import load

KEYS = ("seconds", "cpu", "peak", "beyond")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--pandas", metavar="VERSION", help="install pandas of this version in a temporary environment"
    )
    parser.add_argument("--only", nargs="*", help="formats, by the beginning of their names")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} at the start, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        python = environment(folder, options.pandas) if options.pandas else sys.executable
        arrays, digest = fashion_mnist(options.data)
        for name, (write, ways) in FORMATS.items():
            if options.only and not name.startswith(tuple(options.only)):
                continue
            path = folder / name.replace(" ", "_")
            write(path, arrays)
            pythons = {way: python if way == "pandas" else sys.executable for way in ("normlab", *ways)}
            if not options.pandas:
                pythons.pop("pandas", None)
            compare(name, path, pythons, rounds=options.rounds, digest=digest)
            path.unlink()


def compare(name: str, path: Path, pythons: dict[str, str], *, rounds: int, digest: str) -> None:
    """Print what each way takes; ``pythons`` has the interpreter of each, Normlab's first."""
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in pythons}
    for _ in range(rounds):
        for way, results in found.items():
            results.append(run(pythons[way], way, path))
    if any(result["digest"] != digest for result in found["normlab"]):
        raise SystemExit(f"{name}: the digest is not that of the built-in dataset")
    print(f"\n{name}, {path.stat().st_size / 2**20:.0f} MiB")
    middle = {
        way: {key: statistics.median(each[key] for each in results) for key in KEYS}
        for way, results in found.items()
    }
    ours = middle["normlab"]
    for way, result in middle.items():
        print(
            f"  {way:29} {result['seconds']:6.2f} s (CPU {result['cpu']:6.2f} s), peak {result['peak']:5.0f} MiB, "
            f"{result['beyond']:5.0f} beyond imports"
        )
        if way != "normlab":
            print(
                f"    Normlab: {result['seconds'] / ours['seconds']:.1f} times as fast, "
                f"{ours['peak'] / result['peak']:.2f} of the memory, "
                f"{ours['beyond'] / max(result['beyond'], 1):.2f} beyond imports",
                flush=True,
            )


def run(python: str, way: str, path: Path) -> dict[str, Any]:
    command = [python, str(Path(__file__).with_name("ways.py")), way, str(path)]
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=quiet)
    if done.returncode:
        raise SystemExit(f"{way} {path.name}: {done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def environment(folder: Path, version: str) -> str:
    """The Python of a temporary environment with pandas and pyarrow."""
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, f"pandas=={version}", "pyarrow"], check=True)
    return str(python)


def fashion_mnist(data: Path) -> tuple[Arrays, str]:
    """The built-in dataset and the digest of its content."""
    dataset = load("fashion_mnist", data / "datasets")
    found = parts.Arrays(*(np.asarray(getattr(dataset, field)) for field in parts.Arrays._fields))
    return found._asdict(), parts.content_digest(found)


FORMATS: dict[str, tuple[Callable[[Path, Arrays], None], list[str]]] = {
    "PNG in a zip": (write_pngs, ["zipfile and Pillow", "image_dataset_from_directory"]),
    "CSV in a zip": (write_csv, ["pandas", "numpy.loadtxt"]),
    "npz": (write_npz, ["numpy.load"]),
    "IDX in a zip": (write_idx, ["gzip and numpy.frombuffer"]),
    "Parquet of pixels in a zip": (write_parquet, ["pyarrow's read_table"]),
    "Parquet of PNG in a zip": (write_images, ["read_table and Pillow"]),
}

if __name__ == "__main__":
    main()
