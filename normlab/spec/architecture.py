"""An architecture: a list of layers and blocks of layers, written out or by a preset's name."""

import re
from functools import cache
from typing import Any

from pydantic import ConfigDict, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from normlab.spec.blocks import LayerOrBlock
from normlab.spec.fields import SpecModel
from normlab.spec.nearest import did_you_mean
from normlab.spec.presets import PRESETS
from normlab.spec.shown import quoted, shown

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
        return {**value, "layers": value.get("layers", preset_layers(preset.name))}

    @model_validator(mode="after")
    def _preset_and_layers_agree(self) -> "Architecture":
        if self.preset is not None and self.layers != preset_layers(self.preset):
            raise PydanticCustomError(
                "preset_changed",
                "these are not the layers of the preset {name}: "
                "leave out preset when the layers are your own",
                {"name": quoted(self.preset)},
            )
        return self


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
def preset_layers(name: str) -> tuple[LayerOrBlock, ...]:
    """The layers of a preset, validated."""
    return _Layers.model_validate({"layers": PRESETS[name].layers}).layers
