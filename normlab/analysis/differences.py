"""What differs between job specs, in the words that people use for it.

An architecture is taken apart into facets (layers, normalization, activation, initializer, …), so that two
arms which differ in three things at once are seen to do so, however their layers are written down.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, get_args

from normlab.analysis.datasets import content_of, identity_of, label_of
from normlab.analysis.layer_documents import Joined, Layer, kind_of, layers_of, single_layers, written_out
from normlab.analysis.records import SpecDocument
from normlab.spec.layers import BaseLayer, Facet

ARCHITECTURE_FACETS = (
    "layers",
    "normalization",
    "activation",
    "initializer",
    "regularizer",
    "dropout",
    "layer order",
)

_NAMES = {
    "dataset.name": "dataset",
    "training.optimizer.name": "optimizer",
    "training.learning_rate_schedule.name": "learning_rate_schedule",
    "resources.device": "device",
}
_NOT_COMPARED = ("name", "tags", "architecture", "priority", "max_runtime_seconds", "probes")
_APART = ("type", "activation")
"""Options that are told as facets of their own, with those of ``_APART_ENDINGS``."""
_APART_ENDINGS = ("_initializer", "_regularizer", "_constraint", "_normalization")
_MANY = 12
"""Of changes from one kind of normalization to another in a network nobody reads the places. Where two networks differ
in these alone, ``layer order`` tells them."""


@dataclass(frozen=True)
class Difference:
    """A field in which specs differ, and its value in each; None where a spec has no such field."""

    field: str
    values: Mapping[str, Any]

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"field": self.field, "values": dict(self.values)}


def differences(specs: Mapping[str, SpecDocument]) -> tuple[Difference, ...]:
    """All fields in which the specs (by any key, such as the job's id) differ, architecture first.

    Two ways of writing down the same network (an activation inside a layer, or behind it) do not differ.
    """
    described = {key: _describe(spec) for key, spec in specs.items()}
    fields = dict.fromkeys(field for description in described.values() for field in description)
    differing = []
    for field in fields:
        values = {key: description.get(field) for key, description in described.items()}
        if any(value != next(iter(values.values())) for value in values.values()):
            if field == "dataset":
                values = {key: _label(spec) for key, spec in specs.items()}
            differing.append(Difference(field, values))
    facets = {difference.field for difference in differing} - {"layer order"}
    # The order repeats what the other facets say: it is told only when nothing else tells the networks apart.
    if facets & set(ARCHITECTURE_FACETS):
        differing = [difference for difference in differing if difference.field != "layer order"]
    return tuple(differing)


def without_seed(spec: SpecDocument) -> dict[str, Any]:
    """What a spec says of its arm: all that changes the numbers, but not the seed."""
    return {field: value for field, value in _describe(spec).items() if field != "seed"}


def _describe(spec: SpecDocument) -> dict[str, Any]:
    layers = layers_of(spec)
    rest = {key: value for key, value in spec.items() if key not in _NOT_COMPARED}
    if content_of(spec) is not None:  # what is in it counts, not what it is called
        own = {key: value for key, value in spec["dataset"].items() if key not in ("version", "content")}
        rest["dataset"] = {**own, "name": identity_of(spec)}
    return facets(layers) | {_readable(path): value for path, value in _flatten(rest)}


def _label(spec: SpecDocument) -> str | None:
    """The dataset for people, with the beginning of its digest where a name alone does not say which data it is."""
    content = content_of(spec)
    label = label_of(spec) if "dataset" in spec else None
    return label if content is None else f"{label} ({content.digest[:19]})"


def _readable(path: str) -> str:
    return _NAMES.get(path) or path.removeprefix("training.").removeprefix("optimizer.")


def _flatten(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for key, inner in value.items():
        path = f"{prefix}{key}"
        flat += _flatten(inner, f"{path}.") if isinstance(inner, Mapping) else [(path, inner)]
    return flat


def facets(layers: Sequence[Layer]) -> dict[str, str]:
    """An architecture's layers (as the spec writes them) as one sentence for each facet."""
    path, single = _Path(), list(single_layers(layers))
    path.chain(layers, _Point())
    dropouts = [step.text for layer in single for step in _steps(layer) if step.facet == "dropout"]
    return {
        "layers": _structure(layers, ("layers",)),
        "normalization": _normalization(path.normalizations),
        "activation": _joined(
            [" then ".join(texts) or "linear" for texts in path.activations], collapse=True
        ),
        "initializer": _weights(single, _initializer),
        "regularizer": _weights(single, _regularizer),
        "dropout": _joined(dropouts),
        "layer order": _structure(layers, get_args(Facet)),
    }


@dataclass(frozen=True)
class _Step:
    """Something that happens to a sample on its way through the network."""

    facet: str
    text: str
    weights: bool = False


def _steps(layer: Layer) -> list[_Step]:
    steps = []
    kind, facet = str(layer["type"]), kind_of(layer).facet
    if facet == "normalization":
        steps.append(_Step(facet, _call(kind, _options(layer))))
    elif facet == "dropout":
        steps.append(_Step(facet, f"{kind} {layer[kind_of(layer).size_field or 'rate']}"))
    elif facet == "layers":
        steps.append(_Step("layers", _call(kind, _options(layer)), weights=_has_weights(layer)))
        if (normalization := layer.get("kernel_normalization")) is not None:
            steps.append(_Step("normalization", f"{_named(normalization)} of the kernel"))
    elif facet == "activation" and "activation" not in layer:
        text = _call(kind, [*_options(layer), *_drawn_otherwise(layer)])
        steps.append(_Step(facet, text))
    if layer.get("activation", "linear") != "linear":
        steps.append(_Step("activation", _call(str(layer["activation"]), _slope(layer))))
    return steps


def _structure(layers: Iterable[Layer], facets: Collection[str]) -> str:
    """What layers and blocks are of these facets: ``flatten, 3 x residual(dense(50)), dense(10)``."""
    texts = []
    for item in written_out(layers):
        if isinstance(item, Joined):
            texts.append(_joined_ways(item, [_structure(way, facets) for way in item.ways]))
        else:
            texts += [step.text for step in _steps(item) if step.facet in facets]
    return _joined(texts)


def _joined_ways(block: Joined, texts: Sequence[str]) -> str:
    ways = [text if way else "identity" for way, text in zip(block.ways, texts, strict=True)]
    if block.kind != "residual":
        return f"{block.merge}({' | '.join(ways)})"
    layers, shortcut = ways
    return f"residual({layers})" if shortcut == "identity" else f"residual({layers} | shortcut {shortcut})"


@dataclass(frozen=True)
class _Point:
    """A point on a sample's way through the network: what lies before it."""

    layer: str = "the input"
    activated: bool = False
    weights: int | None = None
    """The number of the layer with weights that was last, among those whose activations are noted."""


class _Path:
    """A sample's way through the network: what it meets, and where."""

    def __init__(self) -> None:
        self.normalizations: list[tuple[str, str]] = []
        """Which, and what it follows (not which activation that has)."""
        self.activations: list[list[str]] = []
        """Those behind each layer with weights."""

    def chain(self, layers: Iterable[Layer], point: _Point) -> _Point:
        """Go through layers one behind the other, from a point on; the point where one comes out."""
        for item in written_out(layers):
            if isinstance(item, Joined):
                first, *_ = [self.chain(way, point) for way in item.ways]
                point = _Point(item.merge, weights=first.weights)
            else:
                for step in _steps(item):
                    point = self._step(step, point)
        return point

    def _step(self, step: _Step, point: _Point) -> _Point:
        match step.facet:
            case "layers":
                weights = self._noted() if step.weights else point.weights
                return _Point(step.text, weights=weights)
            case "activation":
                number = self._noted() if point.weights is None else point.weights
                self.activations[number].append(step.text)
                return replace(point, activated=True, weights=number)
            case "normalization":
                place = f"{point.layer} and its activation" if point.activated else point.layer
                self.normalizations.append((step.text, place))
        return point

    def _noted(self) -> int:
        self.activations.append([])
        return len(self.activations) - 1


def _has_weights(layer: Layer) -> bool:
    return bool(kind_of(layer).initializer_fields)


def _slope(layer: Layer) -> list[str]:
    slope = layer.get("negative_slope")
    return [] if slope is None else [f"slope {slope}"]


def _options(layer: Layer) -> list[str]:
    """What a layer's options say; the first, its size, without its name, and none that Keras would assume."""
    kind = kind_of(layer)
    texts = []
    for option, value in layer.items():
        is_size = option == kind.size_field
        if option in _APART or option.endswith(_APART_ENDINGS):
            continue
        if not is_size and _is_default(kind, option, value):
            continue
        shown = " x ".join(map(_shown, value)) if isinstance(value, list | tuple) else str(value)
        texts.append(shown if is_size else f"{option} {shown}")
    return texts


def _shown(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _named(value: Any) -> str:
    """A part of a layer that has a name and options: ``random_normal(stddev 0.1)``."""
    if not isinstance(value, Mapping):
        return str(value)
    return _call(str(value["name"]), [f"{key} {inner}" for key, inner in value.items() if key != "name"])


def _is_default(kind: type[BaseLayer], option: str, value: Any) -> bool:
    field = kind.model_fields.get(option)
    default = None if field is None else field.default
    return bool(default == (tuple(value) if isinstance(value, list) else value))


def _call(name: str, options: list[str]) -> str:
    return f"{name}({', '.join(options)})" if options else name


def _normalization(placed: Sequence[tuple[str, str]]) -> str:
    """Which normalization stands where, told by what it follows; of very many how often each is there."""
    kinds = [
        f"{kind} {', '.join(_places(place for _, place in group))}"
        for kind, group in groupby(placed, key=lambda item: item[0])
    ]
    if len(kinds) > _MANY:
        counts = Counter(kind for kind, _ in placed)
        return ", ".join(f"{count} x {kind}" for kind, count in counts.items())
    return "; ".join(kinds) or "none"


def _places(places: Iterable[str]) -> Iterator[str]:
    """Where a normalization stands, a place that is repeated once: ``after each of 10 dense(50)``."""
    for place, group in groupby(places):
        times = len(list(group))
        yield f"after {place}" if times == 1 else f"after each of {times} {place}"


def _weights(layers: Sequence[Layer], describe: Callable[[Layer], str]) -> str:
    return _joined([describe(layer) for layer in layers if _has_weights(layer)], collapse=True)


def _initializer(layer: Layer) -> str:
    names = [_named(layer.get(field, "default")) for field in kind_of(layer).initializer_fields]
    return " and ".join(dict.fromkeys(names))


def _drawn_otherwise(layer: Layer) -> list[str]:
    """How the slopes of an activation are drawn, if not by its kind's default."""
    kind = kind_of(layer)
    return [
        f"{field.removesuffix('_initializer')} {_named(value)}"
        for field, value in layer.items()
        if field.endswith("_initializer") and value != str(kind.model_fields[field].default)
    ]


def _regularizer(layer: Layer) -> str:
    asked = [
        _named(value) if field.endswith("_constraint") else _penalty(value)
        for field, value in layer.items()
        if field.endswith(("_regularizer", "_constraint")) and value
    ]
    return " and ".join(asked) or "none"


def _penalty(penalty: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in penalty.items())


def has_penalty(spec: SpecDocument) -> bool:
    """Whether the loss that a spec's network is trained with holds a penalty."""
    return any(
        any((layer.get(field) or {}).get(name) for name in ("l1", "l2", "orthogonal"))
        for layer in single_layers(layers_of(spec))
        for field in layer
        if field.endswith("_regularizer")
    )


def _joined(texts: list[str], *, collapse: bool = False) -> str:
    """The texts in a row, what is repeated once: ``flatten, 10 x dense(50)``; or ``collapse``d to one if all are."""
    if collapse and len(set(texts)) == 1:
        return texts[0]
    runs = [(text, len(list(group))) for text, group in groupby(texts)]
    return ", ".join(text if times == 1 else f"{times} x {text}" for text, times in runs) or "none"
