"""An image file -> a batch of one, the way the model's dataset looks.

What is done, in this order, and nothing else:

1. The photo is turned upright as its EXIF note says.
2. What is transparent becomes background: black, or white where 5. will make it black.
3. For a grey dataset it becomes grey (ITU-R 601: 0.299 R + 0.587 G + 0.114 B), for a coloured one RGB.
4. If it has not the model's size, it is made smaller or larger as a whole, keeping its proportions, until it
   just fits (Lanczos), is put into the middle; what is left over is black, as the datasets' background is.
5. With ``invert`` light and dark change places: for a dark thing on a light background.
6. Values 0 to 255 become 0 to the dataset's ``pixel_max``.

An image that already has the model's size and colours therefore arrives bit for bit. One of which nothing arrives is
refused, and so is one whose values are those of another scale (:mod:`.scale`).
"""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from normlab.errors import InstancesError
from normlab.pillow_images import eight_bits, fitted, has_sixteen_bits, on_background
from normlab.serving.image_files import decode, is_empty
from normlab.serving.scale import refuse_other_scale
from normlab.spec.images import Invert
from normlab.spec.layers.base import describe

_MIDDLE = 127.5
_PIXEL_MAX = 255


def image_to_batch(
    data: bytes,
    *,
    shape: tuple[int, ...],
    pixel_max: int,
    max_pixels: int,
    max_jpeg_pixels: int,
    invert: Invert = Invert.NEVER,
    dark_images: bool = False,
) -> npt.NDArray[np.float32]:
    """The image in ``data`` (PNG, JPEG or WebP) as float32 (1, *shape), in raw pixel values 0 to ``pixel_max``.

    ``shape`` is (height, width) or (height, width, 1) for grey, or (height, width, 3) for colour. What is larger than
    ``max_pixels`` is decoded smaller if it is a baseline JPEG of at most ``max_jpeg_pixels``, and refused otherwise,
    before anything of it is decoded. Raises :class:`InstancesError`.
    """
    height, width, mode = _size_and_mode(shape)
    decoded = decode(data, max_pixels=max_pixels, max_jpeg_pixels=max_jpeg_pixels)
    flat, light = _without_transparency(eight_bits(decoded), invert)
    flat = flat.convert(mode)
    image = ImageOps.invert(flat) if light else flat
    pixels = np.asarray(
        fitted(image, height, width), dtype=np.float32
    )  # (height, width) or (height, width, 3)
    if not dark_images:
        refuse_other_scale(pixels, _PIXEL_MAX)
    first = pixels.item(0)
    # Most images show at a glance that something is left of them.
    if abs(pixels.item(pixels.size // 2) - first) <= 1 and np.ptp(pixels) <= 1:
        _refuse_lost(decoded, flat, pixels, light=light)
    if pixel_max != _PIXEL_MAX:
        pixels = pixels * np.float32(pixel_max / _PIXEL_MAX)
    return pixels.reshape(1, *shape)


def _size_and_mode(shape: tuple[int, ...]) -> tuple[int, int, str]:
    """The height, the width and Pillow's mode of images that become samples of this shape."""
    height, width, *channels = (*shape, 0) if len(shape) == 1 else shape
    if not width or channels not in ([], [1], [3]):
        raise InstancesError(
            f"no image can be sent to this model, whose samples are of {describe(shape)} values: send their raw values"
        )
    return height, width, "RGB" if channels == [3] else "L"


def _without_transparency(image: Image.Image, invert: Invert) -> tuple[Image.Image, bool]:
    """The image on a background, and whether light and dark are to change places."""
    always = invert is Invert.ALWAYS
    if not image.has_transparency_data:
        return image, always or (invert is Invert.AUTO and _has_light_border(image))
    layered = image.convert("RGBA")
    light = always or (invert is Invert.AUTO and _is_for_light_background(layered))
    return on_background(layered, white=light), light


def _has_light_border(image: Image.Image) -> bool:
    return float(np.median(_border(np.asarray(image.convert("L"))))) > _MIDDLE


def _is_for_light_background(layered: Image.Image) -> bool:
    """Whether an image with transparency has a light border, or a transparent one around something dark."""
    grey, alpha = np.asarray(layered.convert("L")), np.asarray(layered.getchannel("A"))
    if np.median(_border(alpha)) > _MIDDLE:
        return float(np.median(_border(grey))) > _MIDDLE
    return bool(alpha.any()) and float(np.average(grey, weights=alpha)) < _MIDDLE


def _border(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def _refuse_lost(
    decoded: Image.Image, flat: Image.Image, values: npt.NDArray[np.float32], *, light: bool
) -> None:
    """Raise :class:`InstancesError` for an image that became the same everywhere on its way, and was not before."""
    before = np.asarray(flat)
    first = _PIXEL_MAX - int(before.flat[0]) if light else int(before.flat[0])
    if np.ptp(before) > 1 or abs(first - int(values.flat[0])) > 1:
        height, width = values.shape[:2]
        raise InstancesError(
            f"nothing is left of the image: as a whole made {width} by {height} it is the same everywhere; cut out "
            "what is to be classified, about as wide as it is high"
        )
    if decoded.has_transparency_data and not _is_opaque(decoded):
        raise InstancesError(
            "nothing is left of the image: what is transparent becomes background, and what is not looks the same; "
            "send it on a background of its own, or with invert=auto if it is dark on a transparent background"
        )
    if not is_empty(decoded):
        why = (
            "of its 16 bits the upper 8 are the same everywhere; spread its values over the whole scale"
            if has_sixteen_bits(decoded)
            else "its colours are equally light, and in grey it is the same everywhere"
        )
        raise InstancesError(f"nothing is left of the image: {why}")


def _is_opaque(image: Image.Image) -> bool:
    low, _ = eight_bits(image).convert("RGBA").getchannel("A").getextrema()
    return low == _PIXEL_MAX


def seen_by_the_model(image: npt.NDArray[np.float32], pixel_max: int) -> bytes:
    """The PNG file of one image of a batch (*shape), raw pixel values 0 to ``pixel_max``: what the model saw.

    Of more channels than colours have it shows the mean, of values without a place a row.
    """
    pixels = np.rint(_as_picture(image) * np.float32(255 / pixel_max)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _as_picture(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Values (height, width) or (height, width, 3) that show those of a sample of any shape."""
    if values.ndim == 1:
        return values[np.newaxis]
    if values.ndim == 3 and values.shape[2] != 3:
        mean: npt.NDArray[np.float32] = values.mean(axis=2)
        return mean
    return values
