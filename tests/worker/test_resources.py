import itertools
from pathlib import Path

import pytest

from support.control_groups import Tree
from worker.resources import allowed_cores, share, share_devices, usable_cores


@pytest.mark.parametrize("children", [1, 2, 3, 5, 8])
def test_each_core_is_one_childs(children: int) -> None:
    cores = [0, 2, 4, 6, 8, 10, 12, 14]
    shares = [share(cores, children, index) for index in range(children)]
    assert sorted(itertools.chain(*shares)) == cores
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_more_children_than_cores_take_turns() -> None:
    assert [share([3, 5], 5, index) for index in range(5)] == [[3], [5], [3], [5], [3]]


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", None), ("100000 100000", 1), ("50000 100000", 1), ("", None)]
)
def test_a_containers_quota_counts(tmp_path: Path, quota: str, cores: int | None) -> None:
    tree = Tree(tmp_path)
    assert allowed_cores(tree.proc) == len(usable_cores())
    tree.say("0::/unit\n", ("/", "", "cgroup2 cgroup2 rw"))
    tree.write("cpu.max", "max 100000")
    tree.write("unit/cpu.max", quota)
    assert allowed_cores(tree.proc) == (cores or len(usable_cores()))


@pytest.mark.parametrize(("quota", "cores"), [(-1, None), (150_000, 1)])
def test_a_quota_of_version_1_counts(tmp_path: Path, quota: int, cores: int | None) -> None:
    tree = Tree(tmp_path)
    tree.say("9:cpu,cpuacct:/docker/1\n", ("/docker/1", "cpu", "cgroup cgroup rw,cpu,cpuacct"))
    tree.write("cpu/cpu.cfs_quota_us", quota)
    tree.write("cpu/cpu.cfs_period_us", 100_000)
    assert allowed_cores(tree.proc) == (cores or len(usable_cores()))


@pytest.mark.parametrize(
    ("devices", "children", "shares"),
    [
        (2, 4, [["gpu0"], ["gpu1"], [], []]),
        (2, 2, [["gpu0"], ["gpu1"]]),
        (4, 2, [["gpu0", "gpu1"], ["gpu2", "gpu3"]]),
        (1, 1, [["gpu0"]]),
        (0, 2, [[], []]),
    ],
)
def test_no_two_children_share_a_gpu(devices: int, children: int, shares: list[list[str]]) -> None:
    gpus = [f"gpu{number}" for number in range(devices)]
    assert [share_devices(gpus, children, index) for index in range(children)] == shares
