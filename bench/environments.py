"""Virtual environments for what Normlab is measured beside, each made once and kept."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "normlab-bench"
MLFLOW = "mlflow==3.17.2"


def environment_with(name: str, requirements: Sequence[str]) -> Path | None:
    """The ``bin`` of an environment with these packages, made when it is not there; None if it cannot be made."""
    folder = CACHE / name
    marker, wanted = folder / "installed", json.dumps(list(requirements))
    if not marker.exists() or marker.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        if subprocess.run([*pip, "--disable-pip-version-check", *requirements], check=False).returncode:
            return None
        marker.write_text(wanted)
    return folder / "bin"
