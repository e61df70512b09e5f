"""What weight decay shrinks beside the kernels, where that differs between arms.

Keras decays gamma, beta and biases unless told otherwise: an arm with normalization layers then has a penalty that
the arm without does not have.
"""

from collections.abc import Iterable, Iterator, Mapping

from normlab.analysis.parsed import parsed
from normlab.analysis.records import RunRecord
from normlab.spec import JobSpec, plan_job
from normlab.spec.optimizers import DecayExclusion
from normlab.spec.shown import listed


def decay_caveats(firsts: Mapping[str, RunRecord]) -> Iterable[str]:
    """A sentence where weight decay acts on the normalization of some arms, and not on as much of it in others."""
    specs = {name: spec for name, run in firsts.items() if (spec := parsed(run.spec)) is not None}
    shrunk = {name: decayed_normalization(spec) for name, spec in specs.items()}
    if len(set(shrunk.values())) < 2:
        return
    counted = [f"{count:,} numbers in {name}" for name, count in shrunk.items() if count]
    without = [name for name, count in shrunk.items() if not count]
    yield (
        f"Weight decay also shrinks gamma and beta of normalization layers, as Keras's does: {', '.join(counted)}"
        f"{f', none in {listed(without)}' if without else ''}. With "
        '"exclude_from_weight_decay": ["bias", "normalization"] in the optimizer it acts on kernels alone.'
    )


def decayed_normalization(spec: JobSpec) -> int:
    """How many numbers of normalization layers weight decay shrinks."""
    optimizer = spec.training.optimizer
    if not optimizer.shrinks or DecayExclusion.NORMALIZATION in optimizer.exclude_from_weight_decay:
        return 0
    return sum(_trained_by_normalization(spec))


def _trained_by_normalization(spec: JobSpec) -> Iterator[int]:
    for item in plan_job(spec):
        if item.layer.facet == "normalization":
            yield from (variable.size for variable in item.variables if variable.trainable)
