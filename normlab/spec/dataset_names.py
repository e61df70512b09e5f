"""What may stand in the name of an uploaded dataset, and how a version of one is named in a word."""

import re
from typing import Any

from normlab.spec.datasets import DatasetName

MAX_DATASET_NAME_LENGTH = 64
"""As long as the column of the jobs' table that has it."""
DATASET_NAME_PATTERN = rf"(?!(job|cmp|ds)_)[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_DATASET_NAME_LENGTH - 1}}}"
"""A name like an id would be mistaken for one."""


def new_dataset_name(name: str) -> str:
    """The name, if an uploaded dataset may have it.

    Raises:
        ValueError: It may not; the message says what would be right.
    """
    if not re.fullmatch(DATASET_NAME_PATTERN, name):
        raise ValueError(
            f"should be letters, digits, `.`, `_` and `-`, at most {MAX_DATASET_NAME_LENGTH}, beginning with a letter "
            "or digit, and not with `job_`, `cmp_` or `ds_`"
        )
    if name in list(DatasetName):
        raise ValueError(f"should be another name: {name} is a dataset that Normlab brings along")
    return name


def with_version(name: str, version: int | None) -> str:
    """A version of a dataset in one word, as a command line takes it; a built-in dataset has none.

    >>> with_version("parts", 2)
    'parts@2'
    """
    return name if version is None else f"{name}@{version}"


def dataset_named(text: str) -> dict[str, Any]:
    """What a spec says of a dataset that is named in one word.

    >>> dataset_named("parts@2")
    {'name': 'parts', 'version': 2}
    >>> dataset_named("digits")
    {'name': 'digits'}
    """
    name, _, version = text.rpartition("@")
    return {"name": name, "version": int(version)} if name and version.isdecimal() else {"name": text}
