"""What robustness costs beside onnxruntime's products: ten networks, 10,000 Fashion-MNIST pictures, corrupted 50 times.

Five networks of the notebook's first kind and five with batch normalization; the first ten corruptions at each
severity; each network with its own statistics and, where it keeps moving ones, with re-estimated ones. Beside it what
onnxruntime alone needs to run each network once over the pictures so many times. Both in seconds of the processor, on
one thread.
"""

import argparse
import os
import tempfile
from pathlib import Path
from time import process_time

import numpy as np

from normlab.spec import DatasetName, parse_job_spec, plan_job
from normlab.spec.export_formats import ArtifactKind
from normlab.spec.robustness import CorruptionName, RobustnessRequest
from normlab.training.datasets import load
from normlab.training.robustness.corruptions import corrupt
from normlab.training.robustness.measure import Asked, ask, measure
from normlab.training.robustness.networks import BATCH

ARMS = ("baseline", "baseline_with_batch_norm")
SEEDS = 5
CORRUPTIONS = tuple(CorruptionName)[:10]
REPEATS = 3
BAR = 4.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--samples", type=int, default=10_000)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} at the start")
    data = load(DatasetName.FASHION_MNIST, options.data / "datasets")
    x, y = np.asarray(data.x_test[: options.samples]), np.asarray(data.y_test[: options.samples])
    networks = [network(arm, seed) for arm in ARMS for seed in range(SEEDS)]
    request = RobustnessRequest(corruptions=CORRUPTIONS)
    alone = request.cells * sum(products(each, x) for each in networks)
    began = process_time()
    for name in request.corruptions:
        for severity in request.severities:
            corrupt(x, name, severity, pixel_max=255, seed=0)
    corrupting = process_time() - began
    began = process_time()
    measure(networks, x, y, request, 255)
    took = process_time() - began
    print(f"{len(x):,} pictures, {request.cells} corruptions, {len(networks)} networks")
    print(f"onnxruntime alone, once each: {alone:.1f} s")
    print(f"all of it: {took:.1f} s, of which {corrupting:.1f} s to corrupt pictures")
    print(f"ratio {took / alone:.2f} (bar: {BAR})")


def network(arm: str, seed: int) -> Asked:
    """A network as it begins: what it costs does not depend on its weights."""
    from normlab.training.export.export import export_format  # noqa: PLC0415 - loads TensorFlow
    from normlab.training.export.serving_function import TrainedNetwork  # noqa: PLC0415
    from normlab.training.layers.network import build_serving_network  # noqa: PLC0415

    planned = plan_job(parse_job_spec({"architecture": arm, "training": {"seed": seed}}))
    trained = TrainedNetwork(planned, build_serving_network(planned, 255), 255)
    with tempfile.TemporaryDirectory() as folder:
        files = [
            export_format(kind, trained, Path(folder)) for kind in (ArtifactKind.ONNX, ArtifactKind.KERAS)
        ]
        onnx, keras = (file.path.read_bytes() for file in files if file.path is not None)
    return ask(planned, onnx, lambda: keras)


def products(asked: Asked, x: np.ndarray) -> float:
    """Seconds that onnxruntime needs to run a network over the pictures, which are float32 already."""
    batches = [np.asarray(x[at : at + BATCH], np.float32) for at in range(0, len(x), BATCH)]
    session = asked.trained.session
    (given,) = session.get_inputs()
    session.run(None, {given.name: batches[0]})
    began = process_time()
    for _ in range(REPEATS):
        for batch in batches:
            session.run(None, {given.name: batch})
    return (process_time() - began) / REPEATS


if __name__ == "__main__":
    main()
