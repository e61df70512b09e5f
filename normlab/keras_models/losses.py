"""The loss of a compiled model as a spec's."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from normlab.keras_models.ends import Output
from normlab.keras_models.report import Report
from normlab.keras_models.values import NoCounterpartError, parts, plain, snake_case
from normlab.spec.losses import LOSSES
from normlab.spec.problems import spec_error
from normlab.spec.shown import listed, shown

Document = dict[str, Any]

CROSS_ENTROPIES = ("sparse_categorical_crossentropy", "categorical_crossentropy")
_SPEC_NAMES: Mapping[str, str] = {
    **dict.fromkeys(CROSS_ENTROPIES, "cross_entropy"),
    "categorical_focal_crossentropy": "focal",
}
"""By Keras's name of a loss the spec's."""

_SAYS_NOTHING: Mapping[str, Callable[[Any], bool]] = {
    "axis": lambda value: value == -1,
    "dtype": lambda value: value == "float32",
    "from_logits": lambda _: True,  # looked at beside the output layer
    "name": lambda _: True,
    "reduction": lambda value: value in ("sum_over_batch_size", "auto"),
}
"""Arguments that a spec has no field for, and whether a value is what Normlab does anyway; ``None`` always is."""

_REASONS: Mapping[str, str] = {
    "ignore_class": "Normlab's data have no samples without a class",
    "reduction": "Normlab's loss is the mean over the samples",
}


def loss_of(value: Any, output: Output | None, report: Report, place: str) -> Document:
    """What the loss of a compiled model is in a spec's ``training``; the plain cross-entropy is its default."""
    if value is None:
        return {}
    try:
        name, config = parts(value)
    except NoCounterpartError as error:
        report.refuse_part("loss", "", str(error), place)
        return {}
    kind = _SPEC_NAMES.get(snake_case(name))
    if kind is None:
        reason = f"a Keras model is read as one that learns classes: its loss is {listed(_SPEC_NAMES, 'or')}"
        report.refuse_part("loss", name, reason, place)
        return {}
    _check_logits(name, bool(config.get("from_logits", False)), output, report, place)
    document: Document = {"name": kind}
    fields = LOSSES[kind].model_fields
    for key, given in config.items():
        if key != "name" and key in fields:
            document[key] = plain(given)
        elif given is not None and not _SAYS_NOTHING.get(key, lambda _: False)(plain(given)):
            why = f": {_REASONS[key]}" if key in _REASONS else ""
            report.refuse_part("loss", name, f"{key} = {shown(plain(given))} has no counterpart{why}", place)
    if isinstance(document.get("alpha"), list):
        reason = "alpha has a number for each class, which Normlab's class_weight has: give one number here"
        report.refuse_part("loss", name, reason, place)
        return {}
    return _checked(document, name, report, place)


def _check_logits(name: str, logits: bool, output: Output | None, report: Report, place: str) -> None:
    if output is None or logits == output.gives_logits:
        return
    with_or_without = "without softmax" if output.gives_logits else "with softmax"
    report.refuse_part(
        "loss",
        name,
        f"from_logits = {shown(logits)}, and the last layer, {output.node.name}, ends {with_or_without}: one of "
        "them is not what was meant",
        place,
    )


def _checked(document: Document, name: str, report: Report, place: str) -> Document:
    """The loss, but for what is its default."""
    kind = LOSSES[document["name"]]
    try:
        loss = kind.model_validate(document)
    except ValidationError as error:
        for problem in spec_error(error, kind, document).problems:
            detail = f"{problem.pointer.removeprefix('/')}: {problem.detail}"
            report.refuse_part("loss", name, detail, place)
        return {}
    changed = {
        key: given for key, given in document.items() if getattr(loss, key) != kind.model_fields[key].default
    }
    return {} if changed == {"name": "cross_entropy"} else {"loss": changed}
