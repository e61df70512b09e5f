"""Children that give no sign of life, in memory that is really shared with a fork."""

import multiprocessing
import os
import signal
import time

from worker.liveness import LivenessTable, LivenessWatch, SilentChildren


def test_a_child_that_stands_still_is_noticed_and_one_that_rests_is_not() -> None:
    liveness_table = LivenessTable(2)
    silent = SilentChildren(liveness_table, checks=3)
    mine, other = liveness_table.of_child(0), liveness_table.of_child(1)
    other.rest()
    for _ in range(10):
        mine.beat()
        assert silent.check() == []
    assert [silent.check() for _ in range(5)] == [[], [], [], [os.getpid()], [os.getpid()]]
    mine.beat()
    assert silent.check() == []
    mine.rest()
    assert [silent.check() for _ in range(10)] == [[]] * 10


def test_the_main_process_sees_the_signs_of_life_of_a_child_by_its_process_id() -> None:
    liveness_table = LivenessTable(3)
    child = os.fork()
    if child == 0:
        liveness = liveness_table.of_child(2)
        for _ in range(5):
            liveness.beat()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert liveness_table.read() == {child: 5}
    liveness_table.of_child(2).rest()  # whoever comes after it
    assert liveness_table.read() == {}


def test_a_silent_child_is_killed_and_one_that_lives_is_not() -> None:
    liveness_table = LivenessTable(2)
    context = multiprocessing.get_context("fork")
    silent = context.Process(target=_beat, args=(liveness_table, 0, False))
    lively = context.Process(target=_beat, args=(liveness_table, 1, True))
    watch = LivenessWatch(liveness_table, patience=2)
    for child in (silent, lively):
        child.start()
    watch.start()
    try:
        silent.join(60)
        assert silent.exitcode == -signal.SIGKILL
        assert lively.is_alive()
    finally:
        watch.stop()
        for child in (silent, lively):
            child.kill()
            child.join()


def _beat(liveness_table: LivenessTable, index: int, goes_on: bool) -> None:
    liveness = liveness_table.of_child(index)
    liveness.beat()
    while True:
        time.sleep(0.1)
        if goes_on:
            liveness.beat()
