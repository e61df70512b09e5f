"""What Normlab adds to an architecture itself, and Keras's models hold: scaling at the input, the output layer."""

from dataclasses import dataclass
from math import isclose, prod

from normlab.keras_models.arguments import check_rest
from normlab.keras_models.report import OWN_CLASS, Node, Origin, Report
from normlab.keras_models.structure import Chain
from normlab.keras_models.values import NoCounterpartError, is_initializer, parts
from normlab.spec.dataset_content import DatasetFacts
from normlab.spec.dataset_spec import DatasetSpec
from normlab.spec.datasets import DATASETS, DatasetInfo
from normlab.spec.layers.base import Shape, describe
from normlab.spec.layers.preparation import TableInputs
from normlab.spec.shown import listed, shown

_SHAPE_ONLY = {"Flatten", "Reshape", "Identity"}
"""What may stand before the scaling: it changes no value."""


@dataclass(frozen=True)
class Output:
    """The layer that gives the classes."""

    node: Node
    classes: int
    gives_logits: bool
    """Whether the softmax is left to the loss."""


def take_output(chain: Chain, report: Report) -> tuple[Chain, Output | None]:
    """The layers before the output layer, and what that is."""
    softmax_behind = bool(chain) and isinstance(chain[-1], Node) and _is_softmax(chain[-1])
    inner = chain[:-1] if softmax_behind else chain
    last = inner[-1] if inner else None
    if not isinstance(last, Node) or not last.is_a("Dense"):
        node = (
            last if isinstance(last, Node) else last.node if last else Node("model", "", Origin.LAYER, {}, "")
        )
        report.refuse(node, _why_no_output(node))
        return inner[:-1] if isinstance(last, Node) else inner, None
    activation = _activation_name(last)
    if activation not in ("linear", "softmax") or (activation == "softmax" and softmax_behind):
        report.refuse(
            last,
            f"is the last layer and ends with {activation}{' and softmax' if softmax_behind else ''}: Normlab's output "
            "layer has softmax, and learns classes by cross-entropy",
        )
        return inner[:-1], None
    config = dict(last.config)
    units = config.pop("units", None)
    config.pop("activation", None)
    if not config.pop("use_bias", True):
        report.refuse(last, "use_bias = false has no counterpart: Normlab's output layer has a bias")
    if not is_initializer(kernel := config.pop("kernel_initializer", "glorot_uniform"), "glorot_uniform"):
        report.refuse(
            last, f"kernel_initializer = {_class(kernel)}: that of Normlab's output layer is glorot_uniform"
        )
    elif isinstance(kernel, dict) and kernel.get("config", {}).get("seed") is not None:
        report.seeded.append(last.name)
    if config.get("trainable") is False:
        report.refuse(last, "trainable = false has no counterpart: Normlab trains all layers")
    check_rest(last, {key: value for key, value in config.items() if key != "dtype"}, report)
    if not isinstance(units, int):
        report.refuse(last, f"units = {shown(units)} should be a number")
        return inner[:-1], None
    return inner[:-1], Output(last, units, activation == "linear" and not softmax_behind)


def _why_no_output(node: Node) -> str:
    if node.origin is Origin.OWN:
        return OWN_CLASS
    wanted = "is the last layer: it should be Dense with a unit for each class and softmax"
    return (
        f"{wanted}, without a normalization of its kernel" if node.is_a("SpectralNormalization") else wanted
    )


def _class(value: object) -> str:
    try:
        return parts(value)[0]
    except NoCounterpartError:
        return shown(value)


def _is_softmax(node: Node) -> bool:
    if node.is_a("Softmax"):
        return node.config.get("axis", -1) in (-1, [-1], 1)
    return node.is_a("Activation") and _activation_name(node) == "softmax"


def _activation_name(node: Node) -> str:
    value = node.config.get("activation")
    return "linear" if value is None else _class(value)


