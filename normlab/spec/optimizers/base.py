"""What all optimizers take: clipping, and weight decay with what is left out of it."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import AliasChoices, Field, Strict, field_validator, model_validator

from normlab.spec.fields import INTEGER_MAX, OMITTED_IF_UNSET, NonNegativeNumber, PositiveNumber, SpecModel


class DecayExclusion(StrEnum):
    """Variables that weight decay can leave alone."""

    BIAS = "bias"
    """The biases of layers with a kernel."""
    NORMALIZATION = "normalization"
    """What normalization layers train: gamma and beta."""


def _also(name: str, underscored: str) -> Any:
    """Keras's name, which may be written with underscores."""
    return Field(validation_alias=AliasChoices(name, underscored))


class BaseOptimizer(SpecModel):
    """What all optimizers take."""

    keras_class: ClassVar[str]
    """The name of its class in ``keras.optimizers``, which takes the same parameters by the same names."""

    name: str
    learning_rate: PositiveNumber = 0.001
    """How far a step goes; a schedule multiplies it."""
    weight_decay: NonNegativeNumber | None = None
    """Each step the weights shrink by this times the learning rate, apart from the gradient."""
    exclude_from_weight_decay: Annotated[tuple[DecayExclusion, ...], OMITTED_IF_UNSET] = ()
    """What weight decay leaves alone; Keras, and so the default, decays biases, gamma and beta, too."""
    clipnorm: Annotated[PositiveNumber | None, _also("clipnorm", "clip_norm")] = None
    """Each variable's gradient is shortened to this norm."""
    clipvalue: Annotated[PositiveNumber | None, _also("clipvalue", "clip_value")] = None
    """Each gradient's values are cut at this."""
    global_clipnorm: Annotated[PositiveNumber | None, _also("global_clipnorm", "global_clip_norm")] = None
    """All gradients together are shortened to this norm."""

    gradient_accumulation_steps: Annotated[
        Annotated[int, Strict(), Field(ge=2, le=INTEGER_MAX)] | None, OMITTED_IF_UNSET
    ] = None
    """A step of the weights for so many batches, with the mean of their gradients; clipping is of that mean."""
    ema_momentum: Annotated[
        Annotated[float, Strict(), Field(gt=0, lt=1, allow_inf_nan=False)] | None, OMITTED_IF_UNSET
    ] = None
    """Evaluate, keep and export a moving average of the weights, of which so much is kept at each of their steps."""

    @property
    def averages(self) -> bool:
        """Whether another network is evaluated and kept than the one that the gradients are of."""
        return self.ema_momentum is not None

    @property
    def kept_per_parameter(self) -> int:
        """How many numbers are kept for each trainable parameter beside itself, at most."""
        return self.slots + (self.ema_momentum is not None) + (self.gradient_accumulation_steps is not None)

    @property
    def slots(self) -> int:
        """How many numbers it keeps for each trainable parameter, at most."""
        return 0

    @field_validator("exclude_from_weight_decay")
    @classmethod
    def _each_once(cls, excluded: tuple[DecayExclusion, ...]) -> tuple[DecayExclusion, ...]:
        return tuple(sorted(set(excluded)))

    @model_validator(mode="after")
    def _one_way_of_clipping(self) -> Self:
        given = [
            name for name in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, name) is not None
        ]
        if len(given) > 1:
            raise ValueError(f"gradients can be clipped in one way only, not by {' and '.join(given)}")
        return self

    @model_validator(mode="after")
    def _excluded_from_something(self) -> Self:
        if self.exclude_from_weight_decay and not self.decays:
            raise ValueError(
                "exclude_from_weight_decay leaves variables out of a weight decay that is not there: "
                'give "weight_decay", too'
            )
        return self

    @property
    def decays(self) -> bool:
        """Whether a weight decay is asked for, be it of 0."""
        return self.weight_decay is not None

    @property
    def shrinks(self) -> bool:
        """Whether weight decay shrinks variables that are no kernels, if it is not told to leave them alone."""
        return bool(self.weight_decay)
