"""What a model's object knows and its configuration does not say."""

from typing import Any

from normlab.keras_models.report import Report


def unsaid_of(model: object, report: Report) -> None:
    """Note what Keras does not write of a model's object: functions and exclusions that have no other place.

    - Somebody's own activation function is written by its name, so that one called ``relu`` is taken for Keras's.
    - ``exclude_from_weight_decay`` is in no configuration.
    """
    for layer in _layers(model):
        activation = getattr(layer, "activation", None)
        origin = getattr(activation, "__module__", None) or ""
        if callable(activation) and hasattr(activation, "__name__") and origin.split(".")[0] != "keras":
            report.refuse_part(
                str(getattr(layer, "name", "")),
                type(layer).__name__,
                f"the activation {activation.__name__} is a function of your own, whose code is never loaded",
                "",
            )
    optimizer = getattr(model, "optimizer", None)
    if getattr(optimizer, "_exclude_from_weight_decay", None) or getattr(
        optimizer, "_exclude_from_weight_decay_pattern", None
    ):
        report.refuse_part(
            "optimizer",
            type(optimizer).__name__,
            "exclude_from_weight_decay is in no configuration of Keras's: say it in the spec's training.optimizer",
            "/compile_config/optimizer",
        )


def _layers(model: object) -> list[Any]:
    """The layers of a model's object, with those of models in it, and what is in a layer around another."""
    found: list[Any] = []
    for layer in getattr(model, "layers", None) or ():
        wrapped = getattr(layer, "layer", None)
        found += _layers(layer) or [layer, *([] if wrapped is None else [wrapped])]
    return found
