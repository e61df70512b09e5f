"""A configuration as layers, and which of them reads which: Sequential, functional, and models in these."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from normlab.keras_models.reading import MODEL_CLASSES, Configuration, whole_model
from normlab.keras_models.report import Node, Origin, Report
from normlab.keras_models.values import is_kerass_own
from normlab.spec.shown import shown

MAX_LAYERS = 2_000
"""Of a model, those of models in it included."""
MAX_NESTING = 16
"""So many models may stand one in the other."""

_OPERATIONS = "keras.src.ops."
"""Where ``a + b`` of two tensors comes from. The classes of these have the names of layers."""


@dataclass(frozen=True)
class Network:
    """Layers, each behind those that it reads. The first is the input, and the last gives the output."""

    nodes: Mapping[str, Node]
    """By a name that is one layer's alone."""
    inputs: Mapping[str, tuple[str, ...]]
    """What each of them reads."""
    last: str


class _Reader:
    """Reads a configuration and those in it."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.nodes: dict[str, Node] = {}
        self.inputs: dict[str, tuple[str, ...]] = {}

    def model(self, written: Configuration, pointer: str, enters: str | None, depth: int = 0) -> str:
        """Read a model; what it reads is ``enters``, or its own input. Gives the layer that its output is of."""
        if depth > MAX_NESTING:
            raise whole_model(f"has models in each other deeper than {MAX_NESTING}")
        class_name, config = written.get("class_name"), written["config"]
        layers = config.get("layers")
        if class_name not in MODEL_CLASSES or not isinstance(layers, list):
            raise whole_model(
                "is of a class of your own, whose code is never loaded: give a Sequential or functional model",
                str(class_name),
            )
        place = f"{pointer}/config/layers"
        if class_name == "Sequential":
            return self._sequential(layers, place, enters, depth)
        return self._functional(config, place, enters, depth)

    def _sequential(self, layers: list[Any], place: str, enters: str | None, depth: int) -> str:
        for number, written in enumerate(layers):
            item = _checked(written, f"{place}/{number}")
            if item["class_name"] == "InputLayer" and number == 0 and enters is not None:
                continue
            enters = self._add(item, f"{place}/{number}", () if enters is None else (enters,), depth)
        if enters is None:
            raise whole_model("has no layers")
        return enters

    def _functional(self, config: Mapping[str, Any], place: str, enters: str | None, depth: int) -> str:
        made: dict[str, str] = {}
        entries, ends = _places(config.get("input_layers")), _places(config.get("output_layers"))
        if len(entries) != 1 or len(ends) != 1:
            many = "inputs" if len(entries) != 1 else "outputs"
            names = ", ".join(name for name, _ in (entries if many == "inputs" else ends))
            raise whole_model(
                f"has several {many} ({names}), and Normlab's networks one input and one output"
            )
        for number, written in enumerate(config["layers"]):
            where = f"{place}/{number}"
            item = _checked(written, where)
            name = str(item.get("name", item["config"].get("name")))
            if item["class_name"] == "InputLayer" and enters is not None:
                made[name] = enters
                continue
            calls = item.get("inbound_nodes")
            node = self._node(item, where)
            if not isinstance(calls, list) or (not calls and item["class_name"] != "InputLayer"):
                raise whole_model(f"its layer {name} says nothing of what it reads")
            if len(calls) > 1:
                self.report.refuse(
                    node, f"is used {len(calls)} times with the same weights, and Normlab's layers once"
                )
            sources = self._sources(node, calls[0]) if calls else []
            made[name] = self._add(item, where, tuple(made.get(source, source) for source in sources), depth)
        end, _ = ends[0]
        if end not in made:
            raise whole_model(f"its output is of a layer {end}, which it does not have")
        return made[end]

    def _sources(self, node: Node, call: Any) -> list[str]:
        """The layers that one reads."""
        if not isinstance(call, Mapping):
            raise whole_model(f"its layer {node.name} says in another form than Keras 3's what it reads")
        found = []
        for value in _flat(call.get("args")):
            if (source := _source(value)) is not None:
                found.append(source)
            elif value is not None:
                self.report.refuse(node, f"is called with {shown(value)}, which has no counterpart")
        for key, value in call.get("kwargs", {}).items():
            if key == "training" and isinstance(value, bool):
                self._note_mode(node, value)
                continue
            sources = [_source(item) for item in _flat(value)]
            if all(sources):
                found += filter(None, sources)
            elif value is not None:
                self.report.refuse(node, f"is called with {key} = {shown(value)}, which has no counterpart")
        return found

    def _note_mode(self, node: Node, training: bool) -> None:
        """A mode that a layer was called with. Keras writes ``false`` for dropout that was called without one."""
        if training or node.class_name == "BatchNormalization":
            self.report.remark(
                f"{node.name} is called with training = {shown(training)}: Keras's fit, evaluate and predict take no "
                "notice of it, and neither does Normlab"
            )

    def _add(self, item: Mapping[str, Any], where: str, reads: tuple[str, ...], depth: int) -> str:
        """Read a layer, or all of a model; gives the layer whose output is its."""
        if item["class_name"] in MODEL_CLASSES and _origin(item) is Origin.LAYER:
            if len(reads) > 1:
                self.report.refuse(self._node(item, where), "is a model with several inputs")
            return self.model(item, where, reads[0] if reads else None, depth + 1)
        if len(self.nodes) >= MAX_LAYERS:
            raise whole_model(f"has more than {MAX_LAYERS:,} layers")
        node = self._node(item, where)
        key = node.name if node.name not in self.nodes else node.pointer
        self.nodes[key] = node
        self.inputs[key] = reads
        return key

    def _node(self, item: Mapping[str, Any], where: str) -> Node:
        config = dict(item["config"])
        name = str(config.get("name", item.get("name", where)))
        return Node(name, item["class_name"], _origin(item), config, where, _rank(item))


def read_network(written: Configuration, report: Report) -> Network:
    """The layers of a model, those of models in it among them.

    Raises ``KerasModelError`` if it cannot be seen which layer reads which.
    """
    reader = _Reader(report)
    last = reader.model(written, "", None)
    return Network(reader.nodes, reader.inputs, last)


def _checked(written: Any, where: str) -> Mapping[str, Any]:
    if (
        not isinstance(written, Mapping)
        or not isinstance(written.get("class_name"), str)
        or not isinstance(written.get("config"), Mapping)
    ):
        raise whole_model(f'what stands at {where} is no layer: it has no "class_name" or no "config"')
    return written


def _origin(item: Mapping[str, Any]) -> Origin:
    if not is_kerass_own(item):
        return Origin.OWN
    return Origin.OPERATION if str(item["module"]).startswith(_OPERATIONS) else Origin.LAYER


def _places(value: Any) -> list[tuple[str, int]]:
    """Layers as ``input_layers`` has them: one, or since Keras 3.14 also without a list around it."""
    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(item, list) and len(item) == 3 for item in value):
        raise whole_model("says in another form than Keras 3's what its inputs and outputs are")
    return [(str(item[0]), int(item[1])) for item in value]


def _source(value: Any) -> str | None:
    if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
        history = value.get("config", {}).get("keras_history")
        if isinstance(history, list) and history:
            return str(history[0])
    return None


def _flat(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list | tuple):
            waiting += reversed(item)
        else:
            yield item


def _rank(item: Mapping[str, Any]) -> int | None:
    """Of what enters a layer, as far as its configuration says it."""
    shape = (item.get("build_config") or {}).get("input_shape")
    for value in _flat(
        [call.get("args") for call in item.get("inbound_nodes") or [] if isinstance(call, Mapping)]
    ):
        if _source(value) is not None:
            shape = value["config"].get("shape")
    return (
        len(shape) if isinstance(shape, list) and not any(isinstance(size, list) for size in shape) else None
    )
