"""Consoles that show every text as it is, whatever it holds and whatever the terminal can show."""

import codecs
import io
import json
import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from normlab.spec.text import UNSEEN

# New lines and tabs are ours. A joiner is left alone: it moves nothing.
_UNSEEN = re.compile(rf"(?![\n\t])[{UNSEEN}]")

LOOKALIKES = {
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{FULL BLOCK}": "#",
    "\N{LEFT ONE EIGHTH BLOCK}": "|",
    "\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-",
    "\N{BOX DRAWINGS HEAVY HORIZONTAL}": "-",
    "\N{BOX DRAWINGS LIGHT VERTICAL}": "|",
    **dict.fromkeys("╭╮╰╯╸╺", "+"),
}
"""What is written instead where the output's encoding has no such character."""


def visible(text: str) -> str:
    r"""The text with every character that cannot be seen as its escape, such as ``\u202e``.

    Such characters would make a terminal obey, or show something else than what is there. New lines and tabs stay.
    """
    return _UNSEEN.sub(lambda found: _escaped(found[0]), text)


def visible_json(text: str) -> str:
    """JSON of the same meaning, with every character that cannot be seen as its escape."""
    return _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _escaped(characters: str) -> str:
    return characters.encode("unicode_escape").decode()


class SafeConsole(Console):
    """A console that writes ``visible`` text only, and no emoji for the ``:words:`` of a name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, emoji=False, **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Write; a table that does not go to a terminal comes without the blanks that fill its last column."""
        if self.is_terminal or not any(isinstance(each, Table) for each in objects):
            super().print(*objects, **options)
            return
        with self.capture() as captured:
            super().print(*objects, **options)
        lines = (line.rstrip() for line in captured.get().splitlines())
        super().print("\n".join(lines), markup=False, soft_wrap=True)

    def render_str(self, text: str, **options: Any) -> Text:
        """Turn a string into text, before its width is measured."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Turn anything into pieces of text, those too that were no strings when they came."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)


def accept_any_text() -> None:
    """Make stdout and stderr write what their encoding lacks as a lookalike or an escape, instead of failing."""
    codecs.register_error("normlab.lookalike", _lookalike)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="normlab.lookalike")


def _lookalike(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(LOOKALIKES.get(character) or _escaped(character) for character in lacking), error.end


def can_write(stream: TextIO, text: str) -> bool:
    """Whether the stream's encoding has all characters of the text."""
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
