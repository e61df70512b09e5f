"""Keras's layers as a spec's: a table of those that have other arguments than the spec's kind has fields.

All other kinds come by themselves: ``keras_class`` names the class, and the fields have the names of its arguments.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from normlab.keras_models.arguments import check_rest
from normlab.keras_models.augmentation import changes_pictures, why_not_between
from normlab.keras_models.report import OWN_CLASS, Node, Origin, Report
from normlab.keras_models.values import (
    KERAS_LEAKY_SLOPE,
    NoCounterpartError,
    constraint,
    initializer,
    parts,
    plain,
    regularizer,
)
from normlab.spec.fields import Activation
from normlab.spec.layers import LAYERS, BaseLayer
from normlab.spec.problems import spec_error
from normlab.spec.shown import listed, quoted, shown

Document = dict[str, Any]
"""A layer as a spec has it, in plain JSON."""
Config = dict[str, Any]

_BY_CLASS: Mapping[str, str] = {kind.keras_class: name for name, kind in reversed(LAYERS.items())}
"""By the name of Keras's class the first kind that it makes."""
_KERNEL_DIMENSIONS: Mapping[str, int] = {"dense": 2, "conv1d": 3}
"""Of the kernels of layers; those of images have four."""
_WITH_KERNEL_NORMALIZATION = [
    name for name, kind in LAYERS.items() if "kernel_normalization" in kind.model_fields
]


def spec_layers(node: Node, report: Report) -> list[Document]:
    """What a layer of Keras is in a spec: one layer, or that and its activation, or nothing.

    What there is no counterpart of is noted in the report.
    """
    if node.origin is not Origin.LAYER:
        operation = "is an operation that no layer makes"
        report.refuse(node, OWN_CLASS if node.origin is Origin.OWN else operation)
        return []
    row = _ROWS.get(node.class_name)
    if row is None and node.class_name not in _BY_CLASS:
        reason = _REASONS.get(node.class_name, "Normlab has no such layer")
        report.refuse(node, why_not_between(node.class_name) if changes_pictures(node) else reason)
        return []
    try:
        given = _Given(dict(node.config))
        documents = row(given) if row is not None else [_same_names(_BY_CLASS[node.class_name], given)]
    except NoCounterpartError as error:
        report.refuse(node, str(error))
        return []
    if given.seeded:
        report.seeded.append(node.name)
    check_rest(node, given.config, report)
    documents = [*documents, *given.behind]
    for document in documents:
        _check(node, document, report)
    return documents


class _Given:
    """The arguments of a layer of Keras that have not been looked at yet."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.seeded = False
        self.behind: list[Document] = []
        """Layers that follow it in a spec, since they are part of it in Keras alone."""

    def take(self, key: str, default: Any = None) -> Any:
        """An argument, which is done with."""
        return plain(self.config.pop(key, default))

    def need(self, key: str, wanted: Any, otherwise: str) -> None:
        """Be done with an argument that has no counterpart but for one value (or ``None``)."""
        if (value := self.take(key)) not in (wanted, None):
            raise NoCounterpartError(f"{key} = {shown(value)} has no counterpart: {otherwise}")


def _same_names(kind: str, given: _Given) -> Document:
    """A kind whose fields are named as Keras's arguments."""
    document: Document = {"type": kind}
    for field in LAYERS[kind].model_fields:
        if field == "type" or field not in given.config:
            continue
        value = given.config.pop(field)
        match field.rpartition("_")[2]:
            case "activation":
                activation = _activation(value)
                if activation["activation"] == Activation.LEAKY_RELU:
                    given.behind.append(activation)
                else:
                    document[field] = activation["activation"]
            case "initializer":
                document[field], has_seed = initializer(value)
                given.seeded |= has_seed
            case "constraint":
                document[field] = constraint(value, _KERNEL_DIMENSIONS.get(kind, 4))
            case "regularizer":
                document[field] = regularizer(value)
            case _:
                document[field] = plain(value)
    return document


def _activation(value: Any) -> Document:
    """An activation function, or a layer that stands for one, as a layer of a spec."""
    if value is None:
        value = "linear"
    name, config = parts(value)
    if (row := _ACTIVATION_LAYERS.get(name)) is not None:
        given = _Given(
            {key: given for key, given in config.items() if key not in ("name", "trainable", "dtype")}
        )
        (layer,) = row(given)
        return layer
    if name == Activation.LEAKY_RELU:
        return {"type": "activation", "activation": name, "negative_slope": KERAS_LEAKY_SLOPE}
    if name not in set(Activation):
        raise NoCounterpartError(
            f"the activation {quoted(name)} has no counterpart: Normlab has {listed(Activation)}"
        )
    return {"type": "activation", "activation": name}


