"""Children that give no sign of life, in memory that is really shared with a fork."""

import os
import signal

from worker.liveness import LivenessTable, SilentChildren


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
