"""The batches of one epoch: a table of whole ones, and the smaller last one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tensorflow as tf

from normlab.spec import JobSpec
from normlab.spec.epochs import EpochMetrics
from normlab.training.data import Samples, epoch_order
from normlab.training.optimizers import learning_rates


@dataclass(frozen=True)
class Block:
    """Consecutive steps of one batch size."""

    epoch: int
    """The epoch that they are of, from 1."""
    first: int
    """The epoch's step that this block begins with, from 0."""
    taken: int
    """So many of the epoch's samples lie before it."""
    order: tf.Tensor  # (steps, batch) int32: rows of the data
    rates: tf.Tensor  # (steps,)

    @property
    def end(self) -> int:
        """One past the block's last step."""
        return self.first + int(self.order.shape[0])


def epoch_blocks(
    spec: JobSpec, epoch: int, rate_dtype: str, data: Samples, history: Sequence[EpochMetrics] = ()
) -> Iterator[Block]:
    """The blocks of an epoch (from 1) of training data, behind those of ``history``: at most two."""
    training, samples = spec.training, spec.dataset.trained_on
    size = training.batch_size
    whole, rest = divmod(samples, size)
    order = data.places(epoch_order(training.seed, epoch, samples, shuffle=training.shuffle))
    rates = learning_rates(training, epoch, whole + bool(rest), history)
    if whole:
        table = order[: whole * size].reshape(whole, size)
        yield Block(epoch, 0, 0, tf.constant(table), tf.constant(rates[:whole], rate_dtype))
    if rest:
        table, taken = order[whole * size :].reshape(1, rest), whole * size
        yield Block(epoch, whole, taken, tf.constant(table), tf.constant(rates[whole:], rate_dtype))
