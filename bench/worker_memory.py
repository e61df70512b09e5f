"""What a worker with two children holds after both have trained on Fashion-MNIST, what they share counted once.

The sum of the proportional set sizes (PSS, proc_pid_smaps(5)) of its main process and its children. With ``--old``
beside another build's.
"""

import argparse
import os
from pathlib import Path

from whole_service import REPOSITORY, whole_service

CHILDREN = 2
BAR = 0.65


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--old", type=Path, help="the checkout of another build")
    parser.add_argument("--architecture", default="baseline")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} at the start")
    held = [
        mebibytes(checkout, options.data, options.architecture)
        for checkout in filter(None, (options.old, REPOSITORY))
    ]
    if options.old:
        print(f"ratio {held[1] / held[0]:.2f} (bar: {BAR})")


def mebibytes(checkout: Path, data: Path, architecture: str) -> float:
    """The sum for a build, in MiB."""
    with whole_service(checkout, data, processes=CHILDREN) as service:
        service.wait_until_idle()
        before = service.worker_pss()
        # Handed in together, so that each child takes one.
        jobs = [service.submit(architecture, epochs=2, seed=seed) for seed in range(CHILDREN)]
        for job in jobs:
            service.wait(f"/jobs/{job}")
        service.wait_until_idle()
        after = service.worker_pss()
        each = ", ".join(
            f"{process.memory_full_info().pss / 2**20:.0f}" for process in [service.worker, *service.children]
        )
    print(
        f"{checkout}: {before:.0f} MiB before any job, {after:.0f} MiB after {CHILDREN} jobs ({each})",
        flush=True,
    )
    return after


if __name__ == "__main__":
    main()
