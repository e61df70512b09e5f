"""What Pillow leaves to be done where an image file is decoded; for networks that answer, and for datasets."""

import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)
"""What Pillow's decoders raise for files that are cut short or damaged."""
_PALE = {"L;2": 85, "L;4": 17}
"""By what Pillow multiplies values of fewer than 8 bits; a PNG's transparent value it leaves as it was."""

# Who decodes looks at the header's promise first; Pillow's own limit would refuse photos that are decoded smaller.
Image.MAX_IMAGE_PIXELS = None


def raw_mode(image: Image.Image) -> str:
    """How the file holds a pixel, in Pillow's words, before it is loaded: ``L;2``, ``RGB;16B``; or nothing."""
    tiles = getattr(image, "tile", [])
    args = tiles[0].args if tiles else None
    mode = args[0] if isinstance(args, tuple) and args else args
    return mode if isinstance(mode, str) else ""


def scale_transparent_value(image: Image.Image) -> None:
    """Give the value that a PNG declares transparent on the scale of the decoded pixels; before it is loaded."""
    transparent = image.info.get("transparency")
    mode = raw_mode(image)
    if isinstance(transparent, int) and mode in _PALE:
        image.info["transparency"] = transparent * _PALE[mode]
    elif isinstance(transparent, tuple) and mode == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in transparent)


def has_sixteen_bits(image: Image.Image) -> bool:
    """Whether it is grey with 16 bits a value; of coloured ones Pillow keeps the upper eight."""
    return image.mode.startswith("I")


def eight_bits(image: Image.Image, shift: int = 8) -> Image.Image:
    """A grey image of 16 bits with its upper eight; Pillow would cut off everything above 255.

    ``shift`` 0 takes the values as they are, where they are known to end at 255.
    """
    if not has_sixteen_bits(image):
        return image
    values = np.asarray(image).astype(np.uint32)
    grey = Image.fromarray(np.minimum(values >> shift, 255).astype(np.uint8))
    if (transparent := image.info.get("transparency")) is not None:
        grey.putalpha(Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8)))
    return grey


def on_background(layered: Image.Image, *, white: bool = False) -> Image.Image:
    """An RGBA image with black, or white, behind what is transparent."""
    background = (255, 255, 255, 255) if white else (0, 0, 0, 255)
    return Image.alpha_composite(Image.new("RGBA", layered.size, background), layered)


def fitted(image: Image.Image, height: int, width: int) -> Image.Image:
    """The image as a whole, made smaller or larger until it just fits (Lanczos), in the middle of black."""
    if image.size == (width, height):
        return image
    return ImageOps.pad(image, (width, height), method=Image.Resampling.LANCZOS, color=0)
