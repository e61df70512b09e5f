"""Rows of the store -> the documents about uploaded datasets."""

from typing import Any

from api.http.root_path import address
from normlab.documents.dataset_versions import DatasetDocument, DatasetSummary
from normlab.store import DatasetVersion

_CONTENT = (
    "digest", "shape", "task", "target", "classes", "training_samples", "test_samples", "pixel_max",
    "default_validation_samples",
)  # fmt: skip


def version_url(name: str, version: int) -> str:
    """Where a version is."""
    return address(f"/datasets/{name}/versions/{version}")


def summary_document(row: DatasetVersion) -> DatasetSummary:
    """A version in a list."""
    return DatasetSummary.model_validate(_summary(row))


def dataset_document(row: DatasetVersion) -> DatasetDocument:
    """A version with its card."""
    source = row.source
    return DatasetDocument.model_validate(
        {
            **_summary(row),
            "file": {key: source[key] for key in ("name", "bytes", "sha256")},
            "options": row.options,
            "attempt": row.attempt,
            "progress": row.progress,
            "reading": row.reading,
            "card": row.card,
        }
    )


def _summary(row: DatasetVersion) -> dict[str, Any]:
    content = row.content or {}
    return {
        "id": row.id,
        "name": row.name,
        "version": row.version,
        "state": row.state,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "reason": row.reason,
        "description": row.options.get("description"),
        **{key: content.get(key) for key in _CONTENT},
        "links": {
            "self": version_url(row.name, row.version),
            "versions": address(f"/datasets/{row.name}/versions"),
        },
    }
