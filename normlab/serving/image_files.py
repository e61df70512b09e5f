"""An image file -> a decoded image, upright; and one of 8 bits a value, with all of its transparency."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from normlab.errors import InstancesError

FORMATS = ("PNG", "JPEG", "WEBP")
"""Only these decoders of Pillow's many are ever tried."""

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)
"""What Pillow's decoders raise for files that are cut short or damaged."""
_REDUCTIONS = (2, 4, 8)
"""By how much a JPEG's decoder can make it smaller on its way, each side."""
_PALE = {"L;2": 85, "L;4": 17}
"""By what Pillow multiplies values of fewer than 8 bits; a PNG's transparent value it leaves as it was."""

# A header's promise is looked at here, before anything is decoded; Pillow's own limit would refuse photos that are
# decoded smaller.
Image.MAX_IMAGE_PIXELS = None


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
            _scale_transparent_value(image)
            image.load()
            return ImageOps.exif_transpose(image)
    except UnidentifiedImageError:
        raise InstancesError("this is no PNG, JPEG or WebP image") from None
    except _BROKEN:
        raise InstancesError("the image is broken: it cannot be decoded") from None


def pixels_in_header(data: bytes) -> int:
    """How many pixels an image says it has, 0 if it cannot be told; nothing of it is decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.width * image.height
    except _BROKEN:  # whatever is wrong with it is said when it is decoded
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


def _scale_transparent_value(image: Image.Image) -> None:
    """Give the value that a PNG declares transparent on the scale of the decoded pixels."""
    transparent = image.info.get("transparency")
    tiles = getattr(image, "tile", [])
    mode = tiles[0].args if tiles else None
    if isinstance(transparent, int) and mode in _PALE:
        image.info["transparency"] = transparent * _PALE[mode]
    elif isinstance(transparent, tuple) and mode == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in transparent)


def has_sixteen_bits(image: Image.Image) -> bool:
    """Whether it is grey with 16 bits a value; of coloured ones Pillow keeps the upper eight."""
    return image.mode.startswith("I")


def eight_bits(image: Image.Image) -> Image.Image:
    """A grey image of 16 bits with its upper eight; Pillow would cut off everything above 255."""
    if not has_sixteen_bits(image):
        return image
    values = np.asarray(image).astype(np.uint32)
    grey = Image.fromarray(np.minimum(values >> 8, 255).astype(np.uint8))
    if (transparent := image.info.get("transparency")) is not None:
        grey.putalpha(Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8)))
    return grey


def is_empty(image: Image.Image) -> bool:
    """Whether a decoded image is the same everywhere, its transparency included."""
    values = np.asarray(image if has_sixteen_bits(image) else image.convert("RGBA"))
    return bool((np.ptp(values, axis=(0, 1)) <= 1).all())
