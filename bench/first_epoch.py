"""From ``normlab up`` to the first stored epoch of a first job, beside a bare script that trains that epoch by ``fit``.

Both begin with nothing but the interpreter's start. The script imports TensorFlow, makes the notebook's baseline and
trains one epoch of Fashion-MNIST with its validation. The service gets its first job by the first ``POST`` that it
answers; counted is until ``GET /jobs/{id}/metrics`` has the epoch. In turns, medians; core-seconds are those of all
processes. With ``--old`` another build takes its turns, too.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx
import psutil
from servers import free_port
from whole_service import REPOSITORY, up_command, up_environment

HERE = Path(__file__).parent
BAR = 0.45
_WAIT_SECONDS = 300


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--old", type=Path, help="the checkout of another build")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    builds = {"this build": REPOSITORY} | ({"old build": options.old} if options.old else {})
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} at the start")
    taken: dict[str, list[float]] = {"script": [], **{name: [] for name in builds}}
    for number in range(options.rounds):
        figures = {"script": script_seconds(options.data)}
        figures |= {name: service_seconds(checkout, options.data) for name, checkout in builds.items()}
        for name, (seconds, _) in figures.items():
            taken[name].append(seconds)
        told = ", ".join(
            f"{name} {seconds:.2f} s ({core:.1f} core-seconds)" for name, (seconds, core) in figures.items()
        )
        print(f"round {number + 1}: {told}", flush=True)
    for name in builds:
        ratio = median(taken[name]) / median(taken["script"])
        print(f"{name}: {ratio:.2f} times the script (bar: {BAR})")


def script_seconds(data: Path) -> tuple[float, float]:
    """Of the bare script: seconds, core-seconds."""
    cores = len(os.sched_getaffinity(0))
    command = [sys.executable, str(HERE / "peer.py"), "notebook", "baseline", str(data), str(cores)]
    began = time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as script:
        assert script.stdin is not None
        assert script.stdout is not None
        script.stdin.write(b"\n")
        script.stdin.flush()
        assert script.stdout.readline(), "the script failed"
        seconds = time.monotonic() - began
        times = psutil.Process(script.pid).cpu_times()
        script.kill()
    return seconds, times.user + times.system


def service_seconds(checkout: Path, data: Path) -> tuple[float, float]:
    """Of a build's service: seconds, core-seconds."""
    with tempfile.TemporaryDirectory(prefix="normlab-bench-") as made:
        folder, port = Path(made), free_port()
        (folder / "datasets").symlink_to((data / "datasets").resolve())
        began = time.monotonic()
        up = subprocess.Popen(
            up_command(folder, port),
            cwd=folder,
            env=up_environment(checkout),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
                job = _first_post(http)
                while not http.get(f"/jobs/{job}/metrics").json()["epochs"]:
                    assert time.monotonic() - began < _WAIT_SECONDS, "no epoch is stored"
                    time.sleep(0.02)
            return time.monotonic() - began, _cpu_seconds(up.pid)
        finally:
            up.terminate()
            up.wait()


def _first_post(http: httpx.Client) -> str:
    body = {"architecture": "baseline", "training": {"epochs": 1}}
    until = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < until:
        try:
            answer = http.post("/jobs", json=body)
        except httpx.TransportError:
            time.sleep(0.02)  # nobody listens yet
        else:
            answer.raise_for_status()
            return str(answer.json()["id"])
    raise SystemExit("the service does not answer")


def _cpu_seconds(pid: int) -> float:
    root = psutil.Process(pid)
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


if __name__ == "__main__":
    main()
