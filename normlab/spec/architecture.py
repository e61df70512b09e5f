"""An architecture: a list of layers and blocks of layers, written out or by a preset's name."""

import re
from functools import cache
from typing import Any

from pydantic import ConfigDict, model_serializer, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from normlab.spec.blocks import LayerOrBlock
from normlab.spec.fields import SpecModel
from normlab.spec.layers import Reshape, Shape
from normlab.spec.nearest import did_you_mean
from normlab.spec.presets import PRESETS, PresetNormalization
from normlab.spec.shown import listed, quoted, shown

_FILE_NAME = re.compile(r"\.(jsonc?|json5|ya?ml|toml|py|txt|h5|keras)$|[/\\]", re.IGNORECASE)


def _either(schema: JsonDict) -> None:
    """A preset's name brings its layers along."""
    del schema["required"]
    schema["anyOf"] = [{"required": ["layers"]}, {"required": ["preset"]}]


class Architecture(SpecModel):
    """The layers between the input and the output layer.

    Normlab adds the output layer (dense to the dataset's classes, softmax), so that an architecture fits
    every dataset. A string is a preset's name.
    """

    model_config = ConfigDict(json_schema_extra=_either)

    preset: str | None = None
    """The preset that the layers came from."""
    normalization: PresetNormalization | None = None
    """Which one the preset is to have, of those that leave it open; None: its usual one."""
    layers: tuple[LayerOrBlock, ...]
    """From the input's side to the output layer, which Normlab adds."""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"preset": value}
        if not isinstance(value, dict) or value.get("preset") is None:
            return value
        preset = PRESETS.get(value["preset"]) if isinstance(value["preset"], str) else None
        if preset is None:
            raise PydanticCustomError(
                "unknown_preset", "{sentence}", {"sentence": _no_preset(value["preset"])}
            )
        normalization = value.get("normalization")
        if not isinstance(normalization, str) or normalization not in preset.by_normalization:
            normalization = None  # if it is a wrong one, another validator says so
        return {**value, "layers": value.get("layers", preset_layers(preset.name, normalization))}

    @model_validator(mode="after")
    def _preset_leaves_the_normalization_open(self) -> "Architecture":
        if self.normalization is None:
            return self
        if self.preset is None:
            raise ValueError("normalization belongs to a preset: put normalization layers between your own")
        open_to = PRESETS[self.preset].by_normalization
        if self.normalization not in open_to:
            others = [
                name for name, preset in PRESETS.items() if self.normalization in preset.by_normalization
            ]
            choice = (
                f"can have {listed(open_to, 'or')}" if open_to else "leaves no choice of its normalization"
            )
            raise ValueError(f"{self.preset} {choice}; {listed(others)} can have {self.normalization}")
        return self

    @model_validator(mode="after")
    def _preset_and_layers_agree(self) -> "Architecture":
        if self.preset is None:
            return self
        layers = self.layers
        if PRESETS[self.preset].of_pictures and isinstance(layers[0] if layers else None, Reshape):
            layers = layers[1:]  # which gave the data their channel
        if layers != preset_layers(self.preset, self.normalization):
            raise PydanticCustomError(
                "preset_changed",
                "these are not the layers of the preset {name}: "
                "leave out preset when the layers are your own",
                {"name": quoted(self.preset)},
            )
        return self

    @model_serializer(mode="wrap")
    def _normalization_where_it_was_chosen(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        document: dict[str, object] = handler(self)
        if self.normalization is None:
            document.pop("normalization", None)
        return document


def with_channel(architecture: Any, shape: Shape) -> Any:
    """An architecture as a request has it; where it names a preset of pictures, and samples of this shape have no
    channels, with the preset's layers behind one that adds a channel."""
    given = {"preset": architecture} if isinstance(architecture, str) else architecture
    if not isinstance(given, dict) or "layers" in given or len(shape) != 2:
        return architecture
    preset = PRESETS.get(given["preset"]) if isinstance(given.get("preset"), str) else None
    if preset is None or not preset.of_pictures:
        return architecture
    normalization = given.get("normalization")
    layers = preset.by_normalization.get(normalization) if isinstance(normalization, str) else preset.layers
    if layers is None:
        return architecture
    return {**given, "layers": [{"type": "reshape", "target_shape": [*shape, 1]}, *layers]}


def is_file_name(text: str) -> bool:
    """Whether what stands where a preset should be is the name of a file."""
    return _FILE_NAME.search(text) is not None


def _no_preset(given: Any) -> str:
    if isinstance(given, str) and is_file_name(given):
        return (
            f"{quoted(given)} is the name of a file, not of a preset: `normlab submit --file` reads one; over HTTP "
            "send what is in it"
        )
    hint = did_you_mean(given, PRESETS) if isinstance(given, str) else ""
    return (
        f"there is no preset {shown(given)}{hint}; the presets are {', '.join(PRESETS)}; layers of your own are "
        'written {"layers": [{"type": "flatten"}, {"type": "dense", "units": 100}]}'
    )


class _Layers(SpecModel):
    layers: tuple[LayerOrBlock, ...]


@cache
def preset_layers(name: str, normalization: str | None = None) -> tuple[LayerOrBlock, ...]:
    """The layers of a preset, with its usual normalization or the one that is named, validated."""
    preset = PRESETS[name]
    layers = preset.layers if normalization is None else preset.by_normalization[normalization]
    return _Layers.model_validate({"layers": layers}).layers
