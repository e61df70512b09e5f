"""The registry of probes: the API, the documentation and the page list from it.

A new probe is a row of its family's file here, and a class of the same name in the family's file in
``normlab/training/probes/``; a test holds that both agree.
"""

from collections.abc import Mapping
from itertools import chain

from normlab.spec.probes import activations, gradients, landscape, normalization, shift
from normlab.spec.probes.info import ProbeInfo

_FAMILIES = (gradients, activations, normalization, shift, landscape)

PROBES: Mapping[str, ProbeInfo] = {
    row.name: row for row in chain.from_iterable(family.ROWS for family in _FAMILIES)
}
"""Every probe by its name."""

STANDARD = tuple(name for name, row in PROBES.items() if row.standard)
"""What is measured where nothing else is asked for: all that costs no more than about a dozen F+B an epoch."""