def take_scaling(chain: Chain, dataset: DatasetSpec, report: Report) -> Chain:
    """The layers without a ``Rescaling`` that does what Normlab does anyway: divide by the largest pixel. On a table
    without a ``Normalization``, whose figures are another's."""
    if dataset.columns is not None:
        return _take_normalization(chain, dataset, report)
    for number, item in enumerate(chain):
        if not isinstance(item, Node) or not item.is_a(*_SHAPE_ONLY, "Rescaling"):
            break
        if item.is_a("Rescaling"):
            scale, offset = item.config.get("scale"), item.config.get("offset")
            pixel_max = dataset.info.pixel_max
            wanted = 1 / pixel_max
            fits = isinstance(scale, int | float) and isclose(scale, wanted, rel_tol=1e-6) and offset == 0
            if not fits:
                report.refuse(
                    item,
                    f"scale = {shown(scale)}, offset = {shown(offset)}: Normlab gives the network pixels from 0 to 1, "
                    f"which of {dataset.label} is Rescaling(1 / {pixel_max})",
                )
            return chain[:number] + chain[number + 1 :]
    return chain


def _take_normalization(chain: Chain, dataset: DatasetSpec, report: Report) -> Chain:
    first = chain[0] if chain else None
    taken = isinstance(first, Node) and first.is_a("Normalization")
    instead = ", in place of the model's Normalization" if taken else ""
    report.remark(
        f"{dataset.label} is a table: before the model's first layer Normlab standardizes its numbers with figures of "
        f"the rows that a job trains on{instead}, and makes inputs of its categories"
    )
    return chain[1:] if taken else chain


def fitting_dataset(
    shape: Shape | None, classes: int | None, entry: Node | None, report: Report
) -> DatasetInfo | None:
    """The first dataset that a network fits by its sizes."""
    if shape is None:
        return None
    fitting = [
        info
        for info in DATASETS.values()
        if prod(info.shape) == prod(shape) and classes in (None, info.class_count)
    ]
    if not fitting:
        known = listed(
            f"{info.name} ({describe(info.shape)}, {info.class_count} classes)" for info in DATASETS.values()
        )
        has = f" and {classes} classes" if classes is not None else ""
        if entry is not None:
            report.refuse(entry, f"{describe(shape)} values{has} are of no dataset that Normlab has: {known}")
        return None
    if len(fitting) > 1:
        report.remark(
            f"the dataset is {fitting[0].name}; {listed(info.name for info in fitting[1:])} would fit as well: "
            "name one to choose"
        )
    return fitting[0]


def entering_shape(chain: Chain, shape: Shape | None, dataset: DatasetFacts) -> list[dict[str, object]]:
    """The layers that bring a dataset's samples into the shape that the network's input has."""
    if shape is None or shape == dataset.shape or prod(shape) != prod(dataset.shape):
        return []
    first = chain[0] if chain else None
    if isinstance(first, Node) and first.is_a("Flatten", "Reshape"):
        return []
    if len(shape) == 1:
        return [{"type": "flatten"}]
    return [{"type": "reshape", "target_shape": list(shape)}]


def check_sizes(
    dataset: DatasetSpec, shape: Shape | None, output: Output | None, entry: Node | None, report: Report
) -> None:
    """Refuse a network that does not fit a dataset."""
    info = dataset.info
    if dataset.columns is not None:
        _check_width(dataset, shape, entry, report)
    elif shape is not None and entry is not None and prod(shape) != prod(info.shape):
        report.refuse(
            entry,
            f"{describe(shape)} values enter, and samples of {dataset.label} have {describe(info.shape)}",
        )
    if output is not None and output.classes != info.class_count:
        report.refuse(
            output.node,
            f"has {output.classes} units, and {dataset.label} {info.class_count} classes: one unit for each",
        )


def _check_width(dataset: DatasetSpec, shape: Shape | None, entry: Node | None, report: Report) -> None:
    """Refuse a network that does not take what a table's rows are prepared to."""
    width = TableInputs.of([column.form for column in dataset.columns or ()]).width
    if shape is not None and entry is not None and shape != (width,):
        report.refuse(
            entry,
            f"{describe(shape)} values enter, and the prepared rows of {dataset.label} have {width}: one for each "
            "number, for each that may be missing and for each category, or an embedding of many categories",
        )
