"""How pictures can be corrupted, how much at each severity, and what may be asked of a network's robustness.

The kinds are those of Hendrycks & Dietterich, "Benchmarking neural network robustness to common corruptions and
perturbations" (2019, arXiv 1903.12261), as far as they have a meaning for small pictures, and some more. The parameters
are our own: theirs are for photographs of 224 by 224 pixels. A share of the range is a share of ``pixel_max``, one of
the side a share of the picture's height and width, so that pictures of all shapes are changed alike.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict, field_validator
from pydantic.config import JsonDict

from normlab.spec.dataset_spec import DatasetSpec

SEVERITIES = (1, 2, 3, 4, 5)
"""How much: 1 is a little and still a change, 5 is where people begin to guess. 0 would be the picture itself."""
DEFAULT_SAMPLES = 10_000
"""So many pictures of the test set at most, unless it is said: an accuracy is then known to half a point."""
MAX_SAMPLES = 100_000
"""Pictures that may be asked for."""
MAX_PICTURE_BYTES = 256 * 2**20
"""Of all pictures that are taken, one value a byte: larger pictures are fewer."""
GENERATOR_VERSION = 1
"""Raised when the same seed would give other pictures than before, so that no old result stands for a new one."""


class CorruptionName(StrEnum):
    """What is done to a picture."""

    GAUSSIAN_NOISE = "gaussian_noise"
    SHOT_NOISE = "shot_noise"
    IMPULSE_NOISE = "impulse_noise"
    BRIGHTNESS = "brightness"
    CONTRAST = "contrast"
    BLUR = "blur"
    SHIFT = "shift"
    ROTATION = "rotation"
    SCALE = "scale"
    INVERT = "invert"
    OCCLUSION = "occlusion"
    JPEG = "jpeg"


@dataclass(frozen=True)
class Corruption:
    """A row of the table."""

    family: str
    """``noise``, ``light``, ``blur``, ``geometry``, ``content`` or ``compression``."""
    meaning: str
    """What is done, in a sentence."""
    unit: str
    """What the numbers of ``at`` are."""
    at: tuple[float, float, float, float, float]
    """The parameter at each severity from 1."""

    def parameter(self, severity: int) -> float:
        """What it is at a severity, 1 to 5."""
        return self.at[severity - 1]


CORRUPTIONS: Mapping[CorruptionName, Corruption] = {
    CorruptionName.GAUSSIAN_NOISE: Corruption(
        "noise",
        "A normal number of its own is added to each value, as a warm sensor does.",
        "standard deviation, a share of the range",
        (0.04, 0.08, 0.12, 0.18, 0.26),
    ),
    CorruptionName.SHOT_NOISE: Corruption(
        "noise",
        "Each value is counted anew in photons (Poisson), as in little light; what is black stays black.",
        "photons of a value at the end of the range",
        (100, 50, 25, 12, 6),
    ),
    CorruptionName.IMPULSE_NOISE: Corruption(
        "noise",
        "Single values become 0 or the end of the range (salt and pepper), as dead pixels do.",
        "share of the values",
        (0.01, 0.03, 0.06, 0.10, 0.20),
    ),
    CorruptionName.BRIGHTNESS: Corruption(
        "light",
        "The same number is added to all values.",
        "share of the range",
        (0.1, 0.2, 0.3, 0.4, 0.5),
    ),
    CorruptionName.CONTRAST: Corruption(
        "light",
        "All values move towards the picture's own mean.",
        "what is left of their distance",
        (0.7, 0.5, 0.35, 0.25, 0.15),
    ),
    CorruptionName.BLUR: Corruption(
        "blur",
        "A Gaussian filter, as of a lens out of focus; borders are continued.",
        "standard deviation in pixels of a side of 28; pictures that are smaller get the same pixels",
        (0.5, 0.75, 1.0, 1.5, 2.0),
    ),
    CorruptionName.SHIFT: Corruption(
        "geometry",
        "The picture moves in one of eight directions, drawn for each; borders are continued.",
        "share of the side, along each axis that it moves on",
        (1 / 28, 2 / 28, 3 / 28, 4 / 28, 5 / 28),
    ),
    CorruptionName.ROTATION: Corruption(
        "geometry",
        "The picture turns about its centre, to a side that is drawn for each; borders are continued.",
        "degrees",
        (6, 12, 18, 25, 35),
    ),
    CorruptionName.SCALE: Corruption(
        "geometry",
        "The picture becomes larger or smaller about its centre, drawn for each; borders are continued.",
        "factor, or one divided by it",
        (1.1, 1.2, 1.3, 1.45, 1.6),
    ),
    CorruptionName.INVERT: Corruption(
        "light",
        "Values at or above a threshold are inverted (solarized); at severity 5 all, which is the negative.",
        "threshold, a share of the range",
        (0.8, 0.6, 0.4, 0.2, 0.0),
    ),
    CorruptionName.OCCLUSION: Corruption(
        "content",
        "A square in the middle of the range hides what is behind it, at a place drawn for each picture.",
        "its side, a share of the picture's",
        (0.15, 0.25, 0.35, 0.45, 0.60),
    ),
    CorruptionName.JPEG: Corruption(
        "compression",
        "The picture is kept as a JPEG file without fewer colours, and read again.",
        "quality of libjpeg",
        (60, 40, 25, 15, 7),
    ),
}
"""All that is known."""

Severity = Annotated[int, Strict(), Field(ge=1, le=5)]

_SOME: JsonDict = {"minItems": 1, "uniqueItems": True}
"""Checked by the validator: pydantic's own check counts the items that are in order."""


