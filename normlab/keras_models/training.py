"""Loss, optimizer and learning-rate schedule of a compiled model as a spec's ``training``."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from normlab.keras_models.ends import Output
from normlab.keras_models.report import Report
from normlab.keras_models.schedules import Run, schedule_of
from normlab.keras_models.values import NoCounterpartError, parts, plain, snake_case
from normlab.spec.optimizers import OPTIMIZERS
from normlab.spec.problems import spec_error
from normlab.spec.shown import listed, shown

Document = dict[str, Any]

_BY_CLASS = {kind.keras_class: name for name, kind in OPTIMIZERS.items()}
_BY_NAME = {keras_class.lower(): keras_class for keras_class in _BY_CLASS}
"""Keras takes an optimizer's class in lower case for one with its defaults."""

_OTHERWISE = ("Muon", "ScheduleFreeAdamW")
"""Of one name here and there, and not of one arithmetic."""

_KERAS_LEARNING_RATES = {"SGD": 0.01}
"""Keras's defaults where Normlab's are others."""

_CROSS_ENTROPIES = ("sparse_categorical_crossentropy", "categorical_crossentropy")

_LOSS_ARGUMENTS: Mapping[str, tuple[Any, ...]] = {
    "axis": (-1,),
    "dtype": ("float32",),
    "ignore_class": (),
    "label_smoothing": (0, 0.0),
    "reduction": ("sum_over_batch_size", "auto"),
}
"""Beside ``None``: what an argument of a cross-entropy may be without a counterpart."""

_OPTIMIZER_ARGUMENTS: Mapping[str, tuple[Any, ...]] = {
    "use_ema": (False,),
    "beta": (0.0,),
    "loss_scale_factor": (),
    "gradient_accumulation_steps": (),
}
"""The same of an optimizer's."""
_FOR_EMA_ALONE = ("ema_momentum", "ema_overwrite_frequency")

_RECORDED = {"accuracy", "acc", "sparse_categorical_accuracy", "categorical_accuracy", *_CROSS_ENTROPIES}
"""Metrics that Normlab records in every epoch, by one name or another."""

_OF_THE_MACHINE = ("run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss")
"""How Keras runs a training: no number changes."""

PLACE = "/compile_config"


def training_of(
    compiled: Mapping[str, Any], output: Output | None, run: Run, report: Report, given: Document
) -> Document:
    """What a compiled model says of its training, but for what is given anyway."""
    if not compiled:
        if output is not None and output.gives_logits:
            report.remark(
                f"{output.node.name} gives logits and the model is not compiled: Normlab puts a softmax behind it and "
                "trains by cross-entropy"
            )
        return {}
    training: Document = {}
    if "loss" not in given:
        _check_loss(compiled.get("loss"), output, report)
    for key in ("loss_weights", "weighted_metrics"):
        if compiled.get(key):
            report.refuse_part(key, "", f"{shown(compiled[key])} has no counterpart", f"{PLACE}/{key}")
    _remark_on_metrics(compiled.get("metrics"), report)
    if "optimizer" not in given and compiled.get("optimizer") is not None:
        training |= _optimizer(compiled["optimizer"], run, report, given)
    return training


def _check_loss(value: Any, output: Output | None, report: Report) -> None:
    def refuse(name: str, reason: str) -> None:
        report.refuse_part("loss", name, reason, f"{PLACE}/loss")

    if value is None:
        return
    try:
        name, config = parts(value)
    except NoCounterpartError as error:
        refuse("", str(error))
        return
    if snake_case(name) not in _CROSS_ENTROPIES:
        refuse(name, f"Normlab's networks learn classes: their loss is {listed(_CROSS_ENTROPIES, 'or')}")
        return
    logits = bool(config.pop("from_logits", False))
    if output is not None and logits != output.gives_logits:
        with_or_without = "without softmax" if output.gives_logits else "with softmax"
        refuse(
            name,
            f"from_logits = {shown(logits)}, and the last layer, {output.node.name}, ends {with_or_without}: one of "
            "them is not what was meant",
        )
    for key, given in config.items():
        if key != "name" and given is not None and plain(given) not in _LOSS_ARGUMENTS.get(key, ()):
            refuse(name, f"{key} = {shown(plain(given))} has no counterpart")


def _remark_on_metrics(metrics: Any, report: Report) -> None:
    others = []
    for metric in metrics if isinstance(metrics, list) else []:
        try:
            name, config = parts(metric)
        except NoCounterpartError:
            name, config = shown(metric), {}
        if snake_case(str(config.get("name", name))) not in _RECORDED and snake_case(name) not in _RECORDED:
            others.append(name)
    if others:
        report.remark(f"Normlab records losses and accuracies, not {listed(others)}")


def _optimizer(value: Any, run: Run, report: Report, given: Document) -> Document:
    where = f"{PLACE}/optimizer"
    try:
        class_name, config = parts(value)
        if class_name == "LossScaleOptimizer":  # what mixed_float16 makes of every optimizer: Normlab, too
            class_name, config = parts(config.get("inner_optimizer"))
    except NoCounterpartError as error:
        report.refuse_part("optimizer", "", str(error), where)
        return {}
    class_name = _BY_NAME.get(class_name.lower(), class_name)
    if class_name in _OTHERWISE:
        report.refuse_part(
            "optimizer",
            class_name,
            "trains otherwise than Normlab's of that name: docs/training-options.md",
            where,
        )
        return {}
    if class_name not in _BY_CLASS:
        report.refuse_part(
            "optimizer", class_name, f"has no counterpart: Normlab has {listed(OPTIMIZERS)}", where
        )
        return {}
    rate = config.pop("learning_rate", _KERAS_LEARNING_RATES.get(class_name))
    learning_rate, training = _learning_rate(rate, run, report, given)
    if not config.get("use_ema"):
        config = {key: argument for key, argument in config.items() if key not in _FOR_EMA_ALONE}
    kind = OPTIMIZERS[_BY_CLASS[class_name]]
    document: Document = {"name": _BY_CLASS[class_name], **learning_rate}
    for key, argument in config.items():
        if key != "name" and key in kind.model_fields:
            document[key] = plain(argument)
        elif key != "name" and argument is not None and argument not in _OPTIMIZER_ARGUMENTS.get(key, ()):
            report.refuse_part(
                "optimizer", class_name, f"{key} = {shown(argument)} has no counterpart", where
            )
    try:
        kind.model_validate(document)
    except ValidationError as error:
        for problem in spec_error(error, kind, document).problems:
            report.refuse_part(
                "optimizer", class_name, f"{problem.pointer.removeprefix('/')}: {problem.detail}", where
            )
    return {"optimizer": document, **training}


def _learning_rate(rate: Any, run: Run, report: Report, given: Document) -> tuple[Document, Document]:
    """The optimizer's learning rate, and what a schedule says of the training beside it."""
    if not isinstance(rate, Mapping):
        return ({} if rate is None else {"learning_rate": plain(rate)}), {}
    try:
        found = schedule_of(rate, run)
    except NoCounterpartError as error:
        where = f"{PLACE}/optimizer/config/learning_rate"
        report.refuse_part("learning_rate", str(rate.get("class_name", "")), str(error), where)
        return {}, {}
    report.remarks += found.remarks
    training: Document = {"learning_rate_schedule": found.schedule}
    if found.epochs is not None:
        training["epochs"] = found.epochs
    return {"learning_rate": found.learning_rate}, {
        key: part for key, part in training.items() if key not in given
    }
