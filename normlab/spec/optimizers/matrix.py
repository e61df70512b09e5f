"""Optimizers that look at a kernel as a matrix."""

from typing import Annotated, Literal

from pydantic import Field

from normlab.spec.fields import Flag, Fraction, NonNegativeNumber, Number, PositiveInteger, PositiveNumber
from normlab.spec.optimizers.base import BaseOptimizer


class Adafactor(BaseOptimizer):
    """Adam whose squared gradients are kept as sums over rows and columns of a kernel.

    Shazeer and Stern, "Adafactor" (2018).
    """

    keras_class = "Adafactor"

    name: Literal["adafactor"]
    beta_2_decay: Annotated[Number, Field(lt=0)] = -0.8
    """How the share of old squares rises: 1 less the step's number to this power."""
    epsilon_1: PositiveNumber = 1e-30
    """Added to squares."""
    epsilon_2: PositiveNumber = 1e-3
    """The least size of a variable that a step is measured by."""
    clip_threshold: PositiveNumber = 1.0
    """The largest root of the mean square of a step."""
    relative_step: Flag = True
    """Whether the learning rate is 1 by the root of the step's number, where that is smaller."""

    @property
    def slots(self) -> int:
        """See the base class. Keras keeps a kernel's squares, too; the sums over rows and columns are not counted."""
        return 1


class Muon(BaseOptimizer):
    """Momentum made orthogonal, for kernels that are matrices: those of dense layers. AdamW trains all else.

    Jordan and others (2024); Liu and others, "Muon is scalable for LLM training" (2025). Kernels of convolutions and of
    attention, biases, gamma and beta are trained by AdamW with the same learning rate. The output layer's kernel is a
    matrix, too: its authors leave it out, as in ``"exclude_layers": ["output"]``.
    """

    keras_class = "Muon"

    name: Literal["muon"]
    weight_decay: NonNegativeNumber | None = 0.004
    """Of the kernels that Muon trains."""
    momentum: Fraction = 0.95
    """How much of the sum of gradients is kept at each step."""
    nesterov: Flag = True
    """Whether the gradient is that of where momentum would lead."""
    ns_steps: PositiveInteger = 5
    """Newton-Schulz iterations by which the momentum is made orthogonal."""
    rms_rate: PositiveNumber | None = 0.2
    """A step is so large, times the root of the kernel's longer side, that Adam's learning rates suit; null: not so."""
    exclude_layers: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(max_length=200)
    ] = ()
    """Layers, as in ``dense_1`` or ``output``, whose kernels AdamW trains."""
    adam_lr_ratio: PositiveNumber = 1.0
    """AdamW's learning rate by Muon's."""
    adam_beta_1: Fraction = 0.9
    """How much of the gradients' moving mean AdamW keeps at each step."""
    adam_beta_2: Fraction = 0.999
    """The same of their squares."""
    adam_weight_decay: NonNegativeNumber | None = 0.004
    """Of what AdamW trains."""
    epsilon: PositiveNumber = 1e-7
    """Added to the root of the squares, against division by zero."""

    @property
    def slots(self) -> int:
        """See the base class. Kernels that it trains itself have 1."""
        return 2

    @property
    def decays(self) -> bool:
        """See the base class."""
        return self.weight_decay is not None or self.adam_weight_decay is not None

    @property
    def shrinks(self) -> bool:
        """See the base class."""
        return bool(self.adam_weight_decay)
