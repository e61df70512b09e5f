"""How all charts look, and how they become images."""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, Literal

import altair as alt
import vl_convert

Chart = dict[str, Any]
"""A Vega-Lite specification as plain JSON, with its data inside."""

THEME: Final = "fivethirtyeight"

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")
"""Okabe and Ito's colours, which colour-blind readers tell apart (Color Universal Design, 2008); grey for
their yellow, which cannot be read on a light ground."""

DASHES = ([1, 0], [8, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 4], [1, 3], [6, 2, 1, 2, 1, 2])
"""One for each colour, so that arms can be told apart on a black-and-white print as well."""


INK, SOFT_INK = "#444444", "#8a8a8a"
"""For what belongs to no single arm, such as a difference of two."""

_LEGEND_WIDTH, _LABEL_LIMIT = 680, 400


class ImageFormat(StrEnum):
    """What a chart can be rendered to."""

    PNG = "png"
    SVG = "svg"


def colour_of(arms: Iterable[str]) -> dict[str, str]:
    """An arm's colour, by its place among the arms: the same in all charts of a comparison."""
    return {arm: PALETTE[index % len(PALETTE)] for index, arm in enumerate(dict.fromkeys(arms))}


def arm_colour(arms: Iterable[str], *, symbol: Literal["stroke", "circle"] = "stroke") -> alt.Color:
    """The colour channel that every chart uses for its arms."""
    colours = colour_of(arms)
    longest = max(map(len, colours), default=0)
    shown = alt.Legend(
        orient="top",
        columns=max(1, _LEGEND_WIDTH // (min(8 * longest, _LABEL_LIMIT) + 60)),
        symbolType=symbol,
        symbolSize=400 if symbol == "stroke" else 120,
        symbolStrokeWidth=3,
        symbolOpacity=1,
    )
    return alt.Color(
        "arm:N",
        title=None,
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=shown,
    )


def arm_dash(arms: Iterable[str]) -> alt.StrokeDash:
    """The dash of an arm's lines."""
    names = list(dict.fromkeys(arms))
    dashes = [DASHES[index % len(DASHES)] for index in range(len(names))]
    return alt.StrokeDash("arm:N", title=None, scale=alt.Scale(domain=names, range=dashes), legend=None)


def panel_title(text: str) -> alt.TitleParams:
    """The heading of one panel among several."""
    return alt.TitleParams(text, fontSize=15, fontWeight=500, offset=8)


def finish(chart: Any, title: str, subtitle: str | list[str] = "") -> Chart:
    """The chart with its title and the common style, as plain JSON."""
    chart = (
        chart.properties(title=alt.TitleParams(title, subtitle=subtitle), padding=20)
        .configure_title(fontSize=20, subtitleFontSize=13, subtitleColor="#555", subtitlePadding=6, offset=16)
        .configure_axis(
            labelFontSize=12, labelColor="#555", titleFontSize=13, titleFontWeight="normal", labelFlush=False
        )
        .configure_legend(labelFontSize=13, labelLimit=_LABEL_LIMIT, columnPadding=24)
        .configure_header(labelFontSize=13)
    )
    chart.usermeta = {"embedOptions": {"theme": THEME}}
    document: Chart = json.loads(chart.to_json(indent=None))
    return document


def render(chart: Chart, image_format: ImageFormat | str) -> bytes:
    """The image of a chart, as a PNG (twice the screen's resolution) or as an SVG document in UTF-8.

    Nothing is loaded from outside: data and fonts are inside. Raises ``ValueError`` for another format.
    """
    match ImageFormat(image_format):
        case ImageFormat.PNG:
            image: bytes = vl_convert.vegalite_to_png(chart, theme=THEME, scale=2, allowed_base_urls=[])
            return image
        case ImageFormat.SVG:
            svg: str = vl_convert.vegalite_to_svg(chart, theme=THEME, allowed_base_urls=[])
            return svg.encode()
