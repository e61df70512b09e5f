"""The network that is evaluated and kept, where that is an average of the one that is trained.

Training goes on from its own weights: the average is put in for an evaluation and at the end of the run.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from normlab.spec import JobSpec
from normlab.spec.layers import WithMovingStatistics
from normlab.spec.optimizers import ScheduleFreeAdamW
from normlab.training.compiled.program import Program
from normlab.training.data import Samples
from normlab.training.population import settle


@contextmanager
def averaged(spec: JobSpec, program: Program, training: Samples) -> Iterator[None]:
    """With the averages in the network, where the optimizer keeps them; afterwards it has its own weights again."""
    if not spec.training.optimizer.averages:
        yield
        return
    own = program.network.get_weights()
    put_averages_in(spec, program, training)
    try:
        yield
    finally:
        program.network.set_weights(own)


def put_averages_in(spec: JobSpec, program: Program, training: Samples) -> None:
    """Give the network the averages of its weights, where the optimizer keeps them.

    With a moving average the statistics of batch normalization stay those of the training, as in Keras, since they
    move in step with it. The mean of a whole run (schedule-free) is another network: they are taken once more.
    """
    program.put_averages_in()
    normalized = any(isinstance(item.layer, WithMovingStatistics) for item in program.planned)
    if isinstance(spec.training.optimizer, ScheduleFreeAdamW) and normalized:
        settle(spec, program, training)
