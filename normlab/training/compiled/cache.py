"""The compiled programs that a process keeps for its next jobs."""

import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import keras

from normlab.spec import Device, JobSpec, plan_job
from normlab.training.compiled.executors import choose_executor
from normlab.training.compiled.program import Program

_KEPT = 32
"""How many programs a process keeps at most; the one that was used longest ago goes first."""

_KEPT_BYTES = 256 * 2**20
"""How large all their variables may be together; the program that was used last is kept even if it is larger."""

_cache: OrderedDict[str, Program] = OrderedDict()


@contextmanager
def borrow_program(spec: JobSpec, device: Device) -> Iterator[Program]:
    """A program for a job's layers, optimizer and batch size: a kept one, or a new one.

    Until the borrower returns it nobody else gets it, so two runs in one process never share one. It is also returned
    by a run that was stopped or failed, since the next run resets it.
    """
    key = _key(spec, device)
    program = _cache.pop(key, None) or _new_program(spec, device)
    try:
        yield program
    finally:
        _cache[key] = program
        while len(_cache) > _KEPT or (len(_cache) > 1 and _kept_bytes() > _KEPT_BYTES):
            _cache.popitem(last=False)


def _new_program(spec: JobSpec, device: Device) -> Program:
    planned = plan_job(spec)
    return Program(
        planned,
        spec.training,
        pixel_max=spec.dataset.info.pixel_max,
        executor=choose_executor([item.layer for item in planned], device),
        dtype_policy=dtype_policy(spec),
    )


def dtype_policy(spec: JobSpec) -> str:
    """Keras's dtype policy of a job; ``float32`` follows ``keras.config.floatx()``, as Keras itself does."""
    precision = spec.training.precision
    return str(keras.config.floatx() if precision == "float32" else precision)


def _kept_bytes() -> int:
    return sum(program.variable_bytes for program in _cache.values())


def _key(spec: JobSpec, device: Device) -> str:
    """What is compiled into a program; all else is its input."""
    document, training = spec.to_document(), spec.training
    optimizer = {
        name: value for name, value in document["training"]["optimizer"].items() if name != "learning_rate"
    }
    parts = [
        document["architecture"]["layers"],
        optimizer,
        training.loss.model_dump(),
        training.class_weight is not None,
        [each.model_dump() for each in training.augmentation],
        spec.training.batch_size,
        spec.dataset.info.shape,
        spec.dataset.info.class_count,
        spec.dataset.info.pixel_max,
        None if spec.dataset.columns is None else [column.form for column in spec.dataset.columns],
        dtype_policy(spec),
        device,
    ]
    return json.dumps(parts, sort_keys=True)
