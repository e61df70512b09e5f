"""Checkpoint files: whole or not used."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from normlab.errors import TrainingError
from normlab.spec import JobSpec
from normlab.training import Checkpoint, CheckpointFolder, TrainResult
from normlab.training.checkpoints import UnusedCheckpoint
from support.epochs import made_up_epoch
from support.trainings import stopped_at


def make_checkpoint(epoch: int = 3, size: int = 500) -> Checkpoint:
    return Checkpoint(
        spec_digest="sha256:00",
        epoch=epoch,
        step=7,
        loss_sum=0.1 + 0.2,
        cross_entropy_sum=0.1 + 0.7,
        correct=12,
        train_seconds=1.5,
        history=(made_up_epoch(1),),
        patience={"best": 1 / 3, "best_epoch": 1, "wait": 2},
        variables=tuple(
            np.random.default_rng(epoch).normal(size=(2, size)).astype(np.float32) for _ in range(12)
        ),
        best_weights=(np.array(5, np.int64), np.zeros(0)),
    )


def assert_equal(ours: Checkpoint | None, theirs: Checkpoint) -> None:
    assert ours is not None
    empty = {"variables": (), "best_weights": None}
    assert replace(ours, **empty) == replace(theirs, **empty)
    for mine, other in (
        (ours.variables, theirs.variables),
        (ours.best_weights or (), theirs.best_weights or ()),
    ):
        assert [(a.dtype, a.shape, a.tobytes()) for a in mine] == [
            (a.dtype, a.shape, a.tobytes()) for a in other
        ]


def test_bytes_come_back_as_they_were() -> None:
    for checkpoint in (
        make_checkpoint(),
        replace(make_checkpoint(), best_weights=None, patience=None, history=()),
    ):
        assert_equal(Checkpoint.from_bytes(checkpoint.to_bytes()), checkpoint)


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "made" / "when needed")
    assert folder.latest() is None
    for epoch in (9, 10, 11):
        folder.write(make_checkpoint(epoch))
    assert_equal(folder.latest(), make_checkpoint(11))
    assert sorted(file.name for file in folder.path.iterdir()) == [
        "000010-000000007.ckpt",
        "000011-000000007.ckpt",
    ]


def cut_off(content: bytes) -> bytes:
    return content[: len(content) // 2]


def cut_in_the_header(content: bytes) -> bytes:
    return content[:30]


def emptied(_: bytes) -> bytes:
    return b""


def with_a_flipped_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]


def with_a_flipped_bit_in_the_checksum(content: bytes) -> bytes:
    return content[:25] + bytes([content[25] ^ 1]) + content[26:]


CHECKSUM = "its checksum does not match: it was cut off or changed"
NO_CHECKPOINT = "it does not begin as a checkpoint does"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut_off, CHECKSUM),
        (cut_in_the_header, CHECKSUM),
        (with_a_flipped_bit, CHECKSUM),
        (with_a_flipped_bit_in_the_checksum, CHECKSUM),
        (emptied, NO_CHECKPOINT),
        (lambda content: b"PK" + content, NO_CHECKPOINT),
    ],
)
def test_a_damaged_one_is_told_of_and_the_one_before_it_used(
    damage: Callable[[bytes], bytes], message: str, tmp_path: Path
) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.write(make_checkpoint(1))
    newest = folder.write(make_checkpoint(2))
    newest.write_bytes(damage(newest.read_bytes()))
    told: list[UnusedCheckpoint] = []
    assert_equal(folder.latest(told.append), make_checkpoint(1))
    sentence = f"checkpoint 000002-000000007.ckpt was not used: {message}"
    assert told == [UnusedCheckpoint(sentence, is_damaged=True)]


@pytest.mark.parametrize(("version", "age"), [(b"2", "an earlier"), (b"41", "a later")])
def test_one_of_another_version_is_not_called_damaged(version: bytes, age: str, tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    file = folder.write(make_checkpoint(1))
    _, _, rest = file.read_bytes().partition(b"\n")
    file.write_bytes(b"normlab checkpoint " + version + b"\n" + rest)
    told: list[UnusedCheckpoint] = []
    assert folder.latest(told.append) is None
    (unused,) = told
    assert not unused.is_damaged
    assert f"{age} version of Normlab wrote it" in unused.sentence
    assert "trained from its start" in unused.sentence


def test_all_damaged_is_as_none(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    for epoch in (1, 2):
        file = folder.write(make_checkpoint(epoch))
        file.write_bytes(cut_off(file.read_bytes()))
    told: list[UnusedCheckpoint] = []
    assert folder.latest(told.append) is None
    assert len(told) == 2


def test_a_half_written_temporary_is_not_looked_at(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.write(make_checkpoint(1))
    (tmp_path / "000002-000000000.77.tmp").write_bytes(make_checkpoint(2).to_bytes()[:100])
    told: list[UnusedCheckpoint] = []
    assert_equal(folder.latest(told.append), make_checkpoint(1))
    assert told == []


def test_a_full_disk_leaves_the_former_intact(tmp_path: Path) -> None:
    if os.geteuid() == 0 and not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    folder = CheckpointFolder(tmp_path)
    folder.write(make_checkpoint(1))
    # The temporary's name leads to a device on which every write fails for want of space.
    (tmp_path / f"000002-000000007.{os.getpid()}.tmp").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        folder.write(make_checkpoint(2))
    assert_equal(folder.latest(), make_checkpoint(1))
    assert len(list(tmp_path.iterdir())) == 1


WRITER = """
import sys
from pathlib import Path
import numpy as np
from normlab.training.checkpoints import Checkpoint, CheckpointFolder

folder = CheckpointFolder(Path(sys.argv[1]))
variables = (np.arange(2_000_000, dtype=np.float32),)
for epoch in range(1, 1_000_000):
    folder.write(Checkpoint("sha256:00", epoch, 0, 0.0, 0.0, 0, 0.0, (), None, variables, None))
    print(epoch, flush=True)
"""


def test_killed_while_writing(tmp_path: Path) -> None:
    for attempt in range(4):
        path = tmp_path / str(attempt)
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "1\n"
            assert writer.stdout.readline() == "2\n"
            time.sleep(0.013 * attempt)
            writer.send_signal(signal.SIGKILL)
            said = [2, *map(int, writer.stdout.read().split())]
        told: list[UnusedCheckpoint] = []
        checkpoint = CheckpointFolder(path).latest(told.append)
        assert checkpoint is not None
        assert checkpoint.epoch >= said[-1]
        assert checkpoint.variables[0][-1] == 1_999_999
        assert told == []


def test_of_another_spec(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    layers = [{"type": "flatten"}]
    checkpoint = stopped_at(small_spec(layers), data_dir, 0)
    with pytest.raises(TrainingError, match="the checkpoint is of another job spec"):
        run(small_spec(layers, {"seed": 8}), resume_from=checkpoint)
