"""The OpenAPI document's examples of the catalogue and of the service itself."""

from typing import Any

from api.http.ids import Examples
from normlab.documents.catalogue import ArchitectureList
from normlab.documents.service import Alive, Index, Readiness

ARCHITECTURES: dict[str, Any] = {
    "data": [
        {
            "name": "baseline",
            "description": "The notebook's first network: two dense layers, no normalization.",
            "layers": [{"type": "flatten"}, {"type": "dense", "units": 300}],
            "parameters": 266610,
            "trainable_parameters": 266610,
            "planned_layers": 2,
            "normalizations": [],
        }
    ]
}

INDEX: dict[str, Any] = {
    "name": "normlab",
    "version": "0.1.0",
    "status": "alive",
    "links": {"jobs": "/jobs", "docs": "/docs"},
}

ALIVE: dict[str, Any] = {"status": "ok"}

READY: dict[str, Any] = {"status": "ready", "checks": {"database": "ok", "broker": "ok", "migrations": "ok"}}

EXAMPLES: Examples = {
    Alive: [ALIVE],
    ArchitectureList: [ARCHITECTURES],
    Index: [INDEX],
    Readiness: [READY],
}
