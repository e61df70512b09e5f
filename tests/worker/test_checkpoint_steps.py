"""A process that is killed at any line of writing a checkpoint."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, sys
from pathlib import Path
from normlab.training import checkpoints

def checkpoint(epoch):
    return checkpoints.Checkpoint(
        spec_digest="sha256:0", epoch=epoch, step=0, loss_sum=0.0, cross_entropy_sum=0.0, correct=0, train_seconds=1.0,
        history=(), patience=None, variables=(), best_weights=None,
    )

def die_at(step):
    lines = 0
    def trace(frame, event, _):
        nonlocal lines
        if frame.f_code.co_filename != checkpoints.__file__:
            return None
        lines += event == "line"
        if lines == step:
            os._exit(9)
        return trace
    sys.settrace(trace)

step, outcomes = 0, []
while not outcomes or outcomes[-1] != "whole":
    step += 1
    folder = checkpoints.CheckpointFolder(Path(sys.argv[1]) / str(step))
    folder.write(checkpoint(1))
    child = os.fork()
    if child == 0:
        die_at(step)
        folder.write(checkpoint(2))
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    damage = []
    latest = folder.latest(damage.append)
    assert not damage, damage
    assert latest is not None
    outcomes.append("whole" if code == 0 else latest.epoch)
assert outcomes[0] == 1 and outcomes[-2] == 2, outcomes
assert outcomes[:-1] == sorted(outcomes[:-1]), outcomes
print(len(outcomes) - 1)
"""


def test_killed_at_any_step_the_one_before_it_or_the_new_one_is_whole(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 15  # lines at which it was killed
