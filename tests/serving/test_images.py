import io

import numpy as np
import pytest
from PIL import Image

from normlab.errors import InstancesError
from normlab.serving import image_to_batch, pixels_in_header, seen_by_the_model
from normlab.spec.images import Invert
from support.images import deep_png, png

SHOE = np.random.default_rng(3).integers(0, 256, (28, 28), dtype=np.uint8)


def encode(pixels: object, image_format: str = "PNG", **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels))
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def read(data: bytes, shape: tuple[int, ...] = (28, 28), pixel_max: int = 255, **options: object):
    return image_to_batch(
        data,
        shape=shape,
        pixel_max=pixel_max,
        **({"max_pixels": 10_000, "max_jpeg_pixels": 300_000} | options),
    )


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
        (
            encode(np.zeros((101, 100), dtype=np.uint8)),
            "100 by 101 .* NORMLAB_MAX_IMAGE_PIXELS",
        ),
        (encode(np.zeros((100, 101, 3), dtype=np.uint8), "WEBP"), "NORMLAB_MAX_IMAGE_PIXELS"),
        (
            encode(np.zeros((600, 501), dtype=np.uint8), "JPEG"),
            "300000 pixels .setting NORMLAB_MAX_JPEG_PIXELS",
        ),
        (
            encode(np.zeros((100, 101), dtype=np.uint8), "JPEG", progressive=True),
            "a progressive JPEG cannot be decoded smaller",
        ),
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
        read(file.getvalue(), (8, 8), pixel_max=16)


THING = np.zeros((280, 280), dtype=np.uint8)
THING[40:240, 100:150] = 200


def test_of_a_phones_file_with_a_second_image_the_first_counts():
    photo, preview = Image.fromarray(THING), Image.new("L", (80, 80), 255)
    several = encode(photo.convert("RGB"), "MPO", save_all=True, append_images=[preview.convert("RGB")])
    alone = encode(photo.convert("RGB"), "JPEG")
    np.testing.assert_array_equal(read(several, max_pixels=80_000), read(alone, max_pixels=80_000))


@pytest.mark.parametrize("kind", ["JPEG", "MPO"])
def test_a_large_photo_is_decoded_smaller(kind, monkeypatch):
    data = encode(Image.fromarray(THING).resize((500, 500)).convert("RGB"), kind)
    loaded = []
    load = Image.Image.load
    monkeypatch.setattr(Image.Image, "load", lambda image: (loaded.append(image.size), load(image))[1])
    small = read(data)
    assert max(width * height for width, height in loaded) <= 10_000
    monkeypatch.undo()
    whole = read(data, max_pixels=250_000)
    assert pixels_in_header(data) == 250_000
    assert np.abs(small - whole).mean() < 4


def test_a_large_photo_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(
        Image.fromarray(np.repeat([255, 0], 250).astype(np.uint8)[np.newaxis].repeat(500, 0)),
        "JPEG",
        exif=exif,
    )
    batch = read(data)[0]
    assert batch[:12].min() > 200
    assert batch[16:].max() < 50


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_an_image_of_any_depth_is_turned_upright(kind):
    pixels = np.zeros((28, 28), dtype=kind)
    pixels[:, :14] = np.iinfo(kind).max // 255 * 200
    exif = Image.Exif()
    exif[0x0112] = 6
    batch = read(encode(pixels, exif=exif))[0]
    np.testing.assert_array_equal(batch[:14], 200)
    np.testing.assert_array_equal(batch[14:], 0)


@pytest.mark.parametrize(("depth", "colours"), [(2, 1), (4, 1), (8, 1), (16, 1), (8, 3), (16, 3)])
def test_the_value_that_a_png_declares_transparent_becomes_black(depth, colours):
    largest = 2**depth - 1
    halves = np.zeros((28, 28, colours), dtype=np.uint16)
    halves[:, :14] = largest
    halves[:, 14:] = largest // 2
    batch = read(deep_png(halves, depth, transparent=[largest] * colours))[0]
    np.testing.assert_array_equal(batch[:, :14], 0)
    assert batch[:, 14:].min() > 80
    visible = read(deep_png(halves, depth, transparent=[1] * colours))[0]
    np.testing.assert_array_equal(visible[:, :14], 255)


