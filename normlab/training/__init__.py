"""The trainer: a job spec in, a trained network with its history out.

>>> from normlab.spec import parse_job_spec
>>> from normlab.training import train
>>> spec = {"architecture": "baseline", "dataset": "digits", "training": {"epochs": 2, "optimizer": "adam"}}
>>> result = train(parse_job_spec(spec))
>>> [epoch.epoch for epoch in result.history], result.test_accuracy > 0.5
([1, 2], True)

Importing this package loads no TensorFlow; touching ``train`` does. Its names are in ``__init__.pyi``.
"""

import os

import lazy_loader

# TensorFlow reads it when it is imported. It greets at level 0; from 1 on it says only what is wrong.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

# TensorFlow reads it at the same moment. Left alone, it takes oneDNN's convolutions only on processors with AVX-512
# VNNI or AMX, though they need no more than AVX2: on others a convolution took twice as long. It says so on stderr
# in two lines, at every level.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
