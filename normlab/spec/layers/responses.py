"""Normalizations without a mean, and parts of one: root mean squares, unit length, neighbours, scale or bias alone."""

from typing import Literal

from normlab.spec.fields import Flag, NonNegativeInteger, NonNegativeNumber, Number, PositiveNumber
from normlab.spec.layers.base import BaseLayer, Shape, Variable, describe
from normlab.spec.layers.windows import image


class RMSNormalization(BaseLayer):
    """Each value divided by the root mean square of the last dimension, and multiplied by ``scale`` (Zhang and
    Sennrich 2019).
    """

    keras_class = "RMSNormalization"
    facet = "normalization"

    type: Literal["rms_normalization"]
    epsilon: PositiveNumber = 1e-6
    """Added to the mean square, against division by zero."""

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        return _more_than_a_sign(shape, self.type)

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        return (Variable("scale", shape[-1:], initial=1.0),)


class UnitNormalization(BaseLayer):
    """The last dimension divided by its length, so that it has length 1."""

    keras_class = "UnitNormalization"
    facet = "normalization"

    type: Literal["unit_normalization"]

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        return _more_than_a_sign(shape, self.type)


def _more_than_a_sign(shape: Shape, kind: str) -> Shape:
    if shape[-1] == 1:
        raise ValueError(
            f"{kind} works on the last dimension, and that of {describe(shape)} has one value, of which its sign "
            "alone would be left: leave the layer out, or reshape before it"
        )
    return shape


class FilterResponseNormalization(BaseLayer):
    """Each channel of an image divided by its root mean square over the places, then ``gamma`` and ``beta``, and a
    maximum with a learned threshold ``tau`` as its activation (Singh and Krishnan 2020).
    """

    keras_class = "FilterResponseNormalization"
    facet = "normalization"
    kept_in_training = 3

    type: Literal["filter_response_normalization"]
    epsilon: PositiveNumber = 1e-6
    """Added to the mean square, against division by zero."""
    thresholded: Flag = True
    """Whether the maximum with ``tau`` follows; the authors' normalization is made for it."""

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        height, width, _ = image(shape, self.type)
        if height * width == 1:
            raise ValueError(
                f"each channel of {describe(shape)} holds one value, of which its sign alone would be left: put it "
                "where images are larger"
            )
        return shape

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        tau = (Variable("tau", shape[-1:]),) if self.thresholded else ()
        return (Variable("gamma", shape[-1:], initial=1.0), Variable("beta", shape[-1:]), *tau)


class LocalResponseNormalization(BaseLayer):
    """Each value divided by ``(bias + alpha * s) ** beta``, with s the sum of the squares of the channels at most
    ``depth_radius`` away (Krizhevsky et al. 2012); TensorFlow's ``local_response_normalization`` and its defaults.
    """

    keras_class = "LocalResponseNormalization"
    facet = "normalization"
    kept_in_training = 3

    type: Literal["lrn"]
    depth_radius: NonNegativeInteger = 5
    """How many channels on each side count."""
    bias: PositiveNumber = 1.0
    """What is added to the sum, so that it is never 0."""
    alpha: NonNegativeNumber = 1.0
    """The factor of the sum. AlexNet's, and PyTorch's as it divides by the number of channels, is smaller."""
    beta: Number = 0.5
    """The power."""


class ScaleOnly(BaseLayer):
    """Each channel multiplied by a learned ``gamma``: what is left of a normalization without statistics."""

    keras_class = "ScaleOnly"
    facet = "normalization"

    type: Literal["scale_only"]
    scalar: Flag = False
    """Whether one factor is for all channels."""
    initial: Number = 1.0
    """What the factor begins as. One scalar of 0 at the end of a residual block's layers is SkipInit (De and Smith
    2020): the block begins as the identity."""

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        return (Variable("gamma", (1,) if self.scalar else shape[-1:], initial=self.initial),)


class BiasOnly(BaseLayer):
    """A learned ``beta`` added to each channel: what is left of a normalization without statistics and scale."""

    keras_class = "BiasOnly"
    facet = "normalization"

    type: Literal["bias_only"]
    scalar: Flag = False
    """Whether one summand is for all channels, as in Fixup."""

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        return (Variable("beta", (1,) if self.scalar else shape[-1:]),)
