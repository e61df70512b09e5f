"""Values of a layer's arguments, as a spec has them: numbers, activations, initializers, regularizers."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from normlab.spec.shown import shown

_INITIALIZER_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "constant": {"value": 0.0},
    "identity": {"gain": 1.0},
    "orthogonal": {"gain": 1.0},
    "random_normal": {"mean": 0.0, "stddev": 0.05},
    "random_uniform": {"minval": -0.05, "maxval": 0.05},
    "truncated_normal": {"mean": 0.0, "stddev": 0.05},
    "variance_scaling": {"scale": 1.0, "mode": "fan_in", "distribution": "truncated_normal"},
}
"""Keras's: of these a name is enough."""

KERAS_LEAKY_SLOPE = 0.2
"""Of the activation function ``leaky_relu``; that of Keras's layer is 0.3."""


class NoCounterpartError(ValueError):
    """A value that no spec can say; the message says which and why."""


def plain(value: Any) -> Any:
    """A value without what single precision added to it: Keras keeps 0.001 as 0.0010000000474974513.

    What is computed in single precision is the same with both.

    >>> plain(0.0010000000474974513), plain(0.1), plain([1, 0.5])
    (0.001, 0.1, [1, 0.5])
    """
    if isinstance(value, float):
        single = np.float32(value)
        return float(str(single)) if float(single) == value else value
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def snake_case(class_name: str) -> str:
    """A class's name as Keras writes it in lower case.

    >>> snake_case("GlorotUniform"), snake_case("L2"), snake_case("SpatialDropout2D")
    ('glorot_uniform', 'l2', 'spatial_dropout2d')
    """
    parted = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", class_name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", parted).lower().replace("2_d", "2d").replace("1_d", "1d")


def parts(value: Any) -> tuple[str, dict[str, Any]]:
    """Class and arguments of an object of Keras's in a configuration; a string is a class's name alone."""
    if isinstance(value, str):
        return value, {}
    if isinstance(value, Mapping) and isinstance(value.get("class_name"), str):
        if value["class_name"] == "function":
            raise NoCounterpartError(
                f"{shown(value.get('config'))} is a function of your own, whose code is never loaded"
            )
        if not is_kerass_own(value):
            raise NoCounterpartError(
                f"{value['class_name']} is a class of your own, whose code is never loaded"
            )
        config = value.get("config")
        return value["class_name"], dict(config) if isinstance(config, Mapping) else {}
    raise NoCounterpartError(f"{shown(value)} is nothing that Keras writes")


def is_kerass_own(written: Mapping[str, Any]) -> bool:
    """Whether an object in a configuration is of a class that Keras brings. No class is looked up, or loaded."""
    module, registered = written.get("module"), written.get("registered_name")
    return (
        isinstance(module, str)
        and (module == "keras" or module.startswith("keras."))
        and registered in (None, written.get("class_name"))
    )


def initializer(value: Any) -> tuple[str | dict[str, Any], bool]:
    """An initializer as a spec has it, and whether it has a seed of its own."""
    class_name, config = parts(value)
    name, seed = snake_case(class_name), config.pop("seed", None)
    defaults = _INITIALIZER_DEFAULTS.get(name, {})
    arguments = {key: plain(given) for key, given in config.items() if given is not None}
    changed = {key: given for key, given in arguments.items() if defaults.get(key) != given}
    return ({"name": name, **changed} if changed else name), seed is not None


def is_initializer(value: Any, *names: str) -> bool:
    """Whether an initializer is one of these, with nothing but defaults."""
    if value is None:
        return False
    try:
        return initializer(value)[0] in names
    except NoCounterpartError:
        return False


def constraint(value: Any, dimensions: int) -> dict[str, Any] | None:
    """A constraint of a kernel of so many dimensions as a spec has it: without its axis where that is the usual one."""
    if value is None:
        return None
    class_name, config = parts(value)
    axis = config.get("axis", 0)
    axes = [axis] if isinstance(axis, int) else list(axis)
    if axes == list(range(dimensions - 1)):
        config.pop("axis", None)
    return {"name": snake_case(class_name), **{key: plain(given) for key, given in config.items()}}


def regularizer(value: Any) -> dict[str, Any] | None:
    """A regularizer as a spec has it: without what is 0."""
    if value is None:
        return None
    class_name, config = parts(value)
    match snake_case(class_name):
        case "l1" | "l2" | "l1_l2" | "l1l2":
            strengths = {key: plain(strength) for key, strength in config.items() if strength}
            return strengths or None
        case "orthogonal_regularizer":
            mode = {"mode": config["mode"]} if config.get("mode", "rows") != "rows" else {}
            return {"orthogonal": plain(config.get("factor", 0.01)), **mode}
    raise NoCounterpartError(f"{class_name} has no counterpart")
