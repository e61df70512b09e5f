"""``train`` in a program of one's own says nothing but what is wrong."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

import normlab.training.compiled.program as compiled

PROGRAM = """
import sys
from pathlib import Path
from normlab.spec import parse_job_spec
from normlab.training import train

picture = [{"type": "reshape", "target_shape": [8, 8, 1]}, {"type": "conv2d", "filters": 2, "kernel_size": 3}]
for layers in (
    [{"type": "flatten"}, {"type": "batch_normalization"}, {"type": "dropout", "rate": 0.1}],
    [*picture, {"type": "batch_normalization"}, {"type": "max_pooling2d"}, {"type": "flatten"}],
):
    data = {"name": "digits", "training_samples": 96}
    spec = {"architecture": {"layers": layers}, "dataset": data, "training": {"epochs": 1}}
    print(train(parse_job_spec(spec), data_dir=Path(sys.argv[1])).kept_epoch)
"""


def test_both_executors_train_without_a_word(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    # This greeting alone TensorFlow gives at every level.
    greeting = ("oneDNN custom operations are on", "before absl::InitializeLog()")
    said = [line for line in done.stderr.splitlines() if not any(part in line for part in greeting)]
    assert (done.returncode, done.stdout, said) == (0, "1\n1\n", [])


def test_only_the_advice_about_our_own_functions_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("tensorflow")
    advice = "5 out of the last 13 calls to <bound method {}.f> triggered tf.function retracing. Tracing is expensive"
    for module in (compiled.__name__, "theirs"):
        logger.warning(advice.format(module))
    logger.warning("something is wrong in %s", compiled.__name__)
    said = [record.getMessage() for record in caplog.records]
    assert said == [advice.format("theirs"), f"something is wrong in {compiled.__name__}"]
