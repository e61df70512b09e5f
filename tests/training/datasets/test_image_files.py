"""What each kind of image file becomes; what Pillow would make of it without us is in the comments."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from normlab.training.datasets.readers.image_files import Told, UnreadableError, decode, largest_value, looks
from normlab.training.datasets.readers.png_strips import decode_strip, plain_size
from support.pictures import encoded, random_pixels

GREY = random_pixels(1)
RGB = random_pixels(2, (6, 5, 3))
MAX = 1000


def read(data: bytes, **options):
    """The pixels and codes, in the colours that the header promises."""
    seen = looks(data, MAX)
    pixels, codes = decode(data, colour=seen.colour, max_pixels=MAX, **options)
    assert pixels.dtype == np.uint8
    assert pixels.shape == ((seen.height, seen.width, 3) if seen.colour else (seen.height, seen.width))
    return pixels, codes


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "TIFF", "GIF"])
def test_grey_of_8_bits_arrives_bit_for_bit(image_format):
    pixels, _ = read(encoded(GREY, image_format))
    np.testing.assert_array_equal(pixels, GREY)


@pytest.mark.parametrize(
    ("image_format", "options"), [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {"lossless": True})]
)
def test_colours_arrive_bit_for_bit(image_format, options):
    pixels, codes = read(encoded(RGB, image_format, **options))
    np.testing.assert_array_equal(pixels, RGB)
    assert codes == []


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_of_grey_with_16_bits_the_upper_eight_are_taken(image_format):
    wide = np.array([[0, 255, 256], [4096, 40000, 65535]], np.uint16)
    pixels, codes = read(encoded(wide, image_format))  # convert("L") gives 255 for all from 255 on
    np.testing.assert_array_equal(pixels, wide >> 8)
    assert codes == ["sixteen_bits"]
    assert largest_value(encoded(wide, image_format), MAX) == 65535
    narrow, codes = read(encoded(np.array([[0, 200]], np.uint16), image_format), shift=0)
    np.testing.assert_array_equal(narrow, [[0, 200]])
    assert codes == ["eight_of_sixteen_bits"]


def test_a_palette_gives_its_colours_and_a_grey_one_grey():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putdata([1, 0])
    pixels, codes = read(encoded(image))  # np.asarray gives 1 and 0
    np.testing.assert_array_equal(pixels, [[[200, 100, 50], [10, 20, 30]]])
    assert codes == ["palette"]
    image.putpalette([7, 7, 7, 90, 90, 90])
    np.testing.assert_array_equal(read(encoded(image))[0], [[90, 7]])


def test_what_is_transparent_becomes_black_and_what_vanishes_is_told():
    rgba = np.full((2, 2, 4), 200, np.uint8)
    rgba[..., 3] = [[255, 0], [255, 255]]
    pixels, codes = read(encoded(rgba))  # convert("RGB") keeps 200 everywhere
    np.testing.assert_array_equal(pixels[..., 0], [[200, 0], [200, 200]])
    assert codes == ["transparency"]
    opaque = np.dstack([RGB, np.full((6, 5), 255, np.uint8)])
    assert read(encoded(opaque))[1] == []
    black = np.zeros((2, 2, 4), np.uint8)
    black[0, 0, 3] = 255
    assert read(encoded(black))[1] == ["transparency", "lost_in_transparency"]
    grey = np.dstack([GREY, np.full((6, 5), 255, np.uint8)])
    np.testing.assert_array_equal(read(encoded(Image.fromarray(grey, "LA")))[0], GREY)


def test_a_printers_colours_become_rgb_with_and_without_adobes_note():
    ink = np.zeros((8, 8, 4), np.uint8)
    ink[..., 0] = 255  # all cyan
    with_note = encoded(Image.fromarray(ink, "CMYK"), "JPEG", quality=95)
    at = with_note.index(b"\xff\xee")  # APP14, Adobe's: what it holds is inverted
    without = with_note[:at] + with_note[at + 2 + int.from_bytes(with_note[at + 2 : at + 4], "big") :]
    pixels, codes = read(with_note)
    assert codes == ["cmyk"]
    np.testing.assert_allclose(pixels[0, 0].astype(int), [0, 255, 255], atol=8)
    plain, _ = read(without)  # the same numbers, which now mean themselves: no cyan, all of the others
    np.testing.assert_allclose(plain[0, 0].astype(int), [0, 0, 0], atol=8)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photo_is_turned_upright(image_format):
    upright = np.zeros((4, 8, 3), np.uint8)
    upright[:, :4] = 250
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    lying = Image.fromarray(np.rot90(upright).copy())
    lossless = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100}}.get(image_format, {})
    pixels, codes = read(encoded(lying, image_format, exif=exif, **lossless))
    assert codes == ["turned"]
    assert pixels.shape == (4, 8, 3)
    np.testing.assert_allclose(pixels[:, [0, 7], 0].astype(int), [[250, 0]] * 4, atol=12)


def test_one_bit_a_pixel_becomes_0_and_255():
    pixels, codes = read(encoded(Image.fromarray(GREY > 100)))
    np.testing.assert_array_equal(pixels, np.where(GREY > 100, 255, 0))
    assert codes == ["bilevel"]


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_several_frames_the_first_is_taken(image_format):
    frames = [Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (10, 200)]
    options = {"lossless": True} if image_format == "WEBP" else {}
    data = encoded(frames[0], image_format, save_all=True, append_images=frames[1:], **options)
    pixels, codes = read(data)
    assert "first_frame" in codes
    np.testing.assert_array_equal(pixels.reshape(16, -1)[:, 0], 10)


def test_another_size_is_fitted_as_for_predictions():
    pixels, codes = decode(encoded(np.full((8, 4), 200, np.uint8)), colour=False, max_pixels=MAX, size=(4, 4))
    assert codes == ["fitted"]
    np.testing.assert_array_equal(pixels, [[0, 200, 200, 0]] * 4)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no PNG"),
        (b"hello", "no PNG"),
        (encoded(GREY)[:40], "broken"),
        (encoded(RGB, "JPEG")[:-40], "broken"),
        (encoded(np.zeros((2, 2), np.float32), "TIFF"), "floating-point"),
        (encoded(np.zeros((40, 40), np.uint8)), "40 by 40"),
    ],
)
def test_what_gives_no_picture_says_why(data, reason):
    with pytest.raises(UnreadableError, match=reason):
        decode(data, colour=False, max_pixels=MAX)


def test_a_promise_of_many_pixels_is_refused_before_decoding():
    header = struct.pack(">4sIIBBBBB", b"IHDR", 50_000, 50_000, 8, 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    with pytest.raises(UnreadableError, match="50000 by 50000"):
        looks(png + encoded(GREY)[33:], MAX)


@pytest.mark.parametrize("pixels", [GREY, RGB])
def test_a_strip_gives_what_pillow_gives_for_each_filter(pixels):
    shape = pixels.shape
    smooth = np.cumsum(np.ones(shape, np.uint8), axis=1, dtype=np.uint8) * 9
    files = [
        encoded(each, compress_level=level) for each in (pixels, smooth, pixels // 2) for level in (0, 9)
    ]
    files += [by_filter(pixels, kind) for kind in range(5)]
    strip = decode_strip(files, *shape[:2], colour=len(shape) == 3)
    for data, picture in zip(files, strip, strict=True):
        np.testing.assert_array_equal(picture, np.asarray(Image.open(io.BytesIO(data))))


def by_filter(pixels: np.ndarray, kind: int) -> bytes:
    """A PNG all of whose lines have one filter; what it decodes to is Pillow's to say."""
    height = len(pixels)
    lines = b"".join(bytes([kind]) + line.tobytes() for line in pixels.reshape(height, -1))
    plain = encoded(pixels)
    idat = b"IDAT" + zlib.compress(lines)
    chunk = struct.pack(">I", len(idat) - 4) + idat + struct.pack(">I", zlib.crc32(idat))
    return plain[:33] + chunk + plain[-12:]


