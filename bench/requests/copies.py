"""Rows copied within the database, of which a hundred thousand take seconds: for the tables of every build."""

from collections.abc import Mapping

import sqlalchemy as sa

EPOCHS = 10
NAMES = TAGS = 4
"""So many names, and tags besides those below, are shared by all jobs."""
RARE = 20
"""So many jobs have the tag ``rare`` and the name ``rare``, however many there are."""
SECONDS = 1767225600
"""When the first was made, one second before the next."""

_FIGURES = ("best_val_accuracy", "kept_val_accuracy", "test_accuracy", "train_seconds")
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_ZEROS = "0" * 22


class Copies:
    """Writes them in one connection, whose transaction the caller ends."""

    def __init__(self, connection: sa.Connection, tables: Mapping[str, sa.Table]) -> None:
        self._connection = connection
        self._tables = tables
        self._sqlite = connection.dialect.name == "sqlite"

    def jobs(self, job: str, other_job: str, count: int, *, epochs: int) -> None:
        """So many jobs like these two, of which one has succeeded in three; with events, tags and epochs."""
        columns = {name: f"template.{name}" for name in self._names("jobs")}
        at = self._moment("n")
        figure = "((n * 7919 % 100003) / 100003.0)"
        succeeded = "n % 3 = 0"
        result = self._json(_RESULT.replace("FIGURE", f"' || {figure} || '"))
        columns |= dict.fromkeys(("created_at", "queued_at", "started_at", "finished_at", "updated_at"), at)
        columns |= {
            "id": job_id("n"),
            "id_end": f"substr({_digits('n')}, 23)",
            "name": f"CASE WHEN {_is_rare(count)} THEN 'rare' ELSE 'n' || (n % {NAMES}) END",
            "state": "CASE n % 3 WHEN 0 THEN 'succeeded' WHEN 1 THEN 'failed' ELSE 'cancelled' END",
            "attempt": "1",
            "event_count": "3",
            "result": f"CASE WHEN {succeeded} THEN {result} END",
            "timings": self._json(_TIMINGS),
            "environment": f"CASE WHEN {succeeded} THEN {self._json(_ENVIRONMENT)} END",
            "digests": f"CASE WHEN {succeeded} THEN {self._json(_DIGESTS)} END",
        }
        columns |= dict.fromkeys(_FIGURES, f"CASE WHEN {succeeded} THEN {figure} END")
        which = f"CASE n % {NAMES} WHEN 0 THEN :other ELSE :job END"
        self._insert(
            "jobs",
            columns,
            f"{_numbers(count)} JOIN jobs AS template ON template.id = {which}",
            {"job": job, "other": other_job},
        )
        self._events(count)
        self._tags(count)
        if epochs:
            self._epochs(count, epochs)

    def comparisons(self, template: str, count: int) -> None:
        """So many comparisons of two arms, which have ended."""
        arms = {name: f"template.{name}" for name in self._names("comparison_arms")}
        columns = {name: f"template.{name}" for name in self._names("comparisons")}
        identifier = f"'cmp_00' || {_digits('n')}"
        columns |= {
            "id": identifier,
            "id_end": f"substr({_digits('n')}, 23)",
            "name": f"'n' || (n % {NAMES})",
            "state": "CASE n % 3 WHEN 0 THEN 'finished' ELSE 'cancelled' END",
        }
        columns |= dict.fromkeys(("created_at", "finished_at", "updated_at"), self._moment("n"))
        given = {"template": template}
        numbers = _numbers(count)
        self._insert(
            "comparisons",
            columns,
            f"{numbers} JOIN comparisons AS template ON template.id = :template",
            given,
        )
        of_template = "JOIN comparison_arms AS template ON template.comparison_id = :template"
        self._insert(
            "comparison_arms", {**arms, "comparison_id": identifier}, f"{numbers} {of_template}", given
        )

    def models(self, count: int) -> None:
        """So many names of models, each of a job."""
        name, at = f"'m' || {_digits('n')}", self._moment("n")
        common = {"name": name, "version": "1", "version_count": "1", "change_count": "1", "number": "1"}
        common |= {"kind": "'pointed'", "job_id": job_id("3 * (n / 3)")}
        common |= dict.fromkeys(("created_at", "updated_at", "at"), at)
        for table in ("named_models", "model_versions", "model_changes"):
            self._insert(table, common, _numbers(count))

    def _events(self, count: int) -> None:
        number = "s.n + 1"
        data = " ".join(
            f"WHEN {place} THEN {self._json(text)}"
            for place, text in enumerate(
                (
                    '{"state":"queued","reason":"created"}',
                    '{"state":"running","reason":"claimed"}',
                )
            )
        )
        ended = self._json("""{"state":"' || jobs.state || '","reason":"finished"}""")
        columns = {
            "job_id": "jobs.id",
            "number": number,
            "kind": "'state'",
            "at": "jobs.created_at",
            "attempt": "CASE s.n WHEN 0 THEN 0 ELSE 1 END",
            "data": f"CASE s.n {data} ELSE {ended} END",
        }
        self._insert("events", columns, f"jobs, {_numbers(3, 's')} WHERE {_copied(count)}")

    def _tags(self, count: int) -> None:
        columns = {"job_id": "jobs.id", "state": "jobs.state", **{name: f"jobs.{name}" for name in _FIGURES}}
        every = f"jobs JOIN {_numbers(count, 's')} ON jobs.id = {job_id('s.n')}"
        for position, (tag, where) in enumerate(
            (("'all'", ""), (f"'t' || (s.n % {TAGS})", ""), ("'rare'", f"WHERE {_is_rare(count, 's.n')}"))
        ):
            self._insert("job_tags", columns | {"tag": tag, "position": str(position)}, f"{every} {where}")

    def _epochs(self, count: int, epochs: int) -> None:
        columns = dict.fromkeys(self._names("epochs"), "0.5")
        columns |= {
            "job_id": "jobs.id",
            "epoch": "s.n + 1",
            "attempt": "1",
            "elapsed_seconds": "s.n + 1.5",
            "recorded_at": "jobs.created_at",
        }
        self._insert("epochs", columns, f"jobs, {_numbers(epochs, 's')} WHERE {_copied(count)}")

    def _insert(
        self, table: str, columns: Mapping[str, str], source: str, given: Mapping[str, str] | None = None
    ) -> None:
        """Those of the columns that the build's table has."""
        there = {name: value for name, value in columns.items() if name in self._names(table)}
        self._connection.execute(
            sa.text(
                f"INSERT INTO {table} ({', '.join(there)}) SELECT {', '.join(there.values())} FROM {source}"
            ),
            given or {},
        )

    def _names(self, table: str) -> list[str]:
        return [column.name for column in self._tables[table].c]

    def _moment(self, number: str) -> str:
        seconds = f"{SECONDS} + {number}"
        if self._sqlite:
            return f"strftime('%Y-%m-%dT%H:%M:%fZ', {seconds}, 'unixepoch')"
        return f"to_timestamp({seconds})"

    def _json(self, text: str) -> str:
        return f"CAST('{text}' AS {'TEXT' if self._sqlite else 'JSONB'})".replace(":", "\\:")


