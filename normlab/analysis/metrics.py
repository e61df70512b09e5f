"""How the numbers of a metric are written for people."""

from dataclasses import dataclass

from normlab.spec.metrics import Metric
from normlab.spec.shown import to_four_figures


@dataclass(frozen=True)
class Style:
    """How a metric's numbers are written."""

    factor: float
    unit: str
    digits: int | None
    """Behind the point; None: four figures, of numbers of any size."""

    def difference(self, value: float, *, sign: bool = False) -> str:
        """A difference of two values, without its unit."""
        return self._written(value * self.factor, "+" if sign else "")

    def value(self, value: float) -> str:
        """A value with its unit."""
        return f"{self._written(value * self.factor)}{' %' if self.factor == 100 else ''}"

    def _written(self, value: float, form: str = "") -> str:
        any_size = self.digits is None
        text = to_four_figures(value, sign=bool(form)) if any_size else f"{value:{form}.{self.digits}f}"
        return text.replace("-", "\N{MINUS SIGN}")


def style_of(metric: Metric | None) -> Style:
    """Accuracies are written in per cent and their differences in percentage points; the rest as it is: errors, whose
    unit is the target's, to four figures."""
    if metric is not None and metric.is_fraction:
        return Style(100, " percentage points", 2)
    return Style(1, "", None if metric is not None and metric.is_error else 4)
