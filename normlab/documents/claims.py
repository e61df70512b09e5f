"""Claims: which are known, and what was found of them."""

from enum import StrEnum


class Answer(StrEnum):
    """What runs say of a claim."""

    HOLDS = "holds"
    """It is shown, by all of its definitions."""
    DOES_NOT_HOLD = "does_not_hold"
    """By none of its definitions there is an effect that matters."""
    DEPENDS_ON_DEFINITION = "depends_on_definition"
    """It is shown by some of its definitions, and by others there is no effect that matters."""
    NOT_APPLICABLE = "not_applicable"
    """It is not about these arms: there is nothing to cure."""
    INCONCLUSIVE = "inconclusive"
    """The runs decide nothing."""


class PartAnswer(StrEnum):
    """What runs say of one definition."""

    SHOWN = "shown"
    NOT_SHOWN = "not_shown"
    """There is no effect as claimed, or one that is too small to matter."""
    OPEN = "open"
