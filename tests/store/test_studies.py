"""What comparisons share with other kinds of study is used by another kind, without a line copied."""

import subprocess
import sys
from pathlib import Path

# Not imported: its tables would be missing in the migrations.
SECOND_STUDY = Path(__file__).parents[1] / "support" / "second_study.py"


def test_a_second_kind_of_study_needs_tables_and_two_functions(tmp_path: Path) -> None:
    program = [sys.executable, str(SECOND_STUDY), str(tmp_path)]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
