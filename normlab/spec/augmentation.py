"""How training pictures are changed before each step, drawn anew in each epoch.

A new way is a class here, its place in the union at the end, and its function in ``normlab/training/augmentation/``.
Keras's names of parameters where its layer of preprocessing has them; pixels are 0 to 1 here.
"""

from typing import Annotated, Literal

from pydantic import Field, Strict

from normlab.spec.fields import PositiveInteger, PositiveNumber, SpecModel
from normlab.spec.kinds import kinds_of

MAX_AUGMENTATIONS = 16
"""Of one training."""

_Factor = Annotated[float, Strict(), Field(gt=0, le=1, allow_inf_nan=False)]


class BaseAugmentation(SpecModel):
    """What every way has."""

    name: str


class Flip(BaseAugmentation):
    """Half of the pictures mirrored.

    Keras's ``RandomFlip``, which by default also turns them upside down.
    """

    name: Literal["flip"]
    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = "horizontal"
    """Left and right change places, or top and bottom, or both, each drawn by itself."""


class Shift(BaseAugmentation):
    """Moved by a part of the size, up or down and to a side; what comes in is black.

    Keras's ``RandomTranslation`` with ``fill_mode="constant"``: between pixels, bilinear.
    """

    name: Literal["shift"]
    height_factor: Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)] = 0.1
    """The farthest way up or down, as a part of the height."""
    width_factor: Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)] = 0.1
    """The farthest way to a side, as a part of the width."""


class Crop(BaseAugmentation):
    """A window of the picture's size, cut out of the picture with a margin around it.

    He and others, "Deep residual learning" (2016), section 4.2.
    """

    name: Literal["crop"]
    padding: PositiveInteger = 4
    """The margin's width in pixels."""
    fill_mode: Literal["constant", "reflect"] = "constant"
    """What the margin shows: black, or the picture mirrored."""


class Rotation(BaseAugmentation):
    """Turned about its middle; what comes in is black.

    Keras's ``RandomRotation`` with ``fill_mode="constant"``, whose factor is a part of the full circle: bilinear.
    """

    name: Literal["rotation"]
    degrees: Annotated[float, Strict(), Field(gt=0, le=180, allow_inf_nan=False)] = 15.0
    """The largest angle, either way."""


class Brightness(BaseAugmentation):
    """All pixels up or down by one number, and cut off at 0 and 1.

    Keras's ``RandomBrightness``.
    """

    name: Literal["brightness"]
    factor: _Factor = 0.2
    """The largest such number."""


class Contrast(BaseAugmentation):
    """Each channel's distances from its mean multiplied by one number, and cut off at 0 and 1.

    Keras's ``RandomContrast``.
    """

    name: Literal["contrast"]
    factor: _Factor = 0.2
    """How far that number is from 1 at most."""


class Cutout(BaseAugmentation):
    """A black square at a random place, part of which may lie outside.

    DeVries and Taylor, "Improved regularization with cutout" (2017).
    """

    name: Literal["cutout"]
    size: PositiveInteger = 8
    """Its side in pixels."""


class Mixup(BaseAugmentation):
    """Each picture mixed with the one before it in the batch, and their labels in the same shares.

    Zhang and others, "mixup" (2018), with a share for each picture, of which the picture itself has the larger part.
    """

    name: Literal["mixup"]
    alpha: Annotated[PositiveNumber, Field(ge=0.01, le=100)] = 0.2
    """Shares are drawn from Beta(alpha, alpha): the larger, the more even."""


_AnyAugmentation = Flip | Shift | Crop | Rotation | Brightness | Contrast | Cutout | Mixup

Augmentation = Annotated[_AnyAugmentation, Field(discriminator="name")]

AUGMENTATIONS = kinds_of(_AnyAugmentation, "name", BaseAugmentation)
"""Every way of changing pictures by its ``name``."""
