from pathlib import Path

import pytest

from normlab.errors import SetupError
from normlab.settings import Settings


@pytest.fixture(autouse=True)
def _nothing_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError) as refused:
        Settings()
    assert refused.value.__suppress_context__, "what it was made from has the value"
    return str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis//:hush@host/0",
        "redsi://:hush@host/0",
        "redis://:hu/sh@host:6379/0",
        "redis://:hu#sh@host:6379/0",
        "redis://:hu?sh@host:6379/0",
        "redis://:hush@host:63x9/0",
        "redis://:hush@[host/0",
        "redis://:hush@:6379/0",
        "rediss://",
        "redis+socket://",
        "amqp://:hush@host",
        "",
    ],
)
def test_a_broker_url_with_a_mistake_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    sentence = refusal(monkeypatch, "NORMLAB_BROKER_URL", url)
    assert sentence.startswith("NORMLAB_BROKER_URL: should be a URL")
    assert "hu" not in sentence.replace("should", "")


@pytest.mark.parametrize(
    "url",
    [
        "redis://host",
        "redis://:hu%2Fsh@host:6379/0",
        "rediss://user:hush@host:6379/1?ssl_cert_reqs=required",
        "redis+socket:///a/redis.sock?virtual_host=1",
        "redis://[::1]:6379/0",
    ],
)
def test_a_broker_url_that_is_right(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("NORMLAB_BROKER_URL", url)
    settings = Settings()
    assert settings.resolved_broker_url == url
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "phrase"),
    [
        ("NORMLAB_LEASE_SECONDS", "hush", "NORMLAB_LEASE_SECONDS: "),
        ("NORMLAB_LIMITS__EPOCHS", "hush", "NORMLAB_LIMITS__EPOCHS: "),
        ("NORMLAB_LIMITS__EPOCS", "hush", "NORMLAB_LIMITS__EPOCS: "),
        ("NORMLAB_LIMITS", "hush", "NORMLAB_LIMITS: should be an object in JSON"),
        ("NORMLAB_LIMITS", "{", "NORMLAB_LIMITS__EPOCHS=500"),
        (
            "NORMLAB_LIMITS",
            '{"epocs": 5}',
            'NORMLAB_LIMITS__EPOCS: is not known here (did you mean "epochs"?)',
        ),
        ("NORMLAB_LIMITS", "[3]", "NORMLAB_LIMITS: should be an object in JSON"),
        ("NORMLAB_WORKER_GPU", "maybe", "NORMLAB_WORKER_GPU: should be a valid boolean."),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, phrase: str
) -> None:
    sentence = refusal(monkeypatch, name, value)
    assert phrase in sentence
    assert value not in sentence


def test_no_url_shows_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    urls = {
        "NORMLAB_DATABASE_URL": "postgresql://user:hush@host/database",
        "NORMLAB_BROKER_URL": "redis://:hush@host",
        "NORMLAB_ARTIFACTS_URL": "ftp://user:hush@host/folder",
    }
    for name, url in urls.items():
        monkeypatch.setenv(name, url)
    settings = Settings()
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert settings.resolved_artifacts_url == urls["NORMLAB_ARTIFACTS_URL"]


def test_all_mistakes_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMLAB_HEARTBEAT_SECONDS", "0")
    sentence = refusal(monkeypatch, "NORMLAB_MAX_ATTEMPTS", "many")
    assert [line.split(":")[0] for line in sentence.splitlines()] == [
        "NORMLAB_HEARTBEAT_SECONDS",
        "NORMLAB_MAX_ATTEMPTS",
    ]


def test_an_env_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NORMLAB_LEASE_SECONDS=5", encoding="utf-16")
    with pytest.raises(SetupError, match=r"^The file \.env cannot be read"):
        Settings()
