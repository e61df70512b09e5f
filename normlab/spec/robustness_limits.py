"""What cannot be asked of a network's robustness, and how much at most."""

from normlab.errors import Problem, SpecError, StateError
from normlab.spec.estimate import estimate
from normlab.spec.job import JobSpec
from normlab.spec.robustness import MAX_PICTURE_BYTES, RobustnessRequest, most_samples

MAX_MULTIPLICATIONS = 2 * 10**14
"""Of a network on all corrupted pictures, with each kind of statistics: an hour or two on a core."""


def refuse_impossible(what: str, spec: JobSpec, request: RobustnessRequest) -> None:
    """Refuse what cannot be asked of a network of this spec; ``what`` names it.

    Raises:
        StateError: Its test samples are no pictures.
        SpecError: More is asked for than is allowed.
    """
    if len(spec.dataset.info.shape) == 1:
        raise StateError(f"{what} cannot be asked about corrupted pictures: its dataset is a table")
    sentence = _too_many(spec, request)
    if sentence is not None:
        raise SpecError([Problem("/samples", sentence)])


def _too_many(spec: JobSpec, request: RobustnessRequest) -> str | None:
    shape, test_samples = spec.dataset.info.shape, spec.dataset.info.test_samples
    most = most_samples(shape)
    if request.samples is not None and request.samples > most and test_samples > most:
        return f"should be at most {most:,} of pictures of this size, which are {MAX_PICTURE_BYTES >> 20} MiB then"
    multiplications, times = estimate(spec).multiplications_per_sample, 2 * (request.cells + 1)
    affordable = MAX_MULTIPLICATIONS // max(1, multiplications * times)
    if request.samples_of(test_samples, shape) > affordable:
        return (
            f"should be at most {affordable:,} with so many corruptions and severities: a picture takes the network "
            f"{multiplications:,} multiplications, and each is asked {times} times"
        )
    return None
