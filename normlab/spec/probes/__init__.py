"""What can be measured inside a network while it trains: names, formulas, sources and costs. No TensorFlow here.

>>> from normlab.spec.probes import PROBES
>>> PROBES["dead"].formula
'the share of units whose largest value over the whole probe batch is at most 0'
"""

from normlab.spec.probes.registry import PROBES, STANDARD

__all__ = ["PROBES", "STANDARD"]
