"""An image file -> a decoded image, upright; and one of 8 bits a value, with all of its transparency."""

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from normlab.errors import InstancesError
from normlab.pillow_images import BROKEN, has_sixteen_bits, scale_transparent_value

FORMATS = ("PNG", "JPEG", "WEBP")
"""Only these decoders of Pillow's many are ever tried."""

_REDUCTIONS = (2, 4, 8)
"""By how much a JPEG's decoder can make it smaller on its way, each side."""


def decode(data: bytes, *, max_pixels: int, max_jpeg_pixels: int) -> Image.Image:
    """The image, upright, once its header has shown that it is safe to decode.

    A JPEG of more than ``max_pixels`` is decoded smaller, without ever being larger in between. Of a phone's file with
    several images (MPO: a preview, a depth map) it is the first, which is the photo. Raises :class:`InstancesError`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _make_small(image, max_pixels, max_jpeg_pixels)
            if image.format != "MPO" and getattr(image, "is_animated", False):
                raise InstancesError("the image is animated: send a single image")
            scale_transparent_value(image)
            image.load()
            return ImageOps.exif_transpose(image)
    except UnidentifiedImageError:
        raise InstancesError("this is no PNG, JPEG or WebP image") from None
    except BROKEN:
        raise InstancesError("the image is broken: it cannot be decoded") from None


def pixels_in_header(data: bytes) -> int:
    """How many pixels an image says it has, 0 if it cannot be told; nothing of it is decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.width * image.height
    except BROKEN:  # whatever is wrong with it is said when it is decoded
        return 0


def _make_small(image: Image.Image, max_pixels: int, max_jpeg_pixels: int) -> None:
    """Have a JPEG that is too large decoded smaller; refuse other images."""
    width, height = image.size
    if width * height <= max_pixels:
        return
    has = f"the image is too large: {width} by {height} is more than"
    if image.format not in ("JPEG", "MPO"):
        raise InstancesError(f"{has} {max_pixels} pixels (setting NORMLAB_MAX_IMAGE_PIXELS); send it smaller")
    if image.info.get("progressive"):
        # All of it is in memory before a progressive file's first line can be decoded.
        raise InstancesError(
            f"{has} {max_pixels} pixels (setting NORMLAB_MAX_IMAGE_PIXELS), and a progressive JPEG cannot be decoded "
            "smaller: send it smaller, or as a baseline JPEG"
        )
    if width * height > max_jpeg_pixels:
        raise InstancesError(f"{has} {max_jpeg_pixels} pixels (setting NORMLAB_MAX_JPEG_PIXELS)")
    for reduction in _REDUCTIONS:
        if -(-width // reduction) * -(-height // reduction) <= max_pixels:
            image.draft(None, (width // reduction, height // reduction))
            break
    if image.width * image.height > max_pixels:
        raise InstancesError(
            f"{has} {max_pixels} pixels (setting NORMLAB_MAX_IMAGE_PIXELS) even when it is decoded at an eighth"
        )


def is_empty(image: Image.Image) -> bool:
    """Whether a decoded image is the same everywhere, its transparency included."""
    values = np.asarray(image if has_sixteen_bits(image) else image.convert("RGBA"))
    return bool((np.ptp(values, axis=(0, 1)) <= 1).all())
