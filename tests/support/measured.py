"""What a fault test measured, for docs/reliability.md: written to the file that NORMLAB_MEASURED names."""

import json
import os
from pathlib import Path


def note(what: str, **figures: float | str) -> None:
    """Add a line."""
    if path := os.environ.get("NORMLAB_MEASURED"):
        with Path(path).open("a") as file:
            file.write(json.dumps({"what": what} | figures) + "\n")
