"""``/probes``: what can be measured inside a network."""

from functools import cache

from fastapi import APIRouter

from normlab.documents.probes import ProbeDocument, ProbeList, StatisticDocument
from normlab.spec.probes import PROBES
from normlab.spec.probes.info import ProbeInfo

router = APIRouter(tags=["probes"])


@router.get("/probes", summary="List the probes")
def list_probes() -> ProbeList:
    """Every probe: its formula and source, at which layers it measures and when, its cost, and where it misleads.

    A job asks for some of them with `probes`; without it has those that are `standard`.
    """
    return _all_probes()


@cache
def _all_probes() -> ProbeList:
    return ProbeList(data=tuple(map(probe_document, PROBES.values())))


def probe_document(row: ProbeInfo) -> ProbeDocument:
    """A row of the registry as the API answers it."""
    return ProbeDocument(
        name=row.name,
        family=row.family,
        formula=row.formula,
        source=row.source,
        cost=row.cost,
        misleads=row.misleads,
        mode=row.mode,
        when=row.when,
        place=row.place.meaning,
        standard=row.standard,
        statistics=tuple(
            StatisticDocument(
                name=statistic.name,
                meaning=statistic.meaning,
                unit=statistic.unit,
                place=row.place_of(statistic.name).meaning,
            )
            for statistic in row.statistics
        ),
    )
