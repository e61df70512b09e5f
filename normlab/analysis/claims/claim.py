"""What a claim is before anything is run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from normlab.analysis.claims.effect import Effect, NotApplicable, Unknown
from normlab.analysis.claims.evidence import Evidence, Setting


class Need(StrEnum):
    """What a claim needs to be run."""

    COMPARISON = "comparison"
    """Both arms as they are, with common seeds."""
    PROBES = "probes"
    """What probes measure inside these networks."""
    SETTINGS = "settings"
    """Both arms at other settings of their specs: jobs of its own."""
    ROBUSTNESS = "robustness"
    """What the networks make of corrupted pictures."""


@dataclass(frozen=True)
class Definition:
    """One of the ways in which a claim can be meant."""

    name: str
    words: str
    """What has to be true, as a part of a sentence, of ``b`` beside ``a``."""


Examined: TypeAlias = Mapping[str, Effect | Unknown] | NotApplicable
"""By definition what the runs show, or why there is nothing to be shown."""


@dataclass(frozen=True)
class Claim:
    """A sentence from the textbook, and how it is tested. One claim is one file.

    A claim does not say whether it holds: it says by how much, pair by pair. Outcomes are worked out for all claims
    that were asked together (``judge``), since their error is one.
    """

    name: str
    sentence: str
    """As the textbook has it."""
    definition: str
    """What is measured, and when it counts."""
    source: str
    runs: str
    """What is run for it, in words."""
    cost: str
    needs: tuple[Need, ...]
    definitions: tuple[Definition, ...]
    """Each is a test, also where the claim turns out not to apply: how many there are does not depend on the data."""
    examine: Callable[[Evidence], Examined]
    settings: tuple[Setting, ...] = ()
    """Where both arms are run beside their own setting."""
    probes: tuple[str, ...] = ()
    """What has to be measured."""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON, as the list of all claims has it."""
        return {
            "name": self.name,
            "sentence": self.sentence,
            "definition": self.definition,
            "source": self.source,
            "runs": self.runs,
            "cost": self.cost,
            "needs": [*self.needs],
            "definitions": [{"name": each.name, "words": each.words} for each in self.definitions],
            "settings": [
                {"pointer": each.pointer, "value": each.value, "times": each.times} for each in self.settings
            ],
            "probes": list(self.probes),
        }


def settings_of(claims: Sequence[Claim]) -> tuple[Setting, ...]:
    """All settings that these claims need, each once."""
    return tuple(dict.fromkeys(setting for claim in claims for setting in claim.settings))
