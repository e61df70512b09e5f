"""An image file -> a batch of one, the way the model's dataset looks.

What is done, in this order, and nothing else:

1. The photo is turned upright as its EXIF note says, and what is transparent becomes black.
2. For a grey dataset it becomes grey (ITU-R 601: 0.299 R + 0.587 G + 0.114 B), for a coloured one RGB.
3. If it has not the model's size, it is made smaller or larger as a whole, keeping its proportions, until it
   just fits (Lanczos), is put into the middle; what is left over is black, as the datasets' background is.
4. With ``invert`` light and dark change places: for a dark thing on a light background.
5. Values 0 to 255 become 0 to the dataset's ``pixel_max``.

An image that already has the model's size and colours therefore arrives bit for bit.
"""

import io
import struct
import zlib

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from normlab.errors import InstancesError
from normlab.spec.images import Invert

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)
"""What Pillow's decoders raise for files that are cut short or damaged."""
FORMATS = ("PNG", "JPEG", "WEBP")
"""Only these decoders of Pillow's many are ever tried."""


def image_to_batch(
    data: bytes, *, shape: tuple[int, ...], pixel_max: int, max_pixels: int, invert: Invert = Invert.NEVER
) -> npt.NDArray[np.float32]:
    """The image in ``data`` (PNG, JPEG or WebP) as float32 (1, *shape), in raw pixel values 0 to ``pixel_max``.

    ``shape`` is (height, width) for grey or (height, width, 3) for colour. An image of more than
    ``max_pixels`` is refused before anything of it is decoded. Raises :class:`InstancesError`.
    """
    height, width, *colours = shape
    image = _decode(data, max_pixels)
    image = _without_transparency(image).convert("RGB" if colours else "L")
    light = invert is Invert.ALWAYS or (invert is Invert.AUTO and _has_light_border(image))
    if light:
        image = ImageOps.invert(image)
    if image.size != (width, height):
        image = ImageOps.pad(image, (width, height), method=Image.Resampling.LANCZOS, color=0)
    pixels = np.asarray(image, dtype=np.float32)  # (height, width) or (height, width, 3)
    if pixel_max != 255:
        pixels = pixels * np.float32(pixel_max / 255)
    return pixels[np.newaxis]


def pixels_in_header(data: bytes) -> int:
    """How many pixels an image says it has, 0 if it cannot be told; nothing of it is decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.width * image.height
    # Whatever is wrong with it is said when it is decoded.
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, *_BROKEN):
        return 0


def _decode(data: bytes, max_pixels: int) -> Image.Image:
    """The decoded image, upright, once its header has shown that it is safe to decode."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise _too_large(max_pixels, f"{image.width} by {image.height} is")
            if getattr(image, "is_animated", False):
                raise InstancesError("the image is animated: send a single image")
            image.load()
            return ImageOps.exif_transpose(_eight_bits(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(max_pixels, "it has") from None
    except UnidentifiedImageError:
        raise InstancesError("this is no PNG, JPEG or WebP image") from None
    except _BROKEN:
        raise InstancesError("the image is broken: it cannot be decoded") from None


def _too_large(max_pixels: int, what: str) -> InstancesError:
    return InstancesError(f"the image is too large: {what} more than {max_pixels} pixels")


def _eight_bits(image: Image.Image) -> Image.Image:
    """A grey image of 16 bits with its upper eight; Pillow would cut off everything above 255."""
    if not image.mode.startswith("I"):
        return image
    upper = np.asarray(image).astype(np.uint32) >> 8
    return Image.fromarray(np.minimum(upper, 255).astype(np.uint8))


def _without_transparency(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    layered = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, (0, 0, 0, 255)), layered)


def _has_light_border(image: Image.Image) -> bool:
    grey = np.asarray(image.convert("L"))
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return float(np.median(border)) > 127.5


def seen_by_the_model(image: npt.NDArray[np.float32], pixel_max: int) -> bytes:
    """The PNG file of one image of a batch (*shape), raw pixel values 0 to ``pixel_max``: what the model saw."""
    pixels = np.rint(image * np.float32(255 / pixel_max)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
