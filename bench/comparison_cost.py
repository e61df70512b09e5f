"""What the demo's comparison costs: five seeds of two networks, three epochs each, on two children.

The processor time of all of a worker's processes, from its start until the verdict, and from the ``POST`` on. With
``--old`` beside another build's.
"""

import argparse
import os
import time
from pathlib import Path

from whole_service import REPOSITORY, whole_service

ARMS = ("baseline", "baseline_with_batch_norm")
SEEDS = 5
EPOCHS = 3
CHILDREN = 2
BAR = 0.6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--old", type=Path, help="the checkout of another build")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} at the start")
    measured = [comparison(checkout, options.data) for checkout in filter(None, (options.old, REPOSITORY))]
    if options.old:
        (old_all, old), (new_all, new) = measured
        print(
            f"ratio {new / old:.2f} from the POST on, {new_all / old_all:.2f} from the start on (bar: {BAR})"
        )


def comparison(checkout: Path, data: Path) -> tuple[float, float]:
    """Core-seconds of the worker: all, and from the ``POST`` on."""
    with whole_service(checkout, data, processes=CHILDREN) as service:
        service.wait_until_idle()
        before = service.worker_cpu_seconds()
        training = {"epochs": EPOCHS}
        arms = [
            {"name": name, "spec": {"architecture": name, "dataset": "fashion_mnist", "training": training}}
            for name in ARMS
        ]
        asked = service.post("/comparisons", {"arms": arms, "replicates": SEEDS})
        ended = service.wait(f"/comparisons/{asked['id']}")
        time.sleep(1)
        after = service.worker_cpu_seconds()
    sentence = ended["result"]["pairs"][0]["sentence"]
    print(f"{checkout}: {after - before:.1f} core-seconds, {before:.1f} before it: {sentence}", flush=True)
    return after, after - before


if __name__ == "__main__":
    main()
