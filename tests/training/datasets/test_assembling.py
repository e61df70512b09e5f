"""Chunks of a reader become the decoded form: in the order promised, with the content's digest, or not at all."""

import resource
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from normlab.disk_full import is_disk_full
from normlab.errors import DatasetError
from normlab.spec.dataset_options import ValidationPart
from normlab.training.datasets import decoded
from normlab.training.datasets.arrays import Arrays, content_digest
from normlab.training.datasets.assembling import Assembled, assemble
from normlab.training.datasets.readers.base import CLASSES_AS_MET, Chunk, Notice, ReadingLimits, Split
from normlab.training.datasets.splitting import Splitting


@dataclass
class InMemory:
    """A reader of chunks that a test made."""

    given: Sequence[Chunk]
    names: Sequence[str] = ("0", "1", "2")
    more: Mapping[str, Any] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    format: str = "memory"

    def chunks(self) -> Iterator[Chunk]:
        yield from self.given

    def classes(self) -> Sequence[str]:
        return self.names

    def extra(self) -> Mapping[str, Any]:
        return self.more


def chunk(labels: Sequence[int], split: Split | None = None, *, start: int = 0, **more: Any) -> Chunk:
    """Pictures of 2 by 3 whose pixels all are the sample's number."""
    numbers = np.arange(start, start + len(labels))
    x = np.repeat(numbers, 6).reshape(-1, 2, 3).astype(np.uint8)
    return Chunk(x, np.array(labels, np.int32), split, [f"row {number}" for number in numbers], **more)


def arrays(assembled: Assembled) -> Arrays:
    opened = decoded.read(assembled.folder, thorough=True)
    assert opened is not None
    assert opened.digest == assembled.digest == content_digest(opened.arrays)
    return opened.arrays


def numbers(x: NDArray[np.uint8]) -> list[int]:
    found: list[int] = x[:, 0, 0].tolist()
    return found


