"""How all charts look, and how they become images."""

import json
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

import altair as alt
import vl_convert

Chart = dict[str, Any]
"""A Vega-Lite specification as plain JSON, with its data inside."""


PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")
"""Okabe and Ito's colours, which colour-blind readers tell apart (Color Universal Design, 2008); grey for
their yellow, which cannot be read on a light ground."""

DASHES = ([1, 0], [8, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 4], [1, 3], [6, 2, 1, 2, 1, 2])
"""One for each colour, so that arms can be told apart on a black-and-white print as well."""


INK, SOFT_INK, GRID = "#333333", "#8a8a8a", "#e4e4e4"
"""For what belongs to no single arm, such as a difference of two; the last for lines behind the data."""

_TEXT, _TITLE = 13, 15
_Y_LABELS = 50
"""Pixels for the numbers of an axis, the same in all charts, so that their widths are."""
_FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"


@dataclass(frozen=True)
class Space:
    """How much room a chart has, in pixels."""

    width: int
    columns: int
    """How many panels stand side by side."""
    gap: int = 28

    def panel(self, columns: int | None = None, *, labels: int = _Y_LABELS) -> int:
        """The width of each panel, beside the labels of its axis."""
        columns = columns or self.columns
        return (self.width - self.gap * (columns - 1)) // columns - labels - 12

    def columns_of(self, panels: int) -> int:
        """How many of so many panels stand side by side, so that no row is nearly empty."""
        if self.columns == 1:
            return 1
        return panels if panels < 4 else 2 if panels == 4 else 3

    @property
    def names(self) -> int:
        """Pixels for names of arms at the side of a chart."""
        return self.width // 4 if self.columns > 1 else self.width // 3


WIDE: Final = Space(960, 2)
"""A page, and an image of its own."""
NARROW: Final = Space(350, 1)
"""A telephone."""


class ImageFormat(StrEnum):
    """What a chart can be rendered to."""

    PNG = "png"
    SVG = "svg"


def colour_of(arms: Iterable[str]) -> dict[str, str]:
    """An arm's colour, by its place among the arms: the same in all charts of a comparison."""
    return {arm: PALETTE[index % len(PALETTE)] for index, arm in enumerate(dict.fromkeys(arms))}


