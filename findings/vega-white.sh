#!/bin/sh
# Altair 6.3.0 (drawn by vl-convert-python 1.9.0.post1): a colour range from white to blue begins cyan.
# Expected: alt.Scale(range=["white", "#0072B2"]) draws the smallest value white.
# Seen: rgb(192, 255, 255), and orange where the range is from white to red. Colours are interpolated in HCL (which is
#   documented), where pure white and pure black have neither hue nor chroma: they take both from the other colour,
#   even at their own end. #fefefe has a chroma, next to 0, and is drawn as it is.
# So: interpolate="rgb" or "lab" in the scale, or a scheme such as "blues".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'altair==6.3.0' 'vl-convert-python==1.9.0.post1'
"$folder/venv/bin/python" - <<'END'
import re
import altair as alt, vl_convert


def drawn(value, colours, **scale):
    chart = (
        alt.Chart(alt.Data(values=[{"value": value}]))
        .mark_rect()
        .encode(color=alt.Color("value:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=colours, **scale)))
    )
    svg = vl_convert.vegalite_to_svg(chart.to_json())
    return re.search(r'aria-roledescription="rect mark"[^>]* fill="([^"]+)"', svg)[1]


for first, last in (("white", "#0072B2"), ("white", "red"), ("black", "#0072B2"), ("#fefefe", "#0072B2")):
    print(f"{first} to {last}: 0 is drawn", drawn(0, [first, last]), "- 1", drawn(1, [first, last]))
for space in ("rgb", "lab"):
    print(f"white to #0072B2 in {space}: 0 is drawn", drawn(0, ["white", "#0072B2"], interpolate=space))
    assert drawn(0, ["white", "#0072B2"], interpolate=space) == "rgb(255, 255, 255)"
assert drawn(0, ["white", "#0072B2"]) != "rgb(255, 255, 255)" and drawn(0, ["white", "red"]) != "rgb(255, 255, 255)"
assert drawn(0, ["#fefefe", "#0072B2"]) == "rgb(254, 254, 254)"
END
