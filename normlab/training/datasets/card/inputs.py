"""Single inputs: their range, those that hardly vary, and what normalization makes of these."""

from collections.abc import Iterable, Sequence

import numpy as np

from normlab.documents.datasets import ChannelDocument, InputsDocument
from normlab.spec.layers.normalization import Normalization
from normlab.training.datasets.card.finding import EXAMPLES, Finding
from normlab.training.datasets.card.moments import Extremes, Moments
from normlab.training.datasets.card.parts import Block, Numbers, Parts
from normlab.training.datasets.readers.base import Split

EPSILON: float = Normalization.model_fields["epsilon"].default
"""Of the normalization layers: ``gain = 1 / sqrt(variance + epsilon)``, of a constant input 31.6."""

GAIN_RATIO = 5.0
"""From this multiple of the median input's gain on, nearly constant inputs are a finding: as ``amplified_inputs`` in a
diagnosis, which measures the same in a trained network."""

RANGE_USED = 0.25
"""Training divides by the largest value that there can be. Where the largest that there is stays below this part of it,
the network sees inputs that are several times smaller than initializers are made for."""


class Inputs:
    """Mean, variance and extremes of each input."""

    def __init__(self, values: int) -> None:
        self.training = Moments(values)
        self.extremes = {split: Extremes(values) for split in Split}

    def add(self, block: Block) -> None:
        """Add samples."""
        rows = block.x.reshape(len(block.x), -1)
        self.extremes[block.split].add(rows)
        if block.split is Split.TRAINING:
            self.training.add(rows)

    @property
    def smallest(self) -> float:
        """Of all values."""
        return min(float(of_part.smallest.min()) for of_part in self.extremes.values())

    @property
    def largest(self) -> float:
        """Of all values."""
        return max(float(of_part.largest.max()) for of_part in self.extremes.values())

    def constant(self) -> Numbers:
        """The inputs with one value in all training samples."""
        training = self.extremes[Split.TRAINING]
        return np.flatnonzero(training.smallest == training.largest)

    def describe(self, pixel_max: float) -> InputsDocument:
        """Their numbers for the card."""
        variance = self.training.variance / pixel_max**2
        gains = 1 / np.sqrt(variance + EPSILON)
        constant, test = self.constant(), self.extremes[Split.TEST]
        value = self.extremes[Split.TRAINING].smallest[constant]
        # Without a test part its extremes are infinite the wrong way round, so that nothing lies outside.
        differs = (test.smallest[constant] < value) | (test.largest[constant] > value)
        return InputsDocument(
            inputs=len(variance),
            constant=len(constant),
            constant_but_in_test=int(differs.sum()),
            nearly_constant=int((variance < EPSILON).sum()) - len(constant),
            epsilon=EPSILON,
            largest_gain=float(gains.max()),
            median_gain=float(np.median(gains)),
        )

    def channels(self, shape: Sequence[int]) -> tuple[ChannelDocument, ...]:
        """Mean and deviation over all pixels of a channel; of a picture without channels, and of a table, over all."""
        channels = shape[2] if len(shape) == 3 else 1
        means = self.training.mean.reshape(-1, channels)
        variances = self.training.variance.reshape(-1, channels).mean(axis=0) + means.var(axis=0)
        return tuple(
            ChannelDocument(mean=float(mean), deviation=float(np.sqrt(variance)))
            for mean, variance in zip(means.mean(axis=0), variances, strict=True)
        )


def findings(parts: Parts, inputs: Inputs) -> Iterable[Finding]:
    """What is odd about single inputs."""
    described = inputs.describe(parts.content.pixel_max)
    hardly_vary = described.constant + described.nearly_constant
    if hardly_vary and described.largest_gain >= GAIN_RATIO * described.median_gain:
        variance = inputs.training.variance
        least = np.argsort(variance, kind="stable")[: min(EXAMPLES, hardly_vary)]
        test = (
            f" {described.constant_but_in_test:,} of the constant ones have another value in the test part: training "
            "cannot prepare the network for it."
            if described.constant_but_in_test
            else ""
        )
        yield Finding(
            "nearly_constant_inputs",
            "info",
            f"{described.constant:,} of {described.inputs:,} inputs are constant in training and "
            f"{described.nearly_constant:,} nearly so (variance below {EPSILON:g} when values go to 1): a "
            "normalization layer on raw inputs multiplies by 1 / sqrt(variance + epsilon), up to "
            f"{described.largest_gain:.3g} where the median input gets {described.median_gain:.3g}, so an unusual "
            f"value there outshouts the rest.{test} Normalize behind the first layer, or give the layer an epsilon of "
            "0.1.",
            hardly_vary,
            tuple(_place(parts.content.shape, place) for place in least.tolist()),
            {
                "largest_gain": described.largest_gain,
                "median_gain": described.median_gain,
                "threshold": GAIN_RATIO * described.median_gain,
            },
        )
    share = max(abs(inputs.smallest), abs(inputs.largest)) / parts.content.pixel_max
    if parts.pictures and 0 < share < RANGE_USED:
        yield Finding(
            "range_hardly_used",
            "warning",
            f"The largest pixel is {inputs.largest:g}, and training divides by {parts.content.pixel_max}: the network "
            f"sees values up to {share:.2g} where it expects 1. If pixels were scaled before they were stored, bring "
            f"them as they were, from 0 to {parts.content.pixel_max}.",
            parts.samples,
            (),
            {"share": share, "threshold": RANGE_USED},
        )


def _place(shape: Sequence[int], input_number: int) -> str:
    if len(shape) == 1:
        return f"column {input_number}"
    place = [int(axis) for axis in np.unravel_index(input_number, tuple(shape))]
    channel = f", channel {place[2]}" if len(place) == 3 else ""
    return f"row {place[0]}, column {place[1]}{channel}"
