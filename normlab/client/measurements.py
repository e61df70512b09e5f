"""A job's measurements, of which there may be several pages."""

from collections.abc import Mapping
from typing import Any

from normlab.client.transport import Transport, path_of
from normlab.documents.probes import MeasurementsDocument
from normlab.spec.measurements import Measured


def measurements(transport: Transport, job_id: str, filters: Mapping[str, Any]) -> list[Measured]:
    """All measurements of a job that the filters let through. What is None is not sent."""
    given = {key: value for key, value in filters.items() if value is not None}
    found: list[Measured] = []
    cursor: int | None = None
    while True:
        query = given if cursor is None else {**given, "cursor": cursor}
        page = transport.fetch(MeasurementsDocument, "GET", path_of("jobs", job_id, "probes"), params=query)
        found += [item.measured for item in page.measurements]
        cursor = page.next
        if cursor is None:
            return found
