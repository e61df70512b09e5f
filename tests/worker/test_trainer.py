"""What the main process imports before it forks starts nothing that a fork would lose."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each child imports for itself")

PROGRAM = """
import json, os, sys
from pathlib import Path
from worker.trainer import import_trainer, may_import_before_fork, set_up_child

assert may_import_before_fork() or Path("/dev/nvidiactl").exists()
import_trainer(threads=1)
assert len(os.listdir("/proc/self/task")) == 1, "a thread that a fork would lose"
assert "scipy" not in sys.modules, "Keras imports more than a job needs"

from normlab.spec import parse_job_spec
from normlab.training import train
from support.trainings import CONVOLUTION_WITH_DROPOUT, fingerprint

def trained():
    set_up_child(threads=1, child=0, children=1)
    layers = {"layers": CONVOLUTION_WITH_DROPOUT}
    specs = [{"architecture": name, "dataset": "digits", "training": {"epochs": 1}} for name in ("batch_norm", layers)]
    return json.dumps([fingerprint(train(parse_job_spec(spec), data_dir=Path(sys.argv[1]))) for spec in specs])

reading, writing = os.pipe()
if os.fork() == 0:
    os.write(writing, trained().encode())
    os._exit(0)
os.close(writing)
with os.fdopen(reading) as pipe:
    forked = pipe.read()
assert os.wait()[1] == 0
print(json.dumps([json.loads(forked), json.loads(trained())]))
"""


def test_a_forked_child_trains_with_the_same_bits(tmp_path: Path) -> None:
    tests = Path(__file__).parents[1]
    path = os.pathsep.join([str(tests.parent), str(tests), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path],
        env=os.environ | {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    forked, alone = json.loads(run.stdout.splitlines()[-1])
    assert forked == alone
    assert forked[0]["digests"]["final_weights"].startswith("sha256:")
