"""The report as Markdown, for an issue or a wiki. Charts are left out, since Markdown cannot carry them
inside."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from normlab.analysis.comparison import ComparisonStatistics
from normlab.analysis.headline import listed
from normlab.analysis.mechanism.result import Mechanism
from normlab.analysis.report.blocks import Block, Bullets, Code, Figure, Heading, Paragraph, Table
from normlab.analysis.report.content import Arms, content


def markdown_report(
    comparison: ComparisonStatistics,
    arms: Arms,
    *,
    title: str | None = None,
    subtitle: str = "",
    request: Mapping[str, Any] | None = None,
    identifier: str | None = None,
    mechanisms: Sequence[Mechanism] = (),
) -> str:
    """The same as the HTML page, without its charts."""
    heading = title or listed(list(comparison.arms), " against ")
    made = content(comparison, arms, request=request, identifier=identifier, mechanisms=mechanisms)
    blocks = [_block(block) for block in made if not isinstance(block, Figure)]
    below = [_plain(subtitle)] if subtitle else []
    return "\n\n".join([f"# {_plain(heading)}", *below, *blocks]) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(text):
            return f"## {_plain(text)}"
        case Paragraph(text, style):
            return f"**{_plain(text)}**" if style == "decided" else _plain(text)
        case Bullets(items):
            return "\n".join(f"- {_plain(item)}" for item in items)
        case Code(text):
            # An indented block: no text inside can end it, as it can a fence of backticks.
            return "\n".join(f"    {line}" for line in text.splitlines())
        case Table(head, rows):
            lines = [[_plain(cell) for cell in row] for row in (head, *rows)]
            lines.insert(1, ["---"] * len(head))
            return "\n".join(f"| {' | '.join(line)} |" for line in lines)
        case Figure(_, description):
            return _plain(description)


def _plain(text: str) -> str:
    """Text that Markdown takes as it is, on one line: names of arms come from users."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))
