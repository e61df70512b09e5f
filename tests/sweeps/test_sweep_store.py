import pytest

from normlab.errors import StateError
from normlab.store import EventKind, JobState, StudyState, StudyStopReason, Sweep, deletion
from normlab.store.studies import events, studies
from sweeps.conftest import RATE, body, hill


def rates(laboratory, sweep):
    return [point.values[RATE] for point in laboratory.points(sweep)]


def test_a_grid_makes_a_job_for_each_point_and_seed(laboratory):
    sweep = laboratory.create(seeds=2, base_seed=7)
    assert rates(laboratory, sweep) == [0.001, 0.00316, 0.01, 0.0316, 0.1, 0.316, 1.0]
    members = laboratory.members(sweep)
    assert [member.seed for member in members] == [7, 8] * 7
    for member in members:
        spec = member.job.spec
        assert spec["training"]["seed"] == member.seed
        assert spec["training"]["optimizer"]["learning_rate"] == rates(laboratory, sweep)[member.number]
        assert member.job.priority == -1
        assert member.job.tag_names == [sweep.id]
    assert members[2].job.name == "baseline, point 1, seed 7"


def test_a_sweep_goes_on_to_its_answer(laboratory):
    ended = laboratory.run(laboratory.create())
    assert (ended.state, ended.stop_reason) == (StudyState.FINISHED, StudyStopReason.ALL_POINTS_RUN)
    best = ended.result["arms"]["baseline"]["best"]
    assert best["values"] == {RATE: 0.1}
    assert best["censored"] == {}
    assert {found["epoch"] for found in ended.result["arms"]["baseline"]["diverged"]} == {3}
    assert ended.sentences == ended.result["sentences"]
    with laboratory.database.read() as session:
        kinds = [event.kind for event in events.after(session, Sweep, ended.id)]
    assert kinds.count(EventKind.POINT) == 7
    assert kinds.count(EventKind.JOB) == 21
    assert kinds[:2] == [EventKind.STATE, EventKind.POINTS]
    assert kinds[-1] is EventKind.STATE


def test_a_point_that_is_too_large_to_be_trained_is_left_out(laboratory):
    layers = [{"type": "flatten"}, {"type": "dense", "units": 16}, {"type": "dense", "units": 16}]
    space = {
        "architecture.layers.1.units": {"integer": [1000, 40000], "step": 1000},
        "architecture.layers.2.units": {"integer": [1000, 2000], "step": 1000},
    }
    asked = {
        "architecture": {"layers": layers},
        "dataset": "digits",
        "training": {"epochs": 1},
        "space": space,
    }
    asked |= {"strategy": "tpe", "seeds": 1, "budget": {"jobs": 12}, "at_once": 2, "seed": 1}
    ended = laboratory.run(laboratory.create(asked), lambda *_: 0.5)
    assert ended.state is StudyState.FINISHED
    numbers = [point.number for point in laboratory.points(ended)]
    assert numbers == list(range(len(numbers)))


def test_jobs_of_the_same_spec_are_used_again(laboratory):
    laboratory.run(laboratory.create())
    again = laboratory.create(seeds=4)
    # What diverged is trained again: no job has succeeded that could stand for it.
    fresh = {(member.number, member.seed) for member in laboratory.members(again) if not member.reused}
    assert fresh == {(number, 45) for number in range(7)} | {(6, seed) for seed in (42, 43, 44)}


@pytest.mark.parametrize("strategy", ["tpe", "cma_es", "random"])
def test_a_sweep_that_is_interrupted_everywhere_has_the_same_points(laboratory, strategy):
    """Each decision is made by whoever comes, twice at once, with nothing but the stored rows."""
    given = {"strategy": strategy, "budget": {"jobs": 28}, "seeds": 2, "at_once": 3, "seed": 5}
    straight = laboratory.run(laboratory.create(**given))
    other = laboratory.create(**given, fresh=True)
    for _ in range(30):
        for member in laboratory.members(other):
            if not member.job.state.final:
                laboratory.advance()
                laboratory.end_all(other)
                break
        laboratory.advance()
        laboratory.advance()
        if laboratory.get(other).state.final:
            break
    assert rates(laboratory, other) == rates(laboratory, straight)
    assert len(rates(laboratory, other)) == 14
    assert (
        laboratory.get(other).result["arms"]["baseline"]["best"]
        == (straight.result["arms"]["baseline"]["best"])
    )


def test_later_points_depend_on_what_earlier_ones_came_to(laboratory):
    given = {"strategy": "tpe", "budget": {"jobs": 20}, "seeds": 1, "fresh": True}
    first = laboratory.run(laboratory.create(**given))
    second = laboratory.run(laboratory.create(**given), lambda values, seed: 1 - (hill(values, seed) or 0.9))
    assert rates(laboratory, first)[:8] == rates(laboratory, second)[:8]
    assert rates(laboratory, first)[8:] != rates(laboratory, second)[8:]