class RobustnessRequest(BaseModel):
    """What a network is to be tried on; `{}`, or no body, asks for everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    corruptions: tuple[CorruptionName, ...] = Field(
        default=tuple(CorruptionName), description="Which; by default all.", json_schema_extra=_SOME
    )
    severities: tuple[Severity, ...] = Field(
        default=SEVERITIES, description="How much, 1 to 5; by default each.", json_schema_extra=_SOME
    )
    samples: Annotated[int, Strict()] | None = Field(
        default=None,
        ge=2,
        le=MAX_SAMPLES,
        description=(
            f"So many pictures of the test set, drawn by the seed; by default all, but {DEFAULT_SAMPLES:,} at most."
        ),
    )
    seed: Annotated[int, Strict()] = Field(
        default=0, ge=0, lt=2**31, description="Draws noise, places and directions, and which pictures."
    )

    @field_validator("corruptions", "severities")
    @classmethod
    def _once_each_and_in_order(cls, given: tuple[Any, ...]) -> tuple[Any, ...]:
        """The same question has one form, however it was written."""
        if not given:
            raise ValueError("name at least one, or leave it out for all")
        for place, value in enumerate(given):
            if value in given[:place]:
                raise ValueError(f"{value} stands twice: name each once")
        known: tuple[Any, ...] = (*CorruptionName, *SEVERITIES)
        return tuple(sorted(given, key=known.index))

    @property
    def cells(self) -> int:
        """How many times all pictures are corrupted."""
        return len(self.corruptions) * len(self.severities)

    def samples_of(self, test_samples: int, shape: tuple[int, ...]) -> int:
        """How many pictures of a test set are taken."""
        most = min(test_samples, most_samples(shape))
        return min(DEFAULT_SAMPLES if self.samples is None else self.samples, most)

    def key(self, dataset: DatasetSpec) -> str:
        """64 digits that are the same where the same corrupted pictures are asked for."""
        content = dataset.content
        data = (
            {"name": dataset.name}
            if content is None
            else {"content": content.digest, "pixel_max": content.pixel_max}
        )
        asked = {"data": data, "generator": GENERATOR_VERSION, **self.model_dump(mode="json")}
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def most_samples(shape: tuple[int, ...]) -> int:
    """So many pictures of a shape may be taken."""
    return max(2, MAX_PICTURE_BYTES // prod(shape))
