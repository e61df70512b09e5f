import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from normlab.spec.runs import Phase
from normlab.training.context import Progress
from worker import load
from worker.load import LoadMeter

TRAINING = Progress(Phase.TRAINING, epoch=1, epochs=2, step=10, steps=20)

needs_linux = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="needs Linux's schedstat")


def write_counters(proc: Path, *, waited: list[int], stat: str) -> None:
    for number, nanoseconds in enumerate(waited):
        thread = proc / "self" / "task" / str(number)
        thread.mkdir(parents=True, exist_ok=True)
        (thread / "schedstat").write_text(f"123 {nanoseconds} 5\n")
    (proc / "stat").write_text(stat)


def test_what_is_read_of_linux(tmp_path: Path) -> None:
    write_counters(
        tmp_path, waited=[500_000_000, 1_000_000_000], stat="cpu  100 20 30 900 70 5 5 40 9 9\ncpu0 1 2\n"
    )
    counters = load._Counters.read(tmp_path)
    assert counters.waited == 1.5
    # user, nice, system, irq, softirq and steal: 200 ticks; idle and waiting for disks do not count, and what ran
    # in guests is counted as user already.
    assert counters.busy == 200 / os.sysconf("SC_CLK_TCK")


def test_what_the_system_does_not_tell_is_not_known(tmp_path: Path) -> None:
    counters = load._Counters.read(tmp_path)
    assert (counters.waited, counters.busy) == (None, None)
    assert load._core_share(counters, counters) is None
    assert load._busy_beside(counters, counters, 2) is None
    write_counters(tmp_path, waited=[], stat="cpu  1 2 3\n")
    assert load._Counters.read(tmp_path).busy is None


def test_shares_by_hand() -> None:
    began = load._Counters(at=0.0, ran=1.0, waited=0.5, busy=10.0)
    ended = load._Counters(at=10.0, ran=7.0, waited=2.5, busy=21.0)
    assert load._core_share(began, ended) == pytest.approx(6 / 8)  # ran for 6 s, waited for 2 s
    assert load._busy_beside(began, ended, 2) == pytest.approx(
        (11 - 6) / 20
    )  # 5 s of others' in 20 s of two cores


def test_nothing_is_measured_before_the_first_steps() -> None:
    meter = LoadMeter()
    meter.note(Progress(Phase.COMPILING, epoch=1, epochs=2, step=0, steps=20))
    meter.stop()
    assert meter.measured is None


def test_too_short_a_time_tells_nothing_but_the_load_average() -> None:
    meter = LoadMeter()
    meter.note(TRAINING)
    meter.stop()
    assert meter.measured is not None
    assert (meter.measured["core_share"], meter.measured["busy_beside"]) == (None, None)
    assert meter.measured["load_average_end"] is not None


def test_what_probes_take_is_not_the_trainings() -> None:
    meter = LoadMeter()
    with meter.left_out():  # before the first steps nothing is counted that could be left out
        spin(0.1)
    meter.note(TRAINING)
    began = time.process_time()
    spin(0.2)
    with meter.left_out():
        spin(0.4)
    meter.stop()
    whole = time.process_time() - began
    assert meter.measured is not None
    counted = meter.measured["cpu_seconds"]
    assert counted is not None
    assert 0.2 <= counted <= whole - 0.3  # of two clocks


def spin(seconds: float) -> None:
    """Use so much processor time."""
    began = time.process_time()
    while time.process_time() < began + seconds:
        pass


@needs_linux
def test_a_process_that_shares_its_core_says_so() -> None:
    cores = os.sched_getaffinity(0)
    core = min(cores)
    os.sched_setaffinity(0, {core})  # what is started from here on runs on the same core
    try:
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
        try:
            meter = LoadMeter()
            time.sleep(0.2)  # until they are there
            meter.note(TRAINING)
            spin(0.5)  # at least so long by the wall clock, too
            meter.stop()
        finally:
            for process in others:
                process.kill()
                process.wait()
    finally:
        os.sched_setaffinity(0, cores)
    found = meter.measured
    assert found is not None
    assert found["core_share"] is not None
    assert found["busy_beside"] is not None
    # A third, if the system is fair to the three; never near the whole.
    assert 0 < found["core_share"] < 0.75
    assert found["busy_beside"] > 0
    assert found["load_average_start"] is not None
    assert found["load_average_end"] is not None
