"""A job's measurements, of which there may be several pages."""

from collections.abc import Mapping
from math import nan
from typing import Any

from normlab.client.transport import Transport, path_of
from normlab.documents.probes import MeasurementDocument, MeasurementsDocument
from normlab.spec.measurements import Measured, Measurements


def measurements(transport: Transport, job_id: str, filters: Mapping[str, Any]) -> Measurements:
    """All measurements of a job that the filters let through. What is None is not sent."""
    given = {key: value for key, value in filters.items() if value is not None}
    found: list[Measured] = []
    cursor: int | None = None
    while True:
        query = given if cursor is None else {**given, "cursor": cursor}
        page = transport.fetch(MeasurementsDocument, "GET", path_of("jobs", job_id, "probes"), params=query)
        found += map(_measured, page.measurements)
        cursor = page.next
        if cursor is None:
            return Measurements(found)


def _measured(item: MeasurementDocument) -> Measured:
    value = nan if item.value is None else item.value
    return Measured(item.step, item.epoch, item.probe, item.layer, item.statistic, value)
