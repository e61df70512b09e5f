"""A model's configuration as Keras 3 writes it, from an object, its JSON, or that as a dictionary."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from normlab.errors import KerasModelError, Refused
from normlab.repeated_keys import RepeatedKeyError, load_json

Configuration = Mapping[str, Any]


class KerasModel(Protocol):
    """A model's object. Keras itself is not needed to know one."""

    def to_json(self) -> str:
        """Its configuration."""

    def get_config(self) -> dict[str, Any]:
        """A part of it."""


MODEL_CLASSES = ("Sequential", "Functional", "Model")
"""What Keras calls a model that its layers alone describe."""


def is_keras_model(value: object) -> bool:
    """Whether something is a Keras model's object, or its configuration as a dictionary or JSON text."""
    if isinstance(value, str):
        return value.lstrip().startswith("{") and '"class_name"' in value
    if isinstance(value, Mapping):
        return "class_name" in value and "config" in value
    return callable(getattr(value, "to_json", None)) and callable(getattr(value, "get_config", None))


def configuration_of(model: object) -> Configuration:
    """The configuration of a model.

    Raises ``KerasModelError`` if there is none, or it is not one that Keras 3 writes.
    """
    if isinstance(model, Mapping):
        found: object = model
    elif isinstance(model, str):
        found = _parsed(model)
    elif is_keras_model(model):
        found = _parsed(_json_of(model))
    else:
        raise whole_model(
            f"this is no Keras model but a {type(model).__name__}: give a model, or its to_json()"
        )
    if not isinstance(found, Mapping) or not isinstance(found.get("config"), Mapping):
        raise whole_model('this is no Keras model: its to_json() is an object with "class_name" and "config"')
    if "keras_version" in found:
        raise whole_model(
            f"was written by Keras {found['keras_version']}, whose configurations have another form: build the model "
            "with Keras 3 and give that"
        )
    return found


def whole_model(reason: str, class_name: str = "") -> KerasModelError:
    """The error about a model as a whole."""
    return KerasModelError([Refused("model", class_name, reason, "")])


def _json_of(model: Any) -> str:
    """What a model says of itself: Keras asks each of its layers."""
    try:
        return str(model.to_json())
    except Exception as error:  # a layer's own get_config can raise anything
        silent = [Refused(layer.name, type(layer).__name__, why, "") for layer, why in _silent_layers(model)]
        if silent:
            raise KerasModelError(silent) from error
        raise whole_model(f"its configuration cannot be had: {error}", type(model).__name__) from error


def _silent_layers(model: Any) -> list[tuple[Any, str]]:
    silent = []
    for layer in getattr(model, "layers", ()):
        try:
            layer.get_config()
        except Exception as error:
            silent.append((layer, f"its configuration cannot be had: {error}".split("\n", 1)[0]))
    return silent


def _parsed(text: str) -> object:
    try:
        return load_json(text)
    except RepeatedKeyError as error:
        raise whole_model(
            f"a key of its configuration, {error.path[-1]}, stands twice in one object"
        ) from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise whole_model(f"its configuration is not JSON: {error}") from error
