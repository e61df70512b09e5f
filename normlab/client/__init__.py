"""Talk to a Normlab service from Python: ``with Client() as client: client.submit("batch_norm")``."""

from normlab.client.client import ChartFormat, Client, Invert
from normlab.client.events import EventKind, JobEvent
from normlab.client.models import (
    ArchitectureInfo,
    ClassScore,
    ComparedJob,
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
    "ClassScore",
    "Client",
    "ComparedJob",
    "Comparison",
    "EpochMetrics",
    "EventKind",
    "Invert",
    "Job",
    "JobEvent",
    "JobState",
    "Metrics",
    "Model",
    "Prediction",
    "Validation",
]
