"""Normlab: its own loop, held between two epochs until the next one is asked for."""

import threading
from collections.abc import Callable
from pathlib import Path
from queue import Queue

from networks import NETWORKS

from normlab.spec import parse_job_spec
from normlab.spec.epochs import EpochMetrics
from normlab.training import Context, Progress, train


class HeldBetweenEpochs(Context):
    def __init__(self) -> None:
        self.asked: Queue[None] = Queue()
        self.records: Queue[EpochMetrics] = Queue()

    def report(self, event: Progress | EpochMetrics) -> None:
        if isinstance(event, EpochMetrics):
            self.records.put(event)
            self.asked.get()


def prepare(network: str, folder: Path) -> Callable[[], dict[str, float]]:
    body = NETWORKS.get(network, {"architecture": network})
    spec = parse_job_spec(body | {"training": body.get("training", {}) | {"epochs": 10_000}})
    context = HeldBetweenEpochs()
    thread = threading.Thread(
        target=train, args=(spec,), kwargs={"context": context, "data_dir": folder}, daemon=True
    )

    def epoch() -> dict[str, float]:
        if thread.ident is None:
            thread.start()
        else:
            context.asked.put(None)
        record = context.records.get()
        return {"loss": record.loss, "val_accuracy": record.val_accuracy or 0.0}

    return epoch