def test_all_arms_have_the_same_random_points(laboratory):
    arms = [
        {"name": name, "spec": {"architecture": name, "dataset": "digits"}}
        for name in ("baseline", "batch_norm")
    ]
    sweep = laboratory.create(body(arms=arms, strategy="random", budget={"jobs": 24}, seeds=2))
    by_arm = [
        [point.values[RATE] for point in laboratory.points(sweep) if point.arm == arm] for arm in (0, 1)
    ]
    assert by_arm[0] == by_arm[1]
    assert len(by_arm[0]) == 6


def rising(values, _seed):
    return min(0.99, 0.5 + 0.1 * values[RATE] ** 0.2)


def test_a_grid_is_widened_where_its_best_point_lies_at_the_edge(laboratory):
    ended = laboratory.run(laboratory.create(widen=1, seeds=1), rising)
    assert [(change["side"], change["high"]) for change in ended.widened] == [("high", 10.0)]
    assert rates(laboratory, ended)[-2:] == [3.16, 10.0]
    best = ended.result["arms"]["baseline"]["best"]
    assert best["values"] == {RATE: 10.0}
    assert best["censored"] == {RATE: "high"}
    assert "may lie beyond" in ended.sentences[0]


def test_an_edge_that_diverged_is_no_edge_of_the_space(laboratory):
    ended = laboratory.run(
        laboratory.create(widen=2, seeds=1),
        lambda values, seed: None if values[RATE] > 0.5 else rising(values, seed),
    )
    assert ended.widened == []
    assert ended.result["arms"]["baseline"]["best"]["censored"] == {}
    width = ended.result["arms"]["baseline"]["tolerance"][RATE]
    assert (width["largest_stable"], width["smallest_diverged"]) == (0.316, 1.0)


def test_widening_keeps_to_the_budget(laboratory):
    ended = laboratory.run(laboratory.create(widen=2, seeds=1, budget={"jobs": 8}), rising)
    assert ended.widened == []


def test_seconds_end_a_sweep_after_the_round_that_uses_them_up(laboratory):
    ended = laboratory.run(
        laboratory.create(strategy="random", budget={"seconds": 30}, seeds=1, at_once=3),
    )
    assert ended.stop_reason is StudyStopReason.BUDGET_SPENT
    assert len(rates(laboratory, ended)) == 6  # 5.5 s each


def test_a_sweep_in_which_everything_diverges_fails(laboratory):
    ended = laboratory.run(laboratory.create(seeds=1), lambda *_: None)
    assert (ended.state, ended.stop_reason) == (StudyState.FAILED, StudyStopReason.NO_POINT)
    assert "no point has a value" in ended.sentences[0]


def test_cancelling_ends_the_jobs_that_nobody_else_waits_for(laboratory):
    sweep = laboratory.create()
    with laboratory.database.write() as session:
        studies.cancel(session, Sweep, sweep.id)
    assert {member.job.state for member in laboratory.members(sweep)} == {JobState.CANCELLED}
    laboratory.advance()
    assert laboratory.get(sweep).state is StudyState.CANCELLED


def test_a_sweep_is_deleted_with_its_jobs(laboratory):
    sweep = laboratory.run(laboratory.create(seeds=1))
    with laboratory.database.write() as session, pytest.raises(StateError, match=sweep.id):
        deletion.delete_job(session, laboratory.members(sweep)[0].job_id)
    with laboratory.database.write() as session:
        deleted = deletion.delete_study(session, Sweep, sweep.id, with_jobs=True)
    assert len(deleted) == 7
    assert laboratory.points(sweep) == []


def test_successive_halving_goes_on_with_the_best_third(laboratory):
    spec = {"architecture": "baseline", "dataset": "digits", "training": {"epochs": 9}}
    sweep = laboratory.create(
        body(
            arms=[{"name": "a", "spec": spec}],
            strategy="successive_halving",
            budget={"jobs": 26},
            seeds=2,
        )
    )
    ended = laboratory.run(sweep)
    points = laboratory.points(sweep)
    assert [(point.round, point.epochs) for point in points] == [(0, 1)] * 9 + [(1, 3)] * 3 + [(2, 9)]
    by_rung = [{point.number for point in points if point.round == rung} for rung in range(3)]
    assert by_rung[2] < by_rung[1] < by_rung[0]
    assert ended.result["arms"]["a"]["best"]["number"] in by_rung[2]
    distance = {point.number: abs(hill(point.values, 42) or 0) for point in points if point.round == 0}
    assert max(distance, key=distance.get) in by_rung[2]
