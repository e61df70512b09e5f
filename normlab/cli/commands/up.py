"""``normlab up``: the whole service on this machine."""

import signal
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from normlab.cli.display.logs import LogFollower
from normlab.cli.display.output import announce, notes, out
from normlab.client.client import DEFAULT_URL
from normlab.local.service import LocalService
from normlab.settings import Settings

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def up(
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            help="The folder that keeps everything (default: NORMLAB_DATA_DIR, else your user data folder).",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")
    ] = 8000,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="Jobs to train at once (default: one for each core).", show_default=False),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the logs of all processes.")] = False,
) -> None:
    """Start the service on this machine: a private Redis, a worker and the API. Ctrl-C stops it."""
    settings = Settings()
    _say_what_is_not_used(settings)
    service = LocalService(
        data or settings.data_dir,
        host=host,
        port=port,
        processes=processes,
        log_bytes=settings.log_bytes,
        announce=announce,
    )
    endings = _end_on_signals(service)
    with LogFollower(service.log_dir, notes) if verbose else nullcontext():
        service.begin()
        while not service.ready.wait(0.05) and not service.ended.is_set():
            pass
        if service.ready.is_set():
            _welcome(service, host)
        # With a timeout, so that Python looks at signals.
        while not service.ended.wait(0.5):
            pass
    service.raise_failure()
    if len(endings) > 1:
        raise typer.Exit(130)


def _say_what_is_not_used(settings: Settings) -> None:
    """A line for settings that somebody may believe to be in use."""
    places = ("database_url", "broker_url", "artifacts_url")
    given = [f"NORMLAB_{name.upper()}" for name in places if getattr(settings, name) is not None]
    if given:
        notes.print(
            f"{' and '.join(given)} {'are' if len(given) > 1 else 'is'} not used: `normlab up` keeps everything in its "
            "folder. To use another database, run `normlab-api` and `normlab-worker`.",
            style="yellow",
            soft_wrap=True,
        )


def _end_on_signals(service: LocalService) -> list[int]:
    """The first Ctrl-C or SIGTERM ends the service, a second one kills it. Returns those that came."""
    received: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            notes.print("Stopping: running jobs go back to the queue. Press Ctrl-C again to stop at once.")
            service.request_stop()
        else:
            service.kill()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    return received


def _welcome(service: LocalService, host: str) -> None:
    out.print(f"Normlab is at {service.url} (what it can do: {service.url}/docs)", soft_wrap=True)
    announce(f"Data and logs are in {service.data_dir}. Ctrl-C stops it.")
    if service.url != DEFAULT_URL:
        announce(f"So that other commands find it: export NORMLAB_URL={service.url}")
    if host not in LOOPBACK:
        notes.print(
            "Everybody who can reach this machine can use the service: it asks for no password.",
            style="yellow",
        )