def job_id(number: str) -> str:
    """SQL for the id of a copied job."""
    return f"'job_00' || {_digits(number)}"


def _digits(number: str) -> str:
    text = f"('{_ZEROS}' || (({number}) / {len(LETTERS) ** 2}))"
    tens, ones = (f"({number}) / {size} % {len(LETTERS)} + 1" for size in (len(LETTERS), 1))
    ending = " || ".join(f"substr('{LETTERS}', {place}, 1)" for place in (tens, ones))
    return f"substr({text}, length({text}) - 21) || {ending}"


def digits(number: int) -> str:
    """The same for a number that is known: the last two are of as many letters as real ids have."""
    size = len(LETTERS)
    return f"{number // size**2:022d}{LETTERS[number // size % size]}{LETTERS[number % size]}"


def _is_rare(count: int, number: str = "n") -> str:
    return f"{number} % {max(1, count // RARE)} = 0"


def _numbers(count: int, name: str = "numbers") -> str:
    """SQL for a table of 0, 1, …"""
    up = f"SELECT 0 UNION ALL SELECT n + 1 FROM up WHERE n < {count - 1}"
    return f"(WITH RECURSIVE up(n) AS ({up}) SELECT n FROM up) AS {name}"


def _copied(count: int) -> str:
    return f"jobs.id >= {job_id('0')} AND jobs.id <= {job_id(str(count - 1))}"


_RESULT = (
    '{"epochs":10,"stop_reason":"completed","kept_epoch":10,"kept_val_accuracy":FIGURE,"best_epoch":9,'
    '"best_val_accuracy":FIGURE,"last_val_accuracy":0.8,"test_loss":0.4973,"test_accuracy":FIGURE,"majority":{"test":{"samples":10000,'
    '"correct":8220,"majority_class":0,"majority_share":0.1,"p_value":0.0}},"population_statistics":null,'
    '"test_cross_entropy":0.4973,"reached_target_at_epoch":null,"train_seconds":FIGURE,"export_errors":{}}'
)
_TIMINGS = (
    '{"waiting_seconds":0.2,"starting_seconds":0.31,"compiling_seconds":0.8,"training_seconds":12.7,'
    '"evaluating_seconds":0.42,"exporting_seconds":1.3,"total_seconds":16.6}'
)
_ENVIRONMENT = (
    '{"normlab":"0.1.0","tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","python":"3.11.7","platform":"Linux",'
    '"machine":"x86_64","device":"cpu","device_name":"CPU","cores":2,"intra_op_threads":1,"inter_op_threads":1,'
    '"executor":"xla","precision":"float32","load":{"core_share":0.97,"busy_beside":0.4,"cpu_seconds":13.1}}'
)
_DIGESTS = (
    '{"spec":"sha256:0","dataset":"sha256:1","data_order":"sha256:2","initial_kernels":{"dense_1":"sha256:3"},'
    '"final_weights":"sha256:4"}'
)