def test_a_strip_leaves_to_pillow_what_is_unusual():
    good = encoded(GREY)
    exif = Image.Exif()
    exif[0x0112] = 3
    broken = bytearray(good)
    broken[50] ^= 1
    unusual = [
        encoded(GREY, transparency=0),
        encoded(GREY, exif=exif),
        bytes(broken),
        good[:-20],
        encoded(GREY.astype(np.uint16)),
        encoded(RGB),
        encoded(GREY[:, :4]),
        encoded(RGB, "JPEG"),
        by_filter(GREY, 0)[:33] + good[33:],
    ]
    strip = decode_strip([*unusual, good], 6, 5, colour=False)
    assert [picture is None for picture in strip] == [True] * 8 + [False, False]
    np.testing.assert_array_equal(strip[-1], GREY)
    # An unknown filter spoils the whole strip, so all are left.
    assert decode_strip([good, by_filter(GREY, 9)], 6, 5, colour=False) == [None, None]
    assert plain_size(encoded(RGB)) == (6, 5, True)


def test_what_was_met_is_counted_with_examples():
    told = Told()
    for number in range(7):
        told.add("palette", f"{number}.png")
    told.add("turned", "a.jpg")
    palette, turned = told.notices()
    assert (palette.code, palette.count, len(palette.examples)) == ("palette", 7, 5)
    assert turned.detail.startswith("1 picture: turned")