def arm_colour(
    arms: Iterable[str],
    space: Space = WIDE,
    *,
    symbol: Literal["stroke", "circle"] = "stroke",
    legend: bool = True,
) -> alt.Color:
    """The colour channel that every chart uses for its arms."""
    colours = colour_of(arms)
    longest = max(map(len, colours), default=0)
    limit = space.width - 60
    shown = alt.Legend(
        orient="top",
        columns=max(1, int(space.width // (min(6.3 * longest, limit) + 55))),
        symbolType=symbol,
        symbolSize=400 if symbol == "stroke" else 120,
        symbolStrokeWidth=3,
        symbolOpacity=1,
        labelLimit=limit,
    )
    return alt.Color(
        "arm:N",
        title=None,
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=shown if legend else None,
    )


def arm_dash(arms: Iterable[str]) -> alt.StrokeDash:
    """The dash of an arm's lines."""
    names = list(dict.fromkeys(arms))
    dashes = [DASHES[index % len(DASHES)] for index in range(len(names))]
    return alt.StrokeDash("arm:N", title=None, scale=alt.Scale(domain=names, range=dashes), legend=None)


def panel_titles(
    texts: Iterable[str], space: Space = WIDE, columns: int | None = None
) -> dict[str, alt.TitleParams]:
    """The headings of panels that stand side by side, above the numbers of their axes; as many lines for each."""
    width = space.panel(columns) + _Y_LABELS
    lines = {text: _lines(text, width, _TEXT) for text in texts}
    most = max(map(len, lines.values()), default=1)
    return {
        text: alt.TitleParams(
            [*[""] * (most - len(broken_text)), *broken_text], fontSize=_TEXT, fontWeight="bold", offset=8
        )
        for text, broken_text in lines.items()
    }


def time_axis(title: str, width: int) -> alt.X:
    """Seconds from zero, on so many pixels."""
    ticks = alt.Axis(grid=False, tickCount=width // 70)
    return alt.X("seconds:Q", title=title, scale=alt.Scale(domainMin=0), axis=ticks)


def value_axis(values: Iterable[float], *, fractions: bool) -> alt.Axis:
    """A vertical axis for such values, without a title: what it shows stands above the panel.

    Fractions are written in per cent, in whole ones unless they lie close together.
    """
    known = [*values]
    digits = 1 if known and max(known) - min(known) < 0.05 else 0
    written = (
        f"format(100 * datum.value, '.{digits}f') + ' %'" if fractions else "format(datum.value, '.3~f')"
    )
    return alt.Axis(labelExpr=written, tickCount=5, minExtent=_Y_LABELS, maxExtent=_Y_LABELS, title=None)


def epoch_axis(first: int, last: int, space: Space = WIDE) -> alt.X:
    """From the first epoch with data to the last, with ticks at whole epochs only, among them these two."""
    step = max(1, -(-(last - first) // (10 if space.columns > 1 else 5)))
    ticks = [epoch for epoch in range(first, last, step) if 2 * (last - epoch) > step or epoch == first]
    ticks += [last] if last > first or not ticks else []
    domain = [first, last] if last > first else [first - 0.5, last + 0.5]
    return alt.X(
        "epoch:Q",
        title="epoch",
        axis=alt.Axis(values=ticks, format="d", grid=False),
        scale=alt.Scale(domain=domain, nice=False, zero=False),
    )


def name_axis(labels: Iterable[str], space: Space, *, shown: bool = True) -> alt.Y:
    """A vertical axis of names, of which long ones take several lines; ``labels`` are ``broken``, in order."""
    axis = alt.Axis(
        grid=False,
        ticks=False,
        domain=False,
        labels=shown,
        labelExpr="split(datum.label, '\\n')",
        labelLimit=space.names,
        minExtent=space.names if shown else 0,
        maxExtent=space.names if shown else 0,
        labelPadding=8,
    )
    return alt.Y("label:N", title=None, sort=list(labels), axis=axis)


def broken(name: str, space: Space) -> str:
    """A name on lines that fit at the side of a chart, broken at spaces and underscores where it can be."""
    characters = space.names // 7
    lines = [""]
    for part in re.findall(r"[^\s_]+[\s_]*|[\s_]+", name):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > characters:
            lines.append("")
        lines[-1] += part
    pieces = [line[at : at + characters] for line in lines for at in range(0, len(line) or 1, characters)]
    return "\n".join(pieces)


def inline(rows: Iterable[Mapping[str, Any]]) -> alt.InlineData:
    """Rows as the data of a chart."""
    # A tuple, since Altair copies lists with all that is in them whenever charts are put together.
    return alt.InlineData(values=tuple(rows))


def finish(chart: Any, title: str, subtitle: str = "", space: Space = WIDE) -> Chart:
    """The chart with its title and the common style, as plain JSON."""
    chart = (
        chart.properties(
            title=alt.TitleParams(
                _lines(title, space.width, _TITLE), subtitle=_lines(subtitle, space.width, _TEXT)
            ),
            padding={"left": 0, "top": 4, "right": 0, "bottom": 4},
            background="white",
        )
        .configure(font=_FONT)
        .configure_view(stroke=None)
        .configure_title(
            anchor="start",
            fontSize=_TITLE,
            color=INK,
            subtitleFontSize=_TEXT,
            subtitleColor="#555",
            subtitlePadding=5,
            offset=14,
        )
        .configure_axis(
            labelFontSize=_TEXT,
            labelFlush=False,
            labelColor="#555",
            titleFontSize=_TEXT,
            titleFontWeight="normal",
            titleColor="#555",
            gridColor=GRID,
            domainColor=SOFT_INK,
            tickColor=SOFT_INK,
        )
        .configure_legend(labelFontSize=_TEXT, columnPadding=20)
    )
    # Tests hold each chart against Vega-Lite's schema; here it would take as long again.
    document: Chart = json.loads(chart.to_json(indent=None, validate=False))
    return document


def render(chart: Chart, image_format: ImageFormat | str) -> bytes:
    """The image of a chart, as a PNG (twice the screen's resolution) or as an SVG document in UTF-8.

    Nothing is loaded from outside: data and fonts are inside. Raises ``ValueError`` for another format.
    """
    match ImageFormat(image_format):
        case ImageFormat.PNG:
            image: bytes = vl_convert.vegalite_to_png(chart, scale=2, allowed_base_urls=[])
            return image
        case ImageFormat.SVG:
            svg: str = vl_convert.vegalite_to_svg(chart, allowed_base_urls=[])
            return _renumbered(svg).encode()


def _renumbered(svg: str) -> str:
    """The same image with ids that do not depend on what was rendered before: the renderer counts them on."""
    numbers: dict[str, str] = {}
    return re.sub(
        r'(?<=id="clip)\d+|(?<=url\(#clip)\d+',
        lambda found: numbers.setdefault(found[0], str(len(numbers))),
        svg,
    )


def _lines(text: str, width: int, font_size: int) -> list[str]:
    """Text on lines that fit; a title does not break by itself."""
    return textwrap.wrap(text, max(10, int(width / (0.5 * font_size)))) or [""]
