import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from api.app import create_app
from normlab.settings import Settings
from normlab.store import WarningCode, deletion
from normlab.store.jobs import endings, reports
from support.problems import assert_problem
from support.serving import serving_app

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
        assert (progress["event"], progress.get("id")) == ("progress", None)
        assert progress["data"].items() >= {**PROGRESS, "attempt": 1}.items()
        assert progress["data"]["at"] < progress["data"]["estimated_end_at"]
        service.report(job, 1)
        epoch = next(events)
        assert (epoch["data"]["epoch"], epoch["id"]) == (1, "3")
        service.finish(job)
        assert [(event["event"], event.get("id")) for event in events] == [("state", "4"), ("end", None)]


def test_who_comes_later_gets_the_newest_progress_behind_the_events(service, http):
    job = service.start()
    service.report(job, 1)
    for step in (1, 2):
        with service.database.write() as session:
            reports.report_progress(session, job.id, job.attempt, {**PROGRESS, "step": step})
    for known in (0, 2, 3, 99):
        headers = {"Last-Event-ID": str(known)}
        with http.stream("GET", f"/jobs/{job.id}/events", headers=headers) as response:
            events = read(response)
            numbered = [next(events)["id"] for _ in range(known, 3)]
            assert numbered == [str(number) for number in range(known + 1, 4)]
            progress = next(events)
        assert (progress["event"], progress["data"]["step"]) == ("progress", 2)


def test_many_events_are_sent_completely_and_in_order(service, http):
    job = service.start()
    with service.database.write() as session:
        for number in range(210):  # more than are read at once
            reports.report_warning(session, job.id, job.attempt, WarningCode.CHECKPOINT_DAMAGED, str(number))
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
    (problem,) = assert_problem(response, 422, "invalid_request", "`last-event-id`")["errors"]
    assert problem["detail"].startswith("header parameter `last-event-id`: should be")


def test_two_processes_on_one_database_tell_the_same(service, http, serve):
    job = service.start()
    settings = {
        "data_dir": service.folder,
        "database_url": service.database.url.render_as_string(hide_password=False),
        "broker_url": service.broker.broker_url,
        "maintenance_seconds": 3600,
    }
    with serve(**settings) as other, ExitStack() as stack:
        told = []
        for client in (http, other):
            response = stack.enter_context(client.stream("GET", f"/jobs/{job.id}/events"))
            told.append(read(response))
        for events in told:
            assert [next(events)["id"], next(events)["id"]] == ["1", "2"]
        assert other.post(f"/jobs/{job.id}/cancel").status_code == 202
        service.report(job, 1)
        assert [next(events)["event"] for events in told] == ["epoch", "epoch"]
        with service.database.write() as session:
            endings.cancel(session, job.id, job.attempt)
        assert [[event["event"] for event in events] for events in told] == [["state", "end"]] * 2


def wait_until(condition, what):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def test_a_reader_who_is_slow_or_vanishes_holds_up_nobody(
    sqlite_database, broker_url, tmp_path, make_service
):
    settings = Settings(
        data_dir=tmp_path,
        database_url=sqlite_database.url.render_as_string(hide_password=False),
        broker_url=broker_url,
    )
    app = create_app(settings)
    with serving_app(app, settings) as http:
        feed = app.state.services.feed
        service = make_service(http, sqlite_database, app.state.services.artifacts, tmp_path)
        jobs = [service.start() for _ in range(2)]
        with sqlite_database.write() as session:
            for job in jobs * 300:  # megabytes of each: more than the sockets between take
                reports.report_warning(session, job.id, 1, WarningCode.CHECKPOINT_DAMAGED, "x" * 20_000)
        slow, vanishes = (begin_to_read(http, job.id) for job in jobs)
        assert feed.followed == 2
        vanishes.close()
        wait_until(lambda: feed.followed == 1, "the feed follows a job that nobody reads")
        service.finish(jobs[0])
        numbers = [event.get("id") for event in fetch(http, jobs[0].id)]
        assert numbers == [*map(str, range(1, 304)), None]
        assert feed.followed == 1
        with slow, slow.makefile("rb") as rest:
            told = [line.split()[1] for line in rest if line.startswith((b"id: ", b"event: end"))]
        assert told == [*(b"%d" % number for number in range(1, 304)), b"end"]
        wait_until(lambda: feed.followed == 0, "the feed follows a job that is over")


def begin_to_read(http, job_id):
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    reader.connect((http.base_url.host, http.base_url.port))
    address = f"{http.base_url.host}:{http.base_url.port}"
    reader.sendall(
        f"GET /jobs/{job_id}/events HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()
    )
    assert reader.recv(12) == b"HTTP/1.1 200"
    return reader
