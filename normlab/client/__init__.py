"""Talk to a Normlab service from Python: ``with Client() as client: client.submit("batch_norm")``."""

from normlab.client.client import Client
from normlab.client.comparisons import Comparisons
from normlab.client.events import JobEvent
from normlab.client.formats import ChartFormat, ReportFormat
from normlab.client.models import Models

__all__ = [
    "ChartFormat",
    "Client",
    "Comparisons",
    "JobEvent",
    "Models",
    "ReportFormat",
]
