"""What is in the datasets that a service has, for specs that are worked out before they are sent."""

from normlab.client.transport import Transport
from normlab.documents.jobs import ValidatedJob
from normlab.errors import Problem, ServiceError
from normlab.spec import DatasetSpec, UploadedDataset, no_such_dataset

_AT = "/dataset"


class DatasetsOfService:
    """Asks the service to write out the smallest spec on a dataset."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def find(self, name: str, version: int | None) -> UploadedDataset | Problem:
        """See :class:`normlab.spec.Datasets`.

        Raises:
            ServiceError: The service does not answer.
        """
        dataset = {"name": name} if version is None else {"name": name, "version": version}
        smallest = {"architecture": {"layers": [{"type": "flatten"}]}, "dataset": dataset}
        try:
            expanded = self._transport.fetch(
                ValidatedJob, "POST", "/jobs", params={"validate_only": "true"}, json=smallest
            ).spec
        except ServiceError as error:
            found = next(
                (problem for problem in error.problems if problem.pointer.startswith(f"{_AT}/")), None
            )
            if found is None:
                raise
            return Problem(found.pointer.removeprefix(_AT), found.detail)
        said = DatasetSpec.model_validate(expanded["dataset"])
        if said.version is None or said.content is None:
            return no_such_dataset(name)
        return UploadedDataset(said.version, said.content)
