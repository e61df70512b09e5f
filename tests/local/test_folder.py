import stat
from pathlib import Path

from normlab.local.folder import make_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    make_private(tmp_path / "a" / "data")
    assert mode(tmp_path / "a" / "data") == 0o700


def test_in_a_folder_that_exists_what_is_ours_is_closed(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    for folder in (data, data / "logs", data / "mine", elsewhere):
        folder.mkdir()
        folder.chmod(0o755)
    (data / "artifacts").symlink_to(elsewhere)
    for name in ("normlab.db", "normlab.db-wal", "notes.txt"):
        (data / name).write_text("")
        (data / name).chmod(0o644)
    make_private(data)
    modes = {path.name: mode(path) for path in (data, *data.iterdir())}
    assert modes == {
        "data": 0o755,
        "logs": 0o700,
        "mine": 0o755,
        "artifacts": 0o755,
        "normlab.db": 0o600,
        "normlab.db-wal": 0o600,
        "notes.txt": 0o644,
    }
