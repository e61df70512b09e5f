"""Networks on corrupted pictures: which each of them gets right, with its own statistics and with theirs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.spec import PlannedLayer
from normlab.spec.correct_answers import Answers, CorrectAnswers
from normlab.spec.robustness import RobustnessRequest
from normlab.training.datasets.arrays import Labels, Pixels
from normlab.training.robustness.corruptions import corrupt
from normlab.training.robustness.networks import Network, ReEstimated
from normlab.training.robustness.statistics import layers_with_moving_statistics, read_moving_statistics
from normlab.training.seeds import Role, generator

NO_MOVING_STATISTICS = (
    "Nothing to re-estimate: no layer of this network keeps moving statistics, as batch normalization does."
)

Bools = npt.NDArray[np.bool_]
_Right = tuple[Bools, Bools | None]


@dataclass(frozen=True)
class Asked:
    """A network, and how it is asked."""

    trained: Network
    re_estimated: ReEstimated | None
    layers: tuple[str, ...] = ()
    """That keep moving statistics."""
    reason: str = ""
    """Why it cannot be asked with statistics of the corrupted pictures."""


def ask(planned: Sequence[PlannedLayer], onnx_file: bytes, keras_file: Callable[[], bytes]) -> Asked:
    """Make a network of its files ready; ``keras_file`` gives the one where it is needed.

    Raises what onnxruntime raises for a file that it does not take.
    """
    trained, layers = Network(onnx_file), layers_with_moving_statistics(planned)
    if not layers:
        return Asked(trained, None, reason=NO_MOVING_STATISTICS)
    try:
        statistics = read_moving_statistics(planned, keras_file())
        return Asked(trained, ReEstimated(onnx_file, statistics, planned), layers)
    except (ValueError, KeyError) as error:
        return Asked(
            trained,
            None,
            layers,
            f"Statistics cannot be re-estimated: {error}, as one of an earlier version.",
        )


def measure(
    networks: Sequence[Asked],
    x: Pixels,
    y: Labels,
    request: RobustnessRequest,
    pixel_max: int,
    *,
    step: Callable[[], object] = lambda: None,
) -> tuple[CorrectAnswers, ...]:
    """Ask all networks about the same pictures; ``step`` is called before each is asked, which may take a
    minute.

    Args:
        networks: Of the shape of the pictures.
        x: The raw pictures of the test set, uint8 (n, height, width[, channels]).
        y: Their labels (n,).
        request: Which corruptions, severities and pictures.
        pixel_max: Raw pictures are 0 to this.
    """
    places = chosen_pictures(request, x.shape)
    pictures, labels = x[places], y[places]
    rights: list[list[_Right]] = [[] for _ in networks]
    for asked in chain([pictures], _corrupted(request, pictures, pixel_max)):
        for network, right in zip(networks, rights, strict=True):
            right.append(_right(network, asked, labels, step))
    return tuple(
        _answers(network, request, right, len(labels))
        for network, right in zip(networks, rights, strict=True)
    )


def _answers(
    network: Asked, request: RobustnessRequest, rights: Sequence[_Right], count: int
) -> CorrectAnswers:
    """Of what a network got right, first of the clean pictures."""
    shape = (len(request.corruptions), len(request.severities), count)

    def answers(kind: Sequence[Bools]) -> Answers:
        return Answers(kind[0], np.stack(kind[1:]).reshape(shape))

    own = answers([trained for trained, _ in rights])
    theirs = [re_estimated for _, re_estimated in rights if re_estimated is not None]
    if network.re_estimated is None:
        return CorrectAnswers(own, None, network.layers, None, network.reason)
    return CorrectAnswers(own, answers(theirs), network.layers, network.re_estimated.samples(count))


def chosen_pictures(request: RobustnessRequest, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """The places (samples,) of the pictures that are taken of a test set of this shape (n, height, width[, channels]):
    all, or some drawn by the seed."""
    count, samples = shape[0], request.samples_of(shape[0], shape[1:])
    if samples == count:
        return np.arange(count)
    drawn = generator(request.seed, Role.CORRUPTION, "pictures").permutation(count)[:samples]
    return np.sort(drawn)


def _corrupted(request: RobustnessRequest, pictures: Pixels, pixel_max: int) -> Iterator[Pixels]:
    for corruption in request.corruptions:
        for severity in request.severities:
            yield corrupt(pictures, corruption, severity, pixel_max=pixel_max, seed=request.seed)


def _right(network: Asked, pictures: Pixels, labels: npt.NDArray[Any], step: Callable[[], object]) -> _Right:
    """Which of the pictures the network gets right, with each kind of statistics."""
    step()
    own = network.trained.probabilities(pictures).argmax(axis=1) == labels
    if network.re_estimated is None:
        return own, None
    step()
    return own, network.re_estimated.probabilities(pictures).argmax(axis=1) == labels
