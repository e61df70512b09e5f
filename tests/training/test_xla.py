import os

import pytest

from normlab.training.compiled.xla import ask_xla

OURS = "--xla_cpu_copy_insertion_use_region_analysis=true"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, OURS),
        ("--xla_dump_to=/tmp/x", f"--xla_dump_to=/tmp/x {OURS}"),
        (
            "--xla_cpu_copy_insertion_use_region_analysis=false",
            "--xla_cpu_copy_insertion_use_region_analysis=false",
        ),
    ],
    ids=["nothing was said", "other flags stay", "the user's word counts"],
)
def test_flags_are_added_to_what_the_user_said(
    monkeypatch: pytest.MonkeyPatch, said: str | None, expected: str
) -> None:
    monkeypatch.setenv("XLA_FLAGS", said or "")
    ask_xla()
    ask_xla()
    assert os.environ["XLA_FLAGS"] == expected
