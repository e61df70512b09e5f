"""What differs inside the networks of arms, as text."""

from normlab.cli.display.output import out
from normlab.documents.mechanism import MechanismsDocument

MOST = 5
"""So many differences are told of each pair of arms."""

NOTHING_MEASURED = (
    "Nothing can be said: no run of this comparison was measured inside. Runs are measured with the spec's "
    '"probes" at "standard"; runs that were trained before are trained anew with --fresh.'
)


def show_mechanisms(mechanisms: MechanismsDocument) -> None:
    """Write what differs inside each pair of arms: in a paragraph, and below it one quantity a line."""
    out.print("\n[bold]What differs inside[/]")
    if not mechanisms.pairs:
        out.print(NOTHING_MEASURED, markup=False, soft_wrap=not out.is_terminal)
    for pair in mechanisms.pairs:
        out.print(pair.paragraph, markup=False, soft_wrap=not out.is_terminal)
        for sentence in pair.highlights[1:MOST]:
            out.print(f"- {sentence}", markup=False, soft_wrap=not out.is_terminal)
