"""What jobs that train at once on one uploaded dataset hold of it: its pages are counted once, whoever maps them.

Each job is a process of its own. When all have trained an epoch, so that each has every sample in its address space,
the mappings of the decoded files are summed: their resident sets (RSS), in which each process counts all it sees, and
their proportional ones (PSS, proc_pid_smaps(5)), in which a page of k processes counts a k-th for each.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from larger_than_memory import job_spec, make

from normlab.spec import DatasetContent

_FIELDS = ("Rss", "Pss", "Private_Dirty")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder for the data, which stay there")
    parser.add_argument("--shape", type=int, nargs="+", default=[96, 96, 3])
    parser.add_argument("--gib", type=float, default=1.0, help="of the pixels")
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--network", default='[{"type": "flatten"}]', help="a preset, or layers in JSON")
    parser.add_argument("--child", type=DatasetContent.model_validate_json, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.data, options.network)
        return
    content = make(options.data, tuple(options.shape), options.gib)
    command = [sys.executable, __file__, "--data", str(options.data), "--network", options.network]
    command += ["--child", content.model_dump_json()]
    jobs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(options.jobs)
    ]
    for job in jobs:
        if job.stdout is None or job.stdout.readline() != "trained\n":
            raise SystemExit("a job has failed")
    held = dict.fromkeys((*_FIELDS, "whole Pss"), 0)
    for job in jobs:
        for field, kibibytes in of_files(job.pid, content).items():
            held[field] += kibibytes
    for job in jobs:
        job.communicate("\n")
    print(
        f"{options.jobs} jobs on {options.gib:g} GiB: of the files RSS {held['Rss'] / 2**20:.2f} GiB, "
        f"PSS {held['Pss'] / 2**20:.2f} GiB, copied {held['Private_Dirty'] / 2**10:.0f} MiB; "
        f"PSS of all they hold {held['whole Pss'] / 2**20:.2f} GiB"
    )


def child(content: DatasetContent, folder: Path, network: str) -> None:
    """Train, say so, and stay until a line comes."""
    from normlab.training import train  # noqa: PLC0415 - loads TensorFlow, in the children only

    train(job_spec(content, network, epochs=1), data_dir=folder)
    print("trained", flush=True)
    sys.stdin.readline()


def of_files(pid: int, content: DatasetContent) -> dict[str, int]:
    """KiB of a process's mappings of the decoded files, and of all it holds."""
    folder = content.digest.removeprefix("sha256:")
    found = dict.fromkeys((*_FIELDS, "whole Pss"), 0)
    is_ours = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            is_ours = folder in line
            continue
        field, _, rest = line.partition(":")
        if field == "Pss":
            found["whole Pss"] += int(rest.split()[0])
        if is_ours and field in _FIELDS:
            found[field] += int(rest.split()[0])
    return found


if __name__ == "__main__":
    main()
