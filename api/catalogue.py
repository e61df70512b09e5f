"""``/architectures``: the presets that a job spec can name."""

from functools import cache

from fastapi import APIRouter

from normlab.documents.catalogue import ArchitectureDocument, ArchitectureList
from normlab.spec import PRESETS, estimate, parse_job_spec

router = APIRouter(tags=["catalogue"])


@router.get("/architectures", summary="List the presets")
def list_architectures() -> ArchitectureList:
    """Every preset, written out layer by layer, with a sentence on what it is for."""
    return ArchitectureList(data=[_describe(name) for name in PRESETS])


@cache
def _describe(name: str) -> ArchitectureDocument:
    spec = parse_job_spec({"architecture": name})
    size = estimate(spec)
    return ArchitectureDocument(
        name=name,
        description=PRESETS[name].description,
        layers=spec.to_document()["architecture"]["layers"],
        parameters=size.parameters,
        trainable_parameters=size.trainable_parameters,
        planned_layers=len(size.layers) - 1,
        normalizations=tuple(PRESETS[name].by_normalization),
    )
