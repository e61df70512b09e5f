"""Everything that Normlab raises on purpose.

NormlabError
├── SpecError              what was asked for cannot be built
│   └── KerasModelError     a Keras model has layers that no spec can say
├── DatasetError           a dataset's files are missing or are not what they should be
├── TrainingError          a run ended without a trained network
│   └── NanLossError
├── NotFoundError          there is no such job, comparison, artifact …
├── StateError             the job's state forbids it
├── IdempotencyError       the same Idempotency-Key came with another body
├── ArtifactError          an artifact does not match its checksum
│   ├── LostArtifactError   it is not in the artifact store any more
│   └── ArtifactStoreError  the artifact store does not answer
├── InstancesError         what was sent to be predicted does not fit the model
├── SetupError             something this machine needs is not there; the sentence says what to install
└── ServiceError           the service answered a client with an error

Each has a ``code``, a short snake_case name that is the same in the database, in HTTP answers and in the
client. HTTP status numbers live in ``api/`` alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_PROBLEMS = 100
"""So many are named in one error; of further ones it says how many there are."""

MAX_NAMES = 5
"""So many layers are named in a line about layers that have one reason."""


class NormlabError(Exception):
    """The root: catch this to catch all of Normlab's own errors."""

    code = "internal"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a request.

    ``pointer`` is a JSON pointer (RFC 6901) into the body that was sent, ``detail`` a sentence that says what
    would be right.
    """

    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.detail}"


class SpecError(NormlabError):
    """What was asked for cannot be built; ``problems`` says where and what would be right.

    Of more than ``MAX_PROBLEMS`` the first are kept; ``omitted`` is how many there are beyond those that were given.
    """

    code = "invalid_spec"

    def __init__(self, problems: Sequence[Problem], *, omitted: int = 0) -> None:
        self.problems = tuple(problems[:MAX_PROBLEMS])
        self.omitted = omitted + len(problems) - len(self.problems)
        super().__init__(sentence_of([str(problem) for problem in self.problems], self.omitted))


@dataclass(frozen=True)
class Refused:
    """Something of a Keras model that no spec can say: a layer, or its loss or optimizer."""

    name: str
    class_name: str
    """Of Keras."""
    reason: str
    """What of it there is no counterpart of, and where there is one, what would do."""
    pointer: str
    """Where it is in the model's configuration, as a JSON pointer."""

    def __str__(self) -> str:
        return _line([self.name], self.class_name, self.reason)


class KerasModelError(SpecError):
    """A Keras model cannot be had as a spec; ``refused`` lists everything that is in the way, each with its reason."""

    code = "keras_model"

    def __init__(self, refused: Sequence[Refused]) -> None:
        self.refused = tuple(refused)
        super().__init__([Problem(each.pointer, str(each)) for each in refused])
        alike: dict[tuple[str, str], list[str]] = {}
        for each in refused:
            alike.setdefault((each.class_name, each.reason), []).append(each.name)
        lines = [_line(names, *key) for key, names in alike.items()]
        self.args = ("\n  ".join(["this Keras model cannot be had as a spec:", *lines]),)


def _line(names: list[str], class_name: str, reason: str) -> str:
    """What several parts of a model have in common, by the names of some of them."""
    who = some_of(names)
    return f"{who} ({class_name}): {reason}" if class_name else f"{who}: {reason}"


def some_of(names: Sequence[str]) -> str:
    """Names in a row, of more than ``MAX_NAMES`` the first ones and how many there are beyond."""
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


def sentence_of(problems: Sequence[str], omitted: int) -> str:
    """Problems in one sentence, which says how many it leaves out."""
    more = [f"and {omitted} more"] if omitted else []
    return "; ".join([*problems, *more])


class DatasetError(NormlabError):
    """A dataset's files are missing or are not what they should be."""

    code = "dataset_error"


class TrainingError(NormlabError):
    """A run ended without a trained network."""

    code = "internal"


class NanLossError(TrainingError):
    """The loss stopped being a finite number."""

    code = "nan_loss"


class NotFoundError(NormlabError):
    """There is no such resource."""

    code = "not_found"


class StateError(NormlabError):
    """The job's state forbids what was asked."""

    code = "wrong_state"


class IdempotencyError(NormlabError):
    """The Idempotency-Key was used before, with another body."""

    code = "idempotency_key_reused"


class ArtifactError(NormlabError):
    """An artifact does not match its checksum; the subclasses say what else can be wrong with one."""

    code = "artifact_error"


class LostArtifactError(ArtifactError):
    """An artifact is not in the artifact store any more."""

    code = "artifact_lost"


class ArtifactStoreError(ArtifactError):
    """The artifact store does not answer, or is not there."""

    code = "artifacts_unavailable"


class InstancesError(NormlabError):
    """What was sent to be predicted does not fit the model."""

    code = "invalid_instances"

    def __init__(self, detail: str, pointer: str = "") -> None:
        self.problem = Problem(pointer, detail)
        super().__init__(detail)


class SetupError(NormlabError):
    """Something this machine needs is not there."""

    code = "setup"


class ServiceError(NormlabError):
    """The service answered with an error, or not at all (``status`` is then None)."""

    def __init__(
        self,
        detail: str,
        *,
        code: str = "internal",
        status: int | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        self.code = code
        self.status = status
        self.problems = tuple(problems)
        # A problem of the request as a whole may be what the detail has said already.
        listed = [problem for problem in self.problems if problem != Problem("", detail)]
        super().__init__("\n".join([detail, *(f"  {problem}" for problem in listed)]))
