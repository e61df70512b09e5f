"""What a comparison says is stored when it ends, and stays."""

import shutil

from sqlalchemy import delete

from normlab.comparisons import ComparisonLookup
from normlab.store import Comparison, Epoch
from normlab.store.jobs import jobs
from normlab.store.studies import studies

BASE_SEED = 800_000


def better(arm, seed):
    return 0.8 + 0.01 * (seed % 3) + (0.05 + 0.001 * (seed % 2) if "batch_norm" in arm else 0)


def known(laboratory, comparison):
    return ComparisonLookup(laboratory.database, laboratory.artifacts).look_up(comparison.id).assessment


def test_a_finished_comparison_is_not_worked_out_again(served):
    document = served.finished(better, base_seed=BASE_SEED, replicates=4)
    assert (
        document["result"]["pairs"][0]["variance"] is not None
    )  # from the stored files of right test examples
    ids = [job["job"] for arm in document["arms"] for job in arm["jobs"]]
    with served.database.write() as session:
        session.execute(delete(Epoch).where(Epoch.job_id.in_(ids)))
    assert served.http.get(document["links"]["self"]).json() == document


def test_arms_keep_their_order(served):
    """Postgres's JSONB would sort them."""
    names = ["the second and longer", "b", "a"]
    specs = ["baseline_with_batch_norm", "baseline", "deep_sigmoid"]
    training = {"epochs": 2, "batch_size": 64}
    arms = [
        {"name": name, "spec": {"architecture": spec, "dataset": "digits", "training": training}}
        for name, spec in zip(names, specs, strict=True)
    ]
    document = served.finished(
        lambda arm, seed: better(arm, seed) + 0.01 * len(arm) / 20, arms=arms, base_seed=BASE_SEED + 100
    )
    assert list(document["result"]["arms"]) == list(document["result"]["costs"]) == names


def test_what_a_cancelled_one_says_stays_when_a_job_of_it_is_retried(laboratory):
    comparison = laboratory.create()
    members = laboratory.members(comparison)
    for member in members[:3]:
        laboratory.end(member.job_id, 0.8)
    with laboratory.database.write() as session:
        studies.cancel(session, Comparison, comparison.id)
    before = known(laboratory, comparison)
    assert before.pairs == 1
    assert before.left_out[-1].endswith("had not ended when the comparison did: seeds 43, 44.")
    assert laboratory.get(comparison).result is not None
    with laboratory.database.write() as session:
        jobs.retry(session, members[3].job_id)
    laboratory.end(members[3].job_id, 0.8)
    assert known(laboratory, comparison) == before


def test_what_could_not_be_read_when_it_ended_is_read_later(laboratory):
    """A file in place of the artifact store's folder stands for a store that does not answer."""
    comparison = laboratory.create(replicates=4)
    laboratory.end_all(comparison, better)
    folder, aside = laboratory.folder / "artifacts", laboratory.folder / "aside"
    folder.rename(aside)
    folder.write_text("away")
    laboratory.advance()
    assert laboratory.get(comparison).state == "finished"
    assert known(laboratory, comparison).result["pairs"][0]["variance"] is None
    assert laboratory.get(comparison).result is None
    folder.unlink()
    aside.rename(folder)
    assert known(laboratory, comparison).result["pairs"][0]["variance"] is not None
    shutil.rmtree(folder)
    assert known(laboratory, comparison).result["pairs"][0]["variance"] is not None


def test_a_lost_file_is_left_out_for_good(laboratory):
    comparison = laboratory.create(replicates=4)
    laboratory.end_all(comparison, better)
    for job in (laboratory.folder / "artifacts").iterdir():
        shutil.rmtree(job)
    laboratory.advance()
    assert laboratory.get(comparison).result["result"]["pairs"][0]["variance"] is None
