"""What lists of jobs and comparisons are filtered and sorted by, in columns with an index in each list's order."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FIGURES = ("best_val_accuracy", "kept_val_accuracy", "test_accuracy", "train_seconds")
BY_STATE = {
    "jobs": ((), ("name",), ("dataset",), ("preset",)),
    "job_tags": (("tag",),),
    "comparisons": ((), ("name",)),
}
"""By table: the columns of which a list may want one value."""


def upgrade() -> None:
    for table in ("jobs", "comparisons"):
        op.add_column(table, sa.Column("id_end", sa.String(2), nullable=True))
    for name in ("dataset", "preset"):
        op.add_column("jobs", sa.Column(name, sa.String(64), nullable=True))
    for table in ("jobs", "job_tags"):
        for name in FIGURES:
            op.add_column(table, sa.Column(name, sa.Float(53), nullable=True))
    op.add_column("job_tags", sa.Column("state", sa.String(32), nullable=False, server_default="queued"))
    _fill()
    op.drop_index("ix_jobs_name", "jobs")
    op.drop_index("ix_job_tags_tag_job_id", "job_tags")
    op.drop_index("ix_comparisons_state", "comparisons")
    for name, table, columns, where in _indexes():
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, table, _, _ in _indexes():
        op.drop_index(name, table)
    op.create_index("ix_comparisons_state", "comparisons", ["state"])
    op.create_index("ix_job_tags_tag_job_id", "job_tags", ["tag", "job_id"])
    op.create_index("ix_jobs_name", "jobs", ["name"])
    op.drop_column("job_tags", "state")
    for table in ("jobs", "job_tags"):
        for name in FIGURES:
            op.drop_column(table, name)
    for name in ("dataset", "preset"):
        op.drop_column("jobs", name)
    for table in ("jobs", "comparisons"):
        op.drop_column(table, "id_end")


def _fill() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"

    def field(column: str, *path: str) -> str:
        if is_sqlite:
            return f"json_extract({column}, '$.{'.'.join(path)}')"
        return f"{column} #>> '{{{','.join(path)}}}'"

    figures = ", ".join(
        f"{name} = CASE WHEN state = 'succeeded' THEN coalesce(CAST({field('result', name)} AS FLOAT), -1) END"
        for name in FIGURES
    )
    op.execute(
        f"UPDATE jobs SET id_end = substr(id, length(id) - 1), dataset = {field('spec', 'dataset', 'name')}, "  # noqa: S608 - of the names above
        f"preset = {field('spec', 'architecture', 'preset')}, {figures}"
    )
    op.execute("UPDATE comparisons SET id_end = substr(id, length(id) - 1)")
    copied = ", ".join(("state", *FIGURES))
    op.execute(
        f"UPDATE job_tags SET ({copied}) = (SELECT {copied} FROM jobs WHERE jobs.id = job_tags.job_id)"  # noqa: S608
    )


def _indexes() -> Iterator[tuple[str, str, list[str | sa.TextClause], sa.TextClause | None]]:
    """Name, table, columns and condition of each."""
    for table, keys in BY_STATE.items():
        identifier = "job_id" if table == "job_tags" else "id"
        for key in keys:
            names = "_".join(["ix", table, *key])
            yield f"{names}_state_{identifier}", table, [*key, "state", identifier], None
            for figure in FIGURES if table != "comparisons" else ():
                last = sa.text(f"{identifier} DESC") if figure == "train_seconds" else identifier
                yield f"{names}_{figure}", table, [*key, figure, last], sa.text("state = 'succeeded'")
    for table in ("jobs", "comparisons"):
        yield f"ix_{table}_id_end_id", table, ["id_end", "id"], None
