import itertools
from pathlib import Path

import pytest

from worker.cores import allowed_cores, share, usable_cores


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
    path = tmp_path / "cpu.max"
    path.write_text(quota)
    assert allowed_cores(path) == (cores or len(usable_cores()))
    assert allowed_cores(tmp_path / "missing") == len(usable_cores())
