"""What differs inside the networks of arms, as text."""

from normlab.cli.display.output import out
from normlab.documents.mechanism import MechanismsDocument

MOST = 5
"""So many differences are told of each pair of arms."""


def show_mechanisms(mechanisms: MechanismsDocument) -> None:
    """Write what differs inside each pair of arms: in a paragraph, and below it one quantity a line."""
    out.print("\n[bold]What differs inside[/]")
    if not mechanisms.pairs:
        out.print(mechanisms.reason, markup=False, soft_wrap=not out.is_terminal)
    for pair in mechanisms.pairs:
        out.print(pair.paragraph, markup=False, soft_wrap=not out.is_terminal)
        for sentence in pair.highlights[1:MOST]:
            out.print(f"- {sentence}", markup=False, soft_wrap=not out.is_terminal)
        if more := len(pair.highlights[MOST:]):
            out.print(f"- … and {more} more, which the report has", markup=False)
