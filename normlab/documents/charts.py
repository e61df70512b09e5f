"""The charts of what happens inside one job's network."""

from enum import StrEnum


class InsideChart(StrEnum):
    """What can be drawn of a job's measurements, each where it was measured."""

    GRADIENT_BY_DEPTH = "gradient_by_depth"
    UPDATES = "updates"
    DEAD_UNITS = "dead_units"
    SATURATED_UNITS = "saturated_units"
    RANK = "rank"
    THREE_STATISTICS = "three_statistics"
    """The accuracy with batch, moving and population statistics."""
    SHIFT = "shift"
    """Internal covariate shift by both of its definitions."""
    DISTRIBUTION = "distribution"