def test_given_parts_are_kept_and_validation_comes_first(tmp_path: Path) -> None:
    reader = InMemory(
        [
            chunk([0, 1, 2], Split.TRAINING),
            chunk([1, 0], Split.TEST, start=3),
            chunk([2], Split.VALIDATION, start=5),
            chunk([2, 2], Split.TRAINING, start=6),
        ]
    )
    assembled = assemble(reader, tmp_path / "d", splitting=Splitting())
    kept = arrays(assembled)
    assert numbers(kept.x_train) == [5, 0, 1, 2, 6, 7]
    assert kept.y_train.tolist() == [2, 0, 1, 2, 2, 2]
    assert numbers(kept.x_test) == [3, 4]
    assert kept.x_train.dtype == kept.y_train.dtype == np.uint8
    assert (assembled.training_samples, assembled.default_validation_samples, assembled.test_samples) == (
        6,
        1,
        2,
    )
    assert assembled.shape == (2, 3)
    assert assembled.counts == {Split.TRAINING: (1, 1, 3), Split.VALIDATION: (0, 0, 1), Split.TEST: (1, 1, 0)}
    assert set(assembled.made.values()) == {"given"}
    assert assembled.seed is None
    assert assembled.origins.of_training([0, 5]) == ["row 5", "row 7"]
    assert assembled.origins.of_test([1]) == ["row 4"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d"]


def test_the_digest_is_that_of_the_same_arrays_however_they_came(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    whole = Arrays(
        rng.integers(0, 256, (50, 4, 5, 3), np.uint8),
        rng.integers(0, 3, 50).astype(np.uint8),
        rng.integers(0, 256, (20, 4, 5, 3), np.uint8),
        rng.integers(0, 3, 20).astype(np.uint8),
    )
    pieces = [
        Chunk(
            x[start : start + 7],
            y[start : start + 7].astype(np.int32),
            split,
            [""] * len(y[start : start + 7]),
        )
        for x, y, split in (
            (whole.x_train, whole.y_train, Split.TRAINING),
            (whole.x_test, whole.y_test, Split.TEST),
        )
        for start in range(0, len(y), 7)
    ]
    splitting = Splitting(validation=ValidationPart.FIRST, validation_samples=10)
    assembled = assemble(InMemory(pieces), tmp_path / "d", splitting=splitting)
    assert assembled.digest == content_digest(whole)
    assert assembled.default_validation_samples == 10
    assert all((a == b).all() for a, b in zip(arrays(assembled), whole, strict=True))


def test_drawn_parts_have_each_class_and_depend_on_the_seed_alone(tmp_path: Path) -> None:
    labels = [0] * 100 + [1] * 20 + [2] * 2
    one = assemble(InMemory([chunk(labels)]), tmp_path / "1", splitting=Splitting(seed=4))
    two = assemble(
        InMemory([chunk(labels[:50]), chunk(labels[50:], start=50)]),
        tmp_path / "2",
        splitting=Splitting(seed=4),
    )
    other = assemble(InMemory([chunk(labels)]), tmp_path / "3", splitting=Splitting(seed=5))
    assert one.digest == two.digest != other.digest
    assert one.counts[Split.TEST] == (20, 4, 1)
    assert one.counts[Split.VALIDATION] == (8, 2, 0)
    assert one.seed == 4
    kept = arrays(one)
    first, rest, test = (
        numbers(kept.x_train[:10]),
        numbers(kept.x_train[10:]),
        numbers(kept.x_test),
    )
    assert (first, rest, test) == (sorted(first), sorted(rest), sorted(test))
    assert sorted(first + rest + test) == list(range(122))
    # The seed's draw is a promise: the same samples with every version.
    assert test[:5] == [2, 6, 9, 10, 13]


def test_no_group_is_in_two_parts(tmp_path: Path) -> None:
    groups = [f"patient {number // 4}" for number in range(120)]
    assembled = assemble(
        InMemory([chunk([0, 1, 2] * 40, groups=groups)]), tmp_path / "d", splitting=Splitting()
    )
    kept = arrays(assembled)
    validation = assembled.default_validation_samples
    parts = [kept.x_train[:validation], kept.x_train[validation:], kept.x_test]
    met = [{number // 4 for number in numbers(part)} for part in parts]
    assert sum(map(len, met)) == len(set().union(*met)) == 30
    assert [len(part) for part in parts] == [8, 88, 24]
    assert assembled.made[Split.TEST] == "by group"


def test_the_last_in_time_are_for_test_and_those_before_for_validation(tmp_path: Path) -> None:
    times = np.arange(50)[::-1].astype("datetime64[D]")
    assembled = assemble(InMemory([chunk([0, 1] * 25, times=times)]), tmp_path / "d", splitting=Splitting())
    kept = arrays(assembled)
    assert numbers(kept.x_test) == list(range(10))
    assert numbers(kept.x_train)[:4] == [10, 11, 12, 13]
    assert assembled.made[Split.VALIDATION] == "by time"


def test_classes_as_met_are_sorted_as_people_count(tmp_path: Path) -> None:
    reader = InMemory(
        [chunk([0, 1, 2], Split.TRAINING), chunk([2, 1], Split.TEST, start=3)],
        ("10", "9", "1"),
        {CLASSES_AS_MET: True},
    )
    assembled = assemble(reader, tmp_path / "d", splitting=Splitting(validation=ValidationPart.NONE))
    assert assembled.classes == ("1", "9", "10")
    assert arrays(assembled).y_train.tolist() == [2, 1, 0]
    assert assembled.default_validation_samples == 0


def test_labels_of_more_than_256_classes_are_int32(tmp_path: Path) -> None:
    names = [str(number) for number in range(257)]
    reader = InMemory([chunk([256, 0], Split.TRAINING), chunk([1], Split.TEST, start=2)], names)
    assembled = assemble(reader, tmp_path / "d", splitting=Splitting(validation=ValidationPart.NONE))
    kept = arrays(assembled)
    assert kept.y_train.dtype == kept.y_test.dtype == np.int32
    assert kept.y_train.tolist() == [256, 0]
    (notice,) = assembled.notices
    assert (notice.code, notice.count, notice.examples[0]) == ("empty_class", 254, "2")


@pytest.mark.parametrize(
    ("chunks", "phrase"),
    [
        ([], "no samples"),
        ([chunk([1, 1, 1])], "one class"),
        ([chunk([0, 1], Split.TEST)], "no training samples"),
        ([chunk([0, 1, 2])], "no class has two"),
        ([chunk([0, 1], groups=["a", "a"])], "one group"),
        ([chunk([0, 1] * 9, times=np.array([1.0] * 17 + [np.nan]))], "row 17 has no time"),
        ([chunk([0, 1] * 9, times=np.ones(18))], "share the earliest"),
        ([chunk([0, 1], groups=["a", "b"]), chunk([0, 1], start=2)], "Only 2 of 4 samples have a group"),
        ([chunk([0, 1]), chunk([0, 1], start=2, times=np.arange(2))], "Only 2 of 4 samples have a time"),
        (
            [
                chunk([0, 1], times=np.arange(2.0)),
                chunk([0, 1], start=2, times=np.array(["2026", "2027"], "datetime64[us]")),
            ],
            "as at row 2",
        ),
        ([chunk([0, 1] * 9, times=np.ones(18), groups=["a"] * 18)], "not by both"),
        ([chunk([0, 1, 3])], "row 2 is of one more"),
        ([chunk([0, 1, 2] * 50)], "max_samples"),
        (
            [Chunk(np.zeros((2, 9, 9), np.uint8), np.array([0, 1], np.int32), None, ["a", "b"])],
            "max_values_per_sample",
        ),
        (
            [
                Chunk(
                    np.zeros((20, 8, 8), np.uint8),
                    np.array([0, 1] * 10, np.int32),
                    None,
                    [f"s{n}" for n in range(20)],
                )
            ],
            "s19",
        ),
        (
            [chunk([0, 1]), Chunk(np.zeros((1, 3, 3), np.uint8), np.array([0], np.int32), None, ["late"])],
            "late has 3 x 3, those before it 2 x 3",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_and_leaves_nothing(
    tmp_path: Path, chunks: list[Chunk], phrase: str
) -> None:
    limits = ReadingLimits(max_classes=3, max_values_per_sample=64, max_samples=130, max_decoded_bytes=1200)
    with pytest.raises(DatasetError, match=phrase):
        assemble(InMemory(chunks), tmp_path / "d", splitting=Splitting(), limits=limits)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("calls", [1, 3])
def test_nothing_is_left_when_it_is_cancelled(tmp_path: Path, calls: int) -> None:
    told: list[int] = []

    def progress(samples: int) -> None:
        told.append(samples)
        if len(told) == calls:
            raise KeyboardInterrupt

    reader = InMemory([chunk([0, 1] * 10), chunk([0, 1], start=20)])
    with pytest.raises(KeyboardInterrupt):
        assemble(reader, tmp_path / "d", splitting=Splitting(), progress=progress)
    assert told == [20, 22, 22][:calls]
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_pixels(tmp_path: Path) -> None:
    x = np.zeros((256, 64, 64), np.uint8)
    y = np.arange(256, dtype=np.int32) % 3
    reader = InMemory([Chunk(x, y, None, ["a"] * 256)] * 48)  # 50 MB
    tracemalloc.start()
    try:
        assembled = assemble(reader, tmp_path / "d", splitting=Splitting())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert assembled.training_samples + assembled.test_samples == 256 * 48
    assert peak < 16 << 20


def test_groups_that_the_file_has_in_two_parts_are_told(tmp_path: Path) -> None:
    reader = InMemory(
        [
            chunk([0, 1] * 4, Split.TRAINING, groups=list("aabbccdd")),
            chunk([0, 1], Split.TEST, start=8, groups=list("ae")),
        ]
    )
    assembled = assemble(reader, tmp_path / "d", splitting=Splitting(validation=ValidationPart.NONE))
    assert [
        (notice.code, notice.count) for notice in assembled.notices if notice.code == "group_in_two_parts"
    ] == [("group_in_two_parts", 1)]


def test_samples_without_a_part_join_the_training_part(tmp_path: Path) -> None:
    reader = InMemory([chunk([0, 1, 2]), chunk([0], Split.TEST, start=3)])
    assembled = assemble(reader, tmp_path / "d", splitting=Splitting(validation=ValidationPart.NONE))
    assert numbers(arrays(assembled).x_train) == [0, 1, 2]
    assert [notice.code for notice in assembled.notices] == ["samples_without_part"]


def test_a_disk_that_fills_up_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    reader = InMemory([chunk([0, 1] * 10), chunk([0, 1] * 10, start=20)] * 20)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
        with pytest.raises(OSError, match="too large") as raised:
            assemble(reader, tmp_path / "d", splitting=Splitting())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert is_disk_full(raised.value)
    assert list(tmp_path.iterdir()) == []
