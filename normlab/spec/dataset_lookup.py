"""From the name of an uploaded dataset in a request to what is in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from normlab.errors import Problem
from normlab.spec.dataset_content import DatasetContent
from normlab.spec.datasets import DATASETS, DatasetName
from normlab.spec.mistakes.names import not_known
from normlab.spec.shown import quoted

_RESOLVED = ("name", "version", "content")


@dataclass(frozen=True)
class UploadedDataset:
    """A version of a dataset that jobs can use."""

    version: int
    content: DatasetContent


class Datasets(Protocol):
    """The uploaded datasets that a service has. It is not asked for built-in ones."""

    def find(self, name: str, version: int | None) -> UploadedDataset | Problem:
        """The version, or the newest one if that is ready.

        Where there is none, what is wrong: its pointer is ``/name`` or ``/version``. For a name that nobody has
        uploaded, :func:`no_such_dataset` is the problem.
        """


class _NoDatasets:
    def find(self, name: str, version: int | None) -> Problem:  # noqa: ARG002 - the protocol's
        return no_such_dataset(name)


NO_DATASETS: Datasets = _NoDatasets()
"""There are only the built-in ones."""


def no_such_dataset(name: str, uploaded: Iterable[str] = ()) -> Problem:
    """What is said about a name that is neither a built-in dataset's nor one of ``uploaded``."""
    return Problem("/name", not_known(name, [*DatasetName, *uploaded], "dataset"))


def resolve_dataset(body: object, datasets: Datasets | None) -> tuple[object, list[Problem]]:
    """A job spec as it was sent with the version and the content of its uploaded dataset written into it, and what is
    wrong with the dataset, with pointers into the spec. A problem leaves the dataset without a name.

    Content that was sent must be that of the version. Without ``datasets`` content is believed: that of a stored
    document was looked up when it was stored.
    """
    dataset = body.get("dataset") if isinstance(body, dict) else None
    given: Any = {"name": dataset} if isinstance(dataset, str) else dataset
    name = given.get("name") if isinstance(given, dict) else None
    if not isinstance(body, dict) or not isinstance(name, str) or name in DATASETS:
        return body, []
    if datasets is None and given.get("content") is not None:
        return body, []
    resolved, problem = _resolve(name, given, datasets or NO_DATASETS)
    problems = [] if problem is None else [Problem(f"/dataset{problem.pointer}", problem.detail)]
    return {**body, "dataset": resolved}, problems


def _resolve(name: str, given: dict[str, Any], datasets: Datasets) -> tuple[dict[str, Any], Problem | None]:
    version = given.get("version")
    is_number = type(version) is int and version > 0
    if version is not None and not is_number:
        # The model says what is wrong with the number; there is nothing to look up.
        return {key: value for key, value in given.items() if key not in ("name", "content")}, None
    found = datasets.find(name, version)
    if isinstance(found, Problem):
        return {key: value for key, value in given.items() if key not in _RESOLVED}, found
    content = found.content.model_dump(mode="json")
    resolved = {**given, "version": found.version, "content": content}
    sent = given.get("content")
    return resolved, None if sent is None else _otherwise(sent, content, f"version {found.version} of {name}")


def _otherwise(sent: object, content: dict[str, Any], what: str) -> Problem | None:
    """Where content that was sent is not that of the version."""
    if sent == content:
        return None
    pointer = "/content"
    if isinstance(sent, dict):
        field = next((key for key in (*content, *sent) if sent.get(key) != content.get(key)), "")
        pointer = f"/content/{field}" if field in content else pointer
    return Problem(pointer, f"is not that of {what} ({quoted(content['digest'])}): leave content out")
