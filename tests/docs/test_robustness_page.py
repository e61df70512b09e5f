"""docs/robustness.md has each corruption with its parameters."""

from pathlib import Path

from normlab.spec.robustness import CORRUPTIONS

PAGE = Path(__file__).parents[2] / "docs" / "robustness.md"


def test_the_table_is_that_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, row in CORRUPTIONS.items():
        values = ", ".join(f"{value:.3g}" for value in row.at)
        assert f"| `{name}` | {row.family} | {row.meaning} | {values} ({row.unit}) |" in text
    assert text.count("\n| `") == len(CORRUPTIONS)
