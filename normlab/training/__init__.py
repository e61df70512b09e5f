"""The trainer: a job spec in, a trained network with its history out.

>>> from normlab.spec import parse_job_spec
>>> from normlab.training import train
>>> result = train(parse_job_spec({"architecture": "baseline", "dataset": "digits"}))  # doctest: +SKIP
>>> result.test_accuracy  # doctest: +SKIP
0.475

Importing this package loads no TensorFlow; touching ``train`` does. Its names are in ``__init__.pyi``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
