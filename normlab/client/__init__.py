"""Talk to a Normlab service from Python: ``with Client() as client: client.submit("batch_norm")``."""

from normlab.client.client import Client, Invert
from normlab.client.comparisons import Comparisons
from normlab.client.events import EventKind, JobEvent
from normlab.client.formats import ChartFormat, ReportFormat
from normlab.client.models import (
    ArchitectureInfo,
    ArmComparison,
    ClassScore,
    ComparedJob,
    Comparison,
    ComparisonEntry,
    ComparisonState,
    EpochMetrics,
    Job,
    JobState,
    Metrics,
    Model,
    Prediction,
    Validation,
    VerdictOfPair,
)

__all__ = [
    "ArchitectureInfo",
    "ArmComparison",
    "ChartFormat",
    "ClassScore",
    "Client",
    "ComparedJob",
    "Comparison",
    "ComparisonEntry",
    "ComparisonState",
    "Comparisons",
    "EpochMetrics",
    "EventKind",
    "Invert",
    "Job",
    "JobEvent",
    "JobState",
    "Metrics",
    "Model",
    "Prediction",
    "ReportFormat",
    "Validation",
    "VerdictOfPair",
]
