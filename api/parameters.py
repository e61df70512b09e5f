"""Parameters that several routes take."""

import re
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator

from api import examples
from normlab.errors import NotFoundError

JOB_ID_PATTERN = r"job_[0-9a-z]{26}"


def possible_id(job_id: str) -> str:
    """The id itself if it has the form of one; else ``NotFoundError``."""
    # What cannot be an id never reaches the database, which would refuse some of it (NUL) in its own words.
    if not re.fullmatch(JOB_ID_PATTERN, job_id):
        raise NotFoundError(f"there is no job {job_id!r}")
    return job_id


JobId = Annotated[str, AfterValidator(possible_id)]
JobPath = Annotated[JobId, Path(description="The job's id.", examples=[examples.JOB_ID])]
