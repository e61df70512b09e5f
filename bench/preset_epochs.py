"""One epoch of each preset by Normlab and by the notebook's code, in turns: medians and their ratio."""

import argparse
import os
from pathlib import Path

from normlab.spec import PRESETS
from training import measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    print(f"{'preset':30} {'notebook, s':>12} {'Normlab, s':>12} {'times as fast':>14}")
    for preset in PRESETS:
        peers = measure(preset, ["notebook", "normlab"], options.data, options.rounds, options.cores)
        theirs, ours = peers["notebook"].seconds, peers["normlab"].seconds
        print(f"{preset:30} {theirs:12.2f} {ours:12.2f} {theirs / ours:14.1f}", flush=True)


if __name__ == "__main__":
    main()
