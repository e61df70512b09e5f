"""A device that is not the first one: with two logical CPUs, since no machine of ours has a GPU."""

import subprocess
import sys
from pathlib import Path

ON_A_LOGICAL_DEVICE = """
import sys
from pathlib import Path

import tensorflow as tf

processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)

from normlab.spec import Device, parse_job_spec
from normlab.training import data, loop
from normlab.training.compiled import cache as programs
from normlab.training.compiled.devices import SelectedDevice

IMAGE_TYPES = {
    "layers": [
        {"type": "reshape", "target_shape": [8, 8, 1]},
        {"type": "conv2d", "filters": 3, "kernel_size": 3},
        {"type": "batch_normalization"},
        {"type": "flatten"},
    ]
}
name = sys.argv[1]
loop.select_device = lambda wanted: SelectedDevice(Device.CPU, f"/{name}", "a logical device")
for architecture in ("baseline", IMAGE_TYPES):
    spec = {"architecture": architecture, "dataset": "digits", "training": {"epochs": 1}}
    result = loop.train(parse_job_spec(spec), data_dir=Path(sys.argv[2]))
    places = {samples.training.x.device for samples in data._cache.values()}
    places |= {weight.value.device for program in programs._cache.values() for weight in program.network.weights}
    assert all(place.endswith(name) for place in places), places
    print(result.digests["final_weights"])
"""


def digests_on(device: str, data_dir: Path) -> list[str]:
    found = subprocess.run(
        [sys.executable, "-c", ON_A_LOGICAL_DEVICE, device, str(data_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.split()


def test_data_weights_and_steps_are_on_the_jobs_device(data_dir: Path) -> None:
    first, second = digests_on("CPU:0", data_dir), digests_on("CPU:1", data_dir)
    assert len(first) == 2
    assert first == second
