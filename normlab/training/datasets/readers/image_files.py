"""The bytes of one image file -> its pixels, by what was meant: upright, opaque, grey or coloured, 8 bits a value.

What is brought to what was meant has a code, under which a reader tells of it (:class:`Told`). What is transparent
becomes black and another size is fitted, as for images that are sent to be predicted (``normlab/pillow_images.py``).
"""

import contextlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageChops, ImageOps, UnidentifiedImageError

from normlab.pillow_images import (
    BROKEN,
    eight_bits,
    fitted,
    has_sixteen_bits,
    on_background,
    raw_mode,
    scale_transparent_value,
)
from normlab.training.datasets.readers.base import Notice

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
"""Only these decoders of Pillow's many are ever tried."""
MAX_EXAMPLES = 5
"""So many files are named in a notice."""

_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"GIF87a", b"GIF89a")
_EXCHANGED = (5, 6, 7, 8)
"""EXIF orientations that exchange width and height."""
_GREY = ("1", "L", "LA", "La")
_IS_BROKEN = "it is broken: it cannot be decoded"
_TOLD = {
    "sixteen_bits": ("info", "16 bits a value, of which the upper eight were taken"),
    "eight_of_sixteen_bits": (
        "warning",
        "16 bits a value and none above 255, so the values were taken as they are, where a prediction takes the "
        "upper eight bits; store them with 8 bits",
    ),
    "palette": ("info", "a palette, whose colours were taken and not the numbers of its entries"),
    "bilevel": ("info", "one bit a pixel, black and white, which became 0 and 255"),
    "transparency": ("info", "transparent in places, which became black"),
    "lost_in_transparency": (
        "warning",
        "the same everywhere now, as what is transparent became black and what is not looks the same; put them on a "
        "background of their own",
    ),
    "cmyk": ("info", "a printer's colours (CMYK), which became RGB without a colour profile"),
    "turned": ("info", "turned upright as their EXIF note says"),
    "first_frame": ("info", "several frames, of which the first was taken"),
    "fitted": (
        "info",
        "another size, so as a whole made to fit (Lanczos), and what was left over became black",
    ),
}


class UnreadableError(Exception):
    """A file gives no picture; the text says why, after its name and a colon."""


@dataclass(frozen=True)
class Looks:
    """What a file's header says of its picture, upright."""

    height: int
    width: int
    colour: bool
    sixteen_bits: bool = False
    """Grey with 16 bits a value; of coloured ones Pillow keeps the upper eight."""


def looks(data: bytes, max_pixels: int) -> Looks:
    """What the picture will be; nothing of it is decoded. Raises :class:`UnreadableError`."""
    with _opened(data, max_pixels) as image:
        width, height = image.size
        if image.format != "TIFF" and _orientation(image) in _EXCHANGED:  # Pillow turns TIFF's size itself
            width, height = height, width
        return Looks(height, width, _is_coloured(image), has_sixteen_bits(image))


def largest_value(data: bytes, max_pixels: int) -> int:
    """The largest value of a grey picture of 16 bits. Raises :class:`UnreadableError`."""
    with _opened(data, max_pixels) as image:
        return int(np.asarray(image).max())


def decode(
    data: bytes, *, colour: bool, max_pixels: int, size: tuple[int, int] | None = None, shift: int = 8
) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """The picture, uint8 (height, width) or (height, width, 3), and codes of what was done to it.

    ``size`` is (height, width) where it is to be fitted. ``shift`` is by how many bits grey ones of 16 bits are
    moved. Raises :class:`UnreadableError`.
    """
    with _opened(data, max_pixels) as image:
        codes = list(_met(image, shift))
        scale_transparent_value(image)
        image.load()
        upright = ImageOps.exif_transpose(image)
        if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
            # Pillow takes all JPEGs of CMYK as inverted, which is Adobe's custom: theirs say so.
            upright = ImageChops.invert(upright)
        flat = _opaque(eight_bits(upright, shift), codes)
        flat = flat.convert("RGB" if colour else "L")
        if size is not None and flat.size != (size[1], size[0]):
            codes.append("fitted")
            flat = fitted(flat, *size)
        return np.asarray(flat), codes


@contextlib.contextmanager
def _opened(data: bytes, max_pixels: int) -> Iterator[Image.Image]:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise UnreadableError(
                    f"it says that it is {image.width} by {image.height}, more than {max_pixels} pixels"
                )
            if image.mode == "F":
                raise UnreadableError(
                    "its values are floating-point numbers: store it with 8 or 16 bits a value"
                )
            yield image
    except UnidentifiedImageError:
        if is_image(data):
            raise UnreadableError(_IS_BROKEN) from None
        raise UnreadableError("it is no PNG, JPEG, WebP, BMP, TIFF or GIF") from None
    except BROKEN:
        raise UnreadableError(_IS_BROKEN) from None


def _orientation(image: Image.Image) -> int:
    return int(image.getexif().get(ExifTags.Base.Orientation, 1))


def _is_coloured(image: Image.Image) -> bool:
    if image.mode in ("P", "PA"):
        colours = image.palette.getdata()[1] if image.palette else b""
        entries = np.frombuffer(colours, np.uint8)
        step = len(image.palette.mode) if image.palette else 3
        entries = entries[: len(entries) // step * step].reshape(-1, step)[:, :3]
        return bool((np.ptp(entries, axis=1) > 0).any())
    # Grey with transparency and 16 bits a value is opened as RGBA.
    return not (image.mode in _GREY or has_sixteen_bits(image) or raw_mode(image).startswith("LA;16"))


def _met(image: Image.Image, shift: int) -> Iterator[str]:
    if image.format != "MPO" and getattr(image, "is_animated", False):
        yield "first_frame"
    if image.mode in ("P", "PA"):
        yield "palette"
    if image.mode == "1":
        yield "bilevel"
    if image.mode == "CMYK":
        yield "cmyk"
    if has_sixteen_bits(image) or (image.format in ("PNG", "TIFF") and ";16" in raw_mode(image)):
        yield "sixteen_bits" if shift else "eight_of_sixteen_bits"
    if _orientation(image) != 1:
        yield "turned"


def _opaque(image: Image.Image, codes: list[str]) -> Image.Image:
    if not image.has_transparency_data:
        return image
    layered = image.convert("RGBA")
    if np.asarray(layered.getchannel("A")).min() == 255:
        return layered
    codes.append("transparency")
    flat = on_background(layered)
    if not np.ptp(np.asarray(flat), axis=(0, 1)).any() and np.ptp(np.asarray(layered), axis=(0, 1)).any():
        codes.append("lost_in_transparency")
    return flat


class Told:
    """Counts what was done to files, by code, with the names of some."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def add(self, code: str, origin: str) -> None:
        """Count one more file."""
        self._counts[code] += 1
        examples = self._examples.setdefault(code, [])
        if len(examples) < MAX_EXAMPLES:
            examples.append(origin)

    def notices(self) -> list[Notice]:
        """A notice for each code, those of most files first."""
        return [
            Notice(
                code,
                _TOLD[code][0],
                f"{counted(count)}: {_TOLD[code][1]}.",
                count,
                tuple(self._examples[code]),
            )
            for code, count in self._counts.most_common()
        ]


def counted(count: int) -> str:
    """``1 picture``, ``2 pictures``."""
    return f"{count} picture{'s' if count != 1 else ''}"


def is_image(start: bytes) -> bool:
    """Whether a file begins (16 bytes are enough) as one of these formats does."""
    return start.startswith(_STARTS) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")
