"""What differs inside the networks of arms, as text."""

from normlab.cli.display.output import out
from normlab.documents.mechanism import MechanismsDocument

MOST = 5
"""So many differences are told of each pair of arms."""


def show_mechanisms(mechanisms: MechanismsDocument) -> None:
    """Write what differs inside each pair of arms: in a paragraph, and below it one quantity a line."""
    out.print("\n[bold]What differs inside[/]")
    for pair in mechanisms.pairs:
        out.print(pair.paragraph, markup=False, soft_wrap=not out.is_terminal)
        for sentence in pair.highlights[1:MOST]:
            out.print(f"- {sentence}", markup=False, soft_wrap=not out.is_terminal)
