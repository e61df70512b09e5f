"""``normlab-worker``: a worker with as many children as cores, until SIGTERM or Ctrl-C."""

import argparse
import logging
import os
import sys
import time

from normlab.errors import SetupError
from normlab.settings import Settings


def main() -> None:
    """Run a worker, or say whether one runs well."""
    parser = argparse.ArgumentParser(
        prog="normlab-worker",
        description="Train queued jobs. SIGTERM or Ctrl-C puts what runs back into the queue, at the step it had "
        "reached, and ends; a second one ends at once. All settings are environment variables (NORMLAB_...).",
    )
    parser.add_argument(
        "--processes", type=int, help="children (default: NORMLAB_WORKER_PROCESSES, else the cores)"
    )
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    parser.add_argument(
        "--check-health",
        action="store_true",
        help="do not run a worker: exit with 0 if the one on this host lives, else with 1. It touches a file in the "
        "data folder every second, so this asks neither the broker nor the database",
    )
    parser.add_argument(
        "--after",
        type=int,
        metavar="DESCRIPTOR",
        help="import what trains, and then wait for the end of what is read from this file descriptor: whoever starts "
        "the worker makes the database and the broker ready meanwhile",
    )
    parser.add_argument(
        "--make-formats",
        action="store_true",
        help="do not run a worker: make the formats of trained networks that somebody asked for, and end. A worker "
        "starts this by itself",
    )
    parser.add_argument(
        "--check-datasets",
        action="store_true",
        help="do not run a worker: check the datasets that were added, and end. A worker starts this by itself",
    )
    parser.add_argument(
        "--measure-robustness",
        action="store_true",
        help="do not run a worker: ask trained networks about the corrupted pictures that somebody wants to know of, "
        "and end. A worker starts this by itself",
    )
    arguments = parser.parse_args()
    if arguments.check_health:
        sys.exit(
            0 if is_healthy(Settings()) else "no worker on this host has given a sign of life for a while"
        )
    if arguments.make_formats:
        from worker.formats import make_formats  # noqa: PLC0415 - not needed to train

        _log_as("formats", arguments.log_level)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        make_formats(Settings())
        return
    if arguments.check_datasets:
        from worker.dataset_process import check_datasets  # noqa: PLC0415 - not needed to train

        _log_as("datasets", arguments.log_level)
        check_datasets(Settings())
        return
    if arguments.measure_robustness:
        from worker.robustness_process import measure_robustness  # noqa: PLC0415 - not needed to train

        _log_as("robustness", arguments.log_level)
        measure_robustness(Settings())
        return
    if arguments.processes is not None:
        os.environ["NORMLAB_WORKER_PROCESSES"] = str(arguments.processes)
    run(arguments.log_level, after=arguments.after)


def _log_as(who: str, level: str) -> None:
    logging.basicConfig(level=level, format=f"[%(asctime)s: %(levelname)s/{who}] %(message)s")


def is_healthy(settings: Settings) -> bool:
    """Whether this host's worker touched its file lately; a sweep may hold it up for as long as a statement waits."""
    from worker.maintenance import health_file  # noqa: PLC0415 - a worker's children decide what is loaded first

    try:
        age = time.time() - health_file(settings).stat().st_mtime
    except FileNotFoundError:
        return False
    return age < settings.maintenance_seconds + 45


def run(log_level: str, *, after: int | None = None) -> None:
    """Run a worker until it is told to end; exits with Celery's code. ``after``: see the option."""
    # TensorFlow's banner and hints, in every child; an operator who wants them sets the variable.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from normlab.store import artifact_store, urls  # noqa: PLC0415 - not needed to look at the health
    from worker.app import app, processes  # noqa: PLC0415 - reads the settings

    settings = Settings()
    urls.parse(settings.resolved_database_url)  # a mistake in it is a sentence here, a trace in each child
    artifact_store.check_url(settings.resolved_artifacts_url)
    processes.import_before_fork()
    if after is not None:
        with os.fdopen(after) as gate:
            gate.read()

    app.worker_main(
        [
            "worker",
            f"--loglevel={log_level}",
            f"--concurrency={processes.count}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )


if __name__ == "__main__":
    try:
        main()
    except SetupError as error:
        sys.exit(f"Error: {error}")
