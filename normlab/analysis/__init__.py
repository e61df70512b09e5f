"""Numbers to answers: runs side by side, statistics, verdicts, charts. Pure functions; no service is needed.

>>> from normlab.analysis import compare_paired
>>> compare_paired([0.80, 0.81, 0.79, 0.80, 0.81, 0.80], [0.84, 0.85, 0.84, 0.83, 0.85, 0.84]).verdict
<Verdict.B_BETTER: 'b_better'>

What needs scipy or altair is imported when it is first used: they take seconds, and the API starts in less. The
names are in ``__init__.pyi``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
