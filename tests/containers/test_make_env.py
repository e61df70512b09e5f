import subprocess
from pathlib import Path

from containers.stack import ROOT


def make_env(folder: Path) -> str:
    return subprocess.run(
        [ROOT / "docker" / "make-env", folder], check=True, capture_output=True, text=True
    ).stdout


def test_each_folder_gets_its_own_passwords_closed_to_other_users(tmp_path: Path) -> None:
    passwords = set()
    for name in ("one", "two"):
        make_env(tmp_path / name)
        assert (tmp_path / name / ".env").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / name / "secrets").stat().st_mode & 0o777 == 0o700
        passwords |= {file.read_text() for file in (tmp_path / name / "secrets").iterdir()}
    assert len(passwords) == 4
    assert all(len(password) == 64 and int(password, 16) for password in passwords)


def test_the_env_file_holds_no_password_and_points_at_its_folder(tmp_path: Path) -> None:
    make_env(tmp_path)
    lines = (tmp_path / ".env").read_text().splitlines()
    assert f"NORMLAB_SECRETS={tmp_path}/secrets" in lines
    assert f"NORMLAB_ENV_FILE={tmp_path}/.env" in lines
    for file in (tmp_path / "secrets").iterdir():
        assert not any(file.read_text() in line for line in lines)


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    make_env(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert make_env(tmp_path) == ""
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
