"""Where a job runs: a device that is not the first one (two logical CPUs, since no machine of ours has a GPU), and what
of a process decides numbers."""

import subprocess
import sys
from pathlib import Path

import pytest

from normlab.spec.environment import ENVIRONMENT, LIBRARY_SETTINGS, Effect
from normlab.training.compiled.devices import library_settings

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


@pytest.mark.nightly
def test_data_weights_and_steps_are_on_the_jobs_device(data_dir: Path) -> None:
    first, second = digests_on("CPU:0", data_dir), digests_on("CPU:1", data_dir)
    assert len(first) == 2
    assert first == second


def test_settings_of_libraries_that_decide_numbers_are_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LIBRARY_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    assert library_settings() == {}
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    monkeypatch.setenv("TF_DETERMINISTIC_OPS", "1")
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=/somewhere  --xla_b=2 --xla_a=1")
    found = library_settings()
    assert found == {
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "XLA_FLAGS": "--xla_a=1 --xla_b=2",
        "TF_DETERMINISTIC_OPS": "1",
    }
    # Neither an order nor where XLA writes files changes a number.
    monkeypatch.setenv("XLA_FLAGS", "--xla_a=1 --xla_b=2")
    assert library_settings() == found
    assert ENVIRONMENT["library_settings"].effect is Effect.DECIDES