def two_colours(left: tuple[int, ...], right: tuple[int, ...]) -> Image.Image:
    image = Image.new("RGB", (28, 28), left)
    image.paste(right, (14, 0, 28, 28))
    return image


def ink(colour: int) -> Image.Image:
    image = Image.new("RGBA", (280, 280))
    image.paste((colour, colour, colour, 255), (130, 40, 150, 240))
    return image


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize(
    ("colour", "invert"), [(0, Invert.AUTO), (0, Invert.ALWAYS), (255, Invert.AUTO), (255, Invert.NEVER)]
)
def test_ink_on_a_transparent_canvas_becomes_light_on_black(kind, colour, invert):
    options = {"lossless": True} if kind == "WEBP" else {}
    batch = read(encode(ink(colour), kind, **options), max_pixels=80_000, invert=invert)[0]
    assert batch[14, 14] > 200
    assert batch[:, :10].max() < 5


@pytest.mark.parametrize(
    ("image", "invert", "sentence"),
    [
        (Image.new("L", (300, 1), 255), Invert.NEVER, "made 28 by 28 it is the same everywhere"),
        (Image.new("L", (1, 300), 255), Invert.NEVER, "made 28 by 28 it is the same everywhere"),
        (ink(0), Invert.NEVER, "invert=auto"),
        (ink(255), Invert.ALWAYS, "invert=auto"),
        (Image.new("RGBA", (28, 28), (255, 255, 255, 0)), Invert.NEVER, "transparent"),
        (
            deep_png(np.full((28, 28, 1), 65535, np.uint16), 16, transparent=[65535]),
            Invert.NEVER,
            "transparent",
        ),
        (two_colours((255, 0, 0), (0, 130, 0)), Invert.NEVER, "equally light"),
        (Image.fromarray(SHOE.astype(np.uint16)), Invert.NEVER, "of its 16 bits the upper 8"),
    ],
)
def test_an_image_of_which_nothing_is_left_is_refused(image, invert, sentence):
    data = image if isinstance(image, bytes) else encode(image)
    with pytest.raises(InstancesError, match=f"nothing is left of the image: .*{sentence}"):
        read(data, max_pixels=80_000, invert=invert)


@pytest.mark.parametrize("value", [0, 90, 255])
def test_an_image_that_was_the_same_everywhere_stays_so(value):
    np.testing.assert_array_equal(read(encode(np.full((28, 28), value, np.uint8)))[0], value)


def test_a_file_of_divided_pixels_is_refused_unless_they_are_meant():
    data = encode(np.where(SHOE > 127, 1, 0).astype(np.uint8), "PNG")
    with pytest.raises(InstancesError, match="dark_images=true"):
        read(data)
    assert read(data, dark_images=True).max() == 1
    assert read(encode(np.full((8, 8), 12, np.uint8)), (8, 8), pixel_max=16).max() < 1


def test_a_channel_of_its_own_is_grey() -> None:
    assert read(encode(SHOE), (28, 28, 1)).shape == (1, 28, 28, 1)
    np.testing.assert_array_equal(read(encode(SHOE), (28, 28, 1))[0, :, :, 0], SHOE)


@pytest.mark.parametrize("shape", [(28, 28, 4), (28, 28, 2), (30,)])
def test_samples_that_are_no_images_are_sent_as_values(shape: tuple[int, ...]) -> None:
    with pytest.raises(InstancesError, match="send their raw values"):
        read(encode(SHOE), shape)


@pytest.mark.parametrize(
    ("shape", "size"),
    [((6, 5), (5, 6)), ((6, 5, 1), (5, 6)), ((6, 5, 3), (5, 6)), ((6, 5, 7), (5, 6)), ((9,), (9, 1))],
)
def test_any_sample_can_be_looked_at(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    sample = np.full(shape, 8, np.float32)
    with Image.open(io.BytesIO(seen_by_the_model(sample, 16))) as image:
        assert image.size == size
        assert image.getextrema() in ((128, 128), ((128, 128),) * 3)
