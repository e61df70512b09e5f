"""The report as one self-contained HTML page: no script, nothing loaded from elsewhere."""

from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from normlab.analysis.charts.theme import Chart, ImageFormat, render
from normlab.analysis.comparison import ComparisonStatistics
from normlab.analysis.report.content import Arms, content


def html_report(
    comparison: ComparisonStatistics, arms: Arms, *, title: str | None = None, subtitle: str = ""
) -> str:
    """A page that shows the verdict, the caveats, charts, tables and how it was done.

    ``arms`` are the runs that were compared; ``subtitle`` is for what only the caller knows, such as when
    and where it was done. The same data give the same page.
    """
    page = _TEMPLATES.get_template("report.html").render(
        title=title or " against ".join(comparison.arms),
        subtitle=subtitle or f"{comparison.metric.words}, {len(comparison.seeds)} seeds of each arm",
        blocks=content(comparison, arms),
    )
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
_TEMPLATES.filters["svg_data_uri"] = _svg_data_uri
