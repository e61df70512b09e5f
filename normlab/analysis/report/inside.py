"""What differs inside the networks of the arms."""

from collections.abc import Iterable, Sequence

from normlab.analysis.mechanism.result import Mechanism
from normlab.analysis.report.blocks import Block, Bullets, Heading, Paragraph


def inside(mechanisms: Sequence[Mechanism]) -> Iterable[Block]:
    """Of each pair of arms what differs first, and of each quantity where it differs most."""
    if not mechanisms:
        return
    yield Heading("What differs inside the networks")
    for mechanism in mechanisms:
        yield Paragraph(mechanism.paragraph)
        if len(mechanism.highlights) > 1:
            yield Bullets(mechanism.highlights[1:])
    yield Paragraph(mechanisms[0].method)
