"""The table of rules. A new one is a row of its family's file."""

from itertools import chain

from normlab.analysis.diagnosis import activations, gradients, learning, normalization
from normlab.analysis.diagnosis.rule import Rule

_FAMILIES = (gradients, activations, normalization, learning)

RULES: tuple[Rule, ...] = tuple(chain.from_iterable(family.RULES for family in _FAMILIES))
"""In this order findings of one severity are told."""

PROBES_READ = tuple(sorted({probe for rule in RULES for probe, _ in rule.needs}))
"""The probes of which a diagnosis reads the measurements."""
