"""How much memory a worker may use, how many children fit, and what each may use, on trees of every layout."""

import logging
import resource
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from support.control_groups import Tree
from worker.memory import RESERVED_BYTES, Allowed, allowed_memory, plan_memory

MIB, GIB = 2**20, 2**30


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def allowed(tree: Tree) -> Allowed:
    return allowed_memory({}, tree.proc)


def test_without_control_groups_the_machine_is_the_limit(tree: Tree) -> None:
    assert allowed(tree) == Allowed(psutil.virtual_memory().total, "this machine")


def test_version_2_in_a_container_has_its_limit_at_the_root(tree: Tree) -> None:
    tree.say("0::/\n", ("/", "", "cgroup2 cgroup2 rw,nsdelegate"))
    tree.write("memory.max", 3 * GIB)
    assert allowed(tree) == Allowed(3 * GIB, f"the control group {tree.mounts}")


@pytest.mark.parametrize(
    ("slice_", "unit", "high", "smallest"),
    [
        (5 * GIB, 3 * GIB, "max", 3 * GIB),  # systemd's MemoryMax= of a unit
        (2 * GIB, 3 * GIB, "max", 2 * GIB),  # and of its slice
        ("max", 3 * GIB, GIB, GIB),  # MemoryHigh=
    ],
)
def test_of_nested_groups_of_version_2_the_smallest_limit_counts(
    tree: Tree, slice_: object, unit: object, high: object, smallest: int
) -> None:
    tree.say("0::/system.slice/normlab.service\n", ("/", "", "cgroup2 cgroup2 rw"))
    tree.write("memory.max", "max")
    tree.write("system.slice/memory.max", slice_)
    tree.write("system.slice/normlab.service/memory.max", unit)
    tree.write("system.slice/normlab.service/memory.high", high)
    tree.write("system.slice/other.service/memory.max", 1)
    assert allowed(tree).bytes == smallest


def test_version_1_in_a_container_that_sees_its_own_part_of_the_hierarchy(tree: Tree) -> None:
    tree.say(
        "9:cpu,cpuacct:/docker/1234\n5:memory:/docker/1234\n1:name=systemd:/docker/1234\n",
        ("/docker/1234", "cpu,cpuacct", "cgroup cgroup rw,cpu,cpuacct"),
        ("/docker/1234", "memory", "cgroup cgroup rw,memory"),
    )
    tree.write("memory/memory.limit_in_bytes", 2 * GIB)
    tree.write("cpu,cpuacct/memory.limit_in_bytes", 1)  # of another hierarchy
    assert allowed(tree) == Allowed(2 * GIB, f"the control group {tree.mounts / 'memory'}")


def test_of_nested_groups_of_version_1_the_smallest_limit_counts(tree: Tree) -> None:
    tree.say(
        "4:memory:/slurm/uid_0/job_7\n0::/\n",
        ("/", "memory", "cgroup cgroup rw,memory"),
        ("/", "unified", "cgroup2 cgroup2 rw"),
    )
    tree.write("memory/memory.limit_in_bytes", 9223372036854771712)  # none
    tree.write("memory/slurm/uid_0/memory.limit_in_bytes", 2 * GIB)
    tree.write("memory/slurm/uid_0/job_7/memory.limit_in_bytes", 3 * GIB)
    assert allowed(tree).bytes == 2 * GIB


def test_a_group_that_is_not_mounted_here_is_passed_over(tree: Tree) -> None:
    tree.say("0::/../../elsewhere\n", ("/", "", "cgroup2 cgroup2 rw"))
    tree.write("memory.max", GIB)
    assert allowed(tree).bytes == GIB


@pytest.mark.parametrize("content", ["max", "", "many"])
def test_what_is_no_number_is_no_limit(tree: Tree, content: str) -> None:
    tree.say("0::/\n", ("/", "", "cgroup2 cgroup2 rw"))
    tree.write("memory.max", content)
    assert allowed(tree).source == "this machine"


@pytest.mark.parametrize(
    ("environment", "limit"),
    [
        ({"SLURM_MEM_PER_NODE": "2048"}, Allowed(2 * GIB, "SLURM_MEM_PER_NODE")),
        ({"SLURM_MEM_PER_NODE": "2G"}, Allowed(2 * GIB, "SLURM_MEM_PER_NODE")),
        ({"SLURM_MEM_PER_CPU": "512", "SLURM_CPUS_ON_NODE": "4"}, Allowed(2 * GIB, "SLURM_MEM_PER_CPU")),
        ({"SLURM_MEM_PER_CPU": "512"}, None),
        ({"SLURM_MEM_PER_NODE": "0"}, None),  # all of the node
        ({"SLURM_MEM_PER_NODE": "lots"}, None),
    ],
)
def test_what_slurm_gives_a_job(tree: Tree, environment: dict[str, str], limit: Allowed | None) -> None:
    assert allowed_memory(environment, tree.proc) == (limit or allowed(tree))


@pytest.mark.parametrize(
    ("gib", "cores", "settings", "children", "share"),
    [
        (64, 8, {}, 8, 64 * 0.9 / 8),  # what the cores allow
        (3, 2, {}, 2, 2.5 / 2),
        (2, 2, {}, 1, 1.5),  # 1 GiB a core
        (8, 8, {}, 7, 7.2 / 7),
        (8, 8, {"processes": 8}, 8, 7.2 / 8),
        (8, 8, {"child_bytes": GIB // 2}, 8, 0.5),
        (8, 8, {"child_bytes": 3 * GIB}, 2, 3),
        (8, 8, {"child_bytes": 3 * GIB, "processes": 4}, 4, 3),
        (0.5, 2, {}, 1, 0.125),  # next to nothing
    ],
)
def test_the_rule(gib: float, cores: int, settings: dict[str, int], children: int, share: float) -> None:
    plan = plan_memory(Allowed(int(gib * GIB), "a test"), cores, **settings)
    assert (plan.children, plan.child_bytes) == (children, pytest.approx(share * GIB, abs=8))
    if "child_bytes" not in settings:
        assert plan.children * plan.child_bytes <= gib * GIB - min(RESERVED_BYTES, gib * GIB / 2)


@pytest.mark.parametrize(
    ("gib", "processes", "level", "said"),
    [
        (16, None, logging.INFO, "2 children, one for each core"),
        (2, None, logging.WARNING, "1 child, for 2 cores"),
        (2, 2, logging.WARNING, "may fail as out_of_memory"),
    ],
)
def test_what_is_said_at_the_start_names_the_setting(
    caplog: pytest.LogCaptureFixture, gib: int, processes: int | None, level: int, said: str
) -> None:
    with caplog.at_level(logging.INFO):
        plan_memory(Allowed(gib * GIB, "a test"), 2, processes=processes).log()
    (record,) = caplog.records
    assert record.levelno == level
    assert said in record.message
    assert "NORMLAB_" in record.message


def test_a_child_that_nears_what_ulimit_allows_is_too_large() -> None:
    program = """
import mmap, threading, psutil
from worker.memory_guard import MemoryGuard

exceeded = threading.Event()
with MemoryGuard(1 << 40, lambda _used: exceeded.set()):
    assert not exceeded.wait(0.3)
    reserved = mmap.mmap(-1, (970 << 20) - psutil.Process().memory_info().vms)  # of 1000 MiB, none of it resident
    assert exceeded.wait(30)
"""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1000 * MIB, 1000 * MIB))

    subprocess.run([sys.executable, "-c", program], preexec_fn=limit, check=True, timeout=60)
