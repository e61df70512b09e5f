import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_reference_pages_are_current():
    command = [sys.executable, ROOT / "scripts" / "make-reference", "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_every_setting_has_a_meaning():
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `NORMLAB_")]
    assert len(rows) > 20
    assert [row for row in rows if row.endswith("|  |")] == []
