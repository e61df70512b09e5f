"""Loss, optimizer and learning-rate schedule of a compiled model as a spec's ``training``."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from normlab.keras_models.ends import Output
from normlab.keras_models.losses import CROSS_ENTROPIES, loss_of
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

_OPTIMIZER_ARGUMENTS: Mapping[str, tuple[Any, ...]] = {
    "use_ema": (False, True),  # as a spec's ``ema_momentum``
    "beta": (0.0,),
    "loss_scale_factor": (),
    "gradient_accumulation_steps": (),
}
"""The same of an optimizer's."""
_KERAS_EMA = 0.99
"""Keras's ``ema_momentum`` where it says none."""

_RECORDED = {"accuracy", "acc", "sparse_categorical_accuracy", "categorical_accuracy", *CROSS_ENTROPIES}
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
        training |= loss_of(compiled.get("loss"), output, report, f"{PLACE}/loss")
    for key in ("loss_weights", "weighted_metrics"):
        if compiled.get(key):
            report.refuse_part(key, "", f"{shown(compiled[key])} has no counterpart", f"{PLACE}/{key}")
    _remark_on_metrics(compiled.get("metrics"), report)
    if "optimizer" not in given and compiled.get("optimizer") is not None:
        training |= _optimizer(compiled["optimizer"], run, report, given)
    return training


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
    config = _with_average(config, class_name, report)
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


def _with_average(config: Document, class_name: str, report: Report) -> Document:
    """An optimizer's arguments with ``ema_momentum`` as a spec's optimizer has it, or none.

    Keras moves the average at every batch, and a spec at every step of the weights.
    """
    config = dict(config)
    momentum, every = config.pop("ema_momentum", None), config.pop("ema_overwrite_frequency", None)
    if not config.get("use_ema"):
        return config
    if every is not None:
        report.refuse_part(
            "optimizer",
            class_name,
            f"ema_overwrite_frequency = {shown(every)} puts the average in the place of the weights while it "
            "trains, and Normlab goes on from its own weights: leave it out",
            f"{PLACE}/optimizer",
        )
    report.remark(
        "the average of the weights is what is evaluated after each epoch, as with Keras's SwapEMAWeights; its fit by "
        "itself takes the average at the end alone"
    )
    batches = config.get("gradient_accumulation_steps") or 1
    kept = plain(_KERAS_EMA if momentum is None else momentum) ** batches
    return {**config, "ema_momentum": float(f"{kept:.15g}")}


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
