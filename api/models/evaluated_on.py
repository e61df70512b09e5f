"""Which dataset a network is to be evaluated on."""

from api.http.bodies import invalid_body
from api.http.failures import invalid_request
from api.http.services import Services
from api.models.schemas import OtherDataset
from normlab.errors import Problem, some_of
from normlab.spec import DATASETS, DatasetContent, DatasetSpec
from normlab.spec.same_form import misfit
from normlab.store import Database
from normlab.store.datasets import versions
from normlab.store.datasets.lookup import StoredDatasets


def dataset_for(
    services: Services, job_id: str, trained_on: DatasetSpec, wanted: OtherDataset | None
) -> DatasetSpec:
    """The dataset that is wanted, which is ``trained_on`` where nothing is said; 422 if there is none that a network of
    it can be evaluated on."""
    if wanted is None or (wanted.name, wanted.version) == (trained_on.name, trained_on.version):
        return trained_on
    dataset = _named(services.database, wanted)
    if (dataset.name, dataset.version) == (trained_on.name, trained_on.version):
        return trained_on
    why = misfit(dataset, trained_on)
    if why is not None:
        raise invalid_body(
            "dataset", sentence=f"job {job_id} {why}: {_fitting(services.database, trained_on)}"
        )
    return dataset


def _named(database: Database, wanted: OtherDataset) -> DatasetSpec:
    if wanted.name in DATASETS:
        if wanted.version is not None:
            raise invalid_body(
                "dataset", "version", sentence=f"{wanted.name} is built in and has no versions"
            )
        return DatasetSpec(name=wanted.name)
    found = StoredDatasets(database).find(wanted.name, wanted.version)
    if isinstance(found, Problem):
        raise invalid_request([Problem(f"/dataset{found.pointer}", found.detail)])
    return DatasetSpec(name=wanted.name, version=found.version, content=found.content)


def _fitting(database: Database, trained_on: DatasetSpec) -> str:
    """Which of the service's datasets would do."""
    every = [DatasetSpec(name=name) for name in DATASETS]
    with database.read() as session:
        every += [
            DatasetSpec(
                name=each.name, version=each.version, content=DatasetContent.model_validate(each.content)
            )
            for each in versions.newest(session)
            if each.content is not None
        ]
    others = [
        each.name for each in every if each.name != trained_on.name and misfit(each, trained_on) is None
    ]
    return f"{some_of(others)} would fit" if others else "no other dataset fits"
