"""Names that stand for trained networks, with numbered versions and a way back."""

from collections.abc import Iterator
from pathlib import Path

from normlab.client.images import Pixels, predict, predict_numbers
from normlab.client.pages import pages
from normlab.client.transport import Transport, path_of
from normlab.documents.named_models import NamedModelDocument, NamedModelList
from normlab.documents.predictions import NumberPrediction, PredictionDocument
from normlab.spec.images import Invert


class Models:
    """The models of a service, as ``Client.models``.

    Example:
        Give a network a name, ask it by that name, and take the name away:

        >>> from normlab import Client
        >>> with Client() as client:
        ...     job = client.wait(client.submit("baseline", dataset="digits", training={"epochs": 1}).id)
        ...     model = client.models.point("digits-reader", job.id)
        ...     predictions = client.models.predict("digits-reader", [[0.0] * 64])
        ...     client.models.delete("digits-reader")
        >>> model.version, len(predictions[0].probabilities)
        (1, 10)
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, name: str) -> NamedModelDocument:
        """One name with its versions and its history."""
        return self._transport.fetch(NamedModelDocument, "GET", path_of("models", name))

    def point(self, name: str, job_id: str) -> NamedModelDocument:
        """Let a name stand for a job that has succeeded: its next version, or the first of a new name."""
        return self._transport.fetch(NamedModelDocument, "PUT", path_of("models", name), json={"job": job_id})

    def roll_back(self, name: str, version: int | None = None) -> NamedModelDocument:
        """Let a name stand for an earlier version again; without one, for the version before the present one."""
        body = {} if version is None else {"version": version}
        return self._transport.fetch(
            NamedModelDocument, "POST", path_of("models", name, "rollback"), json=body
        )

    def delete(self, name: str) -> None:
        """Delete a name with its versions and history. The jobs stay."""
        self._transport.request("DELETE", path_of("models", name))

    def delete_version(self, name: str, version: int) -> None:
        """Delete a version that the name does not stand for. Its job stays."""
        self._transport.request("DELETE", path_of("models", name, "versions", str(version)))

    def predict(
        self,
        name: str,
        images: str | Path | Pixels,
        *,
        invert: Invert | str = Invert.NEVER,
        top_k: int = 0,
        dark_images: bool = False,
    ) -> list[PredictionDocument]:
        """Let the network that a name stands for classify images; see ``Client.predict``."""
        return predict(
            self._transport,
            path_of("models", name),
            images,
            invert=invert,
            top_k=top_k,
            dark_images=dark_images,
        )

    def predict_numbers(self, name: str, rows: str | Path | Pixels) -> list[NumberPrediction]:
        """Let the network that a name stands for predict numbers; see ``Client.predict_numbers``."""
        return predict_numbers(self._transport, path_of("models", name), rows)

    def list(self) -> Iterator[NamedModelDocument]:
        """All names, by the alphabet; further pages are fetched as they are needed."""
        return pages(
            lambda parameters: self._transport.fetch(NamedModelList, "GET", "/models", params=parameters), {}
        )
