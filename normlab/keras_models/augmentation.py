"""Keras's layers that change pictures in training, which in a spec are not layers but ``training.augmentation``.

Each is read only where its arithmetic and the distribution of what it draws are those of Normlab's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from pydantic import ValidationError

from normlab.keras_models.arguments import check_rest
from normlab.keras_models.report import Node, Origin, Report
from normlab.keras_models.structure import Chain
from normlab.keras_models.values import NoCounterpartError, plain
from normlab.spec.augmentation import AUGMENTATIONS
from normlab.spec.dataset_spec import DatasetSpec
from normlab.spec.layers.base import Shape, describe
from normlab.spec.problems import spec_error
from normlab.spec.shown import listed, shown

Document = dict[str, Any]
Config = dict[str, Any]

_BEFORE = ("Flatten", "Reshape", "Identity", "Rescaling")
"""Layers that may stand before such a layer: none of them trains."""
_INSTEAD: Mapping[str, str] = {"RandomCrop": "crop", "RandomErasing": "cutout", "MixUp": "mixup"}
"""Layers that Normlab has something like, of another arithmetic."""
_OTHERS = ("AugMix", "CutMix", "MixUp", "RandAugment")
"""Layers that change pictures, and whose names do not begin with ``Random``."""
_ASK = 'training={"augmentation": ["%s"]}'


def changes_pictures(node: Node) -> bool:
    """Whether a layer changes pictures in training alone."""
    return node.origin is Origin.LAYER and (
        node.class_name.startswith("Random") or node.class_name in _OTHERS
    )


def why_not_between(class_name: str) -> str:
    """Why a layer that changes pictures has no counterpart behind layers that train."""
    return (
        f"{class_name} stands behind other layers, and Normlab's augmentation changes pictures before all of them: "
        "put it at the network's beginning"
    )


def take_augmentation(
    chain: Chain, entering: Shape | None, dataset: DatasetSpec, report: Report, *, asked: bool
) -> tuple[Chain, list[Document]]:
    """The layers without those at the beginning that change pictures, and these as a spec's augmentations.

    ``asked`` is False where the augmentation is given beside the model: then theirs is not read.
    """
    kept: list[Any] = []
    found: list[Document] = []
    place = _Place(entering or dataset.info.shape, dataset, _scaled_behind(chain))
    for number, item in enumerate(chain):
        if not isinstance(item, Node):
            return (*kept, *chain[number:]), found
        if not changes_pictures(item):
            if not item.is_a(*_BEFORE):
                return (*kept, *chain[number:]), found
            kept.append(item)
            place = place.behind(item, scaled_behind=_scaled_behind(chain[number + 1 :]))
        elif asked:
            found += _documents(item, place, report)
        elif item.class_name == "RandomCrop":
            report.refuse(item, "gives smaller pictures, in inference, too: cut the data instead")
    return tuple(kept), found


@dataclass(frozen=True)
class _Place:
    """What is at a place of the network's beginning."""

    shape: Shape
    dataset: DatasetSpec
    raw: bool
    """Whether pixels are still scaled behind it."""

    @property
    def largest(self) -> float:
        """The largest pixel."""
        return float(self.dataset.info.pixel_max) if self.raw else 1.0

    def behind(self, node: Node, *, scaled_behind: bool) -> "_Place":
        """The place behind a layer that changes no value or all alike."""
        shape = self.shape
        if node.class_name == "Flatten":
            shape = (prod(shape),)
        elif node.class_name == "Reshape":
            sizes = tuple(node.config.get("target_shape") or ())
            known = prod(size for size in sizes if size != -1)
            shape = tuple(prod(shape) // (known or 1) if size == -1 else size for size in sizes)
        return _Place(shape, self.dataset, scaled_behind)

    def check(self) -> None:
        """Raise ``NoCounterpartError`` if what is here are not the dataset's pictures, with channels."""
        own = self.dataset.info.shape
        pictures = own if len(own) == 3 else (*own, 1)
        if self.shape == own != pictures:
            raise NoCounterpartError(
                f"gets pictures of {describe(self.shape)} without channels, of which Keras takes a whole batch for one "
                f"picture: put Reshape({pictures}) before it"
            )
        if self.shape != pictures:
            raise NoCounterpartError(
                f"changes values of shape {describe(self.shape)}, and Normlab's augmentation the pictures of "
                f"{self.dataset.label} as they are, {describe(pictures)}"
            )


def _scaled_behind(chain: Chain) -> bool:
    for item in chain:
        if not isinstance(item, Node) or not (item.is_a(*_BEFORE) or changes_pictures(item)):
            return False
        if item.is_a("Rescaling"):
            return True
    return False


def _documents(node: Node, place: _Place, report: Report) -> list[Document]:
    row = _ROWS.get(node.class_name)
    if row is None:
        report.refuse(node, _no_row(node.class_name))
        return []
    config = dict(node.config)
    try:
        place.check()
        document = row(config, place)
    except NoCounterpartError as error:
        report.refuse(node, str(error))
        return []
    check_rest(node, config, report)
    if document is None:
        return []
    kind = AUGMENTATIONS[document["name"]]
    try:
        kind.model_validate(document)
    except ValidationError as error:
        for problem in spec_error(error, kind, document).problems:
            report.refuse(node, f"{problem.pointer.removeprefix('/')}: {problem.detail}")
    return [document]


def _no_row(class_name: str) -> str:
    if (name := _INSTEAD.get(class_name)) is not None:
        return (
            f"is not of the arithmetic of Normlab's {name}: leave it out of the model, and say {_ASK % name} beside it "
            f"if that will do"
        )
    return f"changes pictures in a way that Normlab has not: it has {listed(AUGMENTATIONS)} (training.augmentation)"


def _flip(config: Config, place: _Place) -> Document:  # noqa: ARG001  (a row's arguments)
    mode = config.pop("mode", "horizontal_and_vertical")
    if mode == "horizontal_and_vertical":
        raise NoCounterpartError(
            f"mode = {shown(mode)}, Keras's default, draws one number for both directions, so that half of the "
            "pictures are turned by 180 degrees, and Normlab's flip one for each: RandomFlip('horizontal') and "
            "RandomFlip('vertical') are the same in both"
        )
    return {"name": "flip", "mode": mode}


def _shift(config: Config, place: _Place) -> Document:  # noqa: ARG001  (a row's arguments)
    _check_filling(config, "shift")
    factors = {key: _both_ways(config, key) for key in ("height_factor", "width_factor")}
    return {"name": "shift", **factors}


def _rotation(config: Config, place: _Place) -> Document | None:  # noqa: ARG001  (a row's arguments)
    _check_filling(config, "rotation")
    part = _both_ways(config, "factor")
    return {"name": "rotation", "degrees": plain(part * 360)} if part else None


def _brightness(config: Config, place: _Place) -> Document | None:
    _check_range(config, place)
    factor = _both_ways(config, "factor")
    return {"name": "brightness", "factor": factor} if factor else None


def _contrast(config: Config, place: _Place) -> Document | None:
    _check_range(config, place)
    lower, upper = _pair(config.pop("factor", 0.0))
    if lower != upper:
        raise NoCounterpartError(
            f"factor = {shown((lower, upper))} multiplies by {shown(plain(1 - lower))} to {shown(plain(1 + upper))} "
            "(Keras 3.15 makes (0, f) of a single f), and Normlab's contrast by 1 - f to 1 + f: "
            f"RandomContrast(({shown(upper)}, {shown(upper)})) does, too"
        )
    return {"name": "contrast", "factor": upper} if upper else None


_ROWS: Mapping[str, Callable[[Config, _Place], Document | None]] = {
    "RandomBrightness": _brightness,
    "RandomContrast": _contrast,
    "RandomFlip": _flip,
    "RandomRotation": _rotation,
    "RandomTranslation": _shift,
}
"""What a layer is in a spec; None: it changes nothing. A row takes the arguments that it knows; the rest is checked."""


def _pair(value: Any) -> tuple[float, float]:
    if isinstance(value, list | tuple) and len(value) == 2:
        lower, upper = sorted(map(float, value))
    elif isinstance(value, int | float):
        lower = upper = float(value)
    else:
        raise NoCounterpartError(f"{shown(value)} is no factor")
    return plain(lower), plain(upper)


def _both_ways(config: Config, key: str) -> float:
    """The largest factor of one that is drawn from its negative to itself."""
    value = config.pop(key, 0.0)
    lower, upper = _pair(value)
    if not isinstance(value, list | tuple):
        return abs(upper)
    if lower != -upper:
        raise NoCounterpartError(
            f"{key} = {shown((lower, upper))} is not as far one way as the other, and Normlab's is"
        )
    return upper


def _check_filling(config: Config, name: str) -> None:
    """Refuse what is not black, or not bilinear."""
    wanted = {
        "fill_mode": ("constant", "reflect"),
        "fill_value": (0.0, 0.0),
        "interpolation": ("bilinear", "bilinear"),
    }
    for key, (right, default) in wanted.items():
        if (value := config.pop(key, default)) != right:
            does = (
                "what comes in is black" if key.startswith("fill") else "values between pixels are bilinear"
            )
            raise NoCounterpartError(
                f"{key} = {shown(value)} has no counterpart: of Normlab's {name} {does}, {key}={shown(right)}"
            )


def _check_range(config: Config, place: _Place) -> None:
    """Refuse what cuts pixels off elsewhere than at the least and the largest."""
    least, largest = _pair(config.pop("value_range", (0, 255)))
    if (least, largest) != (0.0, place.largest):
        right = int(place.largest)
        raise NoCounterpartError(
            f"value_range = {shown((plain(least), plain(largest)))}, and pixels are 0 to {right} there, where Normlab "
            f"cuts them off: value_range=(0, {right})"
        )
