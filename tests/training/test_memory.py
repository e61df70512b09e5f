"""The memory that trainings take at their largest, beside the estimate that the service limits."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FLATTEN = {"type": "flatten"}
IMAGE = {"type": "reshape", "target_shape": [8, 8, 1]}
WIDE = {"type": "dense", "units": 3000, "activation": "relu"}
ROWS = {"type": "dense", "units": 1500, "activation": "relu"}
DROPOUT = {"type": "dropout", "rate": 0.3}
CONVOLUTION = {"type": "conv2d", "filters": 128, "kernel_size": 3, "padding": "same"}

MEASURED = """
import gc, json, sys
from pathlib import Path
from normlab.spec import estimate, parse_job_spec
from normlab.training import CheckpointFolder, Context, train

data_dir = Path(sys.argv[1])


class Keeps(Context):
    def checkpoint_due(self):
        return True

    def save(self, checkpoint):
        CheckpointFolder(data_dir / "checkpoints").write(checkpoint)


def run(layers, **training):
    dataset = {"name": "digits", "training_samples": 1000}
    training |= {"epochs": 1}
    spec = parse_job_spec({"architecture": {"layers": layers}, "dataset": dataset, "training": training})
    train(spec, data_dir=data_dir, context=Keeps())
    return estimate(spec).training_bytes


def resident(what):
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) * 1024


run([{"type": "flatten"}, {"type": "dense", "units": 3}])  # TensorFlow is warm
gc.collect()
Path("/proc/self/clear_refs").write_text("5")  # the largest so far is what it is now
before = resident("VmRSS")
estimated = run(**json.loads(sys.argv[2]))
print(estimated, resident("VmHWM") - before)
"""


@pytest.mark.nightly
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "job",
    [
        {"layers": [FLATTEN, WIDE, WIDE], "optimizer": "adam"},
        {"layers": [FLATTEN, WIDE, WIDE], "precision": "mixed_bfloat16"},
        {"layers": [IMAGE, CONVOLUTION, CONVOLUTION, {"type": "global_average_pooling2d"}], "batch_size": 16},
        {"layers": [ROWS, DROPOUT, ROWS, DROPOUT, FLATTEN], "batch_size": 1000},
    ],
    ids=["weights", "16 bits", "evaluation", "activations"],
)
def test_the_estimate_is_about_what_is_measured(job: dict[str, Any], data_dir: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", MEASURED, str(data_dir), json.dumps(job)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    estimated, measured = map(int, found.stdout.split())
    # Up to 50 MiB more are taken by what is compiled.
    assert measured < estimated + 100 * 2**20
    assert measured > estimated / 2.5
