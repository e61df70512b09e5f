"""Pixels that were divided by their largest value before they were sent: the model divides again, and sees black."""

from typing import Any

import numpy.typing as npt

from normlab.errors import InstancesError

DARK_IMAGES = "dark_images"
"""The parameter of the query with which whoever asks insists."""


def refuse_other_scale(batch: npt.NDArray[Any], pixel_max: int, pointer: str = "") -> None:
    """Raise :class:`InstancesError` if no value of a request's images is above 1, where values go to ``pixel_max``
    and that is more.

    All zero is let through: there is no scale that it could be of. Most requests end at the first look.
    """
    if pixel_max <= 1 or batch.item(batch.size // 2) > 1 or not 0 < batch.max() <= 1:
        return
    raise InstancesError(
        f"no value is above 1, but this model takes raw pixel values, 0 to {pixel_max}, and scales them itself: send "
        f"them undivided; if the images are meant to be that dark, say so with {DARK_IMAGES}=true in the query",
        pointer,
    )
