"""The examples in the OpenAPI document: one dataset of pictures, from all sides."""

from typing import Any

from api.http.ids import DATASET_ID, DATASET_NAME, Examples
from normlab.documents.dataset_versions import DatasetDocument, DatasetList, DatasetOrBuiltIn, DatasetVersions
from normlab.spec import DATASETS, DatasetName

_SUMMARY: dict[str, Any] = {
    "id": DATASET_ID,
    "name": DATASET_NAME,
    "version": 1,
    "state": "ready",
    "created_at": "2026-11-22T09:00:00.120Z",
    "finished_at": "2026-11-22T09:00:04.310Z",
    "reason": None,
    "description": "Photographs of parts from the line.",
    "digest": f"sha256:{'0' * 64}",
    "shape": [64, 64, 3],
    "task": None,
    "target": None,
    "classes": ["good", "scratched"],
    "training_samples": 800,
    "test_samples": 200,
    "pixel_max": 255,
    "default_validation_samples": 80,
    "links": {
        "self": f"/datasets/{DATASET_NAME}/versions/1",
        "versions": f"/datasets/{DATASET_NAME}/versions",
    },
}

DATASET: dict[str, Any] = {
    **_SUMMARY,
    "file": {"name": "parts.zip", "bytes": 9_120_331, "sha256": "0" * 64},
    "options": {
        "description": _SUMMARY["description"],
        "label_column": None,
        "split_column": None,
        "group_column": None,
        "time_column": None,
        "kind": None,
        "task": None,
        "category_columns": None,
        "ignore_columns": None,
        "header": None,
        "turn": None,
        "image_size": "64x64",
        "validation": "stratified",
        "validation_samples": None,
        "test_fraction": 0.2,
        "validation_fraction": 0.1,
        "seed": 0,
    },
    "attempt": 1,
    "progress": None,
    "reading": {
        "format": "folders",
        "parts": {"training": "rest", "validation": "stratified", "test": "stratified"},
        "seed": 0,
        "extra": {},
    },
    "card": None,
}

DATASETS_LISTED: dict[str, Any] = {
    "data": [DATASETS[DatasetName.FASHION_MNIST].model_dump(mode="json"), _SUMMARY]
}

EXAMPLES: Examples = {
    DatasetDocument: [DATASET],
    DatasetList: [DATASETS_LISTED],
    DatasetOrBuiltIn: [DATASET, DATASETS_LISTED["data"][0]],
    DatasetVersions: [{"data": [_SUMMARY]}],
}
