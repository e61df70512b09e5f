"""Networks on corrupted pictures, which a worker tries when somebody first asks."""

import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, TypeVar

import httpx

from normlab.client.formats import ChartFormat
from normlab.client.transport import Transport, path_of
from normlab.documents.base import Document
from normlab.documents.robustness import (
    ComparisonRobustnessDocument,
    PendingRobustness,
    RobustnessDocument,
)
from normlab.errors import ServiceError
from normlab.spec.robustness import CorruptionName

Answer = TypeVar("Answer", bound=Document)


class Robustness:
    """How accurate networks stay when their pictures are corrupted, as ``Client.robustness``.

    Each call waits until a worker has tried the networks; the same question is answered at once afterwards. What can be
    asked is the same everywhere: ``corruptions`` (names, by default all), ``severities`` (1 to 5, by default each),
    ``samples`` (of how many pictures of the test set, by default all up to 10,000) and ``seed``.

    Example:
        >>> from normlab import Client
        >>> with Client() as client:
        ...     job = client.wait(client.submit("baseline", dataset="digits", training={"epochs": 2}).id)
        ...     found = client.robustness.job(job.id, corruptions=["blur", "shift"], severities=[1, 3])
        >>> [each.corruption.value for each in found.trained.corruptions], found.re_estimation.applicable
        (['blur', 'shift'], False)
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def job(
        self,
        job_id: str,
        *,
        corruptions: Sequence[CorruptionName | str] | None = None,
        severities: Sequence[int] | None = None,
        samples: int | None = None,
        seed: int = 0,
        timeout_seconds: float = 3600,
    ) -> RobustnessDocument:
        """Of a job that has succeeded.

        Raises:
            ServiceError: It cannot be asked, or is not answered in the time given.
        """
        asked = _asked(corruptions, severities, samples, seed)
        return self._ask(RobustnessDocument, path_of("jobs", job_id, "robustness"), asked, timeout_seconds)

    def comparison(
        self,
        comparison_id: str,
        *,
        corruptions: Sequence[CorruptionName | str] | None = None,
        severities: Sequence[int] | None = None,
        samples: int | None = None,
        seed: int = 0,
        timeout_seconds: float = 3600,
    ) -> ComparisonRobustnessDocument:
        """Of the arms of a comparison that has ended; ``differences`` says which stays more accurate.

        Raises:
            ServiceError: It cannot be asked, or is not answered in the time given.
        """
        asked = _asked(corruptions, severities, samples, seed)
        path = path_of("comparisons", comparison_id, "robustness")
        return self._ask(ComparisonRobustnessDocument, path, asked, timeout_seconds)

    def chart(
        self,
        item_id: str,
        chart_format: ChartFormat | str = ChartFormat.PNG,
        *,
        corruptions: Sequence[CorruptionName | str] | None = None,
        severities: Sequence[int] | None = None,
        samples: int | None = None,
        seed: int = 0,
        timeout_seconds: float = 3600,
    ) -> bytes:
        """Accuracy by severity, of a job or of a comparison: ``png``, ``svg``, or ``json`` for its Vega-Lite spec."""
        asked = _asked(corruptions, severities, samples, seed)
        kind = "jobs" if item_id.startswith("job_") else "comparisons"
        headers = {"Accept": ChartFormat(chart_format).media_type}
        return self._wait(path_of(kind, item_id, "robustness"), asked, timeout_seconds, headers).content

    def _ask(self, model: type[Answer], path: str, asked: dict[str, Any], timeout_seconds: float) -> Answer:
        return self._transport.read(model, path, self._wait(path, asked, timeout_seconds, {}))

    def _wait(
        self, path: str, asked: dict[str, Any], timeout_seconds: float, headers: dict[str, str]
    ) -> httpx.Response:
        """Ask, and look again until it is answered."""
        deadline = time.monotonic() + timeout_seconds
        response = self._transport.request("POST", path, json=asked, headers=headers)
        while response.status_code == HTTPStatus.ACCEPTED:
            wait = float(response.headers.get("Retry-After", 1))
            if time.monotonic() + wait > deadline:
                pending = self._transport.read(PendingRobustness, path, response)
                raise ServiceError(
                    f"It is not answered after {timeout_seconds:g} seconds: {pending.detail}.", code="timeout"
                )
            time.sleep(wait)
            response = self._transport.request("GET", path, params=asked, headers=headers)
        return response


def _asked(
    corruptions: Sequence[CorruptionName | str] | None,
    severities: Sequence[int] | None,
    samples: int | None,
    seed: int,
) -> dict[str, Any]:
    """The fields that are given, as a body and as a query have them."""
    fields = {
        "corruptions": None if corruptions is None else [*map(str, corruptions)],
        "severities": None if severities is None else [*severities],
        "samples": samples,
    }
    return {name: value for name, value in fields.items() if value is not None} | {"seed": seed}
