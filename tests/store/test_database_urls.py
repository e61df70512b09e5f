from pathlib import Path

import psycopg
import pytest

import migrations
from normlab.errors import SetupError
from normlab.settings import Settings, sqlite_url
from normlab.store import ArtifactKind, ArtifactStore, Database
from normlab.store.urls import connect_args, parse

NAMES = [
    "my%20data",
    "my data",
    "what?",
    "what?x",
    "a%2Fb",
    "a::b",
    "a:b",
    "100%",
    "#",
    "a@b",
    "[x]*",
    "~",
    "ü",
]


def test_each_folder_has_a_database_and_artifacts_of_its_own_whatever_its_name(tmp_path: Path) -> None:
    source = tmp_path / "file"
    source.write_bytes(b"content")
    (tmp_path / "a").mkdir()
    for name in NAMES:
        settings = Settings(data_dir=tmp_path / name)
        database = Database(settings.resolved_database_url)
        database.ping()
        database.close()
        assert database.url.database == str(tmp_path / name / "normlab.db")
        ArtifactStore(settings.resolved_artifacts_url).put("job_1", 1, ArtifactKind.ONNX, source, "x/y")
    made = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    files = ("normlab.db", "artifacts/job_1/1/file")
    assert made == sorted(["file", *(f"{name}/{file}" for name in NAMES for file in files)])


def test_two_folders_that_differ_behind_a_question_mark_share_nothing(tmp_path: Path) -> None:
    first, second = (
        Settings(data_dir=tmp_path / name).resolved_database_url for name in ("runs?a", "runs?b")
    )
    migrations.upgrade(first)
    other = Database(second)
    assert not migrations.is_current(other)
    other.close()


def test_the_url_of_a_file_is_read_back_as_that_file(tmp_path: Path) -> None:
    for name in NAMES:
        assert parse(sqlite_url(tmp_path / name)).database == str(tmp_path / name)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_way_to_write_postgres_means_the_driver_that_we_have(scheme: str) -> None:
    url = parse(f"{scheme}://user:p%40ss@host:5433/name?sslmode=require")
    assert (url.drivername, url.password, url.database) == ("postgresql+psycopg", "p@ss", "name")
    assert url.query == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("option", "expected"), [("", None), ("?prepare_threshold=none", None), ("?prepare_threshold=5", 5)]
)
def test_options_of_a_url_become_what_psycopg_takes(option: str, expected: int | None) -> None:
    options = connect_args(parse(f"postgresql://host/name{option}"))
    assert options["prepare_threshold"] == expected
    assert connect_args(parse("postgresql://host/name?connect_timeout=7"))["connect_timeout"] == "7"


@pytest.mark.parametrize(
    ("url", "key_phrase"),
    [
        ("nonsense", "cannot be read"),
        ("postgresql://host:port/name", "cannot be read"),
        ("mysql://host/name", "cannot be 'mysql'"),
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("sqlite:////folder/what?/normlab.db", "%3F"),
        ("postgresql://host/name?autocommit=true", "autocommit"),
        ("postgresql://host/name?prepare_threshold=often", "whole number"),
        ("postgresql://host/name?pool_size=5", "pool_size"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_with_a_sentence(url: str, key_phrase: str) -> None:
    with pytest.raises(SetupError, match=key_phrase):
        Database(url)


def test_no_sentence_about_a_url_has_its_password() -> None:
    for url in ("postgresql://user:secret@host:port/name", "mysql://user:secret@host/name"):
        with pytest.raises(SetupError) as raised:
            parse(url)
        assert "secret" not in str(raised.value)
        assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_a_prepare_threshold_in_the_url_works(postgres_database: Database) -> None:
    """It reached psycopg as a string, and every statement ended in a TypeError."""
    database = Database(postgres_database.url.update_query_dict({"prepare_threshold": "1"}))
    for _ in range(3):
        database.ping()
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        assert driver.prepare_threshold == 1
    database.close()
