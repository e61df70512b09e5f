"""Ten jobs by a service on this machine, beside the notebook's two runs; and how soon a warm child begins.

Five seeds of the notebook's two networks are posted to a service (``normlab up``) that is ready and has trained nothing
yet. Counted is from the first ``POST`` until the last job has ended, exports included; for the notebook only what its
own clock counts, the two calls of ``fit``. Beside it stands the pure training time, the jobs' epochs with their
validation, as if each child did nothing else all the time. Then one more job of a known kind is posted, several times,
to the idle service: how long after the ``POST`` its first epoch is stored, beside what compiling and that epoch took.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from normlab.client import Client
from normlab.local.service import LocalService
from training import start

ARMS = ("baseline", "batch_norm")
SEEDS = range(42, 47)
WARM_JOBS = 5
BAR = 1.10


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--probes", default="standard", choices=("standard", "off"))
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, {options.epochs} epochs a run, load {os.getloadavg()[0]:.1f} at the start")
    ratios, delays, beside_training = [], [], []
    for number in range(options.rounds):
        theirs = sum(notebook_seconds(arm, options.data, cores, options.epochs) for arm in ARMS)
        with service(options.data) as client:
            ours, training = ten_jobs_seconds(client, options.epochs, options.probes)
            delays += [warm_delay(client, number * WARM_JOBS + job) for job in range(WARM_JOBS)]
        ratios.append(ours / theirs)
        beside_training.append(ours * cores / training)
        print(
            f"round {number + 1}: the notebook's two runs {theirs:.1f} s, ten jobs {ours:.1f} s, "
            f"ratio {ratios[-1]:.2f}; {beside_training[-1]:.2f} times the pure training time on all cores",
            flush=True,
        )
    print(f"median ratio {median(ratios):.2f}")
    print(f"{median(beside_training):.2f} times the pure training time on all cores (bar: {BAR})")
    print(
        "a warm child stores its first epoch after POST, beyond compiling and the epoch: "
        f"median {median(delays):.2f} s, longest {max(delays):.2f} s"
    )


def notebook_seconds(arm: str, folder: Path, cores: int, epochs: int) -> float:
    """The notebook's ``fit`` of one network."""
    peer = start("notebook", arm, folder, cores)
    try:
        return sum(peer.run()["seconds"] for _ in range(epochs))
    finally:
        peer.process.kill()
        peer.process.communicate()


@contextmanager
def service(data: Path) -> Iterator[Client]:
    """A service of its own, ready to train, with the dataset's files where it looks for them."""
    with tempfile.TemporaryDirectory(prefix="normlab-bench-") as folder:
        (Path(folder) / "datasets").symlink_to((data / "datasets").resolve())
        with LocalService(Path(folder)) as local, Client(local.url) as client:
            # The API is ready before the children have imported TensorFlow: a job that ends at once, for each.
            first = [
                client.submit("baseline", dataset="digits", training={"epochs": 1, "seed": seed})
                for seed in range(len(os.sched_getaffinity(0)))
            ]
            for job in first:
                client.wait(job.id)
            yield client


def ten_jobs_seconds(client: Client, epochs: int, probes: str) -> tuple[float, float]:
    """Until all have ended, and what all their epochs took."""
    began = time.perf_counter()
    jobs = [
        client.submit(arm, training={"epochs": epochs, "seed": seed}, probes=probes)
        for seed in SEEDS
        for arm in ARMS
    ]
    ended = [client.wait(job.id) for job in jobs]
    assert all(job.result is not None for job in ended), "a job did not succeed"
    seconds = time.perf_counter() - began
    totals = [client.metrics(job.id).totals for job in ended]
    return seconds, sum(total.train_seconds + total.evaluate_seconds for total in totals)


def warm_delay(client: Client, seed: int) -> float:
    """Seconds from ``POST`` to the first epoch's row, less compiling, probing and the epoch itself."""
    job = client.wait(client.submit("baseline", training={"epochs": 1, "seed": seed}).id)
    first = client.metrics(job.id).epochs[0]
    assert job.timings is not None, "the job did not succeed"
    beside = (job.timings.compiling_seconds or 0.0) + (job.timings.probing_seconds or 0.0)
    stored_after = (first.recorded_at - job.created_at).total_seconds()
    return stored_after - beside - first.train_seconds - first.evaluate_seconds


if __name__ == "__main__":
    main()
