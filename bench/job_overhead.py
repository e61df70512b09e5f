"""What a job costs its worker's child beside its epochs: start, load, evaluate, export, store; its share of ten epochs.

The processor time of a child that has trained the kind before, from the ``POST`` until it rests again, is taken for
jobs of one epoch and of ten, in turns. An epoch is a ninth of their difference; the overhead is what a job of one takes
beyond an epoch. With ``--old`` another build takes its turns beside this one.
"""

import argparse
import os
import time
from pathlib import Path
from statistics import median

from whole_service import REPOSITORY, WholeService, whole_service

EPOCHS = 10
BAR = 0.07
AFTER_SECONDS = 1.0
"""A child has stored and told everything so long after its job has ended."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--old", type=Path, help="the checkout of another build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--architecture", default="baseline")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} at the start")
    for checkout in filter(None, (options.old, REPOSITORY)):
        with whole_service(checkout, options.data, processes=1) as service:
            service.wait_until_idle()
            taken: dict[int, list[float]] = {1: [], EPOCHS: []}
            job_seconds(service, options.architecture, 1, seed=0)  # compiles
            for number in range(options.rounds):
                for epochs, seconds in taken.items():
                    seconds.append(
                        job_seconds(service, options.architecture, epochs, seed=10 * number + epochs)
                    )
        one, ten = (median(seconds) for seconds in taken.values())
        epoch = (ten - one) / (EPOCHS - 1)
        share = (one - epoch) / ten
        print(
            f"{'old' if checkout == options.old else 'this'} build: a job of {EPOCHS} epochs {ten:.2f} core-seconds, "
            f"an epoch {epoch:.3f}, beside them {one - epoch:.3f}: {share:.1%} of the job (bar: {BAR:.0%})",
            flush=True,
        )


def job_seconds(service: WholeService, architecture: str, epochs: int, *, seed: int) -> float:
    """Core-seconds of the worker for one job."""
    before = service.worker_cpu_seconds()
    service.wait(f"/jobs/{service.submit(architecture, epochs=epochs, seed=seed)}")
    time.sleep(AFTER_SECONDS)
    return service.worker_cpu_seconds() - before


if __name__ == "__main__":
    main()
