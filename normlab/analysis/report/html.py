"""The report as one self-contained HTML page: no script, nothing loaded from elsewhere."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from normlab.analysis.charts.theme import NARROW, WIDE, Chart, ImageFormat, render
from normlab.analysis.comparison import ComparisonStatistics
from normlab.analysis.headline import listed
from normlab.analysis.mechanism.result import Mechanism
from normlab.analysis.report.blocks import Block
from normlab.analysis.report.breaks import breakable, unbroken
from normlab.analysis.report.content import Arms, content


def html_report(
    comparison: ComparisonStatistics,
    arms: Arms,
    *,
    title: str | None = None,
    subtitle: str = "",
    request: Mapping[str, Any] | None = None,
    identifier: str | None = None,
    mechanisms: Sequence[Mechanism] = (),
) -> str:
    """A page that shows the setup, the verdict, the caveats, charts, tables, how it was done and how to repeat it.

    ``arms`` are the runs that were compared; ``subtitle`` is for what only the caller knows, such as when
    and where it was done; ``request`` and ``identifier`` are those of a comparison that a service keeps. The same data
    give the same page.
    """
    return page_of(
        content(comparison, arms, request=request, identifier=identifier, mechanisms=mechanisms),
        title=title or listed(list(comparison.arms), " against "),
        subtitle=subtitle or f"{comparison.metric.words}, {len(comparison.seeds)} seeds of each arm",
    )


def page_of(blocks: Sequence[Block], *, title: str, subtitle: str) -> str:
    """Blocks as one page that loads nothing."""
    page = _TEMPLATES.get_template("report.html").render(title=title, subtitle=subtitle, blocks=blocks)
    return f"{page}\n"


def _svg_data_uri(chart: Chart) -> str:
    # As an image of its own, since the ids inside several SVG documents would clash in one page.
    return f"data:image/svg+xml;base64,{b64encode(render(chart, ImageFormat.SVG)).decode()}"


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,  # of every template, whatever its name: names are other people's text
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"svg_data_uri": _svg_data_uri, "unbroken": unbroken, "breakable": breakable}
_TEMPLATES.globals |= {"WIDE": WIDE, "NARROW": NARROW}
