"""The report as one self-contained HTML page: no script, nothing loaded from elsewhere."""

from base64 import b64encode
from html import escape
from string import Template

from normlab.analysis.charts.theme import ImageFormat, render
from normlab.analysis.comparison import Comparison
from normlab.analysis.report.blocks import NOTHING, Block, Bullets, Figure, Heading, Paragraph, Table
from normlab.analysis.report.content import Arms, content

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root { --ink: #222; --soft: #666; --line: #ddd; --accent: #0072b2; }
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem; color: var(--ink); background: #fff;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif;
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h1, p, li { overflow-wrap: anywhere; }
p.subtitle { color: var(--soft); margin: 0 0 1.5rem; }
p.strong {
  font-size: 1.15rem; border-left: 4px solid var(--accent); background: #f3f8fb; padding: .75rem 1rem;
  margin: .75rem 0;
}
li { margin: .3rem 0; }
figure { margin: 1rem 0; }
figure img { max-width: 100%; height: auto; display: block; }
figcaption { color: var(--soft); font-size: .875rem; margin-top: .25rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
td.number, th.number { text-align: right; }
td.number { white-space: nowrap; }
@media print {
  body { max-width: none; padding: 0; }
  h2, figure, table { break-inside: avoid; }
}
</style>
</head>
<body>
<h1>$title</h1>
<p class="subtitle">$subtitle</p>
$body
</body>
</html>
""")


def html_report(comparison: Comparison, arms: Arms, *, title: str | None = None, subtitle: str = "") -> str:
    """A page that shows the verdict, the caveats, charts, tables and how it was done.

    ``arms`` are the runs that were compared; ``subtitle`` is for what only the caller knows, such as when
    and where it was done. The same data give the same page.
    """
    body = "\n".join(_block(block) for block in content(comparison, arms))
    heading = title or " against ".join(comparison.arms)
    told = subtitle or f"{comparison.metric.words}, {len(comparison.seeds)} seeds of each arm"
    return _PAGE.substitute(title=escape(heading), subtitle=escape(told), body=body)


def _block(block: Block) -> str:
    match block:
        case Heading(text):
            return f"<h2>{escape(text)}</h2>"
        case Paragraph(text, strong):
            opening = '<p class="strong">' if strong else "<p>"
            return f"{opening}{escape(text)}</p>"
        case Bullets(items):
            return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
        case Table():
            return _table(block)
        case Figure(chart, description):
            # As an image of its own, since the ids inside several SVG documents would clash in one page.
            image = b64encode(render(chart, ImageFormat.SVG)).decode()
            told = escape(description)
            return (
                f'<figure><img src="data:image/svg+xml;base64,{image}" alt="{told}">'
                f"<figcaption>{told}</figcaption></figure>"
            )


def _table(table: Table) -> str:
    numeric = [
        all(_is_number(row[column]) for row in table.rows) and bool(table.rows)
        for column in range(len(table.head))
    ]

    def cell(tag: str, text: str, number: bool) -> str:
        opening = f'<{tag} class="number">' if number else f"<{tag}>"
        return f"{opening}{escape(text)}</{tag}>"

    def line(tag: str, cells: tuple[str, ...]) -> str:
        return f"<tr>{''.join(cell(tag, *pair) for pair in zip(cells, numeric, strict=True))}</tr>"

    rows = "".join(line("td", tuple(row)) for row in table.rows)
    head = line("th", tuple(table.head))
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _is_number(text: str) -> bool:
    try:
        float(text.removesuffix(" %").replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return text == NOTHING
    return True
