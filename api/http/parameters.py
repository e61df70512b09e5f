"""Parameters that several routes take."""

import re
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator

from api.http.ids import COMPARISON_ID, JOB_ID
from normlab.errors import NotFoundError

JOB_ID_PATTERN = r"job_[0-9a-z]{26}"
COMPARISON_ID_PATTERN = r"cmp_[0-9a-z]{26}"
MODEL_NAME_PATTERN = r"(?!job_)[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""A name like a job's id would be mistaken for one."""
NO_NUL = r"^[^\x00]*$"
"""Of texts that are looked for in the database: Postgres knows no NUL."""


def possible_id(job_id: str) -> str:
    """The id itself if it has the form of one; else ``NotFoundError``."""
    # What cannot be an id never reaches the database, which would refuse some of it (NUL) in its own words.
    if not re.fullmatch(JOB_ID_PATTERN, job_id):
        raise NotFoundError(f"there is no job {job_id!r}")
    return job_id


JobId = Annotated[str, AfterValidator(possible_id)]
JobPath = Annotated[JobId, Path(description="The job's id.", examples=[JOB_ID])]


def _possible_comparison_id(comparison_id: str) -> str:
    if not re.fullmatch(COMPARISON_ID_PATTERN, comparison_id):
        raise NotFoundError(f"there is no comparison {comparison_id!r}")
    return comparison_id


ComparisonPath = Annotated[
    str,
    AfterValidator(_possible_comparison_id),
    Path(description="The comparison's id.", examples=[COMPARISON_ID]),
]
