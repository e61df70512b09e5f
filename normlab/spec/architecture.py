"""An architecture: a list of layers, written out or by a preset's name."""

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from normlab.spec.fields import SpecModel
from normlab.spec.kinds import closest, description_of, short
from normlab.spec.layers import LAYERS, Layer
from normlab.spec.presets import PRESETS


class Architecture(SpecModel):
    """The layers between the input and the output layer.

    Normlab adds the output layer (dense to the dataset's classes, softmax), so that an architecture fits
    every dataset. A string is a preset's name.
    """

    preset: str | None = None
    """The preset that the layers came from."""
    layers: tuple[Layer, ...]

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
                "unknown_preset",
                "there is no preset {name}{hint}; the presets are {presets}",
                {
                    "name": repr(short(str(value["preset"]))),
                    "hint": closest(str(value["preset"]), PRESETS),
                    "presets": ", ".join(PRESETS),
                },
            )
        return {**value, "layers": value.get("layers", list(preset.layers))}

    @model_validator(mode="after")
    def _preset_and_layers_agree(self) -> "Architecture":
        if self.preset is not None and self.layers != preset_layers(self.preset):
            raise PydanticCustomError(
                "preset_changed",
                "these are not the layers of the preset {name}: "
                "leave out preset when the layers are your own",
                {"name": repr(self.preset)},
            )
        return self


class _Layers(SpecModel):
    layers: tuple[Layer, ...]


def preset_layers(name: str) -> tuple[Layer, ...]:
    """The layers of a preset, validated."""
    return _Layers.model_validate({"layers": PRESETS[name].layers}).layers


ArchitectureField = Annotated[
    Architecture,
    WithJsonSchema(
        {
            "title": "Architecture",
            "description": "A preset's name, or layers of your own with Keras's names and parameters.",
            "anyOf": [
                {"type": "string", "enum": list(PRESETS)},
                {
                    "type": "object",
                    "required": ["layers"],
                    "properties": {
                        "layers": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["type"],
                                "properties": {
                                    "type": {
                                        "oneOf": [
                                            {"const": name, "description": description_of(kind)}
                                            for name, kind in LAYERS.items()
                                        ]
                                    }
                                },
                                "additionalProperties": True,
                            },
                        }
                    },
                },
            ],
        },
        mode="validation",
    ),
    Field(examples=["baseline"]),
]
