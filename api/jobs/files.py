"""The files of jobs that are no more."""

import logging

from api.http.services import Services

_log = logging.getLogger(__name__)


def delete_files(services: Services, job_id: str) -> None:
    """Delete a deleted job's files."""
    try:
        services.artifacts.delete(job_id)
    except OSError:
        # The job is gone all the same; files that nobody points at any more cost space and nothing else.
        _log.exception("the files of the deleted job %s could not be deleted", job_id)
