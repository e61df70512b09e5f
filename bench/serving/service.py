"""A data folder with trained networks in it, for a real API process to serve: no worker is needed for that."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import migrations
from normlab.spec import parse_job_spec
from normlab.store import ArtifactKind, ArtifactStore, Database
from normlab.store.jobs import endings, jobs, leases
from normlab.store.models import names as named_models

SIZES = (784, 300, 100, 10)


def network(seed: int) -> bytes:
    """The notebook's baseline with random weights, as an ONNX file."""
    draw = np.random.default_rng(seed)
    nodes = [helper.make_node("Flatten", ["raw_pixels"], ["x0"], axis=1)]
    weights = []
    for index, (inputs, units) in enumerate(pairwise(SIZES)):
        kernel = draw.normal(0, 0.001 if index == 0 else 0.1, (inputs, units)).astype(np.float32)
        bias = np.zeros(units, np.float32)
        weights += [numpy_helper.from_array(kernel, f"w{index}"), numpy_helper.from_array(bias, f"b{index}")]
        nodes.append(helper.make_node("Gemm", [f"x{index}", f"w{index}", f"b{index}"], [f"s{index}"]))
        last = index == len(SIZES) - 2
        output = "probabilities" if last else f"x{index + 1}"
        nodes.append(helper.make_node("Softmax" if last else "Relu", [f"s{index}"], [output]))
    graph = helper.make_graph(
        nodes,
        "baseline",
        [helper.make_tensor_value_info("raw_pixels", TensorProto.FLOAT, ["batch", 28, 28])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 10])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return bytes(model.SerializeToString())


def fill(folder: Path, count: int, url: str | None = None) -> list[str]:
    """So many succeeded jobs in a new database; the first is also the model ``bench``. Gives their ids.

    Without a database's URL, on SQLite in the folder.
    """
    url = url or f"sqlite:///{folder / 'normlab.db'}"
    folder.mkdir(exist_ok=True)
    migrations.upgrade(url)
    database, store = Database(url), ArtifactStore(str(folder / "artifacts"))
    ids = []
    for seed in range(count):
        with database.write() as session:
            waiting = jobs.create(session, parse_job_spec({"architecture": "baseline"}))
        with database.write() as session:
            job = leases.claim(session, waiting.id, worker="bench", lease_seconds=60)
        assert job is not None
        file = folder / "model.onnx"
        file.write_bytes(network(seed))
        stored = store.put(job.id, job.attempt, ArtifactKind.ONNX, file, "application/onnx")
        outcome = endings.Outcome(
            result={"epochs": 1}, timings={}, environment={}, digests={}, layers=[], artifacts=[stored]
        )
        with database.write() as session:
            endings.finish(session, job.id, job.attempt, outcome)
        ids.append(job.id)
    with database.write() as session:
        named_models.point(session, "bench", ids[0])
    database.close()
    return ids