def _activation_layer(given: _Given) -> list[Document]:
    return [_activation(given.config.pop("activation", None))]


def _relu(given: _Given) -> list[Document]:
    given.need("max_value", None, "Normlab's relu has no upper bound")
    given.need("threshold", 0.0, "Normlab's relu begins at 0")
    slope = given.take("negative_slope", 0.0)
    return [_leaky(slope) if slope else {"type": "activation", "activation": "relu"}]


def _leaky_relu(given: _Given) -> list[Document]:
    return [_leaky(given.take("negative_slope", 0.3))]


def _leaky(slope: Any) -> Document:
    return {"type": "activation", "activation": "leaky_relu", "negative_slope": slope}


def _elu(given: _Given) -> list[Document]:
    given.need("alpha", 1.0, "that of Normlab's elu is 1")
    return [{"type": "activation", "activation": "elu"}]


def _softmax(given: _Given) -> list[Document]:  # noqa: ARG001  (a row's arguments)
    raise NoCounterpartError(
        "Normlab has softmax in the output layer alone, and this is not behind the last one"
    )


def _identity(given: _Given) -> list[Document]:  # noqa: ARG001  (the same)
    return []


def _batch_normalization(given: _Given) -> list[Document]:
    if not given.take("renorm"):
        return [_same_names("batch_normalization", given)]
    bounds = given.take("renorm_clipping") or {}
    document = _same_names("batch_renormalization", given)
    return [document | {key: plain(bound) for key, bound in bounds.items() if bound is not None}]


def _attention(given: _Given) -> list[Document]:
    document = _same_names("multi_head_attention", given)
    if document.get("value_dim") == document.get("key_dim"):  # what Keras makes of None
        document.pop("value_dim", None)
    return [document]


def _spectral_normalization(given: _Given) -> list[Document]:
    name, config = parts(given.config.pop("layer", None))
    iterations = given.take("power_iterations", 1)
    kind = _BY_CLASS.get(name, "")
    if kind not in _WITH_KERNEL_NORMALIZATION:
        raise NoCounterpartError(
            f"is around a layer of class {name}: Normlab normalizes the kernels of {listed(_WITH_KERNEL_NORMALIZATION)}"
        )
    inner = _Given(config)
    normalization = {"name": "spectral_normalization", "power_iterations": iterations}
    document = _same_names(kind, inner) | {"kernel_normalization": normalization}
    if inner.take("trainable") is False:
        raise NoCounterpartError("trainable = false has no counterpart: Normlab trains all layers")
    given.seeded, given.behind = inner.seeded, inner.behind
    given.config |= {
        key: value for key, value in inner.config.items() if key != "name"
    }  # it computes as what is in it
    return [document]


_Row = Callable[[_Given], list[Document]]

_ACTIVATION_LAYERS: Mapping[str, _Row] = {"ELU": _elu, "LeakyReLU": _leaky_relu, "ReLU": _relu}

_ROWS: Mapping[str, _Row] = {
    **_ACTIVATION_LAYERS,
    "Activation": _activation_layer,
    "BatchNormalization": _batch_normalization,
    "Identity": _identity,
    "MultiHeadAttention": _attention,
    "Softmax": _softmax,
    "SpectralNormalization": _spectral_normalization,
}
"""By the name of Keras's class, what it is in a spec. A row takes the arguments that it knows; the rest is checked."""

_REASONS: Mapping[str, str] = {
    "Lambda": "holds Python code, which is never loaded",
    "Rescaling": "Normlab scales pixels to 0 to 1 before the first layer, and nowhere else",
    "Normalization": "Normlab scales pixels to 0 to 1, by nothing that is learned from the data",
}
"""Why some classes have no counterpart, where more can be said than that there is none."""


def _check(node: Node, document: Document, report: Report) -> None:
    kind = LAYERS[document["type"]]
    if node.config.get("trainable") is False and kind.variables is not BaseLayer.variables:
        report.refuse(node, "trainable = false has no counterpart: Normlab trains all layers")
    try:
        kind.model_validate(document)
    except ValidationError as error:
        for problem in spec_error(error, kind, document).problems:
            report.refuse(
                node, f"{problem.pointer.removeprefix('/').replace('/', '.')}: {problem.detail}".lstrip(": ")
            )
