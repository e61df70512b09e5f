import json
import threading

import pytest

from support.problems import assert_problem

# Far from other tests' seeds: all share one store.
BASE_SEED = 500_000


def body(base_seed):
    arms = [
        {"name": name, "spec": {"architecture": name, "dataset": "digits"}}
        for name in ("baseline", "batch_norm")
    ]
    return {"arms": arms, "replicates": 2, "base_seed": base_seed, "fresh": True}


def read(http, comparison_id, **headers):
    with http.stream("GET", f"/comparisons/{comparison_id}/events", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        event = {}
        for line in response.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                event[name] = json.loads(value) if name == "data" else value
            else:
                yield event
                event = {}


def test_a_comparison_tells_what_happens_as_it_happens(served):
    comparison_id = served.submit(body(BASE_SEED))
    events = read(served.http, comparison_id)
    assert [next(events)["event"] for _ in range(2)] == ["state", "replicates"]
    members = served.members(comparison_id)
    served.end(members[0].job_id, 0.7)
    served.advance()
    job = next(events)
    assert job["event"] == "job"
    assert job["id"] == "3"
    assert (
        job["data"].items()
        >= {
            "arm": "baseline",
            "seed": BASE_SEED,
            "job": members[0].job_id,
            "state": "succeeded",
            "reused": False,
        }.items()
    )
    served.end(members[1].job_id, 0.8)
    served.end(members[2].job_id, 0.8)
    served.end(members[3].job_id, None)
    served.advance()
    rest = list(events)
    # The API's own maintenance loop advances it, too: jobs and pairs may come in between.
    assert sorted(event["event"] for event in rest[:-2]) == ["job", "job", "job", "pair", "pair"]
    assert [event["event"] for event in rest[-2:]] == ["state", "end"]
    pairs = [event["data"] for event in rest if event["event"] == "pair"]
    assert [(pair["seed"], pair["complete"], pair["failed_arms"]) for pair in pairs] == [
        (BASE_SEED, True, []),
        (BASE_SEED + 1, False, ["batch_norm"]),
    ]
    state = rest[-2]["data"]
    assert (state["state"], state["reason"]) == ("finished", "all_pairs_run")
    assert state["verdicts"][0]["verdict"] == "inconclusive"
    assert rest[-1]["data"] == {"comparison": comparison_id, "state": "finished", "reason": "all_pairs_run"}


@pytest.mark.parametrize("known", [0, 2, 3])
def test_a_broken_connection_is_resumed(served, known):
    document = served.finished(lambda _arm, _seed: 0.8, **body(BASE_SEED + 100))
    everything = [event.get("id") for event in read(served.http, document["id"])]
    assert everything == [*map(str, range(1, len(everything))), None]
    resumed = [
        event.get("id") for event in read(served.http, document["id"], **{"Last-Event-ID": str(known)})
    ]
    assert resumed == [number for number in everything if number is None or int(number) > known]


def test_who_has_seen_all_of_a_comparison_that_is_over_need_not_come_again(served):
    document = served.finished(lambda _arm, _seed: 0.8, **body(BASE_SEED + 100))
    response = served.http.get(f"/comparisons/{document['id']}/events", headers={"Last-Event-ID": "99"})
    assert (response.status_code, response.content) == (204, b"")


def test_a_deleted_comparison_ends_its_stream(served):
    comparison_id = served.submit(body(BASE_SEED + 200))
    events = read(served.http, comparison_id)
    assert [next(events)["event"] for _ in range(2)] == ["state", "replicates"]

    def end() -> None:
        served.http.post(f"/comparisons/{comparison_id}/cancel")
        served.http.delete(f"/comparisons/{comparison_id}")

    ending = threading.Thread(target=end)
    ending.start()
    last = list(events)[-1]
    ending.join()
    assert last["event"] == "end"
    assert last["data"]["state"] in {None, "cancelled"}


def test_a_bad_number_is_refused(served):
    comparison_id = served.submit(body(BASE_SEED + 300))
    response = served.http.get(f"/comparisons/{comparison_id}/events", headers={"Last-Event-ID": "x"})
    assert len(assert_problem(response, 422, "invalid_request", "last-event-id")["errors"]) == 1
