"""What the machine's processor is called."""

import platform
from functools import cache
from pathlib import Path


@cache
def processor_name() -> str:
    """The maker's name for it where the system tells, else its architecture."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
