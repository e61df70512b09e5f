"""``python -m normlab.sample DATASET INDEX FILE``: write an image of a dataset's test set as PNG, print its label.

A process of its own, so that what asks for an image needs nothing of what finds, downloads and decodes datasets.
"""

import argparse
import sys
from pathlib import Path

from normlab.errors import NormlabError
from normlab.settings import Settings
from normlab.spec import DatasetName
from normlab.training.datasets import test_image_png


def main() -> None:
    """Write the image; an error is a sentence on stderr and exit code 1."""
    parser = argparse.ArgumentParser(
        prog="python -m normlab.sample", description="Write a test image as PNG."
    )
    parser.add_argument("dataset", type=DatasetName, choices=list(DatasetName))
    parser.add_argument("index", type=int)
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    try:
        png, label = test_image_png(arguments.dataset, Settings().datasets_dir, arguments.index)
        arguments.file.write_bytes(png)
    except (NormlabError, OSError) as error:
        sys.exit(str(error))
    sys.stdout.write(f"{label}\n")


if __name__ == "__main__":
    main()
