"""Talk to a Normlab service from Python: ``with Client() as client: client.submit("batch_norm")``."""

from normlab.client.client import ChartFormat, Client
from normlab.client.events import EventKind, JobEvent
from normlab.client.models import (
    ArchitectureInfo,
    Comparison,
    EpochMetrics,
    Job,
    JobState,
    Metrics,
    Model,
    Prediction,
    Validation,
)

__all__ = [
    "ArchitectureInfo",
    "ChartFormat",
    "Client",
    "Comparison",
    "EpochMetrics",
    "EventKind",
    "Job",
    "JobEvent",
    "JobState",
    "Metrics",
    "Model",
    "Prediction",
    "Validation",
]
