"""Whoever decides may be killed at any moment: the sweep ends with the same points."""

import random
import subprocess
import sys
import time

import pytest

from sweeps.conftest import RATE, Laboratory

PROGRAM = """
import sys
import optuna
from normlab.analysis.sweeps import analyse
from normlab.spec import Limits
from normlab.store import Database
from normlab.sweeps import advance
database = Database(sys.argv[1])
print("ready", flush=True)
while True:
    advance(database, Limits(), max_attempts=3)
"""
KILLS = 4


def deciding(url):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, url], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process):
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.nightly
def test_a_sweep_whose_service_is_killed_ends_with_the_same_points(sqlite_database):
    laboratory = Laboratory(sqlite_database)
    given = {"strategy": "tpe", "budget": {"jobs": 16}, "seeds": 1, "at_once": 2, "seed": 3}
    straight = laboratory.run(laboratory.create(**given))
    sweep = laboratory.create(**given, fresh=True)
    chance = random.Random(4)
    url = sqlite_database.url.render_as_string(hide_password=False)
    process, kills = deciding(url), 0
    try:
        while not laboratory.get(sweep).state.final:
            laboratory.end_all(sweep)
            time.sleep(chance.uniform(0.0, 0.15))
            if kills < KILLS:
                kill(process)
                process, kills = deciding(url), kills + 1
    finally:
        kill(process)
    assert kills == KILLS
    assert [point.values[RATE] for point in laboratory.points(sweep)] == [
        point.values[RATE] for point in laboratory.points(straight)
    ]
    ended = laboratory.get(sweep)
    assert ended.result["arms"]["baseline"]["best"] == straight.result["arms"]["baseline"]["best"]
    members = laboratory.members(sweep)
    assert len({member.job_id for member in members}) == len(members) == 16
