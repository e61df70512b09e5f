#!/bin/sh
# Pillow 13.0.0: the transparent value of a PNG of 2, 4 or 3 times 16 bits is not on the scale of the decoded pixels.
# Expected: convert("RGBA") makes transparent the pixels that the file's tRNS chunk declares so, and no others.
# Seen: grey of 2 and 4 bits becomes 0 to 255, but info["transparency"] stays 3 or 15: transparent pixels turn opaque.
#   Of colours with 16 bits Pillow keeps the upper 8, and compares them with the lower 8 of the transparent colour:
#   that colour turns opaque, and another one transparent. With 1 and 8 bits all is right.
# So: before convert(), grey: info["transparency"] *= 255 // (2**depth - 1), where depth is the file's byte 24;
#   colours: their values >> 8, which then also takes colours that differ in the lower 8 bits alone.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'pillow==13.0.0' 'pypng==0.20220715.0'
"$folder/venv/bin/python" - <<'END'
import io
import png
from PIL import Image


def alphas(depth, pixels, transparent, mended=False):
    file = io.BytesIO()
    writer = png.Writer(len(pixels), 1, greyscale=isinstance(transparent, int), bitdepth=depth, transparent=transparent)
    writer.write(file, [[value for pixel in pixels for value in (pixel if isinstance(pixel, tuple) else [pixel])]])
    image = Image.open(file)
    if mended and isinstance(transparent, int):
        image.info["transparency"] *= 255 // (2 ** file.getvalue()[24] - 1)
    elif mended:
        image.info["transparency"] = tuple(value >> 8 for value in transparent)
    row = next(png.Reader(bytes=file.getvalue()).asRGBA8()[2])
    return list(row[3::4]), list(image.convert("RGBA").getchannel("A").tobytes())


print("alphas by pypng and by Pillow; the second pixel is the transparent one")
for depth in (1, 2, 4, 8):
    pixels = [0, 2**depth - 1]
    found = alphas(depth, pixels, pixels[1])
    print("grey of", depth, "bits:", *found)
    assert found == ([255, 0], [255, 255] if depth in (2, 4) else [255, 0])
    assert depth not in (2, 4) or alphas(depth, pixels, pixels[1], mended=True) == ([255, 0], [255, 0])
pixels = [(0, 0, 0), (0x1234, 0x5678, 0x9ABC), (0x3400, 0x7800, 0xBC00)]
found = alphas(16, pixels, pixels[1])
print("colours of 16 bits:", *found)
assert found == ([255, 0, 255], [255, 255, 0])
assert alphas(16, pixels, pixels[1], mended=True) == ([255, 0, 255], [255, 0, 255])
END
