"""Answers about what was measured inside a job's network, made once and given again until more has been measured."""

from collections.abc import Callable, Hashable, Mapping

from fastapi import Response

from api.http.kept import Made, kept_answer
from api.http.services import Services
from normlab.store.jobs import rows
from normlab.store.jobs.rows import JobVersion


def kept_answer_about_job(
    services: Services,
    job_id: str,
    question: Hashable,
    make: Callable[[], Made],
    *,
    media_type: str,
    if_none_match: str | None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a question about a job, or 304 if its ``ETag`` is that of an answer the client has.

    Raises:
        NotFoundError: there is no such job.
    """

    def version() -> JobVersion:
        with services.database.reading() as connection:
            return rows.version(connection, job_id)

    return kept_answer(
        services,
        (job_id, question),
        version,
        make,
        media_type=media_type,
        if_none_match=if_none_match,
        headers=headers,
    )
