"""How the numbers of a metric are written for people."""

from dataclasses import dataclass

from normlab.spec.metrics import Metric


@dataclass(frozen=True)
class Style:
    """How a metric's numbers are written."""

    factor: float
    unit: str
    digits: int

    def difference(self, value: float, *, sign: bool = False) -> str:
        """A difference of two values, without its unit."""
        return f"{value * self.factor:{'+' if sign else ''}.{self.digits}f}".replace("-", "\N{MINUS SIGN}")

    def value(self, value: float) -> str:
        """A value with its unit."""
        return f"{value * self.factor:.{self.digits}f}{' %' if self.factor == 100 else ''}"


def style_of(metric: Metric | None) -> Style:
    """Accuracies are written in per cent and their differences in percentage points; the rest as it is."""
    if metric is not None and metric.higher_is_better:
        return Style(100, " percentage points", 2)
    return Style(1, "", 4)
