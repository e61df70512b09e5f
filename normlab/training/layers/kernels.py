"""What is asked of a kernel, as Keras's objects; and Keras's layers whose kernel is normalized itself.

``W`` is what the layer computes with, ``V`` its variable ``kernel``; a unit's part of a kernel is all that enters it,
so that norms, means and variances are over all axes but the last.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from normlab.spec.initializers import BaseInitializer
from normlab.spec.kernels import (
    BaseConstraint,
    BaseKernelNormalization,
    Penalty,
    SpectralNormalization,
    WeightNormalization,
    WeightStandardization,
)


def build_initializer(initializer: BaseInitializer, seed: int) -> keras.initializers.Initializer:
    """Keras's initializer; ``seed`` is the stream of random numbers of one that draws."""
    config = {name: value for name, value in initializer if name != "name" and value is not None}
    if initializer.drawn:
        config["seed"] = seed
    return keras.initializers.deserialize({"class_name": initializer.name, "config": config})


class MatrixOrthogonality(keras.regularizers.OrthogonalRegularizer):  # type: ignore[misc]  # Keras ships no types
    """Keras's penalty, which takes matrices alone, for kernels of any rank: taken as (all that enters, units)."""

    def __init__(self, factor: float, mode: str) -> None:
        super().__init__(factor, mode)
        self.factor = factor  # Keras makes a float32 tensor of it, which multiplies no other type

    def __call__(self, inputs: tf.Tensor) -> tf.Tensor:
        """The penalty: a scalar."""
        return super().__call__(ops.reshape(inputs, (-1, inputs.shape[-1])))


def build_regularizer(penalty: Penalty | None) -> keras.regularizers.Regularizer | None:
    """Keras's regularizer for a penalty."""
    if penalty is None:
        return None
    if penalty.orthogonal is not None:
        return MatrixOrthogonality(penalty.orthogonal, penalty.mode)
    if not penalty.l1:
        return keras.regularizers.L2(penalty.l2)
    return (
        keras.regularizers.L1L2(penalty.l1, penalty.l2) if penalty.l2 else keras.regularizers.L1(penalty.l1)
    )


def build_constraint(
    constraint: BaseConstraint | None, dimensions: int
) -> keras.constraints.Constraint | None:
    """Keras's constraint for a kernel of so many dimensions."""
    if constraint is None:
        return None
    options = constraint.model_dump(exclude={"name", "axis"}) | {"axis": constraint.axes(dimensions)}
    return keras.constraints.deserialize({"class_name": constraint.name, "config": options})


class NormalizedKernel:
    """Of a Keras layer that has one kernel: it computes with what ``effective`` makes of it."""

    _kernel: keras.Variable

    def effective(self, kernel: tf.Tensor) -> tf.Tensor:
        """``W`` of ``V``, in its shape."""
        raise NotImplementedError

    @property
    def kernel(self) -> tf.Tensor:
        """``W``."""
        return self.effective(ops.convert_to_tensor(self._kernel))


class WeightNormalized(NormalizedKernel):
    """``W = g V / |V|``, with a length ``g`` for each unit.

    Salimans and Kingma, "Weight normalization" (2016), equation 2; PyTorch's ``weight_norm`` over the dimension of the
    units. ``g`` begins as ``|V|``, so that the layer begins as it would be without; the paper's initialization by the
    first batch is not done. Training and inference are the same.
    """

    g: keras.Variable

    def build(self, input_shape: Any) -> None:
        """Add ``g`` to the layer's variables."""
        super().build(input_shape)  # type: ignore[misc]  # of the layer that this is mixed into
        units = self._kernel.shape[-1:]
        self.g = self.add_weight(name="g", shape=units, initializer="ones")  # type: ignore[attr-defined]  # the same

    def effective(self, kernel: tf.Tensor) -> tf.Tensor:
        """See the base class."""
        return kernel * (ops.convert_to_tensor(self.g) / norms(kernel))


class WeightStandardized(NormalizedKernel):
    """``W = (V - mean) / sqrt(variance + epsilon)``, for each unit.

    Qiao, Wang, Liu, Shen and Yuille, "Micro-batch training with batch-channel normalization and weight standardization"
    (2019), equation 7. Training and inference are the same.
    """

    standardization_epsilon = 1e-5

    def effective(self, kernel: tf.Tensor) -> tf.Tensor:
        """See the base class."""
        axes = list(range(len(kernel.shape) - 1))
        mean, variance = ops.moments(kernel, axes=axes, keepdims=True)
        return (kernel - mean) * ops.rsqrt(variance + self.standardization_epsilon)


class SpectrallyNormalized:
    """Before each training step ``V`` becomes ``V / sigma``, with an estimate ``sigma`` of its largest singular value.

    It is Keras's own function (``SpectralNormalization.normalized_weights``), which improves the estimate by power
    iterations from ``vector_u`` on. ``V`` itself is changed and the gradient knows nothing of ``sigma``; inference
    computes with ``V`` as the last step left it, whose largest singular value is near 1, but not 1.
    """

    power_iterations = 1
    _kernel: keras.Variable
    vector_u: keras.Variable
    kernel_shape: tuple[int, ...]

    def build(self, input_shape: Any) -> None:
        """Add ``vector_u`` to the layer's variables."""
        super().build(input_shape)  # type: ignore[misc]  # of the layer that this is mixed into
        self.kernel_shape = tuple(self._kernel.shape)
        self.vector_u = self.add_weight(  # type: ignore[attr-defined]  # the same
            name="vector_u", shape=(1, self.kernel_shape[-1]), initializer="ones", trainable=False
        )

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The layer's output, with a normalized kernel if ``training``."""
        if training:
            direction, kernel = ops.cond(
                ops.all(ops.equal(self._kernel.value, 0)),
                lambda: (self.vector_u.value, self._kernel.value),
                lambda: keras.layers.SpectralNormalization.normalized_weights(self),
            )
            self.vector_u.assign(direction)
            self._kernel.assign(kernel)
        return super().call(inputs)  # type: ignore[misc]  # of the layer that this is mixed into


def norms(kernel: Any) -> Any:
    """The length of each unit's part of a kernel: (units,)."""
    return ops.sqrt(ops.sum(ops.square(kernel), axis=list(range(len(kernel.shape) - 1))))


_MIXINS: dict[type[BaseKernelNormalization], type] = {
    SpectralNormalization: SpectrallyNormalized,
    WeightNormalization: WeightNormalized,
    WeightStandardization: WeightStandardized,
}


def with_normalized_kernel(
    base: type[keras.layers.Layer], normalization: BaseKernelNormalization
) -> type[keras.layers.Layer]:
    """A Keras layer's class whose kernel is normalized."""
    mixin = _MIXINS[type(normalization)]
    options: dict[str, Any] = {}
    if isinstance(normalization, SpectralNormalization):
        options["power_iterations"] = normalization.power_iterations
    elif isinstance(normalization, WeightStandardization):
        options["standardization_epsilon"] = normalization.epsilon
    return type(f"{mixin.__name__}{base.__name__}", (mixin, base), options)
