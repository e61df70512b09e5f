"""What can be asked of a kernel beside its first values: a penalty, a bound, and a normalization of itself."""

from math import prod
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, model_serializer, model_validator
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from normlab.spec.fields import (
    LEFT_OUT,
    Integer,
    NonNegativeNumber,
    PositiveInteger,
    PositiveNumber,
    SpecModel,
)
from normlab.spec.kinds import by_name, kinds_of

L2_DEFAULT = 0.01
"""Keras's for ``L1`` and ``L2``."""


class Penalty(SpecModel):
    """A penalty that is added to the loss: ``l1`` times the sum of the weights' sizes plus ``l2`` times the sum of
    their squares, or ``orthogonal`` times the mean size of the products of the kernel's normalized rows or columns.
    """

    l1: NonNegativeNumber = 0.0
    """How strong the penalty on sizes is."""
    l2: NonNegativeNumber = L2_DEFAULT
    """How strong the penalty on squares is: 0 where another is given and this is not."""
    orthogonal: NonNegativeNumber | None = None
    """How strong Keras's ``OrthogonalRegularizer`` is; the kernel of a convolution is a matrix of filters to it."""
    mode: Literal["rows", "columns"] = "rows"
    """What ``orthogonal`` makes orthogonal: rows, one for each value that enters, or columns, one for each unit."""

    @model_validator(mode="before")
    @classmethod
    def _l2_only_if_meant(cls, value: Any) -> Any:
        if isinstance(value, dict) and "l2" not in value and ("l1" in value or "orthogonal" in value):
            return {**value, "l2": 0.0}
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.orthogonal is not None and (self.l1 or self.l2):
            raise ValueError("orthogonal is a penalty of its own: leave l1 and l2 out")
        if self.orthogonal is None and self.mode != "rows":
            raise ValueError("mode belongs to orthogonal, which is not given")
        return self

    @model_serializer(mode="wrap")
    def _what_is_penalized(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        document: dict[str, object] = handler(self)
        if self.orthogonal is not None:
            return {"orthogonal": self.orthogonal} | ({"mode": self.mode} if self.mode != "rows" else {})
        left_out = {"orthogonal", "mode", *(["l1"] if not self.l1 else ["l2"] if not self.l2 else [])}
        return {name: value for name, value in document.items() if name not in left_out}

    def __str__(self) -> str:
        """In words, as in ``l1 0.1, l2 0.01``."""
        return ", ".join(f"{name} {value}" for name, value in self.model_dump(mode="json").items())

    def fits(self, shape: tuple[int, ...]) -> None:
        """Raise ``ValueError`` with what would be right if a kernel of this shape has no such penalty."""
        if self.orthogonal is None:
            return
        vectors = prod(shape[:-1]) if self.mode == "rows" else shape[-1]
        if vectors == 1:
            other = "columns" if self.mode == "rows" else "rows"
            raise ValueError(
                f"the kernel has one of the {self.mode} that the penalty makes orthogonal to each other, and Keras "
                f'divides by the number of pairs: take "mode": "{other}"'
            )


class BaseConstraint(SpecModel):
    """What all bounds of kernels have in common: each vector along ``axis`` is bounded after every step."""

    name: str
    axis: Annotated[Integer | Annotated[tuple[Integer, ...], Field(min_length=1)] | None, LEFT_OUT] = None
    """Along which axes norms are taken; null: all but the last, so that there is one for each unit or filter. Keras's
    own default is 0, which is that for a dense layer, and for a convolution a norm of each column of a window."""

    def fits(self, shape: tuple[int, ...]) -> None:
        """Raise ``ValueError`` if the axes are not those of a kernel of this shape."""
        for axis in (self.axis,) if isinstance(self.axis, int) else self.axis or ():
            if not -len(shape) <= axis < len(shape):
                raise ValueError(
                    f"the kernel has {len(shape)} dimensions, so an axis is 0 to {len(shape) - 1}, not {axis}"
                )

    def axes(self, dimensions: int) -> int | tuple[int, ...]:
        """The axes for a kernel of so many dimensions, as Keras takes them."""
        if self.axis is not None:
            return self.axis
        return 0 if dimensions == 2 else tuple(range(dimensions - 1))

    def __str__(self) -> str:
        """In words, as in ``max_norm(max_value 2.0)``."""
        options = self.model_dump(mode="json", exclude={"name"})
        return f"{self.name}({', '.join(f'{name} {value}' for name, value in options.items())})"


class MaxNorm(BaseConstraint):
    """Longer vectors are shortened to ``max_value``."""

    name: Literal["max_norm"]
    max_value: PositiveNumber = 2.0
    """The largest norm."""


class UnitNorm(BaseConstraint):
    """Vectors have the norm 1."""

    name: Literal["unit_norm"]


class MinMaxNorm(BaseConstraint):
    """Norms are brought between ``min_value`` and ``max_value``."""

    name: Literal["min_max_norm"]
    min_value: NonNegativeNumber = 0.0
    """The least norm."""
    max_value: PositiveNumber = 1.0
    """The largest norm."""
    rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 1.0
    """How much of the way there each step goes."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_value > self.max_value:
            raise ValueError("min_value should be at most max_value")
        return self


_AnyConstraint = MaxNorm | UnitNorm | MinMaxNorm

CONSTRAINTS = kinds_of(_AnyConstraint, "name", BaseConstraint)
"""Every kind of bound by its name."""


Constraint = Annotated[_AnyConstraint, Discriminator("name"), by_name(_AnyConstraint, CONSTRAINTS)]
"""The type of a field that holds one."""


class BaseKernelNormalization(SpecModel):
    """What the normalizations of kernels have in common."""

    name: str

    def __str__(self) -> str:
        """In words, as in ``spectral_normalization(power_iterations 2)``."""
        options = self.model_dump(mode="json", exclude_defaults=True, exclude={"name"})
        said = ", ".join(f"{name} {value}" for name, value in options.items())
        return f"{self.name}({said})" if said else self.name


class SpectralNormalization(BaseKernelNormalization):
    """Keras's ``SpectralNormalization``: before each training step the kernel is divided by an estimate of its largest
    singular value. The kernel itself is changed, so that inference has what the last step made of it.
    """

    name: Literal["spectral_normalization"]
    power_iterations: PositiveInteger = 1
    """How often the estimate is improved at each step."""


class WeightNormalization(BaseKernelNormalization):
    """Each unit's weights are a direction and a length ``g``, which are learned apart (Salimans and Kingma 2016)."""

    name: Literal["weight_normalization"]


class WeightStandardization(BaseKernelNormalization):
    """Each unit's weights have mean 0 and variance 1 where they are used (Qiao et al. 2019)."""

    name: Literal["weight_standardization"]
    epsilon: PositiveNumber = 1e-5
    """Added to the variance, against division by zero."""


_AnyKernelNormalization = SpectralNormalization | WeightNormalization | WeightStandardization

KERNEL_NORMALIZATIONS = kinds_of(_AnyKernelNormalization, "name", BaseKernelNormalization)
"""Every normalization of a kernel by its name."""

KernelNormalization = Annotated[
    _AnyKernelNormalization,
    Discriminator("name"),
    by_name(_AnyKernelNormalization, KERNEL_NORMALIZATIONS),
]
"""The type of a field that holds one."""
