import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from normlab.store import deletion
from normlab.store.jobs import reports
from support.problems import assert_problem

PROGRESS = {
    "phase": "training",
    "epoch": 1,
    "epochs": 2,
    "step": 3,
    "steps": 21,
    "loss": 2.1,
    "fraction": 0.1,
}


def read(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """The stream's events as they come."""
    event: dict[str, Any] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            event[name] = json.loads(value) if name == "data" else value
        else:
            yield event
            event = {}


def fetch(http: httpx.Client, job_id: str, **headers: str) -> list[dict[str, Any]]:
    with http.stream("GET", f"/jobs/{job_id}/events", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        return list(read(response))


def test_all_events_of_a_job_that_is_over_come_at_once(service, http):
    job = service.succeeded([0.7])
    events = fetch(http, job.id)
    assert [event["event"] for event in events] == ["state", "state", "epoch", "state", "end"]
    assert [event.get("id") for event in events] == ["1", "2", "3", "4", None]
    assert [event["data"]["state"] for event in events if event["event"] == "state"] == [
        "queued",
        "running",
        "succeeded",
    ]
    assert events[2]["data"]["val_accuracy"] == 0.7
    assert events[2]["data"]["attempt"] == 1
    assert events[2]["data"]["at"].endswith("Z")
    assert events[-1]["data"] == {"job": job.id, "state": "succeeded", "reason": "finished"}


@pytest.mark.parametrize("known", [4, 99])
def test_who_has_seen_all_of_a_job_that_is_over_need_not_come_again(service, http, known):
    job = service.succeeded([0.7])
    response = http.get(f"/jobs/{job.id}/events", headers={"Last-Event-ID": str(known)})
    assert (response.status_code, response.content) == (204, b"")
    assert "content-length" not in response.headers


@pytest.mark.parametrize("known", [0, 1, 3])
def test_a_broken_connection_is_resumed_behind_the_last_event(service, http, known):
    job = service.succeeded([0.7])
    events = fetch(http, job.id, **{"Last-Event-ID": str(known)})
    assert [event.get("id") for event in events] == [
        *(str(number) for number in range(known + 1, 5)),
        None,
    ]


def test_events_come_as_they_happen(service, http):
    job = service.start()
    with http.stream("GET", f"/jobs/{job.id}/events") as response:
        events = read(response)
        assert [next(events)["id"], next(events)["id"]] == ["1", "2"]
        with service.database.write() as session:
            reports.report_progress(session, job.id, job.attempt, PROGRESS, remaining_seconds=5)
        progress = next(events)
        assert progress["event"] == "progress"
        assert progress["data"].items() >= PROGRESS.items()
        service.report(job, 1)
        assert next(events)["data"]["epoch"] == 1
        service.finish(job)
        assert [event["event"] for event in events] == ["state", "end"]


def test_many_events_are_sent_completely_and_in_order(service, http):
    job = service.start()
    with service.database.write() as session:
        for _ in range(210):  # more than are read at once
            reports.report_progress(session, job.id, job.attempt, PROGRESS)
    service.finish(job)
    assert [event.get("id") for event in fetch(http, job.id)] == [*map(str, range(1, 214)), None]


def test_the_stream_of_a_job_that_is_deleted_ends(service, http):
    job = service.create()
    with http.stream("GET", f"/jobs/{job.id}/events") as response:
        events = read(response)
        next(events)
        with service.database.write() as session:
            deletion.delete_job(session, job.id)
        (end,) = events
        assert (end["event"], end["data"]) == ("end", {"job": job.id, "state": None, "reason": "deleted"})


def test_others_are_answered_while_many_watch(service, http):
    watched = service.start()
    started = threading.Semaphore(0)

    def watch() -> None:
        with (
            httpx.Client(base_url=http.base_url, timeout=30) as own,
            own.stream("GET", f"/jobs/{watched.id}/events") as response,
        ):
            for _ in read(response):
                started.release()

    watchers = [threading.Thread(target=watch) for _ in range(50)]
    for watcher in watchers:
        watcher.start()
    for _ in range(2 * len(watchers)):
        assert started.acquire(timeout=20)
    start = time.monotonic()
    assert http.get(f"/jobs/{watched.id}").status_code == 200
    assert time.monotonic() - start < 5
    service.finish(watched)
    for watcher in watchers:
        watcher.join(20)
        assert not watcher.is_alive()


@pytest.mark.parametrize("last", ["x", "-1", "9999999999"])
def test_a_last_event_id_that_is_none_is_refused(service, http, last):
    response = http.get(f"/jobs/{service.create().id}/events", headers={"Last-Event-ID": last})
    assert_problem(response, 422, "invalid_request", "header parameter `last-event-id`")
