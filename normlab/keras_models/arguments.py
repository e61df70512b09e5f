"""Arguments of Keras's layers that a spec has no field for: which value of each changes nothing."""

from collections.abc import Callable, Mapping
from typing import Any

from normlab.keras_models.report import Node, Report
from normlab.keras_models.values import NoCounterpartError, is_initializer, parts
from normlab.spec.shown import shown

_Test = Callable[[Any], bool]


def _one_of(*values: Any) -> _Test:
    return lambda value: value in values


def _zeros(value: Any) -> bool:
    return is_initializer(value, "zeros")


def _ones(value: Any) -> bool:
    return is_initializer(value, "ones")


NEUTRAL: Mapping[str, _Test] = {
    "attention_axes": _one_of([1], (1,)),  # what Keras makes of None when it builds attention to rows
    "autocast": lambda _: True,
    "beta_initializer": _zeros,
    "bias_initializer": _zeros,
    "data_format": _one_of("channels_last"),
    "dilation_rate": _one_of(1, [1], [1, 1], (1, 1)),
    "gamma_initializer": _ones,
    "groups": _one_of(1),
    "keepdims": _one_of(False),
    "moving_mean_initializer": _zeros,
    "moving_variance_initializer": _ones,
    "name": lambda _: True,
    "renorm_clipping": lambda _: True,  # of ``renorm`` alone, which a row of layers.py takes
    "renorm_momentum": lambda _: True,
    "rms_scaling": _one_of(False),
    "seed": lambda _: True,  # told by the report
    "synchronized": _one_of(False),
    "use_gate": _one_of(False),
}
"""By an argument's name, whether a value says what Normlab does anyway. ``None`` always does; what is not listed has a
counterpart, or is refused."""


def check_rest(node: Node, rest: Mapping[str, Any], report: Report) -> None:
    """Refuse a layer for each argument that no spec can say, and note its type and its seed."""
    for key, value in rest.items():
        match key:
            case "dtype":
                note_policy(node, value, report)
            case "axis":
                if not _is_last(value, node.rank):
                    report.refuse(node, f"works on axis {shown(value)}, and Normlab's on the last one alone")
            case "trainable":
                pass  # its layer's kind decides: see layers.py
            case _ if value is not None and not NEUTRAL.get(key, lambda _: False)(value):
                report.refuse(node, f"{key} = {_told(value)} has no counterpart")
    if rest.get("seed") is not None and not isinstance(rest["seed"], Mapping):
        report.seeded.append(node.name)


def _is_last(axis: Any, rank: int | None) -> bool:
    if isinstance(axis, list | tuple) and len(axis) == 1:
        axis = axis[0]
    return axis == -1 or (rank is not None and axis == rank - 1)


def note_policy(node: Node, value: Any, report: Report) -> None:
    """Note what a layer computes in."""
    try:
        name, config = parts(value) if value is not None else ("float32", {})
    except NoCounterpartError as error:
        report.refuse(node, f"dtype: {error}")
        return
    report.policies.setdefault(str(config.get("name", name)), []).append(node)


def _told(value: Any) -> str:
    """A value as people know it: an object of Keras's by its class and what is not a matter of course."""
    try:
        name, config = parts(value)
    except NoCounterpartError:
        return shown(value)
    if isinstance(value, str):
        return shown(value)
    return (
        f"{name}({', '.join(f'{key}={shown(given)}' for key, given in config.items() if given is not None)})"
    )
