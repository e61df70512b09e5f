"""docs/data-card.md lists every finding that the code can make."""

import ast
from collections.abc import Iterator
from pathlib import Path

from normlab.training.datasets import card

PAGE = Path(__file__).parents[3] / "docs" / "data-card.md"


def codes() -> Iterator[str]:
    """The first arguments of all findings in the source; of those that are made of parts, what does not change."""
    for path in Path(card.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield part.value


def test_every_finding_has_its_row():
    table = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    found = set(codes())
    assert {"test_in_training", "inverted_", "repeated_rows"} <= found
    assert [code for code in sorted(found) if not any(f"`{code}" in cell for cell in table)] == []
