"""Measurements of a job come in pages, which the client puts together."""

from typing import Any

from normlab.client.measurements import measurements
from normlab.documents.probes import MeasurementsDocument
from normlab.spec.measurements import Measured


class Pages:
    """A service with a page for each cursor."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def fetch(self, model: Any, method: str, path: str, params: dict[str, Any]) -> MeasurementsDocument:
        assert (model, method, path) == (MeasurementsDocument, "GET", "/jobs/job_1/probes")
        self.asked.append(dict(params))
        step = params.get("cursor", 0)
        row = {"epoch": 1, "step": step + 1, "probe": "dead", "layer": "", "statistic": "share", "value": 0.5}
        more = step < 2
        return MeasurementsDocument.model_validate(
            {
                "job": "job_1",
                "state": "running",
                "measurements": [row],
                "has_more": more,
                "next": step + 1 if more else None,
            }
        )


def test_pages_are_followed_with_the_same_filters():
    service: Any = Pages()
    found = measurements(service, "job_1", {"probe": ["dead"], "layer": None})
    assert [*found] == [Measured(step, 1, "dead", "", "share", 0.5) for step in (1, 2, 3)]
    assert service.asked == [
        {"probe": ["dead"]},
        {"probe": ["dead"], "cursor": 1},
        {"probe": ["dead"], "cursor": 2},
    ]
