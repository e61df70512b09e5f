import io

import numpy as np
import pytest
from PIL import Image

from normlab.errors import InstancesError
from normlab.serving import image_to_batch
from normlab.spec.images import Invert
from support.images import png

SHOE = np.random.default_rng(3).integers(0, 256, (28, 28), dtype=np.uint8)


def encode(pixels: object, image_format: str = "PNG", **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels))
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def read(data: bytes, shape: tuple[int, ...] = (28, 28), pixel_max: int = 255, **options: object):
    return image_to_batch(data, shape=shape, pixel_max=pixel_max, **({"max_pixels": 10_000} | options))


def test_an_image_of_the_models_size_arrives_bit_for_bit():
    batch = read(encode(SHOE))
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch, SHOE[np.newaxis].astype(np.float32))


def test_a_colour_image_of_the_models_size_arrives_bit_for_bit():
    pixels = np.random.default_rng(4).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read(encode(pixels), (32, 32, 3))[0], pixels)


def test_a_jpeg_arrives_nearly_unchanged():
    smooth = np.tile(np.arange(0, 252, 9, dtype=np.uint8), (28, 1))
    assert np.abs(read(encode(smooth, "JPEG", quality=95))[0] - smooth).max() <= 4


def test_colours_become_grey_by_their_luminance():
    pixels = np.zeros((28, 28, 3), dtype=np.uint8)
    pixels[..., 1] = 200
    np.testing.assert_allclose(read(encode(pixels)), 0.587 * 200, atol=0.5)


def test_grey_becomes_three_equal_colours():
    batch = read(encode(SHOE), (28, 28, 3))
    np.testing.assert_array_equal(batch[0], np.repeat(SHOE[..., np.newaxis], 3, axis=2))


def test_another_size_is_fitted_with_its_proportions_and_padded_with_black():
    batch = read(encode(np.full((56, 28), 200, dtype=np.uint8)))[0]
    assert batch.shape == (28, 28)
    np.testing.assert_array_equal(batch[:, 7:21], 200)
    np.testing.assert_array_equal(batch[:, :7], 0)
    np.testing.assert_array_equal(batch[:, 21:], 0)


def test_values_end_at_the_datasets_largest():
    batch = read(encode(np.full((8, 8), 255, dtype=np.uint8)), (8, 8), pixel_max=16)
    np.testing.assert_allclose(batch, 16)


def test_sixteen_bits_keep_the_upper_eight():
    pixels = SHOE.astype(np.uint16) * 256 + 77
    np.testing.assert_array_equal(read(encode(pixels))[0], SHOE)


def test_transparent_pixels_become_black():
    pixels = np.full((28, 28, 4), 255, dtype=np.uint8)
    pixels[:14, :, 3] = 0
    batch = read(encode(pixels))[0]
    np.testing.assert_array_equal(batch[:14], 0)
    np.testing.assert_array_equal(batch[14:], 255)


def test_a_palette_is_resolved():
    palette = Image.fromarray(np.repeat(SHOE[..., np.newaxis], 3, axis=2)).quantize(256)
    assert np.abs(read(encode(palette))[0] - SHOE).max() <= 1


def test_a_photo_is_turned_upright():
    pixels = np.zeros((28, 28), dtype=np.uint8)
    pixels[:, :14] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it turned clockwise
    batch = read(encode(pixels, "JPEG", exif=exif, quality=95))[0]
    assert batch[:13].min() > 200
    assert batch[15:].max() < 50


def test_light_and_dark_change_places_when_asked_for():
    np.testing.assert_array_equal(read(encode(SHOE), invert=Invert.ALWAYS)[0], 255 - SHOE.astype(np.float32))


def test_auto_inverts_a_light_background_only():
    on_white = np.full((28, 28), 240, dtype=np.uint8)
    on_white[8:20, 8:20] = 30
    on_black = 255 - on_white
    inverted = read(encode(on_white), invert=Invert.AUTO)
    kept = read(encode(on_black), invert=Invert.AUTO)
    np.testing.assert_array_equal(inverted, kept)
    assert kept[0, 14, 14] == 225


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "no PNG, JPEG or WebP image"),
        (b"hello", "no PNG, JPEG or WebP image"),
        (encode(SHOE, "GIF"), "no PNG, JPEG or WebP image"),
        (encode(SHOE, "BMP"), "no PNG, JPEG or WebP image"),
        (encode(SHOE)[:200], "is broken"),
        (encode(SHOE, "JPEG")[:200], "is broken"),
        (png(28, 28, bytes(1000))[:-30], "is broken"),
        (encode(np.zeros((101, 100), dtype=np.uint8)), "is too large: 100 by 101 is more than 10000 pixels"),
        (png(10_000, 12_000, bytes(1000)), "is too large"),
        (png(60_000, 60_000, bytes(1000)), "is too large"),
        (
            encode(Image.fromarray(SHOE), save_all=True, append_images=[Image.fromarray(255 - SHOE)]),
            "is animated: send a single image",
        ),
    ],
)
def test_bad_images_say_what_is_wrong(data, sentence):
    with pytest.raises(InstancesError, match=sentence):
        read(data)


def test_an_animated_webp_is_refused():
    file = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("black", "white")]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    with pytest.raises(InstancesError, match="is animated"):
        image_to_batch(file.getvalue(), shape=(8, 8), pixel_max=16, max_pixels=1000)
