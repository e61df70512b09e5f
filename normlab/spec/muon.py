"""Which variables Muon trains, and which it leaves to AdamW.

Keras's class goes by the number of dimensions alone, so that it would take the biases of attention for kernels.
"""

from collections.abc import Iterator, Sequence

from normlab.errors import Problem
from normlab.spec.job import JobSpec
from normlab.spec.layers import Shape
from normlab.spec.optimizers import Muon
from normlab.spec.plan import PlannedLayer, plan_job
from normlab.spec.shown import listed, quoted

_MATRIX = 2


def is_muons(optimizer: Muon, layer: str, name: str, shape: Shape) -> bool:
    """Whether Muon trains the variable ``name`` of a layer, or leaves it to AdamW."""
    return name == "kernel" and len(shape) == _MATRIX and layer not in optimizer.exclude_layers


def muons_layers(optimizer: Muon, planned: Sequence[PlannedLayer]) -> tuple[str, ...]:
    """The layers whose kernels Muon trains."""
    return tuple(
        item.name
        for item in planned
        if any(is_muons(optimizer, item.name, variable.name, variable.shape) for variable in item.variables)
    )


def muon_problems(spec: JobSpec, planned: Sequence[PlannedLayer]) -> Iterator[Problem]:
    """Layers to leave out that do not exist, and a Muon that would train nothing."""
    optimizer = spec.training.optimizer
    if not isinstance(optimizer, Muon):
        return
    kernels = muons_layers(optimizer.model_copy(update={"exclude_layers": ()}), planned)
    pointer = "/training/optimizer/exclude_layers"
    for index, name in enumerate(optimizer.exclude_layers):
        if name not in kernels:
            yield Problem(
                f"{pointer}/{index}",
                f"{quoted(name)} is no layer whose kernel muon would train: these are {listed(kernels)}",
            )
    if not muons_layers(optimizer, planned):
        yield Problem(pointer, "leaves no kernel to muon: leave one in, or take adamw")


def muon_warnings(spec: JobSpec) -> Iterator[Problem]:
    """Which variables it trains, since its name does not say so."""
    if isinstance(spec.training.optimizer, Muon):
        yield Problem("/training/optimizer", muon_sentence(spec.training.optimizer, plan_job(spec)))


def muon_sentence(optimizer: Muon, planned: Sequence[PlannedLayer]) -> str:
    """What Muon trains and what AdamW does, in words."""
    own = muons_layers(optimizer, planned)
    others = [item.name for item in planned if item.name not in own and item.variables]
    left = f"the variables of {listed(others)} and all other biases" if others else "the biases"
    return f"muon trains the kernel{'s' * (len(own) > 1)} of {listed(own)}, and AdamW {left}"
