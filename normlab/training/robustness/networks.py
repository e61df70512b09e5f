"""A trained network that is asked about corrupted pictures, with its own statistics or with theirs.

Statistics are taken as in training: each layer's from what enters it behind layers that have the new ones already. The
ONNX file has a factor and a summand for each channel in the place of such a layer. In one copy of it they are worked
out from the batch; in another they are inputs.
"""

from collections.abc import Collection, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from normlab.onnx_runtime import on_one_thread, onnxruntime
from normlab.spec import PlannedLayer
from normlab.training.datasets.arrays import Pixels
from normlab.training.robustness.statistics import MovingStatistics

Floats = npt.NDArray[np.float32]

BATCH = 500
"""Pictures in a run of the network as it is."""
STATISTICS_BYTES = 256 * 2**20
"""For what is held while statistics are taken: that of so many pictures as fit is taken."""
_HELD = 4
"""What is held of the largest layer at once: what enters, its distance from the mean, the squares, what comes out."""
_FLOAT_BYTES = 4


class Network:
    """A network as its ONNX file has it."""

    def __init__(self, onnx_file: bytes) -> None:
        self.session = _session(onnx_file)
        self._input = self.session.get_inputs()[0].name

    def probabilities(self, pictures: Pixels) -> Floats:
        """Of raw pictures (n, *shape) uint8: (n, classes)."""
        return np.concatenate(
            [self.session.run(None, {self._input: batch})[0] for batch in _batches(pictures)]
        )


class ReEstimated:
    """The same network with statistics of the pictures that it is asked about."""

    def __init__(
        self, onnx_file: bytes, layers: Sequence[MovingStatistics], planned: Sequence[PlannedLayer]
    ) -> None:
        """Raises ``ValueError`` for a file that was not written layer by layer."""
        model = onnx.load_from_string(onnx_file)
        places = [_Place.of(model, layer) for layer in layers]
        self._names = [name for place in places for name in (place.factor, place.summand)]
        self._of_batch = _session(_with_batch_statistics(model, places))
        self._fed = _session(_with_inputs(model, places))
        self._input = self._fed.get_inputs()[0].name
        largest = max(prod(shape) for item in planned for shape in (item.input_shape, item.output_shape))
        self._affordable = max(2, STATISTICS_BYTES // (_HELD * _FLOAT_BYTES * largest))

    def samples(self, count: int) -> int:
        """Over how many of so many pictures statistics are taken."""
        return min(count, self._affordable)

    def probabilities(self, pictures: Pixels) -> Floats:
        """Of raw pictures (n, *shape) uint8: (n, classes)."""
        count = len(pictures)
        taken = self.samples(count)
        chosen = pictures if taken == count else pictures[np.linspace(0, count - 1, taken).astype(np.int64)]
        said, *statistics = self._of_batch.run(None, {self._input: np.asarray(chosen, np.float32)})
        if taken < count:
            fed = dict(zip(self._names, statistics, strict=True))
            runs = [self._fed.run(None, {self._input: batch, **fed})[0] for batch in _batches(pictures)]
            said = np.concatenate(runs)
        probabilities: Floats = said
        return probabilities


def _batches(pictures: Pixels) -> Iterator[Floats]:
    return (np.asarray(pictures[at : at + BATCH], np.float32) for at in range(0, len(pictures), BATCH))


class _Place:
    """Where a layer's product and sum are in a file."""

    def __init__(
        self, layer: MovingStatistics, product: onnx.NodeProto, total: onnx.NodeProto, rank: int
    ) -> None:
        self.layer, self.product, self.total = layer, product, total
        self.factor, self.summand = product.input[1], total.input[1]
        self.channels_first = rank == _CHANNELS_FIRST
        """Numbers for channels that come before places are (channels, 1, 1)."""

    @classmethod
    def of(cls, model: onnx.ModelProto, layer: MovingStatistics) -> "_Place":
        nodes = [node for node in model.graph.node if node.name.startswith(f"{layer.name}/")]
        if [node.op_type for node in nodes] != ["Mul", "Add"]:
            raise ValueError(f"its onnx file has no product and sum for {layer.name}")
        ranks = {constant.name: len(constant.dims) for constant in model.graph.initializer}
        product, total = nodes
        return cls(layer, product, total, ranks[product.input[1]])


_CHANNELS_FIRST = 3


def _with_batch_statistics(model: onnx.ModelProto, places: Sequence[_Place]) -> bytes:
    """A copy whose factors and summands are worked out from the batch, and are outputs behind the probabilities."""
    ours = {place.factor for place in places} | {place.summand for place in places}
    made = _without(model, ours)
    nodes = {place.product.name: list(_statistics(made.graph, place)) for place in places}
    for place in places:
        made.graph.output.extend(_described(name) for name in (place.factor, place.summand))
    before = list(made.graph.node)
    del made.graph.node[:]
    for node in before:
        made.graph.node.extend([*nodes.get(node.name, ()), node])
    content: bytes = made.SerializeToString()
    return content


def _statistics(graph: onnx.GraphProto, place: _Place) -> Iterator[onnx.NodeProto]:
    """``factor = gamma / sqrt(variance + epsilon)``, ``summand = beta - mean * factor``."""
    layer, x = place.layer, place.product.input[0]
    axes, shape = ([0, 2, 3], (-1, 1, 1)) if place.channels_first else ([*range(layer.dimensions - 1)], (-1,))

    def constant(name: str, values: Floats) -> str:
        full = f"{layer.name}/re_estimated/{name}"
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), full))
        return full

    def node(operation: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{layer.name}/re_estimated/{operation}_{len(made)}"
        made.append(helper.make_node(operation, inputs, [output], name=f"{output}/node", **attributes))
        return output

    made: list[onnx.NodeProto] = []
    mean = node("ReduceMean", x, axes=axes, keepdims=1)
    apart = node("Sub", x, mean)
    variance = node("ReduceMean", node("Mul", apart, apart), axes=axes, keepdims=1)
    root = node("Sqrt", node("Add", variance, constant("epsilon", np.array(layer.epsilon))))
    # Without the dimensions of the batch and of places in front, as the constants in their place are.
    target = f"{layer.name}/re_estimated/shape"
    graph.initializer.append(numpy_helper.from_array(np.array(shape, np.int64), target))
    gamma = constant("gamma", layer.gamma.reshape(shape) if layer.gamma.ndim else layer.gamma)
    beta = constant("beta", layer.beta.reshape(shape) if layer.beta.ndim else layer.beta)
    factor = node("Div", gamma, node("Reshape", root, target), output=place.factor)
    node("Sub", beta, node("Mul", node("Reshape", mean, target), factor), output=place.summand)
    yield from made


def _with_inputs(model: onnx.ModelProto, places: Sequence[_Place]) -> bytes:
    """A copy whose factors and summands are inputs."""
    names = [name for place in places for name in (place.factor, place.summand)]
    made = _without(model, names)
    made.graph.input.extend(_described(name) for name in names)
    content: bytes = made.SerializeToString()
    return content


def _without(model: onnx.ModelProto, constants: Collection[str]) -> onnx.ModelProto:
    made = onnx.ModelProto()
    made.CopyFrom(model)
    kept = [constant for constant in made.graph.initializer if constant.name not in constants]
    del made.graph.initializer[:]
    made.graph.initializer.extend(kept)
    return made


def _described(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)


def _session(onnx_file: bytes) -> "onnxruntime.InferenceSession":
    return onnxruntime.InferenceSession(onnx_file, on_one_thread(), providers=["CPUExecutionProvider"])
