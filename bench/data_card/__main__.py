"""What a data card finds: faults planted into real pictures, changed copies, false alarms, seconds and memory.

Prints the tables of docs/data-card.md.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from copies import copies
from costs import costs
from healthy import columns, splits, tables
from planted import faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the datasets in it")
    parser.add_argument("--times", type=int, default=10, help="how often each fault is planted")
    parser.add_argument("--samples", type=int, default=3_000, help="of Fashion-MNIST in the table of faults")
    parser.add_argument(
        "--splits", type=int, default=5_000, help="how often digits are split for false alarms"
    )
    parser.add_argument("--only", choices=("faults", "copies", "tables", "columns", "splits", "costs"))
    options = parser.parse_args()
    folder = options.data / "datasets"
    made: dict[str, Callable[[], Iterator[str]]] = {
        "faults": lambda: faults(folder, options.times, options.samples),
        "copies": lambda: copies(folder, 1_000),
        "tables": lambda: tables(200),
        "columns": lambda: columns(200),
        "splits": lambda: splits(folder, options.splits),
        "costs": lambda: costs(folder, (1, 15)),
    }
    for title, table in made.items():
        if options.only in (None, title):
            for line in table():
                print(line, flush=True)
            print()


if __name__ == "__main__":
    main()
